"""What an update says: who, where and what; and what is no update at all."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from arbedge.errors import BadInput
from notifications.bot import hearing
from notifications.bot.hearing import Heard

ADA = {"id": 7, "is_bot": False, "first_name": "Ada", "last_name": "L.", "language_code": "es-AR"}
PRIVATE = {"id": 7, "type": "private"}
GROUP = {"id": -100, "type": "supergroup", "title": "Traders"}
MESSAGE = {"message_id": 3, "date": 1_795_262_400, "from": ADA, "chat": PRIVATE, "text": "/why 12"}


def said(**changes: Any) -> Heard | None:
    """What a message says, with some of its fields otherwise and without those that are None."""
    fields = {name: value for name, value in {**MESSAGE, **changes}.items() if value is not None}
    return hearing.heard({"update_id": 1, "message": fields})


def pressed(**changes: Any) -> Heard | None:
    query = {"id": "5", "from": ADA, "chat_instance": "1", "data": "why 12", **changes}
    return hearing.heard({"update_id": 1, "callback_query": query})


def test_a_command_is_a_line_of_somebody_somewhere() -> None:
    heard = said()
    assert heard is not None
    assert (heard.line, heard.chat_id, heard.private, heard.message_id) == ("why 12", 7, True, 3)
    assert (heard.sender.telegram_id, heard.sender.name, heard.sender.language) == (
        7,
        "Ada L.",
        "es",
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [("/Why@arbedge_bot  12 ", "why 12"), ("/why@another_bot 12", ""), ("why 12", ""), ("/", "")],
)
def test_a_command_is_for_this_bot(settings: Settings, text: str, line: str) -> None:
    settings.BOT_NAME = "ArbEdge_bot"
    heard = said(text=text)
    assert heard is not None
    assert heard.line == line


def test_words_are_no_command_and_are_heard() -> None:
    heard = said(text="Mumbai\x00")
    assert heard is not None
    assert (heard.line, heard.text) == ("", "Mumbai")


def test_who_writes_as_the_group_is_nobody_by_name() -> None:
    heard = said(chat=GROUP, sender_chat=GROUP)
    assert heard is not None
    assert heard.sender.anonymous
    assert not heard.private


def test_a_topic_is_kept_and_an_answer_to_somebody_is_none() -> None:
    topic, answer = (said(chat=GROUP, message_thread_id=9, is_topic_message=one)
                     for one in (True, None))  # fmt: skip
    assert topic is not None
    assert answer is not None
    assert (topic.thread_id, answer.thread_id) == (9, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"from": None},
        {"text": None},
        {"via_bot": {"id": 9, "is_bot": True, "first_name": "Other"}},
        {"forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "Eve"}},
    ],
    ids=["of a channel", "without words", "made by a bot", "of somebody else"],
)
def test_what_is_not_said_by_somebody_asks_for_nothing(changes: dict[str, Any]) -> None:
    assert said(**changes) is None


def test_a_button_whose_message_is_gone_is_pressed_in_private_and_answered_anew() -> None:
    heard = pressed()
    assert heard is not None
    assert (heard.line, heard.chat_id, heard.private, heard.anew) == ("why 12", 7, True, True)


@pytest.mark.parametrize(
    "update",
    [
        {"message": {**MESSAGE, "chat": None}},
        {"message": {**MESSAGE, "chat": {"id": "seven", "type": "private"}}},
        {"message": {**MESSAGE, "text": ["/why"]}},
        {"message": 3},
        {"callback_query": {"id": "5", "data": "why"}},
    ],
    ids=["nowhere", "an id of letters", "a list of words", "a number", "nobody's"],
)
def test_what_is_no_update_is_said_to_be_none(update: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="no update") as refused:
        hearing.heard({"update_id": 1, **update})
    assert refused.value.code == "bad_update"
