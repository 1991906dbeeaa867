"""Replies as calls of the Bot API."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.bot import render
from notifications.bot.render import Target, calls
from notifications.bot.replies import Button, Picture, Reply, Wants, rows
from notifications.telegram.telegram_text import LONGEST_CAPTION, LONGEST_TEXT, length

HERE = Target(7)
PRESSED = Target(7, edits=40, callback_id="c1")


def test_a_reply_is_one_message_without_previews_of_links() -> None:
    [call] = calls(HERE, Reply("<b>Hello</b>"))
    assert call["method"] == "sendMessage"
    assert call["told"]["parse_mode"] == "HTML"
    assert call["told"]["link_preview_options"] == {"is_disabled": True}


def test_a_press_edits_its_message_and_is_answered() -> None:
    press, edit = calls(PRESSED, Reply("Hello"))
    assert press == {"method": "answerCallbackQuery", "told": {"callback_query_id": "c1"}}
    assert (edit["method"], edit["told"]["message_id"]) == ("editMessageText", 40)


def test_an_edit_without_buttons_takes_the_old_ones_away() -> None:
    edit = calls(PRESSED, Reply("Hello"))[1]
    assert edit["told"]["reply_markup"] == {"inline_keyboard": []}


def test_every_press_is_answered_even_with_nothing() -> None:
    assert [call["method"] for call in calls(PRESSED, None)] == ["answerCallbackQuery"]


def test_a_toast_is_told_on_the_button() -> None:
    [press] = calls(PRESSED, Reply(toast="Only admins may.", alert=True))
    assert press["told"] == {"callback_query_id": "c1", "text": "Only admins may.",
                             "show_alert": True}  # fmt: skip


def test_a_toast_is_cut_to_what_telegram_takes() -> None:
    assert len(render.toast("<b>" + "word " * 100 + "</b>")) <= render.LONGEST_TOAST


def test_what_asks_for_a_new_message_gets_one() -> None:
    assert [call["method"] for call in calls(PRESSED, Reply("Hello", new=True))] == [
        "answerCallbackQuery", "sendMessage",
    ]  # fmt: skip


def test_more_messages_follow_as_new_ones() -> None:
    methods = [call["method"] for call in calls(PRESSED, Reply("One").then(Reply("Two")))]
    assert methods == ["answerCallbackQuery", "editMessageText", "sendMessage"]


def test_long_texts_are_split_at_lines_and_the_buttons_are_under_the_last() -> None:
    text = "\n".join(f"<b>line {number}</b>" for number in range(900))
    made = calls(PRESSED, Reply(text, rows([Button("Go", "help")])))[1:]
    texts = [call["told"]["text"] for call in made]
    assert len(texts) > 1
    assert all(length(one) <= LONGEST_TEXT for one in texts)
    assert "\n".join(texts) == text
    assert ["reply_markup" in call["told"] for call in made] == [False] * (len(made) - 1) + [True]


def test_buttons_the_reader_may_not_use_are_left_out_and_empty_rows_too() -> None:
    buttons = ((Button("a", "admin_stats"),), (Button("b", "help"), Button("c", url="https://x.y")))
    [call] = calls(HERE, Reply("x", buttons), lambda one: one.line == "help")
    assert call["told"]["reply_markup"] == {"inline_keyboard": [
        [{"text": "b", "callback_data": "help"}, {"text": "c", "url": "https://x.y"}],
    ]}  # fmt: skip


def test_a_line_too_long_for_a_button_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        calls(HERE, Reply("x", ((Button("a", "é" * 33),),)))


def test_a_picture_has_its_text_below() -> None:
    [call] = calls(HERE, Reply("x" * 2000, picture=Picture("funding", ("WIF", "dark"))))
    assert (call["method"], call["picture"]) == ("sendPhoto", ["funding", "WIF", "dark"])
    assert length(call["told"]["caption"]) <= LONGEST_CAPTION


def test_in_a_topic_of_a_group_the_asking_message_is_answered() -> None:
    [call] = calls(Target(-7, thread_id=3, answers=12), Reply("x"))
    assert call["told"]["message_thread_id"] == 3
    assert call["told"]["reply_parameters"]["message_id"] == 12


def test_a_place_is_asked_for_by_the_keyboard() -> None:
    [call] = calls(Target(7, "fr"), Reply("x", wants=Wants.LOCATION))
    [[button]] = call["told"]["reply_markup"]["keyboard"]
    assert button == {"text": "Partager ma position", "request_location": True}


def test_the_keyboard_is_taken_away_again() -> None:
    [call] = calls(HERE, Reply("x", wants=Wants.REMOVED))
    assert call["told"]["reply_markup"] == {"remove_keyboard": True}


@given(st.text(min_size=1, max_size=9000))
def test_whatever_the_text_each_message_fits(text: str) -> None:
    made = calls(HERE, Reply(text.replace("<", "&lt;")))
    assert all(length(call["told"]["text"]) <= LONGEST_TEXT for call in made)
