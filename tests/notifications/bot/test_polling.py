"""Asking Telegram for updates: none is lost, none is taken twice, and trouble is told plainly."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings
from structlog.testing import capture_logs

from arbedge import aio
from notifications.bot import ears, intake, polling
from notifications.bot.polling import Asking, Poller
from notifications.models import BotUpdate
from notifications.receivers.faults import Kind
from notifications.telegram.telegram_transport import Transport
from tests.accounts.web import fresh_cache
from tests.notifications.bot.test_lanes import another_connection
from tests.notifications.bot.updates import ANNA, BEN, said
from tests.notifications.receiving import TOKEN, Running, running

pytestmark = pytest.mark.django_db


@pytest.fixture
def telegram(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    fresh_cache()
    monkeypatch.setattr(polling, "POLL_S", 0)
    monkeypatch.setattr(polling, "close_old_connections", lambda: None)  # this test's own is young
    with running(TOKEN) as begun:
        settings.BOT_TOKEN, settings.TELEGRAM_API_URL = TOKEN, begun.url
        yield begun


@pytest.fixture
def bot(telegram: Running) -> Iterator[Asking]:
    transport = Transport(1)
    yield Asking(transport)
    aio.run(transport.shutdown())


@pytest.fixture
def poller() -> Poller:
    return Poller(Event())


def texts() -> list[str]:
    rows = BotUpdate.objects.order_by("update_id")
    return [said(one)["message"]["text"] for one in rows]


def test_what_waits_is_stored_word_for_word(telegram: Running, bot: Asking, poller: Poller) -> None:
    telegram.type(ANNA, "/start")
    telegram.type(BEN, "/help")
    assert poller.once(bot) == 0
    assert texts() == ["/start", "/help"]
    assert list(BotUpdate.objects.order_by("update_id").values_list("lane", flat=True)) == [
        ANNA, BEN,
    ]  # fmt: skip


def test_it_asks_for_all_the_bot_wants_to_know(
    telegram: Running, bot: Asking, poller: Poller
) -> None:
    telegram.ask("/_bot", chat=-1_007, status="administrator", silent=True)
    poller.once(bot)
    telegram.ask("/_members", chat=-1_007, member=ANNA, status="administrator")
    poller.once(bot)
    assert list(BotUpdate.objects.values_list("kind", flat=True)) == ["chat_member"]


def test_telegram_is_told_what_came_by_the_next_question(
    telegram: Running, bot: Asking, poller: Poller
) -> None:
    telegram.type(ANNA, "/start")
    poller.once(bot)
    assert len(telegram.receivers.bot.updates.waiting) == 1
    poller.once(bot)
    assert len(telegram.receivers.bot.updates.waiting) == 0
    assert texts() == ["/start"]


def test_what_is_told_again_after_a_restart_is_stored_once(telegram: Running, bot: Asking) -> None:
    telegram.type(ANNA, "/start")
    Poller(Event()).once(bot)
    Poller(Event()).once(bot)
    assert texts() == ["/start"]


def test_kinds_the_library_cannot_read_are_stored_all_the_same(
    telegram: Running, bot: Asking, poller: Poller
) -> None:
    odd = {"update_id": 1_999_999_998, "message": {"message_id": "text", "chat": []}}
    new = {"update_id": 1_999_999_999, "new_kind": {"what": 1}}
    for one in (odd, new):
        telegram.receivers.bot.updates.waiting[one["update_id"]] = one  # type: ignore[index]
    poller.once(bot)
    assert [said(row) for row in BotUpdate.objects.order_by("update_id")] == [odd, new]
    assert poller.offset == 2_000_000_000


def test_nothing_is_waited_for_in_a_hurry(
    telegram: Running, bot: Asking, poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer whose updates have no numbers could be asked for over and over."""

    async def senseless(*_: Any) -> list[Any]:
        return [7, {"message": {}}, {"update_id": "8"}]

    monkeypatch.setattr(Asking, "updates", senseless)
    assert poller.once(bot) == polling.SHORTEST_S
    assert not BotUpdate.objects.exists()


def test_what_cannot_be_stored_stays_at_telegram(
    telegram: Running, bot: Asking, poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram.type(ANNA, "/start")
    with monkeypatch.context() as patch, capture_logs() as lines:
        patch.setattr(intake, "store", _gone)
        assert poller.once(bot) > 0
    assert poller.offset == 0
    assert [line["event"] for line in lines] == ["updates_not_stored"]
    poller.once(bot)
    assert texts() == ["/start"]


def _gone(*_: Any) -> bool:
    raise OperationalError


# Trouble


def trouble(poller: Poller, bot: Asking) -> tuple[str, float]:
    """What is said of it, and the seconds until the next try."""
    with capture_logs() as lines:
        wait_s = poller.once(bot)
    [line] = lines
    assert line["event"] == "updates_not_got"
    assert TOKEN not in str(line)
    return line["hint"], wait_s


def test_a_webhook_that_is_set_is_told_with_what_to_do(
    telegram: Running, bot: Asking, poller: Poller
) -> None:
    telegram.receivers.bot.updates.webhook.url = "https://arbedge.example/telegram/webhook"
    hint, wait_s = trouble(poller, bot)
    assert "TELEGRAM_WEBHOOK=true" in hint
    assert "bot_setup" in hint
    assert wait_s >= polling.CONFLICT_S


def test_another_program_that_asks_is_told(telegram: Running, bot: Asking, poller: Poller) -> None:
    telegram.wish(Kind.STATUS, status=409, times=1)
    hint, wait_s = trouble(poller, bot)
    assert "Another program" in hint
    assert wait_s >= polling.CONFLICT_S


def test_a_token_of_no_bot_is_told(telegram: Running, settings: Settings, poller: Poller) -> None:
    settings.BOT_TOKEN = "7000000009:nobody-knows-this"
    transport = Transport(1)
    hint, wait_s = trouble(poller, Asking(transport))
    aio.run(transport.shutdown())
    assert "BotFather" in hint
    assert wait_s >= polling.STRANGER_S


def test_a_network_that_is_gone_is_asked_less_and_less(
    telegram: Running, settings: Settings, poller: Poller
) -> None:
    settings.TELEGRAM_API_URL = "http://127.0.0.1:9"
    transport = Transport(1)
    bot = Asking(transport)
    waits = [trouble(poller, bot)[1] for _ in range(7)]
    aio.run(transport.shutdown())
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_after_trouble_waits_begin_anew(telegram: Running, bot: Asking, poller: Poller) -> None:
    poller.troubles = 4
    poller.once(bot)
    assert poller.troubles == 0


@pytest.mark.filterwarnings("ignore:Deprecated since version v22.2")  # the library's own use
def test_a_pause_telegram_asks_for_is_kept(telegram: Running, bot: Asking, poller: Poller) -> None:
    telegram.wish(Kind.FLOOD, retry_after_s=17, times=1)
    assert poller.once(bot) == 17


def test_the_bot_asks_on_whatever_went_wrong(
    telegram: Running, bot: Asking, poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram.type(ANNA, "/start")
    with monkeypatch.context() as patch, capture_logs() as lines:
        patch.setattr(intake, "store", _odd)
        assert poller.once(bot) > 0
    assert [line["event"] for line in lines] == ["updates_not_taken"]
    poller.once(bot)
    assert texts() == ["/start"]


def _odd(*_: Any) -> bool:
    raise RuntimeError


class Late(Future[list[Any]]):
    """An answer that comes in the very moment a look for it ends in vain."""

    def result(self, timeout: float | None = None) -> list[Any]:
        if self.done():
            return super().result(timeout)
        self.set_result([])
        raise TimeoutError


def test_an_answer_that_comes_as_the_look_for_it_ends_is_taken(
    bot: Asking, poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Late()
    threading.Timer(0.1, late.set_result, [[7, 8, 9]]).start()
    with monkeypatch.context() as patch:
        patch.setattr(Poller, "_take", lambda _, found: len(found))
        patch.setattr(asyncio, "run_coroutine_threadsafe", lambda *_: late)
        patch.setattr(Asking, "updates", lambda *_: None)
        assert poller.once(bot) == 3


# Several processes, and the end


def test_one_process_asks_at_a_time(telegram: Running, bot: Asking, poller: Poller) -> None:
    telegram.type(ANNA, "/start")
    with another_connection() as other:
        other.execute(f"SELECT pg_advisory_lock({polling.LOCK}, 0)")
        assert poller.once(bot) == polling.OTHERS_TURN_S
        assert not BotUpdate.objects.exists()
        other.execute("SELECT pg_advisory_unlock_all()")
    poller.once(bot)
    assert texts() == ["/start"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s",
                       [polling.LOCK])  # fmt: skip
        assert cursor.fetchone() == (0,)


def test_a_question_under_way_ends_with_the_process(
    telegram: Running, bot: Asking, poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "POLL_S", 50)
    threading.Timer(0.3, poller.stop.set).start()
    began = time.monotonic()
    assert poller.once(bot) == 0
    assert time.monotonic() - began < 25


def test_the_console_learns_why_nothing_comes_and_that_it_comes_again(
    telegram: Running, bot: Asking, poller: Poller
) -> None:
    telegram.wish(Kind.STATUS, status=401, times=1)
    assert poller.once(bot) == polling.STRANGER_S
    found = ears.found()
    assert found is not None
    assert "BOT_TOKEN" in found.trouble
    poller.once(bot)
    found = ears.found()
    assert found is not None
    assert found.trouble == ""


def test_the_console_is_not_told_with_every_question(
    telegram: Running, bot: Asking, poller: Poller
) -> None:
    poller.once(bot)
    first = ears.found()
    poller.once(bot)
    assert ears.found() == first
