"""An operator is told when Telegram brings no updates: that is silence, and nothing here fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from threading import Event
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings
from structlog.testing import capture_logs
from telegram import WebhookInfo

from notifications.bot import ears, setup, webhook_watch
from notifications.bot import running as bot_process
from notifications.receivers.bot_webhook import Webhook
from notifications.receivers.faults import Kind
from tests.notifications.receiving import TOKEN, Running, running

SITE = "http://127.0.0.1:8000"
HOOK = f"{SITE}/telegram/webhook"
ALL: dict[str, Any] = {"allowed_updates": list(setup.ALLOWED)}


@pytest.fixture
def bot(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    settings.BOT_TOKEN, settings.BOT_NAME, settings.SITE_URL = TOKEN, "arbedge_bot", SITE
    settings.TELEGRAM_WEBHOOK = True
    with running(TOKEN) as begun:
        settings.TELEGRAM_API_URL = begun.url
        yield begun


@pytest.fixture
def hook(bot: Running) -> Webhook:
    """What Telegram knows, as it should be."""
    bot.call("setWebhook", url=HOOK, **ALL)
    return bot.receivers.bot.updates.webhook


def found() -> list[tuple[str, str]]:
    """What is wrong now, and its detail."""
    return [(one.event, one.detail) for one in webhook_watch.look(timezone.now())]


def hint() -> str:
    (one,) = webhook_watch.look(timezone.now())
    return one.hint


def failed(hook: Webhook, words: str, ago: timedelta) -> None:
    at = int((timezone.now() - ago).timestamp())
    hook.error = {"last_error_date": at, "last_error_message": words}


@pytest.mark.usefixtures("hook")
def test_where_updates_come_nothing_is_wrong() -> None:
    assert found() == []


@pytest.mark.django_db
def test_after_the_set_up_nothing_is_wrong(bot: Running) -> None:
    assert found() == [("webhook_missing", "")]
    call_command("bot_setup", stdout=StringIO())
    assert found() == []


@pytest.mark.usefixtures("bot")
def test_without_a_webhook_it_says_how_to_set_one() -> None:
    assert found() == [("webhook_missing", "")]
    assert hint().endswith("python manage.py bot_setup")


def test_a_webhook_of_another_address_is_told_without_its_secrets(bot: Running) -> None:
    bot.call("setWebhook", url="http://127.0.0.1:9000/7:secret-token", **ALL)
    assert found() == [("webhook_elsewhere", "127.0.0.1:9000")]
    assert HOOK in hint()
    assert "secret" not in hint()


def test_kinds_of_updates_it_does_not_bring_are_told(bot: Running) -> None:
    bot.call("setWebhook", url=HOOK, allowed_updates=["message", "callback_query"])
    assert found() == [
        ("webhook_incomplete", "channel_post, chat_member, edited_message, my_chat_member")
    ]


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("Connection refused", f"Can Telegram reach {HOOK}?"),
        ("Wrong response from the webhook: 401 Unauthorized", "SECRET_KEY is not what it was"),
        ("Wrong response from the webhook: 502 Bad Gateway", f"Can Telegram reach {HOOK}?"),
    ],
)
def test_what_telegram_met_lately_is_told(hook: Webhook, words: str, advice: str) -> None:
    failed(hook, words, timedelta(minutes=5))
    assert found() == [("webhook_fails", words)]
    assert advice in hint()


def test_what_it_met_long_ago_is_over(hook: Webhook) -> None:
    failed(hook, "Connection refused", timedelta(hours=2))
    assert found() == []


def test_what_makes_a_webhook_impossible_is_told(bot: Running, settings: Settings) -> None:
    settings.BOT_TOKEN = "7000000001:another"
    assert "does not know BOT_TOKEN" in hint()
    settings.SITE_URL = "http://arbedge.example"
    assert "https addresses only" in hint()


# Watching


class Looks(Event):
    """A stop that is set after so many looks, without waiting; `then` happens between them."""

    def __init__(self, looks: int, then: Any = None) -> None:
        super().__init__()
        self.looks, self.then = looks, then
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        if self.then is not None:
            self.then()
        if len(self.waits) == self.looks:
            self.set()
        return self.is_set()


def watched(stop: Looks) -> list[Any]:
    with capture_logs() as lines:
        webhook_watch.watch(stop)
    return [line for line in lines if line["event"].startswith("webhook")]


@pytest.mark.usefixtures("bot")
def test_a_trouble_is_told_once() -> None:
    stop = Looks(3)
    [line] = watched(stop)
    assert (line["event"], line["log_level"]) == ("webhook_missing", "warning")
    assert stop.waits == [webhook_watch.LOOK_EVERY_S] * 3


def test_its_end_is_told_as_well(bot: Running) -> None:
    told = watched(Looks(2, lambda: bot.call("setWebhook", url=HOOK, **ALL)))
    assert [line["event"] for line in told] == ["webhook_missing", "webhook_works"]


def test_where_telegram_does_not_answer_it_is_asked_again_soon(bot: Running) -> None:
    bot.wish(Kind.STATUS, status=502)
    stop = Looks(2)
    [line] = watched(stop)
    assert line["event"] == "webhook_unknown"
    assert stop.waits == [webhook_watch.AGAIN_S] * 2


@pytest.mark.usefixtures("bot", "empty_cache")
def test_the_console_learns_why_the_bot_hears_nothing() -> None:
    watched(Looks(1))
    told = ears.found()
    assert told is not None
    assert told.trouble.endswith("python manage.py bot_setup")


@pytest.mark.usefixtures("empty_cache")
def test_the_console_learns_that_it_hears_again(bot: Running) -> None:
    watched(Looks(2, lambda: bot.call("setWebhook", url=HOOK, **ALL)))
    told = ears.found()
    assert told is not None
    assert told.trouble == ""


@pytest.mark.parametrize(("waiting", "trouble"), [(0, False), (3, True)])
def test_what_telegram_met_lately_is_a_trouble_while_something_waits_there(
    waiting: int, trouble: bool
) -> None:
    met = WebhookInfo(
        HOOK, False, waiting, last_error_date=timezone.now(), last_error_message="Refused",
        allowed_updates=setup.ALLOWED,
    )  # fmt: skip
    [one] = webhook_watch.troubles(met, HOOK, timezone.now())
    assert (one.event, one.deaf) == ("webhook_fails", trouble)


@pytest.mark.parametrize("by_webhook", [True, False])
def test_the_bots_process_watches_where_telegram_brings_updates(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, by_webhook: bool
) -> None:
    settings.BOT_TOKEN, settings.TELEGRAM_WEBHOOK, settings.BOT_THREADS = TOKEN, by_webhook, 0
    watching, setting_up = Event(), Event()
    monkeypatch.setattr(webhook_watch, "watch", lambda _: watching.set())
    monkeypatch.setattr(bot_process, "_set_up", lambda _: setting_up.set())
    begun = watching if by_webhook else setting_up
    monkeypatch.setattr(bot_process.Bot, "run", lambda _: begun.wait(30))
    bot_process.run(Event())
    assert (watching.is_set(), setting_up.is_set()) == (by_webhook, not by_webhook)
