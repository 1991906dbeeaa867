"""The phone of a demo in a real browser: people type to the bot, press, share a place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.notifications.receiving import Running, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

ANA, GROUP = 7, -1007
WHY = {"inline_keyboard": [[{"text": "Why?", "callback_data": "why 7"}]]}


@pytest.fixture
def phone() -> Iterator[Running]:
    with ExitStack() as stack:
        begun = stack.enter_context(running())
        begun.ask("/_person", id=ANA, name="Ana")
        yield begun


@pytest.fixture
def page(chromium: Browser, phone: Running) -> Iterator[Page]:
    opened = chromium.new_context(base_url=phone.url, viewport={"width": 390, "height": 844})
    page = opened.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto("/")
    yield page
    opened.close()
    assert troubles == []


def chat(page: Page, name: str) -> Locator:
    return page.locator("section").filter(has=page.get_by_role("heading", name=name, exact=True))


def test_what_is_typed_reaches_the_bot(page: Page, phone: Running) -> None:
    column = chat(page, "Ana")
    column.get_by_label("Message to the bot").fill("/start")
    column.get_by_role("button", name="Send").click()
    column.locator("li.mine", has_text="/start").wait_for()
    (update,) = phone.call("getUpdates").json()["result"]
    assert update["message"]["text"] == "/start"


def test_a_press_shows_what_it_was_answered(page: Page, phone: Running) -> None:
    phone.send(ANA, "WIF", reply_markup=WHY)
    chat(page, "Ana").get_by_role("button", name="Why?").click()
    (update,) = phone.call("getUpdates", timeout=10).json()["result"]
    query = update["callback_query"]["id"]
    phone.call("answerCallbackQuery", callback_query_id=query, text="Muted for 4 h.")
    chat(page, "Ana").get_by_text("Muted for 4 h.").wait_for()


def test_a_command_in_a_text_can_be_tapped(page: Page, phone: Running) -> None:
    text = "<b>Free</b> shows five (/subscription). Not this: <code>/start</code>, 1/2."
    phone.send(ANA, text, parse_mode="HTML")
    column = chat(page, "Ana")
    column.get_by_role("button", name="/subscription").click()
    column.locator("li.mine", has_text="/subscription").wait_for()
    assert column.locator(".command").all_text_contents() == ["/subscription"]


def test_edits_and_deletions_are_seen(page: Page, phone: Running) -> None:
    phone.send(ANA, "net +0.42 %")
    phone.send(ANA, "goes away")
    phone.call("editMessageText", chat_id=ANA, message_id=1, text="net +0.55 %")
    phone.call("deleteMessage", chat_id=ANA, message_id=2)
    column = chat(page, "Ana")
    column.locator("li", has_text="net +0.55 %").get_by_text("edited").wait_for()
    column.locator("li.deleted", has_text="goes away").wait_for()


def test_a_place_is_shared_where_the_bot_asks_for_one(page: Page, phone: Running) -> None:
    asked = [[{"text": "Share my location", "request_location": True}]]
    phone.send(ANA, "Where are you?", reply_markup={"keyboard": asked, "one_time_keyboard": True})
    share = chat(page, "Ana").get_by_role("button", name="Share my location")
    chat(page, "Ana").get_by_label("Where").select_option("Tokyo")
    share.click()
    share.wait_for(state="hidden")
    (update,) = phone.call("getUpdates").json()["result"]
    assert update["message"]["location"] == {"latitude": 35.69, "longitude": 139.692}


def test_somebody_new_gets_a_chat(page: Page, phone: Running) -> None:
    page.get_by_role("button", name="Somebody new").click()
    page.get_by_label("Name").fill("Zoé")
    page.get_by_label("Language of the phone").select_option("fr")
    page.get_by_role("button", name="Begin").click()
    column = chat(page, "Zoé")
    column.get_by_label("Message to the bot").fill("/start")
    column.get_by_role("button", name="Send").click()
    (update,) = phone.call("getUpdates", timeout=10).json()["result"]
    assert update["message"]["from"]["language_code"] == "fr"


def test_in_a_group_somebody_is_chosen_to_type(page: Page, phone: Running) -> None:
    phone.ask("/_chats", chat=GROUP, type="supergroup", title="Room")
    column = chat(page, "Room")
    column.get_by_label("Who types").select_option("as an admin, anonymously")
    column.get_by_label("Message to the bot").fill("/status")
    column.get_by_role("button", name="Send").click()
    (update,) = phone.call("getUpdates", timeout=10).json()["result"]
    assert update["message"]["sender_chat"]["title"] == "Room"


def test_who_blocks_the_bot_cannot_write_to_it(page: Page, phone: Running) -> None:
    column = chat(page, "Ana")
    column.get_by_role("button", name="Block the bot").click()
    column.get_by_role("button", name="Unblock").wait_for()
    assert column.get_by_label("Message to the bot").is_disabled()
    column.get_by_role("button", name="Unblock").click()
    column.get_by_role("button", name="Block the bot").wait_for()


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_sticks_out(page: Page, phone: Running, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    phone.send(ANA, "a" * 300, reply_markup=WHY)
    chat(page, "Ana").get_by_text("aaa").wait_for()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide == width
    over = "[...document.querySelectorAll('ol')].map(one => one.scrollWidth - one.clientWidth)"
    assert set(page.evaluate(over)) == {0}
