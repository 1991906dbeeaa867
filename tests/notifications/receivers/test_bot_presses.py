"""Buttons are pressed as at Telegram, and may be forged."""

from __future__ import annotations

import httpx
from telegram import Update

from tests.notifications.receivers.talking import impossible, updates
from tests.notifications.receiving import Running

ANA, BOB = 7, 8
WHY = {"inline_keyboard": [[{"text": "Why?", "callback_data": "why 7"}],
                           [{"text": "Open", "url": "https://x.y/7"}]]}  # fmt: skip


def test_a_button_is_pressed_by_its_words(bot: Running) -> None:
    bot.send(ANA, "WIF", reply_markup=WHY)
    bot.send(ANA, "no buttons here")
    pressed = bot.press(ANA, label="Why?")
    query = updates(bot)[0]["callback_query"]
    assert (pressed["message"], query["data"], query["message"]["text"]) == (1, "why 7", "WIF")
    assert query["message"]["reply_markup"] == WHY
    assert query["from"]["id"] == ANA


def test_a_button_of_a_page_only_opens_it(bot: Running) -> None:
    bot.send(ANA, "WIF", reply_markup=WHY)
    answer = httpx.post(f"{bot.url}/_press", json={"chat": ANA, "label": "Open"})
    assert (answer.status_code, answer.json()["url"]) == (409, "https://x.y/7")
    assert "no button" in impossible(bot, "/_press", chat=ANA, label="Sell")
    assert impossible(bot, "/_press", chat=ANA)


def test_a_press_can_be_forged_by_another(bot: Running) -> None:
    bot.send(ANA, "WIF", reply_markup=WHY)
    bot.press(ANA, "admin_users 1", message=1, by=BOB)
    query = updates(bot)[0]["callback_query"]
    assert (query["data"], query["from"]["id"]) == ("admin_users 1", BOB)
    assert query["message"]["text"] == "WIF"


def test_a_message_may_be_too_old_to_be_read(bot: Running) -> None:
    bot.send(ANA, "WIF", reply_markup=WHY)
    bot.press(ANA, "why 7", message=1, inaccessible=True)
    update = Update.de_json(updates(bot)[0], None)
    assert update.callback_query is not None
    assert update.callback_query.message is not None
    assert not update.callback_query.message.is_accessible


def test_toasts_are_part_of_the_transcript(bot: Running) -> None:
    query = bot.press(ANA, "mute WIF")["query"]
    bot.call("answerCallbackQuery", callback_query_id=query, text="Muted.")
    bot.call("answerCallbackQuery", callback_query_id=bot.press(ANA, "x")["query"])
    assert bot.chat(ANA)["toasts"] == [{"text": "Muted.", "alert": False}]
    assert bot.chat(BOB)["toasts"] == []
    long = {"callback_query_id": bot.press(ANA, "x")["query"], "text": "x" * 201}
    assert bot.call("answerCallbackQuery", **long).status_code == 400
