"""The buttons of preferences: what they lead to, that they fit, that they stay within limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts import wish_values
from accounts.preferences import Entry, Option
from accounts.wish_form import FIELDS, Shape
from accounts.wishes import DEFAULT, plainly
from arbedge.choices import VENUES
from arbedge.names import Language
from notifications.bot.preferences import preference_changes, preference_rows
from notifications.bot.preferences.preference_changes import Deed, Form
from notifications.bot.replies import LONGEST_LINE, Button
from notifications.writing.languages import Style

NUMBERS = [name for name, one in FIELDS.items() if one.shape in {Shape.FRACTION, Shape.NUMBER}]
TIMES = [name for name, one in FIELDS.items() if one.shape is Shape.TIME]


def form(language: str = "en", /, **values: Any) -> Form:
    """A form with these values and otherwise the defaults."""
    defaults = plainly(DEFAULT)
    entries = {
        name: Entry(
            name, one.title, one.help, one.shape,
            tuple(Option(two, str(two)) for two in one.options), one.positions, one.lowest,
            one.highest, one.most, one.unit, one.optional, values.get(name, defaults[name]),
            defaults[name],
        )
        for name, one in FIELDS.items()
    }  # fmt: skip
    return Form(Style(language), entries, ())


def buttons(known: Form, name: str, *, page: int = 1, part: str = "") -> list[Button]:
    """All buttons of a field."""
    rows = preference_rows.of(known, known.entries[name], page, part)
    return [button for row in rows for button in row]


def targets(known: Form, name: str) -> list[str]:
    """The values the buttons of a field lead to."""
    return [button.line.split(" ", 3)[3] for button in buttons(known, name)]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", FIELDS)
def test_every_button_fits_into_what_telegram_takes(
    settings: Settings, language: str, name: str
) -> None:
    settings.EXTRA_VENUES = list(VENUES)
    known = form(language, assets_in=["W" * 20, "币" * 20], assets_out=["W" * 20, "币" * 20])
    entry = known.entries[name]
    for page in range(1, preference_rows.pages(entry) + 1):
        for button in buttons(known, name, page=page):
            assert len(button.line.encode()) <= LONGEST_LINE, button.line
            assert len(button.label) <= 40, button.label


def test_every_venue_is_on_exactly_one_page(settings: Settings) -> None:
    settings.EXTRA_VENUES = list(VENUES)
    known = form()
    last = preference_rows.pages(known.entries["venues"])
    lines = [one.line for page in range(1, last + 1) for one in buttons(known, "venues", page=page)]
    assert lines == [f"pref venues flip {venue}" for venue in VENUES]
    assert preference_rows.page_of(known.entries["venues"], VENUES[-1]) == last


def test_an_option_that_is_gone_is_on_the_last_page() -> None:
    known = form(assets_out=[f"C{number}" for number in range(25)])
    assert preference_rows.page_of(known.entries["assets_out"], "GONE") == 3


@given(st.sampled_from(NUMBERS), st.data())
def test_every_step_of_a_number_is_a_value_that_can_be_had(name: str, data: st.DataObject) -> None:
    one = FIELDS[name]
    assert one.lowest is not None
    assert one.highest is not None
    value = round(data.draw(st.floats(one.lowest, one.highest)), 6)
    for target in targets(form(**{name: value}), name):
        assert wish_values.read(one, target) != value


@pytest.mark.parametrize("name", NUMBERS)
def test_at_a_limit_no_button_leads_nowhere(name: str) -> None:
    one = FIELDS[name]
    for bound in (one.lowest, one.highest):
        assert len(buttons(form(**{name: bound}), name)) == 2


def test_a_number_nobody_named_steps_for_has_round_ones() -> None:
    known = form()
    unnamed = replace(
        known.entries["leverage"], name="patience", lowest=0.0, highest=500.0, value=10.0
    )
    rows = preference_rows.of(known, unnamed, 1, "")
    assert [one.line for row in rows for one in row] == [
        f"pref patience set {target}" for target in (0, 9, 11, 20)
    ]


@given(st.sampled_from(TIMES), st.integers(0, 1439))
def test_every_step_of_a_time_is_a_time(name: str, minute: int) -> None:
    value = f"{minute // 60:02}:{minute % 60:02}"
    found = {wish_values.read(FIELDS[name], one) for one in targets(form(**{name: value}), name)}
    assert found == {(minute + step) % 1440 for step in (-60, -15, 15, 60)}


@pytest.mark.parametrize("name", [name for name in TIMES if FIELDS[name].optional])
def test_hours_nobody_has_are_offered_as_spans(name: str) -> None:
    known = form()
    for target in targets(known, name):
        changes = preference_changes.pressed(known, name, Deed.SET, target)
        assert set(changes) == set(preference_changes.pair(name))


def test_a_switch_leads_round_all_positions() -> None:
    seen, held = [], "on"
    for _ in range(3):
        known = form(switches={"opened": held})
        held = buttons(known, "switches")[0].line.split()[-1]
        seen.append(held)
    assert seen == ["silent", "off", "on"]


def test_levels_have_a_page_for_each_venue() -> None:
    known = form(vip_levels={"okx": 3})
    labels = [one.label for one in buttons(known, "vip_levels")]
    assert "OKX: 3" in labels
    levels = buttons(known, "vip_levels", part="okx")
    assert [one.label for one in levels] == ["0", "1", "2", "✓ 3", *"456789"]
    assert levels[9].line == "pref vip_levels.okx set 9"


def test_what_is_chosen_is_ticked() -> None:
    labels = [one.label for one in buttons(form(max_risk="medium"), "max_risk")]
    assert labels == ["low", "✓ medium", "high"]


def test_channels_stand_in_their_order_with_a_way_up() -> None:
    rows = preference_rows.of(form(channels=["email", "sms"]), form(
        channels=["email", "sms"]).entries["channels"], 1, "")  # fmt: skip
    assert [one.label for one in rows[0]] == ["1. e-mail"]
    assert [one.label for one in rows[1]] == ["2. SMS", "▲"]
    assert [one.label for one in rows[2]] == ["Telegram"]


@given(st.lists(st.sampled_from(["telegram", "email", "sms"]), unique=True, min_size=1), st.data())
def test_up_moves_one_place_and_loses_none(held: list[str], data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(held))
    [moved] = preference_changes.pressed(form(channels=held), "channels", Deed.UP, one).values()
    assert sorted(moved) == sorted(held)
    assert moved.index(one) == max(0, held.index(one) - 1)


@given(st.sets(st.sampled_from(["binance", "bybit", "okx", "bitget"]), min_size=1), st.data())
def test_flipping_twice_is_as_before(held: set[str], data: st.DataObject) -> None:
    venue = data.draw(st.sampled_from(["binance", "bybit", "okx", "bitget"]))
    known = form(venues=sorted(held))
    [once] = preference_changes.pressed(known, "venues", Deed.FLIP, venue).values()
    [twice] = preference_changes.pressed(form(venues=once), "venues", Deed.FLIP, venue).values()
    assert set(twice or ["binance", "bybit", "okx", "bitget"]) == held or once == []
