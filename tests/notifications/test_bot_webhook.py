"""The receiver of Telegram messages posts updates as Telegram does, and lets them be polled."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot, Update
from telegram.error import Conflict
from telegram.ext import ApplicationBuilder, CommandHandler, ContextTypes

from arbedge import aio
from notifications.receivers.bot_webhook import HEADER
from notifications.telegram_transport import Transport
from tests.notifications.receiving import TOKEN, Running, running
from tests.serving import served

ANA, BOB, GROUP = 7, 8, -1001555296434
SECRET = "a-secret_token"


@dataclass
class Listener:
    """A bot's server: keeps what is posted, answers what it is told to."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/telegram/webhook", self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        self.secrets.append(request.headers.get(HEADER, ""))
        self.posted.append(json.loads(await request.body()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.posted]


@pytest.fixture
def bot() -> Iterator[Running]:
    with running(TOKEN) as begun:
        begun.receivers.bot.updates.webhook.retry_s = 0.01
        yield begun


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    with ExitStack() as stack:
        listener.url = stack.enter_context(served(listener.app())) + "/telegram/webhook"
        yield listener


def until(happened: Callable[[], Any]) -> None:
    """Waits for something another thread does."""
    for _ in range(500):
        if happened():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")


def listen(bot: Running, listener: Listener, **told: Any) -> None:
    answer = bot.call("setWebhook", url=listener.url, secret_token=SECRET, **told)
    assert answer.json() == {"ok": True, "result": True}


def waiting(bot: Running) -> int:
    return int(bot.call("getWebhookInfo").json()["result"]["pending_update_count"])


# The webhook


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


# Long polling


def test_nothing_is_polled_while_a_webhook_is_set(bot: Running, listener: Listener) -> None:
    listen(bot, listener)
    answer = bot.call("getUpdates")
    assert answer.status_code == 409
    assert answer.json()["description"] == (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to"
        " delete the webhook first"
    )
    bot.call("deleteWebhook")
    assert bot.call("getUpdates").json() == {"ok": True, "result": []}


def test_what_is_dropped_does_not_come(bot: Running) -> None:
    bot.type(ANA, "old")
    bot.call("deleteWebhook", drop_pending_updates=True)
    assert bot.call("getUpdates").json()["result"] == []


def test_an_offset_forgets_what_was_before_it(bot: Running) -> None:
    first, second, third = (bot.type(ANA, text)["update"] for text in "abc")
    asked = bot.call("getUpdates", offset=second, limit=1).json()["result"]
    assert [one["update_id"] for one in asked] == [second]
    assert first not in bot.receivers.bot.updates.waiting
    (last,) = bot.call("getUpdates", offset=-1).json()["result"]
    assert last["update_id"] == third


def test_ids_do_not_begin_anew_with_the_receiver(bot: Running) -> None:
    assert bot.type(ANA, "x")["update"] > 1_700_000_000


# The library the product is built on


def library(bot: Running) -> Bot:
    return Bot(
        TOKEN, base_url=f"{bot.url}/bot", request=Transport(), get_updates_request=Transport()
    )


def test_the_library_polls_and_answers(bot: Running) -> None:
    async def start(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_html("<b>Welcome</b>")

    async def run() -> None:
        application = ApplicationBuilder().bot(library(bot)).build()
        application.add_handler(CommandHandler("start", start))
        assert application.updater is not None
        async with application:
            await application.start()
            await application.updater.start_polling(timeout=5, poll_interval=0)
            await asyncio.to_thread(until, lambda: bot.texts(ANA))
            await application.updater.stop()
            await application.stop()

    bot.type(ANA, "/start ABCD2345")
    aio.run(asyncio.wait_for(run(), 20))
    assert [(one["who"], one["text"]) for one in bot.chat(ANA)["messages"]] == [
        ("Person 7", "/start ABCD2345"),
        ("bot", "Welcome"),
    ]


def test_the_library_reads_what_is_posted(bot: Running, listener: Listener) -> None:
    async def hook() -> None:
        async with library(bot) as speaking:
            await speaking.set_webhook(listener.url, secret_token=SECRET, max_connections=1,
                                       allowed_updates=["message", "my_chat_member"])  # fmt: skip
            info = await speaking.get_webhook_info()
            assert (info.url, info.max_connections) == (listener.url, 1)
            assert set(info.allowed_updates) == {"message", "my_chat_member"}

    aio.run(hook())
    bot.ask("/_bot", chat=GROUP, status="administrator", title="Room", forum=True, by=ANA)
    bot.type(GROUP, "/status@arbedge_bot", by=ANA, thread=33)
    until(lambda: len(listener.posted) == 3)
    added, joined, asked = (Update.de_json(one, None) for one in listener.posted)
    assert added.my_chat_member is not None
    assert added.my_chat_member.old_chat_member.status == "left"
    assert added.my_chat_member.new_chat_member.status == "administrator"
    assert joined.message is not None
    assert joined.message.new_chat_members[0].is_bot
    assert asked.message is not None
    assert (asked.message.message_thread_id, asked.message.is_topic_message) == (33, True)


def test_two_who_poll_at_once_are_told_in_telegrams_words(bot: Running, recordings: Path) -> None:
    with ThreadPoolExecutor(1) as other:
        first = other.submit(bot.call, "getUpdates", timeout=20)
        until(lambda: bot.receivers.bot.updates.polled)
        bot.call("getUpdates")
        file = recordings / "telegram" / "responses" / "conflict_other_get_updates.json.gz"
        assert first.result(10).json() == json.loads(gzip.decompress(file.read_bytes()))


def test_the_library_knows_that_another_polls(bot: Running) -> None:
    async def run() -> None:
        async with library(bot) as one, library(bot) as other:
            first = asyncio.create_task(one.get_updates(timeout=20))
            await asyncio.to_thread(until, lambda: bot.receivers.bot.updates.polled)
            await other.get_updates(timeout=0)
            with pytest.raises(Conflict):
                await first

    aio.run(asyncio.wait_for(run(), 20))
