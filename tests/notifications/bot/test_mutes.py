"""/mute: what a word means, until when it is muted, and the way back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts import mutes, preferences
from accounts.models import Mute, Muted, User
from accounts.wishes import wish
from arbedge.choices import VENUES
from arbedge.names import Door
from tests.factories import InstrumentFactory
from tests.notifications.bot.asking import Said, ask, member, press
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def coins() -> None:
    for coin in ("WIF", "WOO"):
        InstrumentFactory(venue="okx", asset=coin, quote="USDT", symbol=f"{coin}-USDT")


@pytest.fixture
def ada() -> User:
    return member(name="Ada", time_zone="Europe/Berlin")


def held(user: User) -> dict[str, Any]:
    return {one.name: one.until for one in Mute.objects.filter(user=user)}


def hidden(user: User) -> tuple[str, ...]:
    return wish(preferences.of(user.pk)).assets_out


# What is muted, and until when


def test_a_coin_is_muted_for_the_hours_said(ada: User) -> None:
    said = ask(ada, "/mute wif 4")

    assert held(ada) == {"WIF": NOON + 4 * HOUR}
    assert said.text.startswith("WIF is muted until 21 Nov 2026 17:00 CET.")


def test_without_hours_a_day(ada: User) -> None:
    ask(ada, "/mute $WIF")

    assert held(ada) == {"WIF": NOON + 24 * HOUR}


@pytest.mark.parametrize("word", ["good", "forever", "siempre", "TOUJOURS"])
def test_for_good_in_every_language(ada: User, word: str) -> None:
    said = ask(ada, f"/mute WIF {word}")

    assert held(ada) == {"WIF": None}
    assert "for good" in said.text


@pytest.mark.parametrize("word", ["okx", "OKX", "venue:okx"])
def test_a_venue_is_known_by_its_name(ada: User, word: str) -> None:
    said = ask(ada, f"/mute {word} 2d")

    assert held(ada) == {"okx": NOON + 48 * HOUR}
    assert "No new opportunity with a leg there" in said.text
    assert "okx" not in (wish(preferences.of(ada.pk)).venues or ())


def test_a_name_of_a_coin_and_of_a_venue_is_asked_about(ada: User) -> None:
    said = ask(ada, "/mute woo 4")

    assert held(ada) == {}
    assert said.lines == ["mute $WOO 4", "mute venue:woo 4"]


@pytest.mark.parametrize(("line", "name"), [("mute $WOO 4", "WOO"), ("mute venue:woo 4", "woo")])
def test_the_answer_to_which_mutes_that_one(ada: User, line: str, name: str) -> None:
    press(ada, line)

    assert held(ada) == {name: NOON + 4 * HOUR}


def test_a_coin_nobody_lists_is_not_muted(ada: User) -> None:
    said = ask(ada, "/mute NOPE")

    assert held(ada) == {}
    assert "No exchange lists a coin NOPE" in said.text


def test_a_mistyped_venue_is_told_the_nearest(ada: User) -> None:
    assert "Did you mean binance?" in ask(ada, "/mute binnance").text


def test_the_only_venue_left_is_not_muted(ada: User) -> None:
    preferences.change(ada.pk, {"venues": ["okx"]}, door=Door.WEB)

    said = ask(ada, "/mute okx")

    assert held(ada) == {}
    assert "okx is the only exchange you want" in said.text


def test_what_was_hidden_by_hand_is_said_to_stay_so(ada: User) -> None:
    preferences.change(ada.pk, {"assets_out": ["WIF"]}, door=Door.WEB)

    assert "it stays hidden" in ask(ada, "/mute WIF 4").text


# The way back


def test_undo_shows_what_was_just_muted(ada: User) -> None:
    said = ask(ada, "/mute WIF 4")

    back = press(ada, said.buttons["Undo"])

    assert (held(ada), hidden(ada)) == ({}, ())
    assert "WIF is shown again." in back.text


@pytest.mark.parametrize("before", ["6", "good"])
def test_undo_puts_the_end_back_that_was_before(ada: User, before: str) -> None:
    ask(ada, f"/mute WIF {before}")
    first = held(ada)

    said = ask(ada, "/mute WIF 24")
    press(ada, said.buttons["Undo"])

    assert held(ada) == first


def test_undo_of_what_would_be_over_by_now_shows_it(ada: User) -> None:
    ask(ada, "/mute WIF 1")
    said = ask(ada, "/mute WIF 24")

    press(ada, said.buttons["Undo"], now=NOON + 2 * HOUR)

    assert held(ada) == {}


def test_other_hours_are_a_press_away(ada: User) -> None:
    said = ask(ada, "/mute WIF 4")

    changed = press(ada, said.buttons["For good"])

    assert held(ada) == {"WIF": None}
    assert changed.methods == ["answerCallbackQuery", "editMessageText"]


def test_unmuting_twice_says_it_was_not_muted(ada: User) -> None:
    assert "was not muted" in press(ada, "unmute $WIF").text


def test_unmuting_what_is_hidden_by_hand_says_so(ada: User) -> None:
    preferences.change(ada.pk, {"assets_out": ["WIF"]}, door=Door.WEB)
    ask(ada, "/mute WIF 4")

    assert "your /preferences hide it too" in press(ada, "unmute $WIF").text


def test_a_coin_that_left_the_lists_can_still_be_unmuted(ada: User) -> None:
    mutes.mute(ada, Muted.COIN, "GONE", None, door=Door.TELEGRAM, now=NOON)

    press(ada, "unmute $GONE 1")

    assert held(ada) == {}


# The button of a message


def test_the_button_of_a_message_answers_anew_and_leaves_it(ada: User) -> None:
    said = press(ada, "+mute $WIF 24")

    assert said.methods == ["answerCallbackQuery", "sendMessage"]
    assert held(ada) == {"WIF": NOON + 24 * HOUR}


# The list


def listing(user: User, **more: Any) -> Said:
    return ask(user, "/mute", **more)


def test_nothing_muted_says_how(ada: User) -> None:
    assert "Nothing is muted" in listing(ada).text


def test_the_list_tells_the_ends_and_offers_to_show_each(ada: User) -> None:
    ask(ada, "/mute okx good")
    ask(ada, "/mute WIF 4")

    said = listing(ada)

    assert said.text.splitlines() == [
        "Muted: 2", "WIF · until 21 Nov 2026 17:00 CET", "OKX · for good",
    ]  # fmt: skip
    assert said.buttons == {"Show WIF": "unmute $WIF 1", "Show OKX": "unmute venue:okx 1"}


def test_showing_one_from_the_list_leaves_the_others_listed(ada: User) -> None:
    ask(ada, "/mute okx good")
    ask(ada, "/mute WIF 4")

    said = press(ada, "unmute $WIF 1")

    assert list(said.buttons) == ["Show OKX"]
    assert held(ada) == {"okx": None}


def test_long_lists_have_pages(ada: User) -> None:
    for venue in VENUES[:10]:
        mutes.mute(ada, Muted.VENUE, venue, None, door=Door.TELEGRAM, now=NOON)

    first, second = listing(ada), press(ada, "mutes 2")

    assert (len(first.buttons), first.buttons["› 2/2"]) == (9, "mutes 2")
    assert (len(second.buttons), second.buttons["‹ 1/2"]) == (3, "mutes 1")


def test_a_page_that_is_not_there_any_more_is_the_last(ada: User) -> None:
    ask(ada, "/mute WIF 4")

    assert "WIF" in press(ada, "mutes 7").text


@pytest.mark.parametrize("language", ["es", "fr"])
def test_every_answer_is_told_in_the_readers_language(language: str) -> None:
    user = member(language=language)
    english = member()

    for line in ("/mute WIF 4", "/mute okx good", "/mute", "/mute woo", "/mute NOPE"):
        assert ask(user, line, now=NOON).text != ask(english, line, now=NOON).text, line


@pytest.mark.parametrize("coin", ["W" * 20, "ÄÖÜ" * 6])
def test_buttons_stay_within_what_telegram_takes(ada: User, coin: str) -> None:
    InstrumentFactory(venue="okx", asset=coin, quote="USDT", symbol="long")

    ask(ada, f"/mute {coin} good")
    said = ask(ada, f"/mute {coin} 24")

    assert all(len(line.encode()) <= 64 for line in said.lines)
    assert list(held(ada)) == [coin]
