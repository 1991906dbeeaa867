"""/alerts and /watch: set by steps or in a line, listed, paused, changed, removed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts import preferences
from accounts.models import User
from arbedge.choices import NumberFormat
from arbedge.errors import BadInput
from arbedge.names import Door, Kind
from notifications.alerts import triggers
from notifications.alerts.trigger_rules import Unit
from notifications.bot import talks
from notifications.bot.alerts import levels
from notifications.models import AlertTrigger
from notifications.names import TriggerKind
from notifications.writing.languages import Style
from opportunities import limit_settings
from tests.factories import InstrumentFactory
from tests.notifications.bot.asking import ask, member, press
from tests.notifications.factories import MINUTE, NOON

pytestmark = pytest.mark.django_db

PRICE, NET = TriggerKind.PRICE_ABOVE, TriggerKind.NET_ABOVE


@pytest.fixture(autouse=True)
def coins() -> None:
    for coin in ("BTC", "WIF"):
        InstrumentFactory(venue="okx", asset=coin, quote="USDT", symbol=f"{coin}-USDT")


@pytest.fixture
def ada() -> User:
    return member(name="Ada")


def only(user: User) -> AlertTrigger:
    [row] = triggers.own(user.pk)
    return row


def watched(user: User, coin: str = "WIF", level: float = 0.005) -> AlertTrigger:
    return triggers.add(user.pk, {"kind": "net_above", "subject": coin, "level": level})


# In one line


def test_one_line_sets_an_alert(ada: User) -> None:
    said = ask(ada, "/alerts price_above BTC 70,000")

    row = only(ada)
    assert (row.kind, row.subject, row.level, row.venue) == (PRICE, "BTC/USDT", 70_000.0, "")
    assert "You will be told when: BTC/USDT rises to 70,000." in said.text


def test_a_line_may_name_a_venue_and_a_note(ada: User) -> None:
    said = ask(ada, "/alerts funding_above WIF 0.1 okx worth a look")

    row = only(ada)
    assert (row.level, row.venue, row.label) == (0.001, "okx", "worth a look")
    assert "Funding of WIF reaches 0.1\u2009% per 8 h on OKX" in said.text
    assert "Note: worth a look" in said.text


def test_a_venue_needs_no_level(ada: User) -> None:
    ask(ada, "/alerts venue_blind okx")

    assert (only(ada).kind, only(ada).level) == ("venue_blind", None)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/alerts nonsense", "“nonsense” is not one of: price_above"),
        ("/alerts price_above NOPE 1", "No exchange here lists NOPE/USDT."),
        ("/alerts price_above BTC much", "“much” is not a figure for this."),
        ("/alerts net_above WIF 5000", "must lie between 0.01\u2009% and 1,000\u2009%."),
        ("/alerts balance_change okx 5", "once you have added a key"),
    ],
)
def test_what_cannot_be_watched_is_told_why(ada: User, line: str, told: str) -> None:
    assert told in ask(ada, line).text
    assert triggers.own(ada.pk) == []


def test_the_same_alert_is_not_set_twice(ada: User) -> None:
    ask(ada, "/alerts price_above BTC 5")

    assert "You have this alert already" in ask(ada, "/alerts price_above BTC 5").text


def test_nobody_has_more_than_the_most(ada: User, settings: Settings) -> None:
    settings.ALERTS_PER_PERSON = 1
    watched(ada)

    assert "You have 1 alerts, and nobody may have more" in ask(ada, "/watch BTC 1").text


# Step by step


def test_every_step_asks_for_what_is_missing(ada: User) -> None:
    kinds = press(ada, "alert_new")
    assert "alerts price_above" in kinds.lines

    assert "Of which coin or pair?" in press(ada, "alerts price_above").text
    assert "At which price?" in ask(ada, "btc/usdt").text
    assert "BTC/USDT rises to 5 on OKX" in ask(ada, "5 okx").text
    assert (only(ada).level, talks.current(ada.pk, NOON)) == (5.0, None)


def test_a_step_can_be_left(ada: User) -> None:
    asked = press(ada, "alerts price_above")

    press(ada, asked.buttons["Leave it"])

    assert talks.current(ada.pk, NOON) is None


def test_a_wrong_answer_is_asked_for_again(ada: User) -> None:
    press(ada, "alerts price_above")

    assert "No exchange here lists" in ask(ada, "NOPE").text
    assert "At which price?" in ask(ada, "WIF").text
    assert "is not a figure" in ask(ada, "soon").text
    ask(ada, "0.5")
    assert only(ada).level == 0.5


def test_a_venue_is_chosen_by_a_button(ada: User) -> None:
    asked = press(ada, "alerts venue_blind")

    said = press(ada, asked.buttons["OKX"])

    assert "OKX stops answering" in said.text
    assert only(ada).subject == "okx"


def test_kinds_of_accounts_are_offered_to_who_has_a_key(ada: User) -> None:
    assert "alerts balance_change" not in press(ada, "alert_new").lines


def test_a_button_of_a_conversation_that_is_over_says_so(ada: User) -> None:
    asked = press(ada, "alerts venue_blind")
    press(ada, "stop")

    assert "asked long ago" in press(ada, asked.buttons["OKX"]).toast
    assert triggers.own(ada.pk) == []


def test_a_note_is_added_afterwards(ada: User) -> None:
    said = ask(ada, "/alerts price_above BTC 5")

    press(ada, said.buttons["Note"])
    ask(ada, "sell half")

    assert only(ada).label == "sell half"


# The list


def test_the_list_tells_what_each_waits_for_and_where_it_stands(ada: User) -> None:
    row = watched(ada)
    AlertTrigger.objects.filter(pk=row.pk).update(armed=True)

    said = ask(ada, "/alerts")

    assert "1. An opportunity in WIF pays 0.5\u2009% net\nwatching" in said.text
    assert said.buttons["1"] == f"alert {row.pk}"


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"active": False}, "paused"),
        ({"problem": "The key is gone."}, "⚠ The key is gone."),
        ({"fired_at": NOON - MINUTE}, "again in 4 min"),
        ({"hour_began": NOON - MINUTE, "fired": 10}, "ten times within the hour"),
        ({"armed": False}, "waits for a first look"),
        ({"armed": False, "fired_at": NOON - 9 * MINUTE}, "told; waits until"),
    ],
)
def test_where_an_alert_stands_is_said(ada: User, columns: dict[str, Any], told: str) -> None:
    row = watched(ada)
    AlertTrigger.objects.filter(pk=row.pk).update(**{"armed": True, **columns})

    assert told in ask(ada, "/alerts").text.replace("\u2009", " ")


def test_what_troubles_an_alert_is_escaped_once(ada: User) -> None:
    row = watched(ada)
    AlertTrigger.objects.update(problem="The key's gone & <lost>")

    for said in (ask(ada, "/alerts"), press(ada, f"alert {row.pk}")):
        assert "The key's gone & <lost>" in said.text
        assert "<lost>" not in said.html


def test_who_has_none_is_told_how(ada: User) -> None:
    said = ask(ada, "/alerts")

    assert "You have no alerts yet" in said.text
    assert said.lines == ["alert_new"]


def test_long_lists_have_pages(ada: User) -> None:
    for level in range(1, 9):
        watched(ada, level=level / 100)

    first, second = ask(ada, "/alerts"), press(ada, "alert_page 2")

    assert first.buttons["› 2/2"] == "alert_page 2"
    assert {"7", "8", "‹ 1/2"} <= set(second.buttons)


def test_an_alert_is_paused_and_goes_on(ada: User) -> None:
    row = watched(ada)

    paused = press(ada, press(ada, f"alert {row.pk}").buttons["Pause"])
    assert (only(ada).active, "paused" in paused.text) == (False, True)

    press(ada, paused.buttons["Go on"])
    assert only(ada).active


def test_when_it_told_last_is_shown(ada: User) -> None:
    row = watched(ada)
    AlertTrigger.objects.filter(pk=row.pk).update(fired_at=NOON - 20 * MINUTE)

    said = press(ada, f"alert {row.pk}").text.replace("\u2009", " ")

    assert "Told last: 20 min ago" in said


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "price_below", "subject": "BTC/USDT", "level": 70_000.25, "venue": "okx"},
        {"kind": "funding_above", "subject": "WIF", "level": 0.00012, "label": "two words"},
        {"kind": "venue_blind", "subject": "okx"},
    ],
)
@pytest.mark.parametrize("numbers", list(NumberFormat))
def test_what_was_removed_can_be_set_again_as_it_was(
    ada: User, given: dict[str, Any], numbers: str
) -> None:
    preferences.change(ada.pk, {"number_format": numbers}, door=Door.WEB)
    row = triggers.add(ada.pk, given)

    gone = press(ada, f"alert_remove {row.pk}")
    assert triggers.own(ada.pk) == []
    press(ada, gone.buttons["Set it again"])

    back = only(ada)
    assert {name: getattr(back, name) for name in given} == given


def test_somebody_elses_alert_cannot_be_touched(ada: User) -> None:
    row = watched(member())

    for line in (f"alert {row.pk}", f"alert_switch {row.pk} off", f"alert_remove {row.pk}",
                 f"alert_note {row.pk}"):  # fmt: skip
        assert "not there any more" in press(ada, line).toast
    assert AlertTrigger.objects.get().active


# Watching


def test_watching_a_coin_is_an_alert_on_its_net(ada: User) -> None:
    said = ask(ada, "/watch wif 0.5%")

    assert (only(ada).kind, only(ada).subject, only(ada).level) == (NET, "WIF", 0.005)
    assert "pays at least 0.5\u2009% net in 72\u2009h" in said.text


def test_without_a_figure_the_persons_own_least_net_counts(ada: User) -> None:
    preferences.change(ada.pk, {"min_net": 0.004}, door=Door.WEB)

    ask(ada, "/watch WIF")

    assert only(ada).level == 0.004


def test_without_any_figure_what_opportunities_open_at_counts(ada: User) -> None:
    """A spot gap opens at 10 bp, before any other kind does."""
    ask(ada, "/watch WIF")
    assert only(ada).level == 0.001


def test_what_operators_set_is_what_opportunities_open_at(ada: User) -> None:
    for kind in Kind:
        limit_settings.change("threshold", 0.004, kind=kind, door=Door.CONSOLE, by=ada)
    ask(ada, "/watch WIF")
    assert only(ada).level == 0.004


def test_watching_again_changes_the_level(ada: User) -> None:
    first = ask(ada, "/watch WIF 0.5")

    press(ada, first.buttons["1\u2009%"])

    assert only(ada).level == 0.01


def test_watching_again_at_the_same_level_changes_nothing(ada: User) -> None:
    ask(ada, "/watch WIF 0.5")
    AlertTrigger.objects.update(armed=True)

    ask(ada, "/watch WIF 0.5")

    assert only(ada).armed


def test_what_is_watched_is_listed_with_the_way_out(ada: User) -> None:
    assert "You watch no coin" in ask(ada, "/watch").text
    row = watched(ada)
    triggers.add(ada.pk, {"kind": "price_above", "subject": "BTC", "level": 5})

    said = ask(ada, "/watch")

    assert said.buttons == {"Stop watching WIF": f"alert_remove {row.pk}"}


def test_who_watches_a_coin_again_is_told_of_it_again(ada: User) -> None:
    row = watched(ada)
    triggers.switch(ada.pk, row.pk, active=False)

    ask(ada, "/watch WIF 0.5")

    assert triggers.one(ada.pk, row.pk).active


def test_a_net_may_be_typed_with_its_sign_apart(ada: User) -> None:
    ask(ada, "/watch WIF 0.5 %")

    [row] = triggers.own(ada.pk)
    assert row.level == 0.005


# Figures and languages


@pytest.mark.parametrize(
    ("text", "numbers", "value"),
    [
        ("70,000", "point", 70_000.0),
        ("70.000", "comma", 70_000.0),
        ("70 000", "space", 70_000.0),
        ("1.234", "space", 1.234),
        ("1,234", "space", 1.234),
        ("1,234.5", "point", 1_234.5),
        ("1.234,5", "comma", 1_234.5),
        ("0,3", "point", 0.3),
        ("0.005", "comma", 0.005),
        ("$0.5", "point", 0.5),
        ("−3 USDT", "point", -3.0),
    ],
)
def test_figures_are_read_as_people_write_them(text: str, numbers: str, value: float) -> None:
    assert levels.read(text, PRICE, numbers) == value


@pytest.mark.parametrize(
    ("typed", "figure", "rest"),
    [
        ("70 000 okx", "70 000", "okx"),
        ("1\u202f234\u202f567,5 the top", "1\u202f234\u202f567,5", "the top"),
        ("$70 000", "$70 000", ""),
        ("70000 okx", "70000", "okx"),
        ("0.3 % okx", "0.3 %", "okx"),
        ("70 2nd try", "70", "2nd try"),
        ("0.5 100", "0.5", "100"),
        ("", "", ""),
    ],
)
def test_a_line_begins_with_its_figure(typed: str, figure: str, rest: str) -> None:
    assert levels.first(typed) == (figure, rest)


def test_thousands_may_be_typed_with_spaces(ada: User) -> None:
    preferences.change(ada.pk, {"number_format": "space"}, door=Door.WEB)
    ask(ada, "/alerts price_above BTC 70 000 okx")
    [row] = triggers.own(ada.pk)
    assert (row.level, row.venue, row.label) == (70_000.0, "okx", "")


@pytest.mark.parametrize("text", ["0.3", "0,3", "0.3%", "0.3 %"])
def test_fractions_are_typed_in_per_cent(text: str) -> None:
    assert levels.read(text, NET) == 0.003


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "1e5", "5%", "1.2.3", "1,23,4", "٣٤..", "x" * 99]
)
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        levels.read(text, PRICE)
    assert refused.value.code == "not_a_level"


@pytest.mark.parametrize(
    ("level", "unit", "shown"),
    [
        (70_000.1, Unit.PRICE, "70.000,1"),
        (1e-9, Unit.PRICE, "0,000000001"),
        (0.0015, Unit.NET, "0,15 %"),
        (-250.0, Unit.USDT, "−250 USDT"),
        (250.0, Unit.USDT, "+250 USDT"),
    ],
)
def test_levels_are_written_as_the_reader_writes(level: float, unit: Unit, shown: str) -> None:
    style = Style("es", "UTC", NumberFormat.COMMA)
    assert levels.written(level, unit, style).replace("\u2009", " ") == shown


@pytest.mark.parametrize("language", ["es", "fr"])
@pytest.mark.parametrize("kind", list(TriggerKind))
def test_every_kind_is_told_in_the_readers_language(language: str, kind: TriggerKind) -> None:
    def told(in_language: str) -> str:
        user = member(language=in_language)
        level = None if kind is TriggerKind.VENUE_BLIND else 2.0
        AlertTrigger.objects.create(
            user=user, kind=kind.value, subject="okx", level=level, armed=False,
            fired_at=NOON - timedelta(hours=3),
        )  # fmt: skip
        return ask(user, "/alerts").text

    assert told(language).splitlines()[2] != told("en").splitlines()[2]
