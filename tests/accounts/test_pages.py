"""Floors above add pages of their own to everybody's account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from accounts.views import pages
from tests.accounts.factories import UserFactory
from tests.accounts.web import body, fresh_cache, log_in


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    held = dict(pages._pages)
    yield
    pages._pages.clear()
    pages._pages.update(held)


def order() -> list[str]:
    """The pages as the navigation shows them."""
    return list(pages._pages)


def test_a_page_stands_behind_the_one_it_names() -> None:
    pages.add("board", "Board", "opportunities:board", after="keys")
    here = order().index("board")
    assert order()[here - 1] == "keys"


def test_adding_a_page_again_moves_it() -> None:
    for after in ("keys", "account"):
        pages.add("board", "Board", "opportunities:board", after=after)
    assert order().count("board") == 1
    assert order()[:2] == ["account", "board"]


def test_a_page_cannot_stand_behind_one_that_is_not_there() -> None:
    with pytest.raises(ValueError):
        pages.add("board", "Board", "opportunities:board", after="nowhere")


@pytest.mark.django_db
def test_every_account_page_leads_to_it(client: Client) -> None:
    fresh_cache()
    log_in(client, UserFactory())
    pages.add("board", "Our board", "opportunities:board", after="profile")
    shown = body(client.get("/account/profile"))
    assert f'<a href="{reverse("opportunities:board")}">Our board</a>' in shown
