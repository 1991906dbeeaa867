"""Where Telegram brings updates: only Telegram, never too much, and never for nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings
from structlog.testing import capture_logs

from notifications.bot import intake
from notifications.models import BotUpdate
from notifications.views import bot
from tests.accounts.web import fresh_cache
from tests.notifications.bot.updates import raw, recorded, said, text

pytestmark = pytest.mark.django_db
ADDRESS = f"/{bot.ADDRESS}"


@pytest.fixture(autouse=True)
def _bot(settings: Settings) -> None:
    fresh_cache()
    settings.BOT_TOKEN = "7:token"


def post(body: bytes, secret: str | None = None, **more: Any) -> HttpResponse:
    """Telegram, or somebody else with another secret, posts; as strict as a browser's client."""
    headers = {bot.HEADER: intake.secret_token() if secret is None else secret}
    client = Client(enforce_csrf_checks=True)
    return client.post(ADDRESS, body, "application/json", headers=headers, **more)  # type: ignore[return-value]


def test_telegrams_update_is_stored_and_acknowledged() -> None:
    update = text("/start")
    answer = post(raw(update))
    assert (answer.status_code, answer.content) == (204, b"")
    assert said(BotUpdate.objects.get()) == update


def test_an_update_costs_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        post(raw(text("/start")))


def test_telegrams_second_try_is_acknowledged_too() -> None:
    body = raw(text("/start"))
    assert [post(body).status_code, post(body).status_code] == [204, 204]
    assert BotUpdate.objects.count() == 1


@pytest.mark.parametrize("secret", ["", "0" * 64, "é", "x" * 9_000])
def test_anybody_else_is_told_nothing(secret: str) -> None:
    answer = post(raw(text("/start")), secret)
    assert (answer.status_code, answer.content) == (401, b"")
    assert not BotUpdate.objects.exists()


def test_without_the_secret_an_unusable_body_looks_like_any_other() -> None:
    known, unknown = post(raw(text("/start")), "0" * 64), post(b"{", "0" * 64)
    assert known.headers == unknown.headers
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


def test_the_secret_of_another_bot_is_no_secret(settings: Settings) -> None:
    settings.BOT_TOKEN = "7:old"
    old = intake.secret_token()
    settings.BOT_TOKEN = "7:new"
    assert post(raw(text("/start")), old).status_code == 401


def test_without_a_bot_nobody_knows_the_secret(settings: Settings) -> None:
    settings.BOT_TOKEN = ""
    assert post(raw(text("/start"))).status_code == 401


def test_it_is_only_for_posts() -> None:
    headers = {bot.HEADER: intake.secret_token()}
    assert Client().get(ADDRESS, headers=headers).status_code == 405


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"{}"])
def test_what_can_never_be_used_need_not_come_again(body: bytes) -> None:
    assert post(body).status_code == 204
    assert not BotUpdate.objects.exists()


def test_a_body_that_is_too_large_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "store", lambda *_: pytest.fail("it was read"))
    assert post(raw(text("x" * bot.LARGEST_BYTES))).status_code == 204


def test_the_largest_that_is_taken() -> None:
    update = text("")
    room = bot.LARGEST_BYTES - len(raw(update))
    update["message"]["text"] = "x" * room
    assert post(raw(update)).status_code == 204
    assert BotUpdate.objects.count() == 1


def test_a_body_without_a_length_is_not_read() -> None:
    for told in ("", "-1"):
        assert post(b"", CONTENT_LENGTH=told).status_code == 204
    assert not BotUpdate.objects.exists()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_without_the_database_telegram_is_asked_to_come_again(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def gone(*_: Any) -> bool:
        raise error("server closed the connection: CANARY-91")

    monkeypatch.setattr(intake, "store", gone)
    with capture_logs() as lines:
        answer = post(raw(text("/start")))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "CANARY" not in str(lines)


def test_every_recorded_update_is_acknowledged(recordings: Path) -> None:
    found = recorded(recordings)
    for number, body in enumerate(found.values()):
        assert post(raw({**json.loads(body), "update_id": number})).status_code == 204
    assert BotUpdate.objects.count() == len(found)


def test_telegram_meets_none_of_the_other_doors(rf: RequestFactory) -> None:
    """Sessions, cookies, forms: nothing of it is asked for an update, all of it for a page."""
    door = bot.past_the_rest(lambda _: HttpResponse(status=418))
    assert door(rf.post(ADDRESS)).status_code == 401
    assert door(rf.get("/")).status_code == 418
