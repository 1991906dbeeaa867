"""Recorded real markets through the whole engine: what survives, and why the rest does not."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import polars as pl
import pytest

from arbedge.names import Reason
from opportunities import offline
from opportunities.policy import Policy
from opportunities.report import as_json, rejected_rows
from opportunities.scan import Result

pytestmark = pytest.mark.recordings

Scan = Callable[..., list[Result]]


@lru_cache(maxsize=8)
def _scanned(folder: Path, settings: tuple[str, ...]) -> list[Result]:
    return list(offline.results(folder, Policy().with_settings(settings)))


@pytest.fixture
def scan(recordings: Path) -> Scan:
    """Scans a recorded set under the given settings; one result per moment."""

    def scanned(name: str, *settings: str) -> list[Result]:
        return _scanned(recordings / name, settings)

    return scanned


@pytest.fixture
def spot(scan: Scan) -> Result:
    """The whole spot markets of 2022-11-21, two weeks after FTX."""
    return scan("spot-2022-11-21", "max_leg_skew=20s")[0]


def trades(result: Result) -> set[tuple[str, str, str, str]]:
    """(kind, coin, long venue, short venue) of what passes."""
    rows = result.opportunities.select("kind", "asset", "long_venue", "short_venue").iter_rows()
    return set(rows)


def reasons_of(result: Result, asset: str) -> dict[tuple[str, str, str], set[str]]:
    """(kind, long venue, short venue) of a coin's rejected candidates with their codes."""
    return {
        (row["kind"], *(leg["venue"] for leg in row["legs"])): {
            finding["code"] for finding in row["reasons"]
        }
        for row in rejected_rows(result, Policy(), asset)
        if row["kind"]
    }


def test_only_tradeable_rows_survive_the_markets_after_ftx(spot: Result) -> None:
    assert trades(spot) == {
        ("basis", "GMX", "binance", "bybit"),  # perpetual pays 0.29 % per 8 h
        ("spot", "LUNC", "okx", "binance"),  # a 0.32 % gap on 1.5 bp wide books
    }


def test_survivors_say_what_is_not_known_of_them(spot: Result) -> None:
    gmx, lunc = spot.opportunities.sort("asset").iter_rows(named=True)

    assert gmx["risk"] == "high"
    assert gmx["reasons"] >> Reason.NO_HISTORY & 1
    assert lunc["risk"] == "medium"
    assert lunc["reasons"] >> Reason.NETWORK_UNKNOWN & 1


def test_survivors_add_up_by_hand(spot: Result) -> None:
    lunc = spot.opportunities.row(by_predicate=pl.col("asset") == "LUNC", named=True)

    paid = lunc["long_ask"] * (1 + 0.0010)
    received = lunc["short_bid"] * (1 - 0.0010)

    assert lunc["net"] == pytest.approx((received - paid) / paid, abs=1e-12)


def test_dead_pairs_never_become_instruments(spot: Result) -> None:
    frame = spot.found.universe.frame
    binance = frame.filter((pl.col("venue") == "binance") & (pl.col("market") == "spot"))

    assert "FTTUSDT" not in binance["symbol"]
    assert (binance["bid"] > 0).all()
    assert (binance["ask"] > 0).all()


def test_leveraged_tokens_are_told_from_coins_that_end_alike(spot: Result) -> None:
    frame = spot.found.universe.frame
    leveraged = set(frame.filter("leveraged")["base"])

    assert {"BTCUP", "BTCDOWN", "ETHUP", "XRPDOWN"} <= leveraged
    assert "TUP" not in leveraged  # a coin, although a coin named T is listed too
    assert all("leveraged" not in codes for codes in reasons_of(spot, "TUP").values())
    assert not leveraged & {asset for _, asset, _, _ in trades(spot)}


def test_coins_whose_prices_lie_apart_are_not_opened(spot: Result) -> None:
    babydoge = reasons_of(spot, "BABYDOGE")

    assert "divergent" in babydoge["spot", "bitget", "okx"]
    assert not {"BABYDOGE", "BETH"} & {asset for _, asset, _, _ in trades(spot)}


def test_halted_deposits_show_as_a_gap_that_thin_trading_keeps_shut(spot: Result) -> None:
    assert "thin_volume" in reasons_of(spot, "HNT")["spot", "okx", "bitget"]


def test_at_the_default_skew_legs_read_15_seconds_apart_are_rejected(scan: Scan) -> None:
    strict = scan("spot-2022-11-21")[0]

    assert trades(strict) == {("basis", "GMX", "binance", "bybit")}
    across = [
        codes
        for (_, long, short), codes in reasons_of(strict, "LUNC").items()
        if {long, short} == {"okx", "binance"}
    ]
    assert across
    assert all("leg_skew" in codes for codes in across)


def test_a_quiet_day_pays_nothing_and_the_nearest_miss_says_why(scan: Scan) -> None:
    quiet = scan("perps-2026-06-02", "max_leg_skew=70s")[0]

    assert quiet.opportunities.is_empty()
    nearest = as_json(quiet, Policy())["nearest_misses"][0]
    assert (nearest["asset"], nearest["kind"]) == ("WIF", "funding")
    assert [leg["venue"] for leg in nearest["legs"]] == ["bybit", "binance"]
    assert "below_threshold" in nearest["reasons"]


def test_on_the_announced_figures_one_trade_of_the_series_reaches_five_points(scan: Scan) -> None:
    series = scan("perps-series-2026-06-02", "measure=net_announced", "threshold=5bp")

    paying = [sorted(trades(result)) for result in series]
    assert len(series) == 60
    assert [moment for moment, found in enumerate(paying) if found] == [36, 37, 38, 39]
    assert {trade for found in paying for trade in found} == {
        ("funding", "WIF", "bybit", "binance")
    }


def test_at_the_defaults_nothing_of_the_series_pays(scan: Scan) -> None:
    assert all(result.opportunities.is_empty() for result in scan("perps-series-2026-06-02"))


def test_without_intervals_from_the_venue_none_is_assumed(scan: Scan) -> None:
    lonely = scan("funding-2024-11-27")[0]
    frame = lonely.found.universe.frame

    assert frame["interval_hours"].null_count() == frame.height == 375
    assert lonely.counts["interval_unknown"] == 375
    assert lonely.opportunities.is_empty()


def test_quarterlies_are_never_taken_for_perpetuals(scan: Scan) -> None:
    frame = scan("funding-2024-11-27")[0].found.universe.frame

    assert not frame["symbol"].str.contains("_").any()


def test_instruments_without_a_partner_are_listed_with_their_reasons(scan: Scan) -> None:
    lonely = scan("funding-2024-11-27")[0]

    told = {row["legs"][0]["instrument"]: row for row in rejected_rows(lonely, Policy(), "WIF")}
    assert set(told) == {"WIFUSDT", "WIFUSDC"}
    assert told["WIFUSDT"]["kind"] is None
    codes = {finding["code"] for finding in told["WIFUSDT"]["reasons"]}
    assert codes >= {"no_price", "interval_unknown"}
