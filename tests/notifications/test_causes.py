"""What took most from a net between two looks."""

from __future__ import annotations

from typing import Any

from notifications.causes import cause
from tests.notifications.factories import facts


def of(**changes: Any) -> tuple[str, str] | None:
    """The cause between the usual trade and a changed one."""
    return cause(facts(), facts(**changes))


def test_nothing_that_got_worse_is_no_cause() -> None:
    assert of() is None
    assert of(short={"rate": 0.002}) is None


def test_the_short_leg_s_rate_fell() -> None:
    assert of(short={"rate": 0.0004}) == ("rate_down", "bybit")


def test_the_long_leg_s_rate_rose() -> None:
    assert of(long={"rate": 0.0006}) == ("rate_up", "okx")


def test_of_two_changes_the_dearer_one_is_named() -> None:
    assert of(short={"rate": 0.0008}, long={"rate": 0.0006}) == ("rate_up", "okx")


def test_rates_of_other_intervals_are_compared_by_the_hour() -> None:
    assert of(short={"rate": 0.00045, "interval_hours": 4.0}) is None


def test_spreads_widened() -> None:
    assert of(long={"ask": 2.01}, short={"bid": 1.995, "ask": 2.01}) == ("dearer", "")


def test_prices_that_stand_against_the_trade() -> None:
    assert of(short={"bid": 1.98, "ask": 1.9804}) == ("gap_against", "")


def test_a_spot_gap_that_closed() -> None:
    spot = {"kind": "spot", "long": {"market": "spot"}, "short": {"market": "spot"}}
    closer = {**spot, "short": {"market": "spot", "bid": 2.0001, "ask": 2.0005}}
    assert cause(facts(**spot), facts(**closer)) == ("gap", "")


def test_a_leg_on_another_venue_is_not_compared() -> None:
    assert of(short={"venue": "binance", "rate": 0.0001}) is None


def test_a_signal_has_no_second_leg_to_compare() -> None:
    one = facts(short=None, kind="technical")
    assert cause(one, facts(short=None, kind="technical", long={"rate": 0.001})) == (
        "rate_up",
        "okx",
    )
