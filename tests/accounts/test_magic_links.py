"""Log-in links sent by mail: kept as a digest, for 15 minutes, once."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from pytest_django import Settings

from accounts import magic_links
from accounts.models import LoginLink
from arbedge.errors import BadInput
from tests.accounts.factories import NOON
from tests.accounts.web import fresh_cache, send_link

pytestmark = pytest.mark.django_db
SITE = "https://arbedge.example.org"


@pytest.fixture(autouse=True)
def _fresh(settings: Settings) -> None:
    fresh_cache()
    settings.SITE_URL = SITE
    settings.ALLOWED_HOSTS = ["testserver", "evil.example.net"]


def refusal(token: str, now: datetime = NOON) -> str:
    """The code this token is refused with."""
    with pytest.raises(BadInput) as refused:
        magic_links.use(token, now)
    return refused.value.code


def test_a_link_tells_the_address_it_was_sent_to() -> None:
    assert magic_links.use(send_link(), NOON) == "ada@example.org"


def test_the_mail_says_it_in_text_and_in_html() -> None:
    token = send_link()
    sent: Any = mail.outbox[0]
    html, kind = sent.alternatives[0]
    assert kind == "text/html"
    assert token in str(sent.body)
    assert token in html
    assert sent.to == ["ada@example.org"]
    assert "15 minutes" in sent.body


def test_the_database_keeps_only_the_digest() -> None:
    token = send_link()
    with connection.cursor() as cursor:
        cursor.execute("SELECT l::text FROM accounts_loginlink l")
        (row,) = cursor.fetchone()
    assert hashlib.sha256(token.encode()).hexdigest() in row
    assert token not in row


def test_what_a_stolen_database_shows_opens_nothing() -> None:
    send_link()
    digest = bytes(LoginLink.objects.get().digest)
    assert refusal(digest.hex()[:43]) == "link_unknown"


def test_a_link_serves_once() -> None:
    token = send_link()
    magic_links.use(token, NOON)
    assert refusal(token) == "link_used"


def test_looking_does_not_use_a_link_up() -> None:
    token = send_link()
    magic_links.look(token, NOON)
    assert magic_links.use(token, NOON)


def test_a_link_serves_for_15_minutes() -> None:
    token = send_link()
    assert magic_links.look(token, NOON + timedelta(minutes=14, seconds=59))
    assert refusal(token, NOON + timedelta(minutes=15)) == "link_old"


def test_using_one_link_ends_the_others_of_the_address() -> None:
    first, second, other = send_link(), send_link(), send_link("eve@example.org")
    magic_links.use(second, NOON)
    assert refusal(first) == "link_used"
    assert magic_links.use(other, NOON) == "eve@example.org"


@pytest.mark.parametrize("token", ["", "short", "A" * 43, "A" * 5000, "é" * 43])
def test_a_token_nobody_was_sent_is_unknown(token: str) -> None:
    assert refusal(token) == "link_unknown"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada@Example.ORG", "ada@example.org"),
        ("  ada@example.org ", "ada@example.org"),
        ("ada+arbedge@example.org", "ada+arbedge@example.org"),
    ],
)
def test_addresses_are_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert magic_links.normal(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "ada", "@example.org", "ada@", "a b@example.org", "ada@example.org\nBcc: x@example.org",
     "a" * 300 + "@example.org", "ada@example.org,eve@example.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused_beside_its_field(typed: str) -> None:
    with pytest.raises(BadInput) as refused:
        magic_links.normal(typed)
    assert (refused.value.code, refused.value.details["field"]) == ("bad_email", "email")


def test_a_mail_that_cannot_be_sent_leaves_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(magic_links, "_mail", broken)
    with pytest.raises(OSError, match="no route"):
        send_link()
    assert not LoginLink.objects.exists()


def test_old_links_are_forgotten() -> None:
    send_link(now=NOON - timedelta(days=2))
    send_link()
    assert magic_links.forget_old(NOON) == 1
    assert LoginLink.objects.get().made_at == NOON
