"""Alerts people may set, and what they are told when one cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import KeyState, StoredKey, User
from arbedge.choices import VENUES, mask
from arbedge.errors import BadInput
from notifications.alerts import trigger_rules
from notifications.alerts.trigger_rules import Spec
from notifications.names import TriggerKind
from tests.accounts.factories import UserFactory
from tests.factories import InstrumentFactory
from tests.notifications.factories import NOON, reachable_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def listed(settings: Settings) -> None:
    settings.VENUES, settings.EXTRA_VENUES = ["binance", "okx"], []
    InstrumentFactory(venue="okx", asset="BTC", quote="USDT", symbol="BTC-USDT", market="spot")
    InstrumentFactory(venue="binance", asset="PEPE", quote="USDC", symbol="PEPEUSDC", market="spot")


def spec(kind: str, subject: str, venue: str = "", level: float | None = 1.0, **more: Any) -> Spec:
    circle = {"venues": ["okx"], "keys": ["okx"], **more}
    return trigger_rules.spec(kind, subject, venue, level, **circle)


def refused(*given: Any, **more: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        spec(*given, **more)
    return caught.value


def key(user: User, venue: str = "okx", state: str = KeyState.ACTIVE) -> StoredKey:
    made: StoredKey = StoredKey.objects.create(
        user=user, slot=user.keys.count() + 1, kind="exchange", provider=venue, last4="abcd",
        digest=venue.encode().ljust(32), sealed="sealed", can_read=True, state=state, made_at=NOON,
    )  # fmt: skip
    return made


@pytest.mark.parametrize("typed", ["BTC", "btc", " btc ", "BTC/USDT", "btc-usdt", "BTC USDT"])
def test_a_pair_is_kept_in_one_way_of_writing(typed: str) -> None:
    assert spec("price_above", typed).subject == "BTC/USDT"


def test_a_pair_may_have_another_quote() -> None:
    assert spec("price_below", "pepe/usdc").subject == "PEPE/USDC"


@pytest.mark.parametrize("kind", ["net_above", "funding_above"])
def test_a_coin_is_known_by_the_venues_lists(kind: str) -> None:
    assert spec(kind, "btc", level=0.01).subject == "BTC"


def test_a_venue_is_named_only_where_it_matters() -> None:
    assert spec("price_above", "BTC", "OKX").venue == "okx"
    assert spec("net_above", "BTC", "OKX", 0.01).venue == ""


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        (("price_sideways", "BTC"), "kind", "no alert called"),
        (("price_above", ""), "subject", "such as BTC"),
        (("price_above", "A/B/C"), "subject", "such as BTC"),
        (("price_above", "DOGE"), "subject", "No venue here lists DOGE/USDT"),
        (("price_above", "BTC/EUR"), "subject", "No venue here lists BTC/EUR"),
        (("price_above", "BTC", "binance"), "subject", "binance does not list BTC"),
        (("price_above", "BTC", "mtgox"), "venue", "no venue that is read here"),
        (("net_above", "", "", 0.01), "subject", "Write a coin"),
        (("net_above", "X" * 500, "", 0.01), "subject", "Write a coin"),
        (("net_above", "'; DROP TABLE", "", 0.01), "subject", "No venue here lists"),
        (("venue_blind", "binance"), "subject", "not among your venues"),
        (("venue_blind", "nowhere"), "subject", "no venue that is read here"),
        (("balance_change", "binance", "", 0.1), "subject", "once you have added a key"),
    ],
)
def test_what_is_not_known_is_refused_by_its_field(
    given: tuple[Any, ...], field: str, said: str
) -> None:
    error = refused(*given)
    assert error.details["field"] == field
    assert said in error.message


@pytest.mark.parametrize(
    ("kind", "subject", "level"),
    [
        ("price_above", "BTC", 0.0),
        ("price_above", "BTC", -1.0),
        ("price_above", "BTC", 1e13),
        ("net_above", "BTC", 0.00001),
        ("net_above", "BTC", 11.0),
        ("funding_above", "BTC", 1.1),
        ("balance_change", "okx", 0.0001),
        ("profit_and_loss", "okx", 0.5),
        ("profit_and_loss", "okx", -0.5),
    ],
)
def test_a_level_out_of_bounds_is_refused_with_the_bounds(
    kind: str, subject: str, level: float
) -> None:
    error = refused(kind, subject, "", level)
    rule = trigger_rules.RULES[TriggerKind(kind)]
    assert error.details == {"field": "level", "limit": (rule.lowest, rule.highest)}


@pytest.mark.parametrize("level", [None, float("nan"), float("inf")])
def test_a_level_that_is_no_number_is_refused(level: float | None) -> None:
    assert refused("price_above", "BTC", "", level).details["field"] == "level"


def test_a_level_of_fractions_is_told_in_per_cent() -> None:
    assert "0.01\u2009%" in refused("net_above", "BTC", "", 1e-9).message


def test_a_loss_has_a_level_below_zero() -> None:
    assert spec("profit_and_loss", "okx", "", -100.0).level == -100


def test_silence_needs_no_level() -> None:
    assert spec("venue_blind", "OKX", level=99.0) == Spec(TriggerKind.VENUE_BLIND, "okx")


def test_a_note_is_kept_short() -> None:
    assert spec("price_above", "BTC", label="  my \n note ").label == "my note"
    assert refused("price_above", "BTC", label="x" * 61).details == {"field": "label", "limit": 60}


def test_whoever_chose_no_venues_follows_all_that_are_read() -> None:
    assert trigger_rules.venues_followed(UserFactory().pk) == ["binance", "okx"]


def test_chosen_venues_and_those_with_a_key_are_followed() -> None:
    person = reachable_person(venues=mask(["bybit"], VENUES))
    assert trigger_rules.venues_followed(person.pk) == []
    key(person, "binance")
    assert trigger_rules.venues_followed(person.pk) == ["binance"]


def test_only_a_working_key_opens_an_account() -> None:
    person = UserFactory()
    key(person, "okx")
    key(person, "binance", KeyState.INVALID)
    assert trigger_rules.venues_with_key(person.pk) == ["okx"]
