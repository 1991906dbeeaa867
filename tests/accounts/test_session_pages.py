"""The page of sessions: where people are logged in, and its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts import agents
from accounts.models import (
    Session,
    User,
)
from tests.accounts.factories import SessionFactory, UserFactory
from tests.accounts.web import body, fresh_cache, log_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    fresh_cache()


@pytest.fixture
def ada(client: Client) -> User:
    """Somebody who is logged in."""
    user = UserFactory(name="Ada")
    log_in(client, user)
    return user


def test_sessions_are_listed_with_door_browser_and_address(client: Client, ada: User) -> None:
    SessionFactory(user=ada, expires_at=datetime.now(UTC) + timedelta(days=1))
    page = body(client.get("/account/sessions"))
    assert "Firefox on Linux" in page
    assert "192.0.2.7" in page
    assert "Telegram bot" in page
    assert page.count("this one") == 1


def test_ending_a_session_is_asked_about_first(client: Client, ada: User) -> None:
    other = log_in(Client(), ada)
    assert "End this session?" in body(client.get(f"/account/sessions/{other}/end"))
    assert Session.objects.get(pk=other).state == "active"
    client.post(f"/account/sessions/{other}/end")
    ended = Session.objects.get(pk=other)
    assert (ended.outcome, ended.ended_by) == ("logout", ada)


@pytest.mark.django_db(transaction=True)
def test_ending_this_session_logs_out(client: Client, ada: User) -> None:
    mine = Session.objects.get().pk
    assert "you will be logged out" in body(client.get(f"/account/sessions/{mine}/end"))
    response = client.post(f"/account/sessions/{mine}/end", follow=True)
    assert response.redirect_chain[-1][0].startswith("/login")


def test_all_others_can_be_ended_at_once(client: Client, ada: User) -> None:
    mine = Session.objects.get().pk
    for _ in range(3):
        log_in(Client(), ada)
    eve = log_in(Client(), UserFactory())
    assert "End 3 other sessions?" in body(client.get("/account/sessions/others/end"))
    assert "Ended 3 sessions" in body(client.post("/account/sessions/others/end", follow=True))
    left = set(Session.objects.filter(state="active").values_list("pk", flat=True))
    assert left == {mine, eve}


def test_nobody_sees_or_ends_anothers_session(client: Client, ada: User) -> None:
    eve = log_in(Client(), UserFactory())
    address = f"/account/sessions/{eve}/end"
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404
    assert Session.objects.get(pk=eve).state == "active"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604.1",
         "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
        ("curl/8.5", "curl"),
        ("", ""),
        ("<b>odd</b>" * 10, ("<b>odd</b>" * 10)[:40]),
    ],
)  # fmt: skip
def test_browsers_are_named_as_people_know_them(agent: str, words: str) -> None:
    assert agents.words(agent) == words
