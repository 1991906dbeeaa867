"""Answers on their way to Telegram: sent, repeated, told in another way, or given up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings
from structlog.testing import capture_logs

from arbedge.errors import NoData
from notifications.bot import answering, pictures
from notifications.bot.answering import send
from notifications.receivers.faults import Kind
from notifications.sending import pacing
from tests.notifications.receiving import TOKEN, Running, running
from tests.notifications.sending.paces import new_cache

CHAT = 5_551


@pytest.fixture
def telegram(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(pacing, "_marks", {})
    monkeypatch.setattr(answering, "NETWORK_S", 0.5)
    with new_cache(), running(TOKEN) as at:
        settings.BOT_TOKEN, settings.TELEGRAM_API_URL = TOKEN, at.url
        yield at


def text(words: str, chat: int = CHAT, **told: Any) -> dict[str, Any]:
    return {"method": "sendMessage", "told": {"chat_id": chat, "text": words, **told}}


def test_calls_are_sent_in_their_order(telegram: Running) -> None:
    sent = send([text("one"), text("two", CHAT + 1)])
    assert (sent.left, sent.wait_s) == ([], None)
    assert (telegram.texts(CHAT), telegram.texts(CHAT + 1)) == (["one"], ["two"])


def test_the_second_message_to_a_chat_waits_its_second(telegram: Running) -> None:
    send([text("one"), text("two")])
    first, second = [call.at_ms for call in telegram.receivers.book.called("telegram", str(CHAT))]
    assert second - first > 900


def test_after_a_flood_the_rest_is_kept_for_later_and_all_the_bot_is_silent(
    telegram: Running,
) -> None:
    telegram.wish(Kind.FLOOD, times=1, retry_after_s=7)
    sent = send([text("one"), text("two")])
    assert [call["told"]["text"] for call in sent.left] == ["one", "two"]
    assert sent.wait_s == 7
    assert send([text("three", CHAT + 1)]).wait_s == pytest.approx(7, abs=1)


def test_what_telegram_refuses_for_good_is_given_up_and_the_next_is_sent(
    telegram: Running,
) -> None:
    telegram.wish(Kind.BLOCKED, to=str(CHAT))
    sent = send([text("one"), text("two", CHAT + 1)])
    assert (sent.left, telegram.texts(CHAT + 1)) == ([], ["two"])


def test_a_server_that_fails_is_asked_again_later(telegram: Running) -> None:
    telegram.wish(Kind.STATUS, times=1, status=502)
    sent = send([text("one")])
    assert (len(sent.left), sent.wait_s) == (1, 0.5)
    assert send(sent.left).left == []
    assert telegram.texts(CHAT) == ["one"]


def test_with_a_token_telegram_does_not_know_all_waits_and_the_log_says_so(
    telegram: Running, settings: Settings
) -> None:
    settings.BOT_TOKEN = f"{TOKEN}-mistyped"
    with capture_logs() as lines:
        sent = send([text("one"), text("two", CHAT + 1)])
    assert (len(sent.left), sent.wait_s) == (2, answering.REFUSED_S)
    assert [(one["log_level"], one["hint"]) for one in lines] == [("warning", "Look at BOT_TOKEN.")]


def test_a_host_that_does_not_answer_is_asked_again_later(settings: Settings) -> None:
    settings.BOT_TOKEN, settings.TELEGRAM_API_URL = TOKEN, "http://127.0.0.1:9"
    with new_cache():
        assert len(send([text("one")]).left) == 1


def test_text_that_telegram_cannot_read_is_sent_plain(telegram: Running) -> None:
    send([text("<b>one", parse_mode="HTML")])
    assert telegram.texts(CHAT) == ["one"]


def test_an_edit_of_a_message_that_is_gone_becomes_a_new_one(telegram: Running) -> None:
    told = {"chat_id": CHAT, "message_id": 99, "text": "now"}
    send([{"method": "editMessageText", "told": told}])
    assert telegram.texts(CHAT) == ["now"]


def test_an_edit_that_changes_nothing_is_done(telegram: Running) -> None:
    send([text("one")])
    edit = {"method": "editMessageText", "told": {"chat_id": CHAT, "message_id": 1, "text": "one"}}
    assert send([edit]).left == []


def test_a_press_that_is_too_old_to_be_answered_holds_nothing_up(telegram: Running) -> None:
    press = {"method": "answerCallbackQuery", "told": {"callback_query_id": "unknown"}}
    assert send([press, text("one")]).left == []
    assert telegram.texts(CHAT) == ["one"]


def test_a_group_that_moved_is_written_to_where_it_is(telegram: Running) -> None:
    telegram.wish(Kind.MIGRATED, to="-51", times=1, moved_to=-1_005)
    send([text("one", -51)])
    assert telegram.texts(-1_005) == ["one"]


def test_pictures_are_drawn_when_they_are_sent(
    telegram: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "draw", lambda name, args: b"\x89PNG\r\n\x1a\n" + name.encode())
    call = {"method": "sendPhoto", "told": {"chat_id": CHAT, "caption": "WIF"},
            "picture": ["funding", "WIF"]}  # fmt: skip
    assert send([call]).left == []
    assert [one.method for one in telegram.receivers.book.called("telegram")] == ["sendPhoto"]


def test_without_its_picture_the_text_is_sent_alone(
    telegram: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: Any) -> bytes:
        raise NoData("nothing is known of WIF")

    monkeypatch.setattr(pictures, "draw", nothing)
    call = {"method": "sendPhoto", "told": {"chat_id": CHAT, "caption": "WIF"},
            "picture": ["funding", "WIF"]}  # fmt: skip
    assert send([call]).left == []
    assert telegram.texts(CHAT) == ["WIF"]
