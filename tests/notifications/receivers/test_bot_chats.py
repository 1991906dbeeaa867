"""What the bot asks about chats, what it changes in them, and its menus, read by the library."""

from __future__ import annotations

from typing import Any, TypeVar

import httpx
import pytest
from telegram import (
    Bot,
    ChatMemberAdministrator,
    InputMediaPhoto,
    ReplyParameters,
)  # fmt: skip
from telegram.error import BadRequest, Forbidden

from tests.notifications.receiving import Running, says, told

ANA, BOB, GROUP = 7, 8, -1001555296434
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00\x00\x03\x20\x00\x00\x01\xc2" + b"\x08"
WHY = {"inline_keyboard": [[{"text": "Why?", "callback_data": "why 7"}]]}
T = TypeVar("T")


# Chats


def test_a_chat_is_described(bot: Running) -> None:
    bot.ask("/_chats", chat=GROUP, title="Room", forum=True, username="room")
    found = says(bot, lambda library: library.get_chat("@room"))
    assert (found.id, found.title, found.is_forum, found.type) == (
        GROUP, "Room", True, "supergroup",
    )  # fmt: skip
    person = says(bot, lambda library: library.get_chat(ANA))
    assert (person.type, person.first_name) == ("private", "Person 7")
    with pytest.raises(BadRequest, match="Chat not found"):
        says(bot, lambda library: library.get_chat("@nowhere"))


def test_admins_are_those_who_were_made_so(bot: Running) -> None:
    bot.ask("/_members", chat=GROUP, member={"id": ANA, "name": "Ana"}, status="creator")
    bot.ask("/_members", chat=GROUP, member=BOB, status="administrator", anonymous=True, title="B")
    bot.ask("/_members", chat=GROUP, member=9, status="member")
    bot.ask("/_bot", chat=GROUP, status="administrator", silent=True)
    found = says(bot, lambda library: library.get_chat_administrators(GROUP))
    assert [(one.user.first_name, one.status) for one in found] == [
        ("Ana", "creator"), ("Person 8", "administrator"), ("ArbEdge", "administrator"),
    ]  # fmt: skip
    bob = found[1]
    assert isinstance(bob, ChatMemberAdministrator)
    assert (bob.is_anonymous, bob.custom_title) == (True, "B")
    assert says(bot, lambda library: library.get_chat_member_count(GROUP)) == 4


@pytest.mark.parametrize("status", ["creator", "administrator", "member", "restricted", "kicked"])
def test_a_member_is_read_with_every_status(bot: Running, status: str) -> None:
    bot.ask("/_members", chat=GROUP, member=BOB, status=status)
    assert says(bot, lambda library: library.get_chat_member(GROUP, BOB)).status == status


def test_who_was_never_there_has_left(bot: Running) -> None:
    assert says(bot, lambda library: library.get_chat_member(GROUP, BOB)).status == "left"
    bot.type(GROUP, "/status", by=BOB)
    assert says(bot, lambda library: library.get_chat_member(GROUP, BOB)).status == "member"


def test_a_private_chat_has_no_admins(bot: Running) -> None:
    assert told(bot.call("getChatAdministrators", chat_id=ANA)) == (
        "Bad Request: there are no administrators in the private chat"
    )


def test_the_bot_leaves(bot: Running) -> None:
    assert says(bot, lambda library: library.leave_chat(GROUP))
    with pytest.raises(Forbidden, match="not a member of the supergroup chat"):
        says(bot, lambda library: library.send_message(GROUP, "x"))
    (update,) = bot.call("getUpdates").json()["result"]
    assert update["my_chat_member"]["new_chat_member"]["status"] == "left"
    assert update["my_chat_member"]["from"]["is_bot"] is True


def test_only_an_admin_writes_in_a_channel(bot: Running) -> None:
    bot.ask("/_chats", chat=-1002, type="channel", title="News")
    assert told(bot.send(-1002, "x")) == (
        "Bad Request: need administrator rights in the channel chat"
    )
    bot.ask("/_bot", chat=-1002, status="administrator", silent=True)
    assert told(bot.send(-1002, "x"))["chat"]["type"] == "channel"


def test_topics_are_for_forums(bot: Running) -> None:
    bot.ask("/_chats", chat=GROUP, title="Room")
    assert told(bot.send(GROUP, "x", message_thread_id=33)) == (
        "Bad Request: message thread not found"
    )
    bot.ask("/_chats", chat=GROUP, forum=True)
    sent = told(bot.send(GROUP, "x", message_thread_id=33))
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (33, True)
    assert bot.chat(GROUP)["messages"][-1]["thread"] == 33


@pytest.mark.parametrize("nonsense", ["", "x", "7.5", "--7"])
def test_the_transcript_of_no_chat_is_empty(bot: Running, nonsense: str) -> None:
    assert bot.see("/_chat", chat=nonsense)["messages"] == []
    assert bot.see("/_menu", chat=nonsense) == []


def test_the_bot_is_seen_typing(bot: Running) -> None:
    assert says(bot, lambda library: library.send_chat_action(ANA, "upload_photo"))
    answer = bot.call("sendChatAction", chat_id=ANA, action="dancing")
    assert told(answer) == "Bad Request: wrong parameter action in request"


# Messages that change and go


def test_a_deleted_message_stays_in_the_transcript(bot: Running) -> None:
    typed = bot.type(ANA, "my secret key")["message"]
    assert says(bot, lambda library: library.delete_message(ANA, typed))
    (shown,) = bot.chat(ANA)["messages"]
    assert (shown["text"], shown["deleted"]) == ("my secret key", True)
    assert told(bot.call("deleteMessage", chat_id=ANA, message_id=typed)) == (
        "Bad Request: message to delete not found"
    )


def test_in_a_group_only_an_admin_deletes_what_others_wrote(bot: Running) -> None:
    typed = bot.type(GROUP, "/setup_exchange", by=ANA)["message"]
    asked = {"chat_id": GROUP, "message_id": typed}
    assert told(bot.call("deleteMessage", **asked)) == (
        "Bad Request: message can't be deleted for everyone"
    )
    bot.ask("/_bot", chat=GROUP, status="administrator", silent=True)
    assert told(bot.call("deleteMessage", **asked)) is True


def test_many_are_deleted_at_once(bot: Running) -> None:
    for text in "abc":
        bot.send(ANA, text)
    assert says(bot, lambda library: library.delete_messages(ANA, [1, 3, 9]))
    assert [one["deleted"] for one in bot.chat(ANA)["messages"]] == [True, False, True]


def test_edits_keep_what_was_before(bot: Running) -> None:
    bot.send(ANA, "<b>one</b>", parse_mode="HTML", reply_markup=WHY)
    bot.call("editMessageText", chat_id=ANA, message_id=1, text="two")
    (shown,) = bot.chat(ANA)["messages"]
    assert (shown["text"], shown["before"], shown["buttons"]) == ("two", ["<b>one</b>"], [])


def test_only_the_buttons_change(bot: Running) -> None:
    bot.send(ANA, "<b>WIF</b>", parse_mode="HTML", reply_markup=WHY)
    asked: dict[str, Any] = {"chat_id": ANA, "message_id": 1}
    edited = told(bot.call("editMessageReplyMarkup", **asked))
    assert (edited["text"], "reply_markup" in edited) == ("WIF", False)
    assert "is not modified" in told(bot.call("editMessageReplyMarkup", **asked))
    bot.call("editMessageReplyMarkup", **asked, reply_markup=WHY)
    assert bot.chat(ANA)["messages"][0]["buttons"] == [[{"label": "Why?", "callback": "why 7"}]]


def test_what_people_wrote_is_not_the_bots_to_edit(bot: Running) -> None:
    typed = bot.type(ANA, "x")["message"]
    answer = bot.call("editMessageText", chat_id=ANA, message_id=typed, text="y")
    assert told(answer) == "Bad Request: message can't be edited"


def test_a_picture_is_replaced_by_another(bot: Running) -> None:
    async def replace(library: Bot) -> Any:
        sent = await library.send_photo(ANA, PNG, caption="<b>8 h</b>", parse_mode="HTML")
        return sent, await sent.edit_media(InputMediaPhoto(PNG + b"x", caption="72 h"))

    sent, edited = says(bot, replace)
    assert (sent.photo[-1].width, sent.photo[-1].height) == (800, 450)
    assert (sent.caption, edited.caption) == ("8 h", "72 h")
    (shown,) = bot.receivers.book.shown.values()
    assert httpx.get(bot.url + shown.image).content == PNG + b"x"
    assert bot.chat(ANA)["messages"][0]["picture"] is True


def test_a_picture_is_sent_again_by_its_name(bot: Running) -> None:
    async def again(library: Bot) -> Any:
        sent = await library.send_photo(ANA, PNG)
        return await library.send_photo(BOB, sent.photo[-1].file_id)

    assert says(bot, again).photo[-1].width == 800
    assert told(bot.call("sendPhoto", chat_id=ANA, photo="unknown")) == (
        "Bad Request: wrong remote file identifier specified: Wrong string length"
    )


@pytest.mark.parametrize(("wide", "high"), [(9000, 1100), (2100, 100)])
def test_a_picture_of_odd_measures_is_refused(bot: Running, wide: int, high: int) -> None:
    odd = PNG[:16] + wide.to_bytes(4, "big") + high.to_bytes(4, "big")
    with pytest.raises(BadRequest, match="dimensions"):
        says(bot, lambda library: library.send_photo(ANA, odd))


def test_an_answer_says_what_it_answers(bot: Running) -> None:
    typed = bot.type(ANA, "/why 7")["message"]
    about = ReplyParameters(typed)
    sent = says(bot, lambda library: library.send_message(ANA, "because", reply_parameters=about))
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "/why 7"
    assert bot.chat(ANA)["messages"][-1]["answers"] == typed
