"""The receiver of Telegram messages says what the real Bot API says."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from notifications.receivers.faults import Kind
from tests.notifications.receiving import TOKEN, Running

PERSON, GROUP = 100000001, -1001555296434
BUTTONS = {"inline_keyboard": [[{"text": "Why?", "callback_data": "why:7"}]]}
RECORDED_FAULTS = {
    "bot_blocked": Kind.BLOCKED,
    "user_deactivated": Kind.DEACTIVATED,
    "bot_kicked_supergroup": Kind.KICKED,
    "chat_not_found": Kind.MISSING,
    "group_upgraded": Kind.MIGRATED,
    "too_many_requests": Kind.FLOOD,
}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    told = answer.json()
    assert told["ok"] is False
    assert told["error_code"] == answer.status_code
    return answer.status_code, told["description"]


def test_a_message_comes_back_as_it_was_taken(bot: Running) -> None:
    answer = bot.send(PERSON, "<b>WIF</b> &amp; more", parse_mode="HTML", reply_markup=BUTTONS)
    sent = answer.json()["result"]
    assert answer.status_code == 200
    assert sent["text"] == "WIF & more"
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 3}]
    assert sent["chat"] == {"id": PERSON, "type": "private", "first_name": f"Person {PERSON}"}
    assert sent["reply_markup"] == BUTTONS


def test_message_ids_count_in_each_chat(bot: Running) -> None:
    ids = [bot.send(chat, "x").json()["result"]["message_id"] for chat in (7, 8, 7)]
    assert ids == [1, 1, 2]


def test_forms_and_multipart_say_the_same_as_json(bot: Running) -> None:
    fields = {"chat_id": str(PERSON), "text": "same", "reply_markup": json.dumps(BUTTONS)}
    url = f"{bot.url}/bot{TOKEN}/sendMessage"
    by_form = httpx.post(url, data=fields).json()["result"]
    by_parts = httpx.post(url, files={name: (None, value) for name, value in fields.items()})
    by_query = httpx.get(url, params=fields).json()["result"]
    for told in (by_form, by_parts.json()["result"], by_query):
        assert (told["text"], told["reply_markup"]) == ("same", BUTTONS)


def test_a_picture_is_taken_and_can_be_seen(bot: Running) -> None:
    answer = httpx.post(
        f"{bot.url}/bot{TOKEN}/sendPhoto",
        data={"chat_id": str(PERSON), "caption": "a chart"},
        files={"photo": ("chart.png", b"\x89PNG\r\n\x1a\n\x00\xff", "image/png")},
    )
    assert answer.json()["result"]["caption"] == "a chart"
    assert answer.json()["result"]["photo"]
    (shown,) = bot.receivers.book.shown.values()
    assert httpx.get(bot.url + shown.image).content == b"\x89PNG\r\n\x1a\n\x00\xff"


def test_only_its_own_bot_is_known(bot: Running) -> None:
    assert refusal(bot.call("getMe", token="1:other")) == (401, "Unauthorized")
    assert refusal(bot.call("getMe", token="nonsense")) == (404, "Not Found")
    assert refusal(bot.call("sendFlowers")) == (404, "Not Found: method not found")
    assert bot.call("getMe").json()["result"]["is_bot"] is True


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"chat_id": 0, "text": "x"}, "chat_id is empty"),
        ({"chat_id": "@nobody", "text": "x"}, "chat not found"),
        ({"chat_id": 7, "text": " "}, "message text is empty"),
        ({"chat_id": 7, "text": "x" * 4097}, "message is too long"),
        ({"chat_id": 7, "text": "🟢" * 2049}, "message is too long"),
        ({"chat_id": 7, "text": "x", "reply_markup": "{"}, "can't parse reply_markup JSON object"),
        (
            {"chat_id": 7, "text": "x", "reply_parameters": {"message_id": 9}},
            "message to be replied not found",
        ),
        (
            {"chat_id": 7, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "y"}]]}},
            "BUTTON_DATA_INVALID",
        ),
    ],
)
def test_what_is_wrong_with_a_message_is_said(
    bot: Running, told: dict[str, Any], words: str
) -> None:
    assert refusal(bot.call("sendMessage", **told)) == (400, f"Bad Request: {words}")


def test_the_longest_message_is_taken(bot: Running) -> None:
    assert bot.send(7, "<b>" + "x" * 4096 + "</b>", parse_mode="HTML").status_code == 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<b>never closed", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("é<script>", 'Unsupported start tag "script" at byte offset 2'),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("x <b", "Unclosed start tag at byte offset 2"),
    ],
)
def test_html_that_cannot_be_read_is_refused(bot: Running, text: str, words: str) -> None:
    answer = bot.send(PERSON, text, parse_mode="HTML")
    assert refusal(answer) == (400, f"Bad Request: can't parse entities: {words}")


def test_links_and_offsets_are_read_as_telegram_counts_them(bot: Running) -> None:
    text = '🟢 <a href="https://x.y/?a=1&amp;b=2">WIF</a> <i></i>'
    sent = bot.send(PERSON, text, parse_mode="HTML").json()["result"]
    assert sent["entities"] == [
        {"type": "text_link", "offset": 3, "length": 3, "url": "https://x.y/?a=1&b=2"}
    ]


def test_a_message_can_be_edited_but_not_into_itself(bot: Running) -> None:
    sent = bot.send(PERSON, "net +0.42 %").json()["result"]
    there = {"chat_id": PERSON, "message_id": sent["message_id"]}
    assert bot.call("editMessageText", **there, text="net +0.55 %").json()["result"]["text"]
    status, words = refusal(bot.call("editMessageText", **there, text="net +0.55 %"))
    assert (status, words.partition(":")[2].partition(":")[0]) == (400, " message is not modified")
    status, words = refusal(bot.call("editMessageText", chat_id=PERSON, message_id=99, text="x"))
    assert words == "Bad Request: message to edit not found"
    status, words = refusal(bot.call("editMessageCaption", **there, caption="x"))
    assert words == "Bad Request: there is no caption in the message to edit"


def test_its_words_are_those_that_were_recorded(bot: Running, recordings: Path) -> None:
    """Blocked, gone, unknown, moved, flooded, unmodified: byte for byte but for numbers."""

    def recorded(name: str) -> dict[str, Any]:
        file = recordings / "telegram" / "responses" / f"{name}.json.gz"
        told: dict[str, Any] = json.loads(gzip.decompress(file.read_bytes()))
        return told

    said = {}
    for name, kind in RECORDED_FAULTS.items():
        bot.wish(kind, times=1, moved_to=-1001555296434, retry_after_s=14)
        said[name] = bot.send(-7, "x").json()
    bot.send(PERSON, "x")
    said["message_not_modified"] = bot.call(
        "editMessageText", chat_id=PERSON, message_id=1, text="x"
    ).json()
    said["message_too_long"] = bot.send(PERSON, "x" * 5000).json()
    said["unauthorized"] = bot.call("getMe", token="1:x").json()
    said["query_too_old"] = bot.call("answerCallbackQuery", callback_query_id="old").json()
    assert said == {name: recorded(name) for name in said}


def test_faults_meet_only_whom_they_name_and_as_often(bot: Running) -> None:
    bot.wish(Kind.BLOCKED, to="8", times=2)
    assert [bot.send(chat, "x").status_code for chat in (7, 8, 8, 8)] == [200, 403, 403, 200]


def test_a_fault_of_one_method_leaves_the_others_alone(bot: Running) -> None:
    bot.wish(Kind.STATUS, method="sendMessage", status=502)
    assert bot.call("getMe").status_code == 200
    assert bot.send(7, "x").status_code == 502


def test_faults_are_wished_and_ended_by_http(bot: Running) -> None:
    asked = httpx.post(f"{bot.url}/_faults", json={"kind": "status", "status": 502})
    assert asked.json()[0]["kind"] == "status"
    assert refusal(bot.send(7, "x")) == (502, "Bad Gateway")
    assert httpx.delete(f"{bot.url}/_faults").json() == []
    assert bot.send(7, "x").status_code == 200
    assert httpx.post(f"{bot.url}/_faults", json={"kind": "flowers"}).status_code == 400


def test_a_dropped_call_never_answers_and_sends_nothing(bot: Running) -> None:
    bot.wish(Kind.DROP, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        bot.send(7, "x")
    assert bot.texts(7) == []


def test_a_button_that_is_pressed_waits_for_its_answer(bot: Running) -> None:
    bot.send(PERSON, "x", reply_markup=BUTTONS)
    press = {"chat": PERSON, "message": 1, "callback": "why:7"}
    query = httpx.post(f"{bot.url}/_press", json=press).json()["query"]
    (update,) = bot.call("getUpdates").json()["result"]
    assert update["callback_query"]["data"] == "why:7"
    told = {"callback_query_id": query, "text": "Muted.", "show_alert": True}
    assert bot.see("/_query", id=query)["answered"] is False
    assert bot.call("answerCallbackQuery", **told).json()["result"] is True
    assert bot.see("/_query", id=query) == {
        "answered": True, "text": "Muted.", "alert": True, "url": "",
    }  # fmt: skip
    assert bot.call("answerCallbackQuery", callback_query_id=query).status_code == 400
    assert bot.call("getUpdates", offset=update["update_id"] + 1).json()["result"] == []


def test_every_call_is_kept_with_its_status(bot: Running) -> None:
    bot.send(7, "first", disable_notification=True)
    bot.wish(Kind.BLOCKED, times=1)
    bot.send(8, "second")
    calls = httpx.get(f"{bot.url}/_log", params={"receiver": "telegram"}).json()
    assert [(one["to"], one["status"]) for one in calls] == [("7", 200), ("8", 403)]
    assert (calls[0]["text"], calls[0]["data"]["silent"]) == ("first", True)
    assert httpx.get(f"{bot.url}/_state").json()["answered"] == {"telegram": {"200": 1, "403": 1}}
    assert httpx.delete(f"{bot.url}/_log").json() == []
