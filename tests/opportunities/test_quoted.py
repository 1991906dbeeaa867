"""Prices of a pair: which pair is meant, and where it is cheapest and dearest."""

from __future__ import annotations

import pytest

from arbedge.names import Market
from opportunities.quoted import extremes, like, of_pair, pair
from tests.opportunities.markets import perp, spot
from tests.opportunities.snapshots import snapshot

MARKETS = snapshot(
    spot("binance", "BTC", 100.0, 100.1),
    spot("okx", "BTC", 100.2, 100.3, symbol="BTC-USDT"),
    spot("okx", "BTC", 99.0, 99.2, quote="USDC"),
    perp("bybit", "BTC", 100.1, 100.2),
    perp(
        "bybit",
        "PEPE",
        0.00001,
        0.000011,
        symbol="1000PEPEUSDT",
        base="1000PEPE",
        multiplier=1000.0,
    ),
    spot("okx", "SXP", 5.0, 5.1, quote="USDC"),
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BTC", ("BTC", "USDT")),
        ("btc", ("BTC", "USDT")),
        ("$BTC", ("BTC", "USDT")),
        ("BTC/USDT", ("BTC", "USDT")),
        ("BTC-USDC", ("BTC", "USDC")),
        ("btc_usdc", ("BTC", "USDC")),
        ("BTCUSDT", ("BTC", "USDT")),
        ("BTCUSDC", ("BTC", "USDC")),
        ("BTC-USDT-SWAP", ("BTC", "USDT")),
        ("1000PEPEUSDT", ("PEPE", "USDT")),
        ("PEPE", ("PEPE", "USDT")),
        ("1000PEPE", ("PEPE", "USDT")),
        ("SXP", ("SXP", "USDC")),
        ("BTC/EUR", None),
        ("NOPE", None),
        ("/", None),
    ],
)
def test_a_pair_is_understood_however_it_is_written(
    text: str, found: tuple[str, str] | None
) -> None:
    assert pair(text, MARKETS) == found


def test_what_was_mistyped_has_likenesses() -> None:
    assert like("PEPPE", MARKETS) == ["PEPE"]
    assert like("QQQQ", MARKETS) == []


def test_spot_stands_before_perpetuals_the_cheapest_first() -> None:
    found = of_pair("BTC", "USDT", MARKETS)

    assert [(one.venue, one.market) for one in found] == [
        ("binance", "spot"), ("okx", "spot"), ("bybit", "perp"),
    ]  # fmt: skip


def test_middle_and_spread_add_up_by_hand() -> None:
    (first, *_) = of_pair("BTC", "USDT", MARKETS)

    assert first.mid == pytest.approx(100.05)
    assert first.spread == pytest.approx(0.1 / 100.05)


def test_the_gap_is_the_dearest_bid_over_the_cheapest_ask() -> None:
    found = extremes(of_pair("BTC", "USDT", MARKETS), Market.SPOT)

    assert found is not None
    assert (found.cheapest.venue, found.dearest.venue) == ("binance", "okx")
    assert found.gap == pytest.approx(100.2 / 100.1 - 1)


def test_one_venue_alone_has_no_extremes() -> None:
    assert extremes(of_pair("BTC", "USDT", MARKETS), Market.PERP) is None


def test_stale_and_strange_prices_are_no_extremes() -> None:
    quotes = of_pair(
        "WIF",
        "USDT",
        snapshot(
            spot("binance", "WIF", 1.0, 1.001),
            spot("bybit", "WIF", 1.002, 1.003),
            spot("okx", "WIF", 1.05, 1.051, age_ms=31_000.0),
            spot("bitget", "WIF", 1.2, 1.201),
        ),
    )

    found = extremes(quotes, Market.SPOT)

    assert found is not None
    assert (found.cheapest.venue, found.dearest.venue) == ("binance", "bybit")
    assert {one.venue: (one.fresh, one.strange) for one in quotes} == {
        "binance": (True, False), "bybit": (True, False), "okx": (False, False),
        "bitget": (True, True),
    }  # fmt: skip


def test_a_market_without_a_price_is_left_out() -> None:
    assert of_pair("WIF", "USDT", snapshot(spot("okx", "WIF", None, None))) == []
