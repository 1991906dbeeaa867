"""The phone of a demo: what recipients see, clean and in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from notifications.receivers.book import Shown
from notifications.receivers.phone import cleaned
from tests.notifications.receiving import Running, running


@pytest.fixture
def phone() -> Iterator[Running]:
    with running() as begun:
        begun.receivers.all[-1].names = {"7": ("Ana", "premium, es")}  # type: ignore[attr-defined]
        yield begun


def columns(phone: Running) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = httpx.get(f"{phone.url}/_messages").json()["columns"]
    return told


def html(text: str) -> str:
    return cleaned(Shown("telegram", "7", "1", text, html=True))


def test_every_recipient_has_a_column_with_the_newest_on_top(phone: Running) -> None:
    for chat, text in [(7, "first"), (8, "to another"), (7, "second")]:
        phone.send(chat, text)
    ana, other = columns(phone)
    assert (ana["name"], ana["who"]) == ("Ana", "Telegram · premium, es")
    assert [message["text"] for message in ana["messages"]] == ["second", "first"]
    assert (other["name"], other["who"]) == ("8", "Telegram")


def test_an_edited_message_is_one_bubble_and_comes_up(phone: Running) -> None:
    phone.send(7, "first")
    phone.send(7, "second")
    phone.call("editMessageText", chat_id=7, message_id=1, text="first, better")
    shown = columns(phone)[0]["messages"]
    assert [(one["text"], one["edited"]) for one in shown] == [("first, better", 1), ("second", 0)]


def test_telegram_stands_before_the_other_channels(phone: Running) -> None:
    for channel in ("email", "zulip", "telegram", "sms"):
        phone.receivers.book.show(Shown(channel, "x", "1", "hello"))
    who = [column["who"] for column in columns(phone)]
    assert who == ["Telegram", "E-mail", "SMS", "zulip"]


def test_nothing_new_is_nothing_to_draw(phone: Running) -> None:
    phone.send(7, "x")
    version = httpx.get(f"{phone.url}/_messages").json()["version"]
    asked = {"version": version}
    assert httpx.get(f"{phone.url}/_messages", params=asked).status_code == 304
    phone.send(7, "y")
    assert httpx.get(f"{phone.url}/_messages", params=asked).status_code == 200


def test_whoever_is_known_can_be_written_as_before_anything_arrives(phone: Running) -> None:
    phone.ask("/_person", id=9, name="Zoé")
    phone.ask("/_chats", chat=-1007, type="group", title="Room")
    told = httpx.get(f"{phone.url}/_messages").json()
    assert [(one["name"], one["kind"], one["messages"]) for one in told["columns"]] == [
        ("Zoé", "private", []),
        ("Room", "group", []),
    ]
    assert told["people"] == [{"id": 9, "name": "Zoé"}]


def test_what_people_write_and_what_is_gone_is_marked(phone: Running) -> None:
    phone.type(7, "<b>/why 7</b>")
    phone.send(7, "because")
    phone.call("deleteMessage", chat_id=7, message_id=2)
    gone, typed = columns(phone)[0]["messages"]
    assert (typed["sender"], typed["shown"]) == ("Person 7", "&lt;b&gt;/why 7&lt;/b&gt;")
    assert (gone["sender"], gone["deleted"]) == ("", True)


def test_a_keyboard_and_a_closed_door_are_part_of_a_column(phone: Running) -> None:
    phone.send(
        7, "Where?", reply_markup={"keyboard": [[{"text": "Here", "request_location": True}]]}
    )
    phone.ask("/_block", chat=7)
    (column,) = columns(phone)
    assert column["keyboard"] == [{"text": "Here", "request_location": True}]
    assert column["bot"] == "kicked"


@pytest.mark.parametrize(
    "path",
    ["/", "/_page/phone.css", "/_page/phone.js", "/_page/chat.js", "/_page/look.css"],
)
def test_the_page_is_whole_and_takes_nothing_from_elsewhere(phone: Running, path: str) -> None:
    answer = httpx.get(phone.url + path)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text


def test_no_other_file_is_served(phone: Running) -> None:
    assert httpx.get(f"{phone.url}/_page/..%2Fphone.py").status_code == 404


def test_telegrams_tags_are_drawn() -> None:
    assert html("<b>WIF</b> &amp; <i>co</i>") == "<b>WIF</b> &amp; <i>co</i>"


def test_a_block_ends_its_line_by_itself() -> None:
    assert html("<pre>a\nb</pre>\n\nc") == "<pre>a\nb</pre>\nc"


def test_a_link_to_the_web_can_be_opened() -> None:
    assert html('<a href="https://x.y/?a=1&amp;b=2">open</a>') == (
        '<a href="https://x.y/?a=1&amp;b=2" target="_blank" rel="noopener">open</a>'
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ('<b onclick="alert(1)">x</b>', "<b>x</b>"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("a < b > c", "a &lt; b &gt; c"),
    ],
)
def test_nothing_else_is_more_than_text(text: str, shown: str) -> None:
    assert html(text) == shown


def test_a_plain_text_has_no_tags() -> None:
    assert cleaned(Shown("sms", "7", "1", "<b>x</b>")) == "&lt;b&gt;x&lt;/b&gt;"


def test_an_address_in_a_plain_text_can_be_opened() -> None:
    assert cleaned(Shown("email", "x", "1", 'open http://x.y/?a=1&b="2"')) == (
        'open <a href="http://x.y/?a=1&amp;b=&quot;2&quot;" target="_blank" rel="noopener">'
        "http://x.y/?a=1&amp;b=&quot;2&quot;</a>"
    )
