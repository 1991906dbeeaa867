"""/opportunities and /categories: what a reader's tier, filters and hour let through, by pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Preferences, User
from arbedge.choices import mask
from arbedge.names import Kind, Shelf, State, Tier
from notifications.bot.commands.opportunities import Wanted, wanted
from notifications.bot.groups import chat_admins
from notifications.models import Chat
from tests.notifications.bot.asking import ask, group, press
from tests.notifications.bot.living import BEGINNERS, gap, live, reader, seen_by, too_wide
from tests.notifications.factories import NOON, ChatFactory
from tests.opportunities.factories import NearMissFactory, ScanRecordFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
MINUTE = timedelta(minutes=1)
GROUP = group(-1_001_888, "Traders")
THIN = "\u2009"


@pytest.fixture
def ada() -> User:
    return reader(experience="advanced")


def seven() -> None:
    """C0 pays most."""
    for n in range(7):
        live(f"C{n}", net=0.0070 - n / 2_000)


def listed(text: str) -> list[str]:
    """The coins of a list, in order."""
    return [line.split(f"{THIN}% ")[1].split()[0] for line in text.splitlines()
            if line[:1].isdigit() and f"{THIN}% " in line]  # fmt: skip


# A row.


def test_a_row_leads_with_its_net_and_names_legs_risk_and_age(ada: User) -> None:
    live("WIF", net=0.0042)

    text = ask(ada, "/opportunities").text

    assert text.splitlines()[0] == "Opportunities · $1\u2009k over 72\u2009h"
    assert f"1. +0.42{THIN}% WIF funding · 51{THIN}% APR" in text
    assert f"▲ OKX ▼ Bybit · low · 3{THIN}s" in text


def test_figures_are_those_of_the_readers_own_cohort() -> None:
    live("WIF", net=0.0042)
    short_sighted = reader(horizon_hours=24, notional_usd=5_000)

    text = ask(short_sighted, "/opportunities").text

    assert f"+0.13{THIN}% WIF" in text
    assert f"$5{THIN}k over 24{THIN}h" in text


def test_numbers_are_written_as_the_reader_likes_them() -> None:
    live("WIF")

    assert f"+0,42{THIN}%" in ask(reader(number_format="comma"), "/opportunities").text


def test_old_data_are_struck_through_and_named(ada: User) -> None:
    live("OLD", as_of=NOON - MINUTE)

    html = ask(ada, "/opportunities").html

    assert "<s>1. " in html
    assert "</s> ⚠ old data" in html
    assert f"1{THIN}min" in html


@pytest.mark.parametrize(("state", "word"), [(State.FADING, "⚠ fading"), (State.HELD, "⚠ held")])
def test_what_is_not_simply_open_says_so(ada: User, state: State, word: str) -> None:
    held = {"held_since": NOON, "held_from": "open"} if state is State.HELD else {}
    live("WIF", state=state, **held)

    assert word in ask(ada, "/opportunities").text


def test_the_best_of_a_family_stands_for_it(ada: User) -> None:
    live("WIF", net=0.0042)
    live("WIF", net=0.0030, short_venue="binance")

    assert listed(ask(ada, "/opportunities").text) == ["WIF"]


def test_every_row_leads_to_its_opportunity(ada: User) -> None:
    one = live("WIF")

    assert ask(ada, "/opportunities").buttons["1 WIF"] == f"opportunity {one.pk}"


# Pages and filters.


def test_five_to_a_page_and_buttons_that_turn_it(ada: User) -> None:
    seven()

    first = ask(ada, "/opportunities")
    second = press(ada, first.buttons["› 2/2"])
    back = press(ada, second.buttons["‹ 1/2"])

    assert listed(first.text) == ["C0", "C1", "C2", "C3", "C4"]
    assert listed(second.text) == ["C5", "C6"]
    assert "6. " in second.text
    assert not any(name.startswith("‹") for name in first.buttons)
    assert not any(name.startswith("›") for name in second.buttons)
    assert listed(back.text) == listed(first.text)
    assert second.methods == ["answerCallbackQuery", "editMessageText"]


def test_refresh_is_the_same_page_again(ada: User) -> None:
    seven()

    assert press(ada, "opportunities all 2").buttons["Refresh"] == "opportunities all 2"


@pytest.mark.parametrize(
    ("word", "coins"),
    [("funding", ["WIF"]), ("spot", ["SXP"]), ("basis", []), ("WIF", ["WIF"]), ("$sxp", ["SXP"]),
     ("WI", []), ("low_risk", ["WIF", "SXP"]), ("breakout", []),
     ("shelf:beginner", ["WIF", "SXP"])],
)  # fmt: skip
def test_a_list_is_narrowed_by_kind_coin_or_shelf(ada: User, word: str, coins: list[str]) -> None:
    live("WIF")
    gap("SXP")

    assert listed(ask(ada, f"/opportunities {word}").text) == coins


def test_the_filter_in_force_is_marked(ada: User) -> None:
    gap("SXP")

    buttons = ask(ada, "/opportunities spot").buttons

    assert buttons["✓ Spot"] == "opportunities spot"
    assert {"All", "Funding", "Basis"} <= set(buttons)


def test_what_does_not_fit_a_narrowed_list_is_counted(ada: User) -> None:
    live("WIF")
    gap("SXP")

    assert "Not what you asked for: 1." in ask(ada, "/opportunities spot").text


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("all", Wanted("all")),
        ("ANY", Wanted("any")),
        ("Funding", Wanted("funding", kind="funding")),
        ("momentum", Wanted("shelf:momentum", shelf=Shelf.MOMENTUM)),
        ("AI", Wanted("$AI", coin="AI")),
        ("shelf:ai", Wanted("shelf:ai", shelf=Shelf.AI)),
        ("$spot", Wanted("$SPOT", coin="SPOT")),
        ("wif", Wanted("$WIF", coin="WIF")),
    ],
)
def test_a_word_is_a_kind_a_shelf_or_a_coin(word: str, found: Wanted) -> None:
    assert wanted(word) == found
    assert wanted(found.word) == found


# The reader's own filters.


def test_own_filters_hide_and_a_button_shows_all_the_same() -> None:
    beginner = reader()
    live("WIF")
    live("HARD", shelves=mask([Shelf.ADVANCED], Shelf))

    first = ask(beginner, "/opportunities")
    everything = press(beginner, first.buttons["Show hidden"])

    assert listed(first.text) == ["WIF"]
    assert "Hidden by your /preferences: 1." in first.text
    assert sorted(listed(everything.text)) == ["HARD", "WIF"]


@pytest.mark.parametrize(
    "wish",
    [
        {"assets_out": ["WIF"]}, {"assets_in": ["SXP"]}, {"venues": 1}, {"min_net": 0.005},
        {"min_apr": 0.6}, {"max_risk": "low"}, {"min_confidence": 0.9},
        {"kinds": mask([Kind.SPOT], Kind)}, {"shelves": mask([Shelf.MOMENTUM], Shelf)},
    ],
    ids=str,
)  # fmt: skip
def test_each_wish_keeps_something_out(wish: dict[str, Any]) -> None:
    live("WIF", risk="medium")
    wishes: dict[str, Any] = {"experience": "advanced"} | wish

    assert listed(ask(reader(**wishes), "/opportunities").text) == []
    assert listed(ask(reader(**wishes), "/opportunities any").text) == ["WIF"]


def test_a_coin_asked_for_by_name_is_shown_though_it_is_muted() -> None:
    live("WIF")

    assert listed(ask(reader(assets_out=["WIF"]), "/opportunities WIF").text) == ["WIF"]


# The tier.


def test_free_waits_and_is_told_how_many_come_later() -> None:
    live("NEW", opened_at=NOON - 2 * MINUTE)
    live("OLD", opened_at=NOON - 6 * MINUTE)

    text = ask(reader(Tier.FREE), "/opportunities").text

    assert listed(text) == ["OLD"]
    assert f"Coming later, as Free waits 5{THIN}min: 1." in text
    assert "More, and sooner: /subscription" in text


def test_what_stands_on_higher_shelves_is_counted() -> None:
    live("HARD", shelves=mask([Shelf.ADVANCED], Shelf))

    text = ask(reader(Tier.FREE), "/opportunities").text

    assert "On the shelves of higher tiers: 1." in text
    assert "Nothing to show here right now." in text


def test_free_sees_five_an_hour_and_is_told_how_many_more_there_are() -> None:
    seven()

    said = ask(reader(Tier.FREE), "/opportunities")

    assert len(listed(said.text)) == 5
    assert "Beyond Free’s 5 an hour: 2." in said.text
    assert not any(name.startswith("›") for name in said.buttons)


def test_signals_are_for_higher_tiers_and_free_is_told_so() -> None:
    text = ask(reader(Tier.FREE), "/opportunities technical").text

    assert "Free does not show this yet." in text
    assert "/subscription" in text


def test_what_was_shown_counts_in_the_session(ada: User) -> None:
    seven()

    ask(ada, "/opportunities")

    assert seen_by(ada) == 5


# Nothing to show.


def test_silence_names_the_nearest_miss_with_its_reasons(ada: User) -> None:
    NearMissFactory(asset="TON", last_seen=NOON - MINUTE, last_net=0.0011)
    ScanRecordFactory(as_of=NOON - MINUTE, candidates=5_240)

    text = ask(ada, "/opportunities").text

    assert "Nothing pays after costs right now." in text
    assert (
        f"Best rejected: TON funding, ▲ OKX ▼ Bybit, +0.11{THIN}%, because: does not pay enough "
        "after costs." in text
    )
    assert "4,811 does not pay enough after costs" in text
    assert f"Last scan 1{THIN}min ago, 5,240 candidates looked at." in text


def test_silence_of_the_scans_is_told_with_its_time(ada: User) -> None:
    ScanRecordFactory(as_of=NOON - 9 * MINUTE)

    assert f"No scan since 9{THIN}min ago" in ask(ada, "/opportunities").text


def test_before_the_first_scan_nothing_is_claimed(ada: User) -> None:
    assert "No scan has run yet" in ask(ada, "/opportunities").text


def test_a_coin_that_nearly_pays_says_why_it_does_not(ada: User) -> None:
    ScanRecordFactory(as_of=NOON - MINUTE)
    NearMissFactory(asset="TON", last_seen=NOON - MINUTE)
    live("WIF")

    assert "Best rejected: TON funding" in ask(ada, "/opportunities TON").text
    assert "Best rejected" not in ask(ada, "/opportunities SXP").text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", ("Oportunidades · ", "bajo", "Ahora mismo nada compensa", "no paga lo suficiente")),
        ("fr", ("Opportunités · ", "faible", "Rien ne paie après coûts", "ne paie pas assez")),
    ],
)
def test_lists_and_silence_in_other_languages(language: str, words: tuple[str, ...]) -> None:
    who = reader(language=language)
    NearMissFactory(asset="TON", last_seen=NOON - MINUTE)
    ScanRecordFactory(as_of=NOON - MINUTE)
    silent = ask(who, "/opportunities").text
    live("WIF")

    told = silent + ask(who, "/opportunities").text

    assert all(word in told for word in words)


# Groups.


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(chat_admins, "is_admin", lambda *_: False)
    return reader(Tier.FREE, notional_usd=5_000)


@pytest.fixture
def chat(owner: User, settings: Settings) -> Chat:
    settings.BOT_TOKEN, settings.BOT_NAME = "7000000001:secret", "arbedge_bot"
    made: Chat = ChatFactory(
        telegram_id=GROUP["id"], registered_by=owner, horizon_hours=24, language="en"
    )
    return made


def test_a_group_sees_its_own_size_and_twice_the_tier(chat: Chat) -> None:
    for n in range(12):
        live(f"C{n}", net=0.0080 - n / 5_000)
    stranger = reader(Tier.FREE)

    said = ask(stranger, "/opportunities", chat=GROUP)

    assert f"$1{THIN}k over 24{THIN}h" in said.text
    assert "Beyond this group’s 10 an hour: 2." in said.text
    assert "/subscription" not in said.text


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_a_group_does_not_read_the_tier_of_who_registered_it(chat: Chat, language: str) -> None:
    chat.language = language
    chat.save()
    hard = live("HARD", shelves=mask([Shelf.ADVANCED], Shelf))
    held = [live("NEW", opened_at=NOON - 2 * MINUTE), hard]
    for n in range(12):
        live(f"C{n}", net=0.0080 - n / 5_000)
    stranger, lines = reader(), ["opportunities", "opportunities technical"]

    lines += [f"opportunity {one.pk}" for one in held]
    told = [ask(stranger, f"/{line}", chat=GROUP).text for line in lines]

    assert all(text and "Free" not in text and "/subscription" not in text for text in told)


def test_a_groups_filters_hold_and_nobody_lifts_them(chat: Chat) -> None:
    chat.kinds = mask([Kind.SPOT], Kind)
    chat.save()
    live("WIF")
    gap("SXP")

    for line in ("/opportunities", "/opportunities any", "/opportunities WIF"):
        said = ask(reader(), line, chat=GROUP)
        assert "WIF" not in listed(said.text)
        assert "Show hidden" not in said.buttons
    assert (
        "Kept out by this group’s filters: 1." in ask(reader(), "/opportunities", chat=GROUP).text
    )


def test_what_a_group_is_shown_counts_in_nobodys_session(chat: Chat) -> None:
    live("WIF")
    who = reader(Tier.FREE)

    ask(who, "/opportunities", chat=GROUP)

    assert seen_by(who) == 0


# Names.


@pytest.mark.parametrize("coin", ["<b>X</b>&", "عملة", "A" * 48, "币安人生", "X Y"])
def test_names_of_coins_harm_nothing(ada: User, coin: str) -> None:
    one = live(coin)

    said = ask(ada, "/opportunities")

    assert f"opportunity {one.pk}" in said.lines
    assert "<b>X</b>" not in said.html
    assert all(len(line) < 64 for line in said.text.splitlines())


# Shelves.


def test_shelves_count_what_lives_and_say_who_is_shown_it() -> None:
    live("WIF")
    live("HARD", shelves=mask([Shelf.ADVANCED], Shelf))

    text = ask(reader(Tier.FREE, experience="beginner"), "/categories").text
    shown, _, higher = text.partition("For a higher tier: /subscription")

    assert "Shown to you" in shown
    assert "1 · low risk" in shown
    assert "0 · high confidence" in shown
    assert "1 · advanced" in higher
    assert "0 · momentum" in higher


def test_experience_decides_what_is_in_the_list() -> None:
    text = ask(reader(experience="intermediate"), "/categories").text
    _, _, other = text.partition("Not in your list: /preferences")

    assert other.split()[:3] == ["0", "·", "advanced"]
    assert "Nothing lives on any shelf right now." in text


def test_a_shelf_leads_to_its_list(ada: User) -> None:
    live("WIF")

    buttons = ask(ada, "/categories").buttons

    assert buttons["low risk (1)"] == "opportunities shelf:low_risk"
    assert listed(press(ada, buttons["low risk (1)"]).text) == ["WIF"]


def test_shelves_a_tier_does_not_show_have_no_button() -> None:
    assert "opportunities shelf:advanced" not in ask(reader(Tier.FREE), "/categories").lines


def test_shelves_of_a_group_say_nothing_of_anybody(chat: Chat) -> None:
    live("WIF", shelves=BEGINNERS)

    text = ask(reader(), "/categories", chat=GROUP).text

    assert "Shown here" in text
    assert "you" not in text.lower().split()


def test_tables_of_lists_are_narrow(ada: User) -> None:
    seven()

    assert too_wide(ask(ada, "/opportunities").html) == []


def test_preferences_that_were_never_chosen_hide_by_experience() -> None:
    who = reader()
    assert not Preferences.objects.filter(user=who).exists()
    live("HARD", shelves=0)

    assert "Hidden by your /preferences: 1." in ask(who, "/opportunities").text


@pytest.mark.parametrize("number", [1, 40])
def test_a_list_is_a_handful_of_queries_however_much_lives(ada: User, number: int) -> None:
    for n in range(number):
        live(f"C{n}")
    ask(ada, "/help")

    with CaptureQueriesContext(connection) as asked:
        ask(ada, "/opportunities")

    assert len([one for one in asked if one["sql"].startswith("SELECT")]) == 3
