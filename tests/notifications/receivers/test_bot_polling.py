"""Updates are polled as at Telegram; python-telegram-bot gets them both ways."""

from __future__ import annotations

import asyncio
import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from telegram import Bot, Update
from telegram.error import Conflict
from telegram.ext import ApplicationBuilder, CommandHandler, ContextTypes

from arbedge import aio
from notifications.telegram.telegram_transport import Transport
from tests.notifications.receivers.listening import SECRET, Listener, listen, until
from tests.notifications.receiving import TOKEN, Running

ANA, GROUP = 7, -1001555296434


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


def test_only_what_is_asked_for_is_polled(bot: Running) -> None:
    bot.call("getUpdates", allowed_updates=["callback_query"])
    assert bot.type(ANA, "/start")["update"] is None
    bot.press(ANA, "why 7")
    assert [set(one) for one in bot.call("getUpdates").json()["result"]] == [
        {"update_id", "callback_query"}
    ]
    bot.call("getUpdates", allowed_updates=[])
    assert bot.type(ANA, "/start")["update"]


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (2, 2), (500, 100)])
def test_a_limit_is_kept_between_one_and_a_hundred(bot: Running, asked: int, given: int) -> None:
    for number in range(110):
        bot.receivers.bot.updates.add("message", {"message_id": number})
    assert len(bot.call("getUpdates", limit=asked).json()["result"]) == given


def test_a_poll_ends_when_something_comes(bot: Running) -> None:
    with ThreadPoolExecutor(1) as other:
        polled = other.submit(bot.call, "getUpdates", timeout=50)
        until(lambda: bot.receivers.bot.updates.polled)
        bot.type(ANA, "/start")
        (update,) = polled.result(10).json()["result"]
    assert update["message"]["text"] == "/start"


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"update_id": "x", "message": {}}'])
def test_what_is_no_update_is_not_taken(bot: Running, body: bytes) -> None:
    assert httpx.post(f"{bot.url}/_update", content=body).status_code == 400


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
