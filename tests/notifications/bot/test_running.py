"""The bot's process: it works side by side, survives what it meets, and ends when it is told to."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, close_old_connections
from django.utils import timezone
from pytest_django import Settings
from structlog.testing import capture_logs

from notifications.bot import intake, lanes, polling, running, webhook_watch
from notifications.models import BotUpdate
from notifications.models.bot import UpdateState
from notifications.receivers.faults import Kind
from tests.accounts.web import fresh_cache
from tests.notifications.bot.handling import Bot
from tests.notifications.bot.updates import ANNA, BEN, raw, stored, text
from tests.notifications.receiving import TOKEN
from tests.notifications.receiving import running as telegram

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bot")]

PATIENCE_S = 30.0
SECOND = timedelta(seconds=1)
NOWHERE = "redis://127.0.0.1:9/0"


@contextmanager
def running_bot(**how: Any) -> Iterator[running.Bot]:
    """A bot's process without a process, for the time of the block."""
    one = running.Bot(**{"threads": 2, "polls": False, **how})
    thread = Thread(target=one.run)
    thread.start()
    try:
        yield one
    finally:
        one.stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        assert not any(worker.is_alive() for worker in one.threads)


def until(look: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def store(words: str, by: int = ANNA) -> BotUpdate:
    update = text(words, by)
    intake.store(raw(update), timezone.now())
    return BotUpdate.objects.get(pk=update["update_id"])


def open_updates() -> int:
    return BotUpdate.objects.filter(state__lt=UpdateState.DONE).count()


def test_what_comes_in_is_answered(bot: Bot) -> None:
    with running_bot():
        store("1")
        store("2")
        until(lambda: open_updates() == 0, "both are answered")
    assert bot.sent == ["re 1", "re 2"]


def test_what_came_while_no_bot_ran_is_answered_at_its_start(bot: Bot) -> None:
    store("1")
    fresh_cache()  # nobody is woken
    with running_bot():
        until(lambda: bot.sent == ["re 1"], "the look each second finds it")


def test_what_waits_among_the_woken_is_not_found_twice() -> None:
    stored(text("/why 7"), timezone.now() - 5 * SECOND)
    one = running.Bot(threads=2, polls=False)
    one.listens.set()
    one._look_once()
    assert one.lanes.empty()
    assert intake.woken(1.0) == ANNA
    one._look_once()
    assert one.lanes.get_nowait() == ANNA


def test_a_wake_that_was_lost_among_many_is_made_up_for() -> None:
    stored(text("/why 7"), timezone.now() - lanes.WOKEN_LATE - SECOND)
    assert intake.woken(1.0) == ANNA
    one = running.Bot(threads=2, polls=False)
    one.listens.set()
    intake.wake(BEN)
    one._look_once()
    assert one.lanes.get_nowait() == ANNA


def test_without_the_cache_it_looks_each_second(bot: Bot, settings: Settings) -> None:
    settings.CACHE_URL = NOWHERE
    with capture_logs() as lines, running_bot():
        store("1")
        until(lambda: bot.sent == ["re 1"], "it is found")
    assert not any(line["event"] == "lanes_not_looked_for" for line in lines)


def test_that_it_hears_no_wakes_is_told_once(bot: Bot, settings: Settings) -> None:
    one = running.Bot(1, polls=False)
    one.listens.set()
    with capture_logs() as lines:
        for _ in range(3):
            one._heard(listens=False, why="gone")
        one._heard(listens=True)
        one._heard(listens=False, why="gone")
    assert [line["event"] for line in lines] == ["bot_hears_no_wakes"] * 2


def test_a_slow_person_holds_up_nobody_else(bot: Bot) -> None:
    go = Event()

    def dawdle(words: str) -> None:
        if words == "slow":
            assert go.wait(PATIENCE_S)

    bot.does = dawdle
    with running_bot():
        store("slow")
        until(lambda: bot.handled == ["slow"], "the slow one has begun")
        store("quick", BEN)
        until(lambda: bot.sent == ["re quick"], "the other one is answered")
        go.set()
        until(lambda: open_updates() == 0, "both are answered")


def test_a_worker_outlives_what_it_works_on(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[Exception] = [ValueError("odd"), OperationalError("gone")]
    work = lanes.work

    def fail_twice(lane: int, now: Any) -> int:
        if errors:
            raise errors.pop()
        return work(lane, now)

    monkeypatch.setattr(lanes, "work", fail_twice)
    with running_bot(threads=1):
        store("1")
        until(lambda: bot.sent == ["re 1"], "the third try works")


def test_a_connection_that_cannot_be_looked_at_ends_no_worker(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[Exception] = [ValueError("odd")] * 4  # for the worker, and for who looks around
    look = close_old_connections

    def fail_at_first(**how: Any) -> None:
        if errors:
            raise errors.pop()
        look(**how)

    monkeypatch.setattr(running, "close_old_connections", fail_at_first)
    with running_bot(threads=1) as one:
        store("1")
        until(lambda: bot.sent == ["re 1"] and not errors, "both go on")
        assert all(thread.is_alive() for thread in one.threads)


def test_what_telegram_has_is_asked_for_and_answered(bot: Bot, settings: Settings) -> None:
    with telegram(TOKEN) as at:
        settings.BOT_TOKEN, settings.TELEGRAM_API_URL = TOKEN, at.url
        with running_bot(polls=True):
            at.type(ANNA, "/start")
            until(lambda: bot.sent == ["re /start"], "it is answered")
            at.type(ANNA, "/help")
            until(lambda: bot.sent == ["re /start", "re /help"], "the next one too")


def test_what_is_under_way_is_finished_before_the_end(bot: Bot) -> None:
    begun, go = Event(), Event()

    def dawdle(_: str) -> None:
        begun.set()
        assert go.wait(PATIENCE_S)

    bot.does = dawdle
    with running_bot() as one:
        store("1")
        assert begun.wait(PATIENCE_S)
        one.stop.set()
        go.set()
    assert bot.sent == ["re 1"]
    assert open_updates() == 0


def test_what_waits_at_the_end_is_left_for_the_next_start(bot: Bot) -> None:
    with running_bot() as one:
        one.stop.set()
        store("1")
    assert open_updates() <= 1
    with running_bot():
        until(lambda: bot.sent == ["re 1"], "the next process answers")


# The command


def test_without_a_token_it_says_so_and_waits_for_its_end(settings: Settings) -> None:
    settings.BOT_TOKEN = ""
    stop = Event()
    threading.Timer(0.2, stop.set).start()
    with capture_logs() as lines:
        running.run(stop)
    assert stop.is_set()
    [line] = lines
    assert (line["event"], "BOT_TOKEN" in line["hint"]) == ("bot_idle", True)


@pytest.mark.parametrize("by_webhook", [True, False])
def test_it_asks_for_updates_where_telegram_does_not_bring_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, by_webhook: bool
) -> None:
    settings.BOT_TOKEN, settings.TELEGRAM_WEBHOOK, settings.BOT_THREADS = "7:x", by_webhook, 3
    asked: list[bool] = []
    monkeypatch.setattr(polling.Poller, "run", lambda _: asked.append(True))
    monkeypatch.setattr(running, "_set_up", lambda _: None)
    monkeypatch.setattr(webhook_watch, "watch", lambda _: None)
    stop = Event()
    threading.Timer(0.5, stop.set).start()
    running.run(stop)
    assert asked == ([] if by_webhook else [True])


def test_where_it_asks_for_updates_it_sets_its_menus_itself(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SET_UP_AGAIN_S", 0.1)
    with telegram(TOKEN) as at:
        settings.BOT_TOKEN, settings.TELEGRAM_WEBHOOK = TOKEN, False
        settings.TELEGRAM_API_URL = at.url
        at.wish(Kind.STATUS, method="getMe", times=1, status=502)
        stop = Event()
        process = Thread(target=running.run, args=[stop])
        process.start()
        until(lambda: at.see("/_menu", chat=ANNA, user=ANNA), "no menu was set")
        stop.set()
        process.join(PATIENCE_S)


def test_the_command_ends_by_a_signal(settings: Settings) -> None:
    settings.BOT_TOKEN = ""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        threading.Timer(0.5, lambda: signal.raise_signal(signal.SIGTERM)).start()
        call_command("bot")
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
