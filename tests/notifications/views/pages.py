"""The page of one's channels, as a browser reads it."""

from __future__ import annotations

from django.test import Client

from tests.accounts.web import body

PAGE = "/account/channels/"


def page(client: Client) -> str:
    """What the page says, which must be there."""
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return body(answer)
