"""The receiver of Telegram messages posts updates as Telegram does."""

from __future__ import annotations

import httpx
import pytest

from tests.notifications.receivers.listening import (
    SECRET,
    Listener,
    listen,
    until,
    waiting,
)
from tests.notifications.receiving import Running

ANA, BOB = 7, 8


def test_what_is_typed_is_posted_with_the_secret(bot: Running, listener: Listener) -> None:
    listen(bot, listener)
    bot.type(ANA, "/start", by={"id": ANA, "name": "Ana", "language_code": "es"})
    until(lambda: waiting(bot) == 0)
    (update,) = listener.posted
    assert listener.secrets == [SECRET]
    assert update["message"]["from"]["language_code"] == "es"
    assert update["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]


def test_what_waited_already_is_posted_first(bot: Running, listener: Listener) -> None:
    for text in ("first", "second"):
        bot.type(ANA, text)
    listen(bot, listener)
    bot.type(ANA, "third")
    until(lambda: len(listener.posted) == 3)
    assert listener.texts == ["first", "second", "third"]


def test_a_refused_update_comes_again_before_the_next_of_its_chat(
    bot: Running, listener: Listener
) -> None:
    listener.statuses = [500, 503, 200]
    listen(bot, listener)
    for text in ("first", "second"):
        bot.type(ANA, text)
    until(lambda: waiting(bot) == 0)
    assert listener.texts == ["first", "first", "first", "second"]


def test_another_chat_does_not_wait_for_a_refused_one(bot: Running, listener: Listener) -> None:
    bot.receivers.bot.updates.webhook.retry_s = 3600.0
    listener.statuses = [500]
    listen(bot, listener)
    bot.type(ANA, "stuck")
    until(lambda: listener.posted)
    bot.type(BOB, "goes on")
    until(lambda: len(listener.posted) == 2)
    assert listener.texts == ["stuck", "goes on"]
    assert waiting(bot) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "Wrong response from the webhook: 500 Internal Server Error"),
        (403, "Wrong response from the webhook: 403 Forbidden"),
    ],
)
def test_what_went_wrong_is_told(bot: Running, listener: Listener, status: int, words: str) -> None:
    bot.receivers.bot.updates.webhook.retry_s = 3600.0
    listener.statuses = [status]
    listen(bot, listener, max_connections=3)
    bot.type(ANA, "x")
    until(lambda: "last_error_message" in bot.call("getWebhookInfo").json()["result"])
    info = bot.call("getWebhookInfo").json()["result"]
    assert info["last_error_message"] == words
    assert (info["pending_update_count"], info["max_connections"]) == (1, 3)


def test_nobody_who_listens_is_told_too(bot: Running) -> None:
    bot.call("setWebhook", url="http://127.0.0.1:9/telegram/webhook")
    bot.type(ANA, "x")
    until(lambda: bot.see("/_webhook")["failed"])
    assert bot.see("/_webhook")["last_error_message"] == "Connection refused"


def test_an_answer_that_is_not_heard_makes_an_update_come_twice(
    bot: Running, listener: Listener
) -> None:
    assert httpx.put(f"{bot.url}/_webhook", json={"copies": 2}).status_code == 200
    listen(bot, listener)
    bot.type(ANA, "x")
    until(lambda: len(listener.posted) == 2)
    assert listener.posted[0] == listener.posted[1]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"url": "http://x.y/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://x.y/hook"},
            "bad webhook: this demo's Bot API posts to its own machine only, not to x.y",
        ),
        ({"url": "ftp://localhost/"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "http://localhost/", "secret_token": "a b"},
            "secret token contains unallowed characters",
        ),
        ({"url": "http://[::1]/", "secret_token": "x" * 257}, "secret token is too long"),
    ],
)
def test_a_webhook_elsewhere_is_refused(bot: Running, told: dict[str, str], words: str) -> None:
    answer = bot.call("setWebhook", **told)
    assert answer.status_code == 400
    assert answer.json()["description"] == f"Bad Request: {words}"


def test_updates_nobody_asked_for_never_come(bot: Running, listener: Listener) -> None:
    listen(bot, listener, allowed_updates=["message"])
    assert bot.ask("/_block", chat=ANA)["update"] is None
    bot.ask("/_unblock", chat=ANA)
    assert bot.type(ANA, "x")["update"]
    until(lambda: listener.posted)
    assert [set(update) for update in listener.posted] == [{"update_id", "message"}]
