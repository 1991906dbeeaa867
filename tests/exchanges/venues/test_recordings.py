"""The venue files on recorded real answers: row counts, dead pairs, intervals, quarterlies."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arbedge.names import Market
from exchanges.columns import Parsed
from exchanges.symbols import infer, leveraged, normalise
from exchanges.venues import VENUES
from exchanges.venues.base import Feed, Ladder
from tests.exchanges.venues.reading import feed

pytestmark = pytest.mark.recordings

SPOT_2022 = "spot-2022-11-21"
SETS = [
    SPOT_2022,
    "perps-2026-06-02",
    "perps-series-2026-06-02",
    "funding-2024-11-27",
    "funding-okx-hl-2026-03-10",
    "instruments",
]
# Hosts of one venue are venues of their own in the manifests.
NAMES = {"binance-spot": "binance", "binance-usdm": "binance"}


def body(recordings: Path, path: str) -> bytes:
    return gzip.decompress((recordings / f"{path}.json.gz").read_bytes())


def read(recordings: Path, path: str, venue: str, name: str) -> Parsed:
    return feed(venue, name).parse(body(recordings, path))


def matching(response: dict[str, Any]) -> Feed | None:
    """The feed that asks for what a recorded response answers."""
    venue = VENUES.get(NAMES.get(response["venue"], response["venue"]))
    query = {key: str(value) for key, value in (response["query"] or {}).items()}
    for one in venue.feeds if venue else ():
        if one.ask.path == response["path"] and query.items() <= one.ask.query.items():
            return one
    return None


def bodies(recordings: Path, folder: str, response: dict[str, Any]) -> list[bytes]:
    whole = gzip.decompress((recordings / folder / response["file"]).read_bytes())
    if response.get("format") != "jsonl":
        return [whole]
    sweeps = [json.loads(line) for line in whole.splitlines()]
    return [json.dumps(sweep["body"]).encode() for sweep in sweeps if "body" in sweep]


@pytest.mark.parametrize("folder", SETS)
def test_every_recorded_row_is_read_or_counted(recordings: Path, folder: str) -> None:
    manifest = json.loads((recordings / folder / "manifest.json").read_text())
    found = [(response, matching(response)) for response in manifest["responses"]]
    asked = [(response, one) for response, one in found if one is not None]
    assert asked, f"no feed asks for anything in {folder}"
    for response, one in asked:
        rows = 0
        for answer in bodies(recordings, folder, response):
            parsed = one.parse(answer)
            kept = {reason: n for reason, n in parsed.dropped.items() if reason != "one_sided"}
            rows += parsed.frame.height + sum(kept.values())
            assert "malformed_row" not in parsed.dropped
        assert rows == response["rows"], f"{response['venue']} {response['path']}"


def test_dead_pairs_of_2022_are_dropped_with_their_number(recordings: Path) -> None:
    binance = read(recordings, f"{SPOT_2022}/binance/spot_book_ticker", "binance", "spot_book")
    bitget = read(recordings, f"{SPOT_2022}/bitget/spot_tickers", "bitget", "spot")
    assert binance.dropped == {"no_price": 677}
    assert bitget.dropped == {"no_price": 42}
    assert "FTTUSDT" not in binance.frame.get_column("symbol")
    assert "BGBUSDT" not in bitget.frame.get_column("symbol")


def test_six_contracts_of_2022_settle_hourly(recordings: Path) -> None:
    perps = read(recordings, f"{SPOT_2022}/bybit/tickers_linear", "bybit", "perp").frame
    hourly = perps.filter(pl.col("interval_hours") == 1)
    assert hourly.height == 6
    xem = hourly.row(by_predicate=pl.col("symbol") == "XEMUSDT", named=True)
    assert xem["rate"] == pytest.approx(-0.00188, abs=1e-5)
    assert set(hourly.get_column("next_settlement_ms")) == {1669014000000.0}


def test_extreme_rates_are_not_dropped_unseen(recordings: Path) -> None:
    perps = read(recordings, f"{SPOT_2022}/bybit/tickers_linear", "bybit", "perp").frame
    rates = dict(perps.select("symbol", "rate").iter_rows())
    assert rates["CREAMUSDT"] == pytest.approx(-0.0295, abs=1e-4)
    assert rates["HNTUSDT"] == pytest.approx(-0.0247, abs=1e-4)


def test_the_four_quarterlies_of_2024_are_dated(recordings: Path) -> None:
    path = "funding-2024-11-27/binance/fapi_premium_index"
    funding = read(recordings, path, "binance", "perp_funding").frame
    unscheduled = funding.filter(pl.col("next_settlement_ms") == 0)
    inferred = infer(funding.get_column("symbol"), "binance", Market.PERP)
    dated = inferred.filter(pl.col("market") == Market.DATED)
    assert unscheduled.height == 4
    assert set(dated.get_column("symbol")) == set(unscheduled.get_column("symbol"))
    assert "interval_hours" not in funding.columns


def test_only_wif_is_listed_with_an_interval_in_2026(recordings: Path) -> None:
    path = "perps-2026-06-02/binance/fapi_funding_info"
    intervals = read(recordings, path, "binance", "perp_intervals").frame
    assert intervals.select("symbol", "interval_hours").rows() == [("WIFUSDT", 4.0)]


def test_wif_settles_every_four_hours_on_every_venue_that_says_so(recordings: Path) -> None:
    folder = "perps-2026-06-02"
    answers = {
        "WIFUSDT@bybit": read(recordings, f"{folder}/bybit/tickers_linear", "bybit", "perp"),
        "WIF-USDT-SWAP@okx": read(
            recordings, f"{folder}/okx/funding_rate_any", "okx", "perp_funding"
        ),
        "WIFUSDT@bitget": read(
            recordings, f"{folder}/bitget/mix_current_fund_rate_usdt", "bitget", "perp_funding"
        ),
    }
    for name, parsed in answers.items():
        symbol = name.partition("@")[0]
        hours = dict(parsed.frame.select("symbol", "interval_hours").iter_rows())
        assert hours.pop(symbol) == 4.0, name
        assert set(hours.values()) == {8.0}, name


def test_okx_caps_and_floors_bound_the_rate(recordings: Path) -> None:
    path = "funding-okx-hl-2026-03-10/okx/funding_rate_any"
    funding = read(recordings, path, "okx", "perp_funding").frame
    assert funding.filter(pl.col("rate").is_between("rate_floor", "rate_cap")).height == 5


def test_settled_funding_is_eight_hours_apart(recordings: Path) -> None:
    path = "funding-okx-hl-2026-03-10/okx/funding_rate_history_BTC-USDT-SWAP"
    settled = VENUES["okx"].parse_history(body(recordings, path)).sort("settled_at_ms")
    gaps = settled.get_column("settled_at_ms").diff().drop_nulls()
    assert settled.height == 100
    assert set(gaps) == {8 * 3_600_000.0}


def books(recordings: Path, venue: str, symbol: str) -> list[Ladder]:
    """The books of all sweeps that brought one; a failed sweep has an error in its place."""
    path = recordings / f"books-2026-06-02/{venue}/orderbook_{symbol}.jsonl.gz"
    sweeps = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    parse = VENUES[venue].parse_depth
    return [parse(json.dumps(sweep["body"]).encode()) for sweep in sweeps if "body" in sweep]


@pytest.mark.parametrize("venue", ["binance", "bybit", "bitget"])
def test_recorded_books_have_levels_in_order(recordings: Path, venue: str) -> None:
    ladders = books(recordings, venue, "USDCUSDT")
    assert len(ladders) == 11
    for ladder in ladders:
        bids = [price for price, _ in ladder.bids]
        asks = [price for price, _ in ladder.asks]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] < asks[0]


def test_a_book_with_both_sides_empty_is_a_book(recordings: Path) -> None:
    sides = {(ladder.bids, ladder.asks) for ladder in books(recordings, "binance", "BUSDUSDT")}
    assert sides == {((), ())}


def test_recorded_networks_are_read(recordings: Path) -> None:
    parse = VENUES["bitget"].parse_networks
    assert parse is not None
    networks = parse(body(recordings, "perps-2026-06-02/bitget/spot_public_coins"))
    assert networks.get_column("coin").n_unique() == 15
    assert networks.get_column("can_withdraw").null_count() == 0


def test_listed_perpetuals_and_dated_contracts_are_told_apart(recordings: Path) -> None:
    path = "instruments/binance/fapi_exchange_info"
    markets = read(recordings, path, "binance", "perp_instruments").frame.get_column("market")
    assert dict(markets.value_counts().iter_rows()) == {"perp": 552, "dated": 4}
    path = "instruments/bybit/instruments_info_linear_incomplete"
    markets = read(recordings, path, "bybit", "perp_instruments").frame.get_column("market")
    assert dict(markets.value_counts().iter_rows()) == {"perp": 347, "dated": 18}


def test_okx_lists_linear_swaps_only(recordings: Path) -> None:
    parsed = read(recordings, "instruments/okx/instruments_swap", "okx", "perp_instruments")
    assert parsed.dropped == {"inverse": 15}
    preopen = parsed.frame.row(by_predicate=pl.col("symbol") == "2Z-USDT-SWAP", named=True)
    assert (preopen["status"], preopen["base"]) == ("pre_market", "2Z")


def test_multiplied_contracts_of_2025_find_their_coins(recordings: Path) -> None:
    perps = read(
        recordings, "instruments/binance/fapi_exchange_info", "binance", "perp_instruments"
    )
    swaps = read(recordings, "instruments/okx/instruments_swap", "okx", "perp_instruments")
    frame = normalise(pl.concat([perps.frame, swaps.frame]))
    named = {row["base"]: (row["asset"], row["multiplier"]) for row in frame.to_dicts()}
    assert named["1000PEPE"] == ("PEPE", 1000.0)
    assert named["1000SHIB"] == ("SHIB", 1000.0)
    assert named["1INCH"] == ("1INCH", 1.0)


def test_leveraged_tokens_of_2023_are_found_and_coins_are_not(recordings: Path) -> None:
    path = "instruments/binance/spot_exchange_info"
    bases = read(recordings, path, "binance", "spot_instruments").frame.get_column("base").unique()
    tokens = set(bases.filter(leveraged(bases, set(bases))))
    assert {"BTCUP", "BTCDOWN", "ETHBULL", "ETHBEAR"} <= tokens
    assert not {"JUP", "SUPER", "SYRUP", "PUNDIX", "BTC", "ETH"} & tokens
    assert all(token.endswith(("UP", "DOWN", "BULL", "BEAR")) for token in tokens)
