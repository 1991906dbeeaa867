"""What alerts are compared with, read from the book."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from notifications.alerts import trigger_sources
from notifications.alerts.trigger_sources import Reading
from tests.notifications.alerts.watching import funded, quoted, snapshot


def values(readings: Sequence[Reading]) -> dict[tuple[str, str], float]:
    """Figures by subject and venue, without the crumbs of binary fractions."""
    return {(one.subject, one.venue): round(one.value, 9) for one in readings}


def test_a_price_is_the_middle_at_a_venue_and_the_median_of_all() -> None:
    book = snapshot(quoted("okx", "BTC", 100), quoted("bybit", "BTC", 104), quoted("x", "BTC", 300))

    assert values(trigger_sources.prices(book)) == {
        ("BTC/USDT", "okx"): 100,
        ("BTC/USDT", "bybit"): 104,
        ("BTC/USDT", "x"): 300,
        ("BTC/USDT", ""): 104,
    }


def test_quotes_are_pairs_of_their_own() -> None:
    book = snapshot(quoted("okx", "BTC", 100), quoted("okx", "BTC", 90, quote="EUR"))
    told = values(trigger_sources.prices(book))
    assert (told["BTC/USDT", ""], told["BTC/EUR", ""]) == (100, 90)


def test_a_perpetual_prices_what_has_no_spot_market() -> None:
    book = snapshot(
        quoted("okx", "BTC", 100), funded("bybit", "BTC", 0.0001), funded("okx", "W", 0)
    )
    told = values(trigger_sources.prices(book))

    assert told["BTC/USDT", ""] == 100
    assert told["BTC/USDT", "bybit"] == 2
    assert told["W/USDT", ""] == 2


@pytest.mark.parametrize(
    "odd",
    [
        {"age_ms": 30_001.0},
        {"age_ms": None},
        {"bid": None},
        {"bid": 0.0},
        {"bid": 101.0, "ask": 100.0},
        {"status": "halted"},
        {"leveraged": True},
    ],
)
def test_what_cannot_be_trusted_is_left_out(odd: dict[str, object]) -> None:
    assert trigger_sources.prices(snapshot(quoted("okx", "BTC", 100, **odd))) == []


def test_what_was_read_from_its_symbol_counts_as_it_does_for_the_bot() -> None:
    read = quoted("okx", "BTC", 100, status="unknown", inferred=True)
    assert values(trigger_sources.prices(snapshot(read)))["BTC/USDT", "okx"] == 100


def test_an_empty_book_tells_nothing() -> None:
    assert trigger_sources.prices(snapshot()) == []
    assert trigger_sources.funding(snapshot()) == []
    assert trigger_sources.silence(snapshot()) == []


def test_the_oldest_price_gives_the_age_of_a_median() -> None:
    book = snapshot(quoted("okx", "BTC", 100, age_ms=900.0), quoted("bybit", "BTC", 100))
    [median] = [one for one in trigger_sources.prices(book) if one.venue == ""]
    assert median.more == {"age_ms": 900.0, "venues": 2}


@pytest.mark.parametrize("hours", [1.0, 2.0, 4.0, 8.0])
def test_the_same_economics_are_the_same_funding(hours: float) -> None:
    book = snapshot(funded("okx", "WIF", 0.0001 * hours, hours))
    assert values(trigger_sources.funding(book))["WIF", "okx"] == pytest.approx(0.0008)


def test_the_largest_funding_counts_where_no_venue_is_named() -> None:
    book = snapshot(funded("okx", "WIF", 0.0003), funded("bybit", "WIF", -0.0009))
    told = {(one.subject, one.venue): one for one in trigger_sources.funding(book)}

    assert told["WIF", ""].value == pytest.approx(0.0009)
    assert told["WIF", ""].more["at"] == "bybit"
    assert told["WIF", ""].more["rate"] == -0.0009
    assert told["WIF", "okx"].value == pytest.approx(0.0003)


@pytest.mark.parametrize(
    "odd", [{"rate": None}, {"rate": 0.06}, {"interval_hours": None}, {"interval_hours": 0.0}]
)
def test_funding_nobody_would_announce_is_left_out(odd: dict[str, object]) -> None:
    assert trigger_sources.funding(snapshot({**funded("okx", "WIF", 0.001), **odd})) == []


def test_a_venue_is_blind_when_its_answers_are_old_or_missing() -> None:
    book = snapshot(ages_ms={"okx": 30_001.0, "bybit": None, "binance": 2_000.0})
    assert values(trigger_sources.silence(book)) == {
        ("okx", ""): 1,
        ("bybit", ""): 1,
        ("binance", ""): 0,
    }


def test_when_none_answers_it_is_we_who_are_blind() -> None:
    assert trigger_sources.silence(snapshot(ages_ms={"okx": None, "bybit": 60_000.0})) == []


def test_a_paused_venue_is_not_blind() -> None:
    book = snapshot(ages_ms={"okx": 60_000.0, "bybit": 1.0})
    assert values(trigger_sources.silence(book, ["okx"])) == {("bybit", ""): 0}
