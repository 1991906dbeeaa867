"""Announced funding: what is compared, what is told apart, and figures that add up by hand."""

from __future__ import annotations

from typing import Any

import pytest

from opportunities import announced
from opportunities.announced import Announced, best_difference, differences, of_coin
from tests.opportunities.markets import Row, after, perp, spot
from tests.opportunities.snapshots import snapshot

OKX = perp("okx", "WIF", rate=0.000089, interval=4, next_in="38min")
BYBIT = perp("bybit", "WIF", rate=0.0009, interval=8, next_in="38min")
BINANCE = perp("binance", "WIF", rate=0.0001, interval=8)


def coins(*rows: Row) -> list[str]:
    return [one.long.asset for one in differences(snapshot(*rows))]


def venues(rows: list[Announced]) -> list[str]:
    return [row.venue for row in rows]


def test_rates_are_brought_to_eight_hours() -> None:
    bybit, okx = of_coin("WIF", snapshot(OKX, BYBIT))

    assert bybit.per_eight_hours == pytest.approx(0.0009)
    assert okx.per_eight_hours == pytest.approx(0.000178)
    assert okx.next_at is not None
    assert okx.next_at.timestamp() * 1000 == after("38min")
    assert okx.age_s == 1.2


def test_the_highest_rate_stands_first_and_unknown_ones_last() -> None:
    bitget = perp("bitget", "WIF", rate=None)

    found = of_coin("wif", snapshot(bitget, OKX, BYBIT, BINANCE))

    assert venues(found) == ["bybit", "okx", "binance", "bitget"]
    assert found[-1].per_eight_hours is None


@pytest.mark.parametrize("interval", [None, 0.0])
def test_without_an_interval_a_rate_is_told_but_not_compared(interval: float | None) -> None:
    (found,) = of_coin("WIF", snapshot(perp("okx", "WIF", rate=0.0001, interval=interval)))

    assert (found.rate, found.hourly, found.counts) == (0.0001, None, False)


def test_other_coins_spot_and_what_is_not_trading_are_left_out() -> None:
    rows = (
        OKX, perp("bybit", "WIFE"), spot("bybit", "WIF"),
        perp("binance", "WIF", status="halted"), perp("bitget", "WIF", leveraged=True),
    )  # fmt: skip

    assert venues(of_coin("WIF", snapshot(*rows))) == ["okx"]


def test_the_best_difference_is_short_the_highest_and_long_the_lowest() -> None:
    found = best_difference(of_coin("WIF", snapshot(OKX, BYBIT, BINANCE)))

    assert found is not None
    assert (found.long.venue, found.short.venue) == ("binance", "bybit")
    assert found.per_eight_hours == pytest.approx(0.0008)
    assert found.apr == pytest.approx(0.0001 * 8760)


@pytest.mark.parametrize(
    "change",
    [
        {"age_ms": 30_001.0},
        {"age_ms": None},
        {"rate": 0.06},
        {"quote": "USDC"},
        {"bid": 120.0, "ask": 120.1},
    ],
    ids=["stale", "ageless", "incredible", "another quote", "another price"],
)
def test_what_cannot_be_trusted_makes_no_difference(change: dict[str, Any]) -> None:
    rows = of_coin("WIF", snapshot(OKX, BINANCE, BYBIT | change))

    found = best_difference(rows)

    assert found is not None
    assert {found.long.venue, found.short.venue} == {"okx", "binance"}


def test_equal_rates_and_single_venues_make_no_difference() -> None:
    same = perp("bybit", "WIF", rate=0.000178, interval=8)

    assert best_difference(of_coin("WIF", snapshot(OKX, same))) is None
    assert best_difference(of_coin("WIF", snapshot(OKX))) is None
    assert best_difference([]) is None


def test_a_price_far_from_the_others_is_told_as_strange() -> None:
    other = perp("bybit", "WIF", 150.0, 150.1)

    found = {row.venue: row.strange for row in of_coin("WIF", snapshot(OKX, BINANCE, other))}

    assert found == {"okx": False, "binance": False, "bybit": True}


# All coins.


def test_coins_stand_by_how_far_venues_are_apart() -> None:
    small = (perp("okx", "SXP", rate=0.0001), perp("bybit", "SXP", rate=0.0002))

    assert coins(*small, OKX, BYBIT) == ["WIF", "SXP"]


def test_a_coin_has_its_widest_pair_and_the_number_is_limited() -> None:
    many = [
        perp(venue, f"C{n}", rate=rate * (n + 1))
        for n in range(12)
        for venue, rate in (("okx", -0.0001), ("bybit", 0.0001), ("binance", 0.0))
    ]

    found = differences(snapshot(*many), most=3)

    assert [one.long.asset for one in found] == ["C11", "C10", "C9"]
    assert (found[0].long.venue, found[0].short.venue) == ("okx", "bybit")
    assert found[0].hourly == pytest.approx(0.0024 / 8)


@pytest.mark.parametrize(
    "change",
    [
        {"age_ms": 30_001.0},
        {"rate": -0.06},
        {"interval_hours": None},
        {"quote": "USDC"},
        {"volume_usd": 199_999.0},
        {"bid": 112.0, "ask": 112.1},
        {"status": "pre_market"},
        {"leveraged": True},
    ],
)
def test_traps_are_no_differences(change: dict[str, Any]) -> None:
    assert coins(OKX, BYBIT | change) == []


def test_an_empty_market_has_none() -> None:
    assert differences(snapshot()) == []
    assert of_coin("WIF", snapshot()) == []


def test_freshness_is_the_one_of_the_gates() -> None:
    assert announced.FRESH_MS == 30_000.0


def test_what_was_read_from_its_symbol_is_shown_too() -> None:
    inferred = perp("okx", "WIF", status="unknown", inferred=True)

    assert venues(of_coin("WIF", snapshot(inferred, perp("bybit", "WIF", status="unknown")))) == [
        "okx"
    ]
