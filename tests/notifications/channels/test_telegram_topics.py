"""Topics of forums, and the transport beneath python-telegram-bot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from telegram import Bot
from telegram.error import NetworkError, RetryAfter

from arbedge import aio
from notifications.names import Outcome
from notifications.receivers.faults import Kind
from notifications.telegram.telegram_transport import transport
from tests.notifications.channels.chatting import CHAT, GROUP, TELEGRAM, shown
from tests.notifications.channels.outgoing import send_one
from tests.notifications.receiving import TOKEN, Running


@pytest.fixture(autouse=True)
def newer_times_of_python_telegram_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


# Topics of forums


@pytest.fixture
def forum(bot: Running) -> Running:
    bot.ask("/_chats", chat=GROUP, type="supergroup", forum=True)
    return bot


def topic(number: int = 33) -> dict[str, Any]:
    return {"chat_id": GROUP, "thread_id": number}


def test_a_post_goes_to_its_topic(forum: Running) -> None:
    result = send_one(TELEGRAM, topic())
    assert (result.outcome, result.moved_to) == (Outcome.SENT, None)
    assert shown(forum).raw["message_thread_id"] == 33


@pytest.mark.parametrize(
    ("language", "says"), [("en", "closed or gone"), ("es", "cerrado"), ("fr", "fermé")]
)
def test_where_the_topic_is_gone_a_post_comes_to_the_general_one_and_says_so(
    forum: Running, language: str, says: str
) -> None:
    forum.ask("/_chats", chat=GROUP, forum=False)
    result = send_one(TELEGRAM, topic(), language=language)
    assert result.outcome is Outcome.SENT
    assert result.moved_to == {"chat_id": GROUP, "topic_left": 33}
    assert says in forum.texts(GROUP)[-1].lower()


def test_an_edit_names_no_topic(forum: Running) -> None:
    first = send_one(TELEGRAM, topic())
    forum.ask("/_chats", chat=GROUP, forum=False)
    again = send_one(TELEGRAM, topic(), replaces=first.provider_id, body="↑ now +0.55 %")
    assert (again.outcome, again.moved_to) == (Outcome.SENT, None)


# The same transport beneath python-telegram-bot


def test_the_bot_of_python_telegram_bot_goes_the_same_way(bot: Running, tmp_path: Path) -> None:
    chart = tmp_path / "chart.png"
    chart.write_bytes(b"\x89PNG")

    async def write() -> tuple[str | None, bool]:
        way = transport()
        other = Bot(TOKEN, base_url=f"{bot.url}/bot", request=way, get_updates_request=way)
        sent = await other.send_message(CHAT, "<b>hello</b>", parse_mode="HTML")
        photo = await other.send_photo(CHAT, chart.read_bytes(), caption="a chart")
        return sent.text, bool(photo.photo)

    assert aio.run(write(), 30) == ("hello", True)


def test_its_errors_are_those_of_python_telegram_bot(bot: Running) -> None:
    async def write() -> None:
        way = transport()
        other = Bot(TOKEN, base_url=f"{bot.url}/bot", request=way, get_updates_request=way)
        await other.send_message(CHAT, "hello")

    bot.wish(Kind.FLOOD, times=1, retry_after_s=14)
    with pytest.raises(RetryAfter):
        aio.run(write(), 30)
    bot.wish(Kind.DROP, times=1)
    with pytest.raises(NetworkError):
        aio.run(write(), 30)
