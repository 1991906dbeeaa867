"""Telegram: messages, edits, pictures, and what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import structlog
from pytest_django import Settings

from arbedge import aio
from arbedge.errors import BadInput
from notifications.channels.base import sender
from notifications.channels.telegram import Telegram
from notifications.codes import Code
from notifications.names import Outcome
from notifications.receivers.faults import Kind
from notifications.telegram.telegram_transport import transport
from notifications.writing.content import Action
from tests.notifications.channels.chatting import CHAT, GROUP, TELEGRAM, shown
from tests.notifications.channels.outgoing import outgoing, send, send_one
from tests.notifications.receiving import TOKEN, Running

THERE = {"chat_id": CHAT}


RESULT = ("outcome", "code", "gone")


def test_the_channel_is_found_by_its_name() -> None:
    assert isinstance(sender(TELEGRAM.channel), Telegram)


def test_a_message_arrives_with_its_buttons(bot: Running) -> None:
    actions = (
        Action("why", "Why?", callback="why:7"),
        Action("chart", "Chart", url="https://arbedge.example/c"),
        Action("open", "Open", url="https://arbedge.example/go/x"),
    )
    result = send_one(TELEGRAM, THERE, body="<b>WIF</b> +0.42 %", actions=actions)
    assert (result.outcome, result.provider_id) == (Outcome.SENT, "1")
    assert shown(bot).text == "<b>WIF</b> +0.42 %"
    assert [button.label for button in shown(bot).buttons] == ["Why?", "Chart", "Open"]
    assert result.took_ms > 0


def test_a_silent_message_makes_no_sound(bot: Running) -> None:
    send_one(TELEGRAM, THERE, silent=True)
    assert shown(bot).silent


def test_an_answer_hangs_on_the_message_it_answers(bot: Running) -> None:
    first = send_one(TELEGRAM, THERE)
    send_one(TELEGRAM, THERE, answers=first.provider_id)
    assert shown(bot).answers == first.provider_id


def test_an_answer_to_a_message_that_was_deleted_still_comes(bot: Running) -> None:
    assert send_one(TELEGRAM, THERE, answers="99").outcome is Outcome.SENT
    assert shown(bot).answers == ""


def test_a_replacing_message_edits_the_old_one(bot: Running) -> None:
    first = send_one(TELEGRAM, THERE, body="+0.42 %")
    second = send_one(TELEGRAM, THERE, body="+0.55 %", replaces=first.provider_id)
    assert (second.outcome, second.provider_id) == (Outcome.SENT, first.provider_id)
    assert len(bot.receivers.book.shown) == 1
    assert (shown(bot).text, shown(bot).edited) == ("+0.55 %", 1)


def test_an_edit_that_changes_nothing_counts_as_sent(bot: Running) -> None:
    first = send_one(TELEGRAM, THERE)
    again = send_one(TELEGRAM, THERE, replaces=first.provider_id)
    assert (again.outcome, again.detail) == (Outcome.SENT, "unchanged")
    assert again.provider_id == first.provider_id


def test_a_message_that_cannot_be_edited_any_more_is_sent_anew(bot: Running) -> None:
    result = send_one(TELEGRAM, THERE, body="+0.55 %", replaces="99")
    assert (result.outcome, result.provider_id) == (Outcome.SENT, "1")
    assert bot.texts(CHAT) == ["+0.55 %"]


def test_a_picture_comes_with_its_caption_and_the_caption_is_edited(
    bot: Running, tmp_path: Path
) -> None:
    chart = tmp_path / "chart.png"
    chart.write_bytes(b"\x89PNG")
    first = send_one(TELEGRAM, THERE, body="+0.42 %", image_path=str(chart), silent=True)
    assert first.provider_id == "1/photo"
    assert shown(bot).image
    assert shown(bot).silent
    send_one(TELEGRAM, THERE, body="+0.55 %", replaces=first.provider_id)
    assert (shown(bot).text, shown(bot).image) == ("+0.55 %", "/_pictures/7_1")


def test_an_edit_finds_out_that_the_message_has_a_picture(bot: Running, tmp_path: Path) -> None:
    chart = tmp_path / "chart.png"
    chart.write_bytes(b"\x89PNG")
    send_one(TELEGRAM, THERE, body="+0.42 %", image_path=str(chart))
    result = send_one(TELEGRAM, THERE, body="+0.55 %", replaces="1")
    assert (result.outcome, result.provider_id) == (Outcome.SENT, "1/photo")


@pytest.mark.parametrize("body", ["x" * 1025, "a short one"])
def test_a_long_text_or_a_picture_that_is_not_there_is_sent_without(
    bot: Running, tmp_path: Path, body: str
) -> None:
    chart = tmp_path / "chart.png"
    if len(body) > 1024:
        chart.write_bytes(b"\x89PNG")
    assert send_one(TELEGRAM, THERE, body=body, image_path=str(chart)).provider_id == "1"
    assert bot.texts(CHAT) == [body]


def test_ten_thousand_characters_are_shortened_cleanly(bot: Running) -> None:
    body = "<b>" + "one line of many\n" * 600 + "</b>"
    assert len(body) > 10_000
    assert send_one(TELEGRAM, THERE, body=body).outcome is Outcome.SENT
    (text,) = bot.texts(CHAT)
    assert len(text) <= 4096
    assert text.endswith("one line of many…")


def test_html_that_telegram_cannot_read_comes_as_plain_text(bot: Running) -> None:
    result = send_one(TELEGRAM, THERE, body="<b>WIF</b> <blink>&amp; co")
    assert result.outcome is Outcome.SENT
    assert bot.texts(CHAT) == ["WIF & co"]


def test_a_button_that_telegram_refuses_does_not_stop_the_message(bot: Running) -> None:
    local = Action("open", "Open", url="http://localhost/")
    result = send_one(TELEGRAM, THERE, body="<b>WIF</b>", actions=(local,))
    assert result.outcome is Outcome.SENT
    assert shown(bot).buttons == ()
    assert shown(bot).html


def test_buttons_that_ask_the_bot_stay_where_a_page_is_refused(bot: Running) -> None:
    buttons = (
        Action("why", "Why?", callback="+why 7"),
        Action("open", "Open", url="http://localhost/"),
    )
    send_one(TELEGRAM, THERE, actions=buttons)
    assert [button.callback for button in shown(bot).buttons] == ["+why 7"]


def test_a_callback_that_is_too_long_is_left_out(bot: Running) -> None:
    send_one(TELEGRAM, THERE, actions=(Action("mute", "Mute", callback="m" * 65),))
    assert shown(bot).buttons == ()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Kind.BLOCKED, (Outcome.PERMANENT, Code.BLOCKED, True)),
        (Kind.KICKED, (Outcome.PERMANENT, Code.BLOCKED, True)),
        (Kind.DEACTIVATED, (Outcome.PERMANENT, Code.GONE, True)),
        (Kind.MISSING, (Outcome.PERMANENT, Code.GONE, True)),
        (Kind.STATUS, (Outcome.RETRY, Code.SERVER, False)),
        (Kind.DROP, (Outcome.RETRY, Code.UNREACHABLE, False)),
        (Kind.FLOOD, (Outcome.RETRY, Code.RATE_LIMITED, False)),
    ],
)
def test_what_goes_wrong_is_told_by_a_code(
    bot: Running, kind: Kind, told: tuple[Outcome, str, bool]
) -> None:
    bot.wish(kind, status=502)
    result = send_one(TELEGRAM, {"chat_id": GROUP})
    assert tuple(getattr(result, name) for name in RESULT) == told
    assert result.provider_id == ""


def test_a_group_that_moved_tells_its_new_number(bot: Running) -> None:
    bot.wish(Kind.MIGRATED, to=str(GROUP), moved_to=-100777)
    result = send_one(TELEGRAM, {"chat_id": GROUP})
    assert (result.outcome, result.code) == (Outcome.RETRY, Code.MOVED)
    assert result.moved_to == {"chat_id": -100777}


def test_after_a_flood_the_rest_of_the_batch_is_not_tried(bot: Running) -> None:
    bot.wish(Kind.FLOOD, retry_after_s=14)
    batch = [outgoing({"chat_id": number}, number=number) for number in range(1, 61)]
    results = send(TELEGRAM, *batch)
    assert {result.code for result in results} == {Code.RATE_LIMITED}
    assert [result.delivery_id for result in results] == list(range(1, 61))
    assert len(bot.receivers.book.calls) <= 20
    assert results[0].pause_s == 14
    assert all(result.retry_after_s and 0 < result.retry_after_s <= 14 for result in results)


def test_one_that_fails_does_not_stop_the_others(bot: Running) -> None:
    bot.wish(Kind.BLOCKED, to="2")
    batch = [outgoing({"chat_id": number}, number=number) for number in (1, 2, 3)]
    outcomes = [result.outcome for result in send(TELEGRAM, *batch)]
    assert outcomes == [Outcome.SENT, Outcome.PERMANENT, Outcome.SENT]


def test_silence_is_tried_again(bot: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def impatient() -> None:
        monkeypatch.setattr(transport(), "timeout_s", 0.05)

    aio.run(impatient())
    bot.wish(Kind.LATENCY, by_s=1.0)
    result = send_one(TELEGRAM, THERE)
    assert (result.outcome, result.code) == (Outcome.RETRY, Code.TIMEOUT)


def test_a_server_that_is_not_there_is_tried_again(settings: Settings) -> None:
    settings.BOT_TOKEN, settings.TELEGRAM_API_URL = TOKEN, "http://127.0.0.1:9"
    result = send_one(TELEGRAM, THERE)
    assert (result.outcome, result.code) == (Outcome.RETRY, Code.UNREACHABLE)


def test_a_wrong_token_blames_no_chat_and_loses_no_message(
    bot: Running, settings: Settings
) -> None:
    settings.BOT_TOKEN = "7:another"
    result = send_one(TELEGRAM, THERE)
    assert (result.outcome, result.code, result.gone) == (
        Outcome.RETRY, Code.UNAUTHORISED, False,
    )  # fmt: skip


def test_without_a_bot_nothing_is_tried(settings: Settings) -> None:
    settings.BOT_TOKEN = ""
    assert send_one(TELEGRAM, THERE).code == Code.NOT_CONFIGURED


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no such host/", "nonsense"])
def test_the_token_is_in_no_word_that_is_told(settings: Settings, url: str) -> None:
    settings.BOT_TOKEN, settings.TELEGRAM_API_URL = TOKEN, url
    secret = TOKEN.partition(":")[2]
    with structlog.testing.capture_logs() as logs:
        result = send_one(TELEGRAM, THERE)
    assert result.outcome is Outcome.RETRY
    assert secret not in repr(result)
    assert secret not in json.dumps(logs, default=str)


@pytest.mark.parametrize("raw", [{"chat_id": "-1007"}, {"chat_id": -1007}, {"chat_id": " -1007 "}])
def test_an_address_is_a_chats_number(raw: dict[str, Any]) -> None:
    assert TELEGRAM.take(raw) == {"chat_id": -1007}


@pytest.mark.parametrize("raw", [{}, {"chat_id": ""}, {"chat_id": "@me"}, {"chat_id": 0},
                                 {"chat_id": 10**17}])  # fmt: skip
def test_what_is_no_chats_number_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        TELEGRAM.take(raw)


def test_an_address_is_shown_by_its_end() -> None:
    assert TELEGRAM.shown({"chat_id": -1001555296434}) == "chat …6434"
