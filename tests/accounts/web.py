"""A browser at the web's door, for tests of its pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core import mail
from django.http import HttpResponse
from django.test import Client

from accounts import doors, magic_links, memory, sessions
from accounts.models import User
from arbedge import cache
from arbedge.names import Door
from tests.accounts.factories import NOON

PAGES = ("/account", "/account/profile", "/account/sessions", "/account/keys", "/account/tokens",
         "/account/preferences", "/account/invitations")  # fmt: skip
SCRIPT = "<script>alert(1)</script>"


def fresh_cache() -> None:
    """Nothing is remembered of the test before."""
    cache.client().flushdb()
    memory.trust.__init__()  # type: ignore[misc]


def log_in(
    client: Client, user: User, agent: str = "Mozilla/5.0 (X11; Linux) Firefox/140.0"
) -> int:
    """Gives the browser a session of this person; returns the session's id."""
    started = sessions.start(user, Door.WEB, datetime.now(UTC), ip="192.0.2.7", agent=agent)
    client.cookies[doors.cookie_name()] = started.token
    return int(started.session.pk)


def body(response: object) -> str:
    """The page as text."""
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def link_in(mail: str) -> str:
    """The address of the first link in a mail."""
    found = re.search(r"https?://\S+", mail)
    assert found is not None
    return found[0]


def wrong(response: Any) -> str:
    """What a refused form says."""
    assert response.status_code == 422
    page = body(response)
    return " ".join(part.partition("<")[0] for part in page.split('class="wrong"')[1:]) + " ".join(
        part.partition("</p>")[0] for part in page.split('role="alert"')[1:]
    )


def token_of(text: str) -> str:
    """The token of the link in a mail."""
    return parse_qs(urlsplit(link_in(text)).query)["token"][0]


def send_link(email: str = "ada@example.org", now: datetime = NOON) -> str:
    """Sends a link and returns its token."""
    magic_links.send(email, ip="192.0.2.7", now=now)
    return token_of(str(mail.outbox[-1].body))
