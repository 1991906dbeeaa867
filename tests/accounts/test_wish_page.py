"""Preferences as controls: what is shown, what comes back, and what of it is a change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import QueryDict
from pytest_django import Settings

from accounts import preferences, wish_page
from accounts.models import User
from accounts.wish_page import Control
from arbedge.errors import BadInput
from arbedge.names import Door
from tests.accounts.factories import NOON, UserFactory
from tests.accounts.web import fresh_cache

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    fresh_cache()


@pytest.fixture
def ada() -> User:
    return UserFactory(name="Ada")


def control(user: User, name: str, **more: Any) -> Control:
    """The control of this preference."""
    groups = wish_page.groups(user.pk, datetime.now(UTC), **more)
    return next(one for group in groups for one in group.controls if one.entry.name == name)


def posted(**told: str | list[str]) -> QueryDict:
    """What a browser sends."""
    data = QueryDict(mutable=True)
    for name, value in told.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def change(user: User, **changes: Any) -> None:
    """Changes preferences by another door."""
    preferences.change(user.pk, changes, door=Door.TELEGRAM)


@pytest.mark.parametrize(
    ("name", "value", "raw"),
    [
        ("min_net", 0.003, "0.3"),
        ("min_net", -0.0125, "-1.25"),
        ("min_apr", 0.07, "7"),
        ("min_confidence", 1.0, "100"),
        ("leverage", 2.5, "2.5"),
        ("leverage", 3, "3"),
        ("executable_only", True, "on"),
        ("executable_only", False, ""),
        ("assets_in", "wif btc", "WIF, BTC"),
        ("digest_at_min", "07:30", "07:30"),
        ("quiet_from_min", None, ""),
        ("notional_usd", 5000, "5000"),
    ],
)
def test_a_stored_value_is_shown_as_people_enter_it(
    ada: User, name: str, value: Any, raw: str
) -> None:
    change(ada, **{name: value})
    assert control(ada, name).raw == raw


def test_of_several_the_chosen_are_ticked(ada: User) -> None:
    change(ada, kinds=["funding", "basis"])
    ticked = {part.title for part in control(ada, "kinds").parts if part.value}
    assert ticked == {"funding", "basis"}


def test_what_the_tier_lacks_names_the_tier_that_has_it(ada: User) -> None:
    parts = {part.title: part.option for part in control(ada, "kinds").parts}
    assert parts["funding"].allowed
    assert not parts["technical"].allowed
    assert parts["technical"].need == "premium"


def test_venues_are_those_of_this_installation_and_those_chosen(
    ada: User, settings: Settings
) -> None:
    settings.VENUES, settings.EXTRA_VENUES = ["okx"], ["gate"]
    change(ada, venues=["okx", "kraken"])
    assert [part.title for part in control(ada, "venues").parts] == ["OKX", "Gate", "Kraken"]


def test_an_order_has_a_free_place_for_one_more(ada: User) -> None:
    assert control(ada, "channels").ranks == [
        ("channels.1", ""), ("channels.2", ""), ("channels.3", "")
    ]  # fmt: skip
    change(ada, channels=["email", "telegram", "slack"])
    assert [value for _, value in control(ada, "channels").ranks] == [
        "email", "telegram", "slack", ""
    ]  # fmt: skip


def test_a_full_order_has_no_place_left(ada: User) -> None:
    every = [str(one.value) for one in control(ada, "channels").entry.choices]
    change(ada, channels=every)
    assert len(control(ada, "channels").ranks) == len(every)


def test_kinds_of_messages_are_on_unless_switched(ada: User) -> None:
    change(ada, switches={"news": "off"})
    held = {part.title: part.value for part in control(ada, "switches").parts}
    assert held["news"] == "off"
    assert held["opened"] == "on"


def test_what_was_entered_is_shown_with_what_is_wrong(ada: User) -> None:
    shown = control(
        ada, "leverage", posted=posted(leverage="200"), errors={"leverage": "Too much."}
    )
    assert (shown.raw, shown.error) == ("200", "Too much.")


def test_an_error_of_one_entry_is_shown_at_its_control(ada: User) -> None:
    shown = control(ada, "vip_levels", errors={"vip_levels.okx": "0 to 9."})
    assert shown.error == "0 to 9."


def test_only_what_differs_from_what_was_shown_is_a_change(ada: User) -> None:
    change(ada, min_net=0.0007, leverage=2.5)
    groups = wish_page.groups(ada.pk, NOON)
    untouched = posted(**{
        one.entry.name: one.raw
        for group in groups for one in group.controls
        if isinstance(one.raw, str) and not one.parts
    })  # fmt: skip
    simple = {"min_net", "min_apr", "min_confidence", "leverage", "assets_in", "assets_out"}
    assert simple.isdisjoint(wish_page.changes(ada.pk, NOON, untouched))
    untouched["leverage"] = "3"
    changed = wish_page.changes(ada.pk, NOON, untouched)
    assert {name: value for name, value in changed.items() if name in simple} == {"leverage": "3"}


@pytest.mark.parametrize(
    ("entered", "told"), [("0.3", "0.3 %"), ("0.3%", "0.3 %"), ("0.3 % ", "0.3 %"), ("", "")]
)
def test_fractions_are_entered_in_per_cent(ada: User, entered: str, told: str) -> None:
    change(ada, min_net=0.01)
    assert wish_page.changes(ada.pk, NOON, posted(min_net=entered))["min_net"] == told


def test_none_of_several_is_all_of_them(ada: User) -> None:
    change(ada, kinds=["funding"])
    assert wish_page.changes(ada.pk, NOON, posted())["kinds"] is None


def test_an_emptied_level_is_the_public_one_and_others_stay(ada: User) -> None:
    change(ada, vip_levels={"okx": 3, "kraken": 2})
    told = wish_page.changes(ada.pk, NOON, posted(**{"vip_levels.okx": ""}))["vip_levels"]
    assert (told["okx"], told["kraken"]) == ("0", "2")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("kinds", None, "all"),
        ("assets_in", [], "none"),
        ("quiet_from_min", None, "none"),
        ("shelves", ["low_risk", "ai"], "low risk, AI"),
        ("venues", ["okx", "bybit"], "OKX, Bybit"),
        ("min_net", 0.003, "0.3 %"),
        ("executable_only", True, "yes"),
        ("horizon_hours", 72, "72 h"),
        ("notional_usd", 10_000, "10,000 USD"),
        ("frequency", "5min", "every 5 min"),
        ("leverage", 2.0, "2 ×"),
    ],
)
def test_values_are_put_in_words(name: str, value: Any, words: str) -> None:
    assert wish_page.words(name, value) == words


def test_a_preview_changes_nothing(ada: User) -> None:
    changes, left_out = wish_page.preview(ada.pk, "conservative", NOON)
    assert {one.title: one.after for one in changes}["Least net"] == "0.3 %"
    assert left_out == ()
    assert preferences.of(ada.pk).version == preferences.NEVER_CHANGED


def test_a_preview_of_nothing_is_refused(ada: User) -> None:
    with pytest.raises(BadInput) as refused:
        wish_page.preview(ada.pk, "reckless", NOON)
    assert refused.value.details["field"] == "preset"
