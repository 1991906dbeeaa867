"""What people do at Telegram reaches the bot as Telegram would tell it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from telegram import Update

from notifications.receivers.bot_entities import command, entities
from tests.notifications.receivers.talking import impossible, updates
from tests.notifications.receiving import Running

ANA, BOB, GROUP, CHANNEL = 7, 8, -1001555296434, -1002000000000


# What a text holds


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("/start CODE", [("bot_command", "/start")]),
        ("see /help@arbedge_bot now", [("bot_command", "/help@arbedge_bot")]),
        ("a/b and 1/2", []),
        ("ask @ana_b of #wif and $WIF", [("mention", "@ana_b"), ("hashtag", "#wif"),
                                         ("cashtag", "$WIF")]),
        ("https://x.y/start", [("url", "https://x.y/start")]),
    ],
)  # fmt: skip
def test_entities_are_found_as_telegram_finds_them(text: str, kinds: list[Any]) -> None:
    found = [(one["type"], text[one["offset"] :][: one["length"]]) for one in entities(text)]
    assert found == kinds


def test_offsets_count_units_of_utf_16() -> None:
    assert entities("🟢 /why 7") == [{"type": "bot_command", "offset": 3, "length": 4}]


@pytest.mark.parametrize(
    ("text", "found"),
    [("/why 7", ("/why", "")), ("/why@other 7", ("/why", "other")), ("why /not", ("", ""))],
)
def test_only_a_text_that_begins_with_a_command_is_one(text: str, found: tuple[str, str]) -> None:
    assert command(text) == found


# Typing


def test_who_types_is_known_from_then_on(bot: Running) -> None:
    bot.type(ANA, "hello", by={"id": ANA, "name": "Ana", "username": "ana", "language_code": "es"})
    bot.type(ANA, "again")
    told = [update["message"]["from"] for update in updates(bot)]
    assert told[0] == told[1]
    assert told[1] == {
        "id": ANA, "is_bot": False, "first_name": "Ana", "username": "ana", "language_code": "es",
    }  # fmt: skip
    assert updates(bot)[0]["message"]["chat"] == {
        "id": ANA, "type": "private", "first_name": "Ana", "username": "ana",
    }  # fmt: skip


def test_people_and_the_bot_share_a_chats_numbers(bot: Running) -> None:
    assert bot.type(ANA, "/status")["message"] == 1
    assert bot.send(ANA, "all is well").json()["result"]["message_id"] == 2
    assert bot.type(ANA, "thanks")["message"] == 3


@pytest.mark.parametrize("told", [{"text": "  "}, {"text": "x" * 4097}])
def test_nobody_can_send_nothing_or_too_much(bot: Running, told: dict[str, str]) -> None:
    assert impossible(bot, "/_type", chat=ANA, **told)
    assert updates(bot) == []


def test_what_is_misspelled_is_told(bot: Running) -> None:
    answer = httpx.post(f"{bot.url}/_type", json={"chat": ANA, "txt": "x"})
    assert answer.status_code == 400
    assert "txt" in answer.json()["error"]


def test_a_place_is_shared(bot: Running) -> None:
    asked = {"keyboard": [[{"text": "Share my place", "request_location": True}]],
             "one_time_keyboard": True}  # fmt: skip
    bot.send(ANA, "Where are you?", reply_markup=asked)
    assert bot.chat(ANA)["keyboard"] == [["Share my place"]]
    bot.type(ANA, location=[4.6, -74.1])
    (update,) = updates(bot)
    assert update["message"]["location"] == {"latitude": 4.6, "longitude": -74.1}
    assert "text" not in update["message"]
    seen = bot.chat(ANA)
    assert (seen["messages"][-1]["location"], seen["keyboard"]) == ([4.6, -74.1], None)


def test_a_keyboard_is_taken_away_again(bot: Running) -> None:
    bot.send(ANA, "Which?", reply_markup={"keyboard": [["a", "b"]]})
    assert bot.chat(ANA)["keyboard"] == [["a", "b"]]
    sent = bot.send(ANA, "Done.", reply_markup={"remove_keyboard": True}).json()["result"]
    assert "reply_markup" not in sent
    assert bot.chat(ANA)["keyboard"] is None


def test_an_own_text_is_edited(bot: Running) -> None:
    first = bot.type(ANA, "/mute WIF")["message"]
    bot.type(ANA, "/mute PEPE", edits=first)
    edited = updates(bot)[1]["edited_message"]
    assert (edited["message_id"], edited["text"]) == (first, "/mute PEPE")
    assert edited["edit_date"] >= edited["date"]
    (shown,) = bot.chat(ANA)["messages"]
    assert (shown["text"], shown["before"], shown["edited"]) == ("/mute PEPE", ["/mute WIF"], 1)
    bot.send(ANA, "the bot's own")
    assert impossible(bot, "/_type", chat=ANA, text="x", edits=2)


@pytest.mark.parametrize("media", ["photo", "contact", "sticker"])
def test_other_things_than_texts_come_too(bot: Running, media: str) -> None:
    bot.type(ANA, media=media)
    update = Update.de_json(updates(bot)[0], None)
    assert update.message is not None
    assert getattr(update.message, media)


def test_any_field_and_any_update_can_be_forged(bot: Running) -> None:
    bot.type(ANA, "/start", more={"via_bot": {"id": 9, "is_bot": True, "first_name": "x"}})
    bot.ask("/_update", update_id=4_000_000_000, poll={"id": "1"})
    typed, forged = updates(bot)
    assert typed["message"]["via_bot"]["id"] == 9
    assert forged == {"update_id": 4_000_000_000, "poll": {"id": "1"}}


# Groups and channels


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("/status", True),
        ("/status@arbedge_bot", True),
        ("/status@other_bot", False),
        ("what do you think, @arbedge_bot?", True),
        ("just talking", False),
    ],
)
def test_in_a_group_the_bot_hears_only_what_is_for_it(bot: Running, text: str, heard: bool) -> None:
    assert (bot.type(GROUP, text, by=ANA)["update"] is not None) is heard
    assert [one["text"] for one in bot.chat(GROUP)["messages"]] == [text]


def test_an_answer_to_the_bot_is_heard(bot: Running) -> None:
    sent = bot.send(GROUP, "hello, all").json()["result"]["message_id"]
    assert bot.type(GROUP, "hello, bot", by=ANA, reply_to=sent)["update"]
    assert updates(bot)[0]["message"]["reply_to_message"]["text"] == "hello, all"


def test_an_admin_bot_hears_everything(bot: Running) -> None:
    bot.ask("/_bot", chat=GROUP, status="administrator", silent=True)
    assert bot.type(GROUP, "just talking", by=ANA)["update"]


def test_in_a_group_somebody_must_type(bot: Running) -> None:
    assert "by" in impossible(bot, "/_type", chat=GROUP, text="/status")
    assert "by" in impossible(bot, "/_press", chat=GROUP, callback="x")


def test_an_anonymous_admin_writes_as_the_group(bot: Running) -> None:
    bot.ask("/_chats", chat=GROUP, title="Room")
    bot.type(GROUP, "/settings", anonymous=True)
    message = updates(bot)[0]["message"]
    assert message["from"]["username"] == "GroupAnonymousBot"
    assert message["sender_chat"] == {"id": GROUP, "type": "supergroup", "title": "Room"}


def test_a_channels_post_is_its_own(bot: Running) -> None:
    bot.ask("/_bot", chat=CHANNEL, type="channel", title="News", status="administrator", by=ANA)
    post = bot.type(CHANNEL, "/status")["message"]
    bot.type(CHANNEL, "/status now", edits=post)
    _, posted, edited = updates(bot)
    assert posted["channel_post"]["sender_chat"]["title"] == "News"
    assert "from" not in posted["channel_post"]
    assert edited["edited_channel_post"]["text"] == "/status now"


def test_the_bot_is_added_and_thrown_out(bot: Running) -> None:
    bot.ask("/_bot", chat=GROUP, type="supergroup", title="Room", by=ANA)
    bot.ask("/_bot", chat=GROUP, status="kicked", by=ANA)
    added, joined, out = updates(bot)
    moves = [one["my_chat_member"] for one in (added, out)]
    states = [(one["old_chat_member"]["status"], one["new_chat_member"]["status"]) for one in moves]
    assert states == [("left", "member"), ("member", "kicked")]
    assert joined["message"]["new_chat_members"][0]["username"] == "arbedge_bot"
    assert bot.send(GROUP, "x").json()["description"] == (
        "Forbidden: bot was kicked from the supergroup chat"
    )
    assert bot.type(GROUP, "/status", by=ANA)["update"] is None


def test_an_admin_is_told_who_is_made_admin_where_it_asked(bot: Running) -> None:
    bot.ask("/_members", chat=GROUP, member=ANA, status="creator")
    bot.call("getUpdates", allowed_updates=["chat_member"])
    bot.ask("/_members", chat=GROUP, member=BOB, status="administrator", by=ANA)
    bot.ask("/_bot", chat=GROUP, status="administrator", silent=True)
    bot.ask("/_members", chat=GROUP, member=BOB, status="member", by=ANA)
    (told,) = updates(bot)
    change = told["chat_member"]
    assert (change["from"]["id"], change["new_chat_member"]["user"]["id"]) == (ANA, BOB)
    statuses = [change[name]["status"] for name in ("old_chat_member", "new_chat_member")]
    assert statuses == ["administrator", "member"]


def test_a_person_blocks_the_bot_and_lets_it_in_again(bot: Running) -> None:
    bot.ask("/_block", chat=ANA)
    refused = bot.send(ANA, "x")
    assert (refused.status_code, refused.json()["description"]) == (
        403, "Forbidden: bot was blocked by the user",
    )  # fmt: skip
    assert "blocked" in impossible(bot, "/_type", chat=ANA, text="/start")
    bot.ask("/_unblock", chat=ANA)
    assert bot.send(ANA, "x").status_code == 200
    news = [one["my_chat_member"]["new_chat_member"]["status"] for one in updates(bot)]
    assert news == ["kicked", "member"]


def test_a_group_that_moves_says_where_to(bot: Running) -> None:
    bot.ask("/_bot", chat=-599, title="Room", by=ANA)
    bot.ask("/_migrate", chat=-599, to=GROUP)
    *_, left, come = updates(bot)
    assert left["message"]["migrate_to_chat_id"] == GROUP
    assert come["message"]["migrate_from_chat_id"] == -599
    assert come["message"]["chat"] == {"id": GROUP, "type": "supergroup", "title": "Room"}
    refused = bot.send(-599, "x").json()
    assert refused["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert refused["parameters"] == {"migrate_to_chat_id": GROUP}
    assert bot.send(GROUP, "x").status_code == 200


def test_the_words_of_each_refusal_are_those_that_were_recorded(
    bot: Running, recordings: Path
) -> None:
    def recorded(name: str) -> Any:
        file = recordings / "telegram" / "responses" / f"{name}.json.gz"
        return json.loads(gzip.decompress(file.read_bytes()))

    bot.ask("/_block", chat=ANA)
    bot.ask("/_bot", chat=-1003, status="kicked", silent=True)
    bot.ask("/_bot", chat=CHANNEL, type="channel", status="kicked", silent=True)
    bot.ask("/_migrate", chat=-599, to=GROUP)
    said = {
        "bot_blocked": bot.send(ANA, "x").json(),
        "bot_kicked_supergroup": bot.send(-1003, "x").json(),
        "bot_kicked_channel": bot.send(CHANNEL, "x").json(),
        "group_upgraded": bot.send(-599, "x").json(),
    }
    assert said == {name: recorded(name) for name in said}
