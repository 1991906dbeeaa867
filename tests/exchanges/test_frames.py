"""The join of answers and instruments into one frame per market."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbedge.names import Market
from exchanges import frames
from exchanges.columns import MARKET
from tests.exchanges.answers import NOW, book, instruments, piece, wire

BTC = {"venue": "binance", "symbol": "BTCUSDT", "asset": "BTC"}
ETH = {"venue": "binance", "symbol": "ETHUSDT", "asset": "ETH"}
PEPE = {
    "venue": "binance",
    "symbol": "1000PEPEUSDT",
    "base": "1000PEPE",
    "asset": "PEPE",
    "multiplier": 1000.0,
}


def quotes(symbols: list[str], **more: list[Any]) -> pl.DataFrame:
    """Bid 10, 11, …; ask half above; sizes 2 and 3."""
    bids = [10.0 + place for place in range(len(symbols))]
    return wire(
        symbol=symbols,
        bid=bids,
        ask=[bid + 0.5 for bid in bids],
        bid_size=[2.0] * len(bids),
        ask_size=[3.0] * len(bids),
        **more,
    )


def perp(pieces: Any, known: pl.DataFrame, **more: Any) -> pl.DataFrame:
    return frames.assemble(pieces, known, **more).perp


def row(frame: pl.DataFrame, symbol: str) -> dict[str, Any]:
    return frame.row(by_predicate=pl.col("symbol") == symbol, named=True)


def test_frame_has_the_columns_of_a_market() -> None:
    frame = perp(book(piece("binance", "book", quotes(["BTCUSDT"]))), instruments(BTC))

    assert frame.schema == pl.Schema(dict(MARKET))


def test_feeds_are_joined_by_symbol_whatever_their_order() -> None:
    pieces = book(
        piece("binance", "book", quotes(["ETHUSDT", "BTCUSDT"])),
        piece("binance", "premium", wire(symbol=["BTCUSDT", "ETHUSDT"], rate=[1e-4, -2e-4])),
    )

    frame = perp(pieces, instruments(BTC, ETH))

    assert row(frame, "BTCUSDT")["bid"] == 11.0
    assert row(frame, "BTCUSDT")["rate"] == 1e-4
    assert row(frame, "ETHUSDT")["bid"] == 10.0
    assert row(frame, "ETHUSDT")["rate"] == -2e-4


def test_what_a_feed_does_not_say_is_null() -> None:
    pieces = book(
        piece("binance", "book", quotes(["BTCUSDT", "ETHUSDT"])),
        piece("binance", "premium", wire(symbol=["BTCUSDT"], rate=[1e-4])),
    )

    told = row(perp(pieces, instruments(BTC, ETH)), "ETHUSDT")

    assert told["rate"] is None
    assert told["mark"] is None
    assert told["unchanged_scans"] is None


def test_an_instrument_without_a_price_answer_has_no_row() -> None:
    frame = perp(book(piece("binance", "book", quotes(["BTCUSDT"]))), instruments(BTC, ETH))

    assert frame["symbol"].to_list() == ["BTCUSDT"]


def test_a_minute_old_answer_does_not_revive_a_dead_pair() -> None:
    pieces = book(
        piece("binance", "book", quotes(["BTCUSDT"])),
        piece("binance", "24h", quotes(["BTCUSDT", "ETHUSDT"]), essential=False),
    )

    assert perp(pieces, instruments(BTC, ETH))["symbol"].to_list() == ["BTCUSDT"]


def test_without_any_price_answer_the_rates_make_the_rows() -> None:
    premium = wire(symbol=["BTCUSDT"], mark=[10.0], rate=[1e-4])

    told = row(perp(book(piece("binance", "premium", premium)), instruments(BTC)), "BTCUSDT")

    assert told["bid"] is None
    assert told["rate"] == 1e-4
    assert told["interval_hours"] is None


def test_essential_answers_win_over_slower_ones() -> None:
    slow = wire(symbol=["BTCUSDT"], mark=[1.0], last=[9.0])
    fast = wire(symbol=["BTCUSDT"], mark=[2.0], rate=[1e-4])
    pieces = book(
        piece("binance", "24h", slow),
        piece("binance", "book", quotes(["BTCUSDT"])),
        piece("binance", "premium", fast),
    )

    told = row(perp(pieces, instruments(BTC)), "BTCUSDT")

    assert (told["mark"], told["last"]) == (2.0, 9.0)


def test_a_column_without_any_value_gives_way_to_another_feed() -> None:
    pieces = book(
        piece("binance", "book", quotes(["BTCUSDT"], last=[None])),
        piece("binance", "24h", wire(symbol=["BTCUSDT"], last=[9.0])),
    )

    assert row(perp(pieces, instruments(BTC)), "BTCUSDT")["last"] == 9.0


def test_unknown_symbols_are_dropped_and_counted() -> None:
    pieces = book(piece("binance", "book", quotes(["BTCUSDT", "NEWUSDT", "FRESHUSDT"])))

    snapshot = frames.assemble(pieces, instruments(BTC))

    assert snapshot.perp["symbol"].to_list() == ["BTCUSDT"]
    assert snapshot.dropped == {"binance": {"book": {"unknown_symbol": 2}}}
    assert snapshot.unknown_symbols() == {"binance": 2}


def test_rows_dropped_by_the_parser_are_told_with_them() -> None:
    answer = piece("binance", "book", quotes(["BTCUSDT", "NEW"]), dropped={"no_price": 4})

    snapshot = frames.assemble(book(answer), instruments(BTC))

    assert snapshot.dropped == {"binance": {"book": {"no_price": 4, "unknown_symbol": 1}}}


def test_nobody_known_means_no_rows_and_all_counted() -> None:
    none = instruments(BTC).clear()

    snapshot = frames.assemble(book(piece("binance", "book", quotes(["BTCUSDT"]))), none)

    assert snapshot.perp.is_empty()
    assert snapshot.unknown_symbols() == {"binance": 1}


def test_prices_are_per_coin_and_sizes_in_coins() -> None:
    premium = wire(symbol=["1000PEPEUSDT"], mark=[10.1], index=[10.2], rate=[1e-4])
    pieces = book(
        piece("binance", "book", quotes(["1000PEPEUSDT"])), piece("binance", "premium", premium)
    )

    told = row(perp(pieces, instruments(PEPE)), "1000PEPEUSDT")

    assert told["bid"] == pytest.approx(0.0100)
    assert told["ask"] == pytest.approx(0.0105)
    assert told["mark"] == pytest.approx(0.0101)
    assert told["index"] == pytest.approx(0.0102)
    assert told["bid_size"] == pytest.approx(2_000)
    assert told["rate"] == 1e-4


def test_contract_size_scales_sizes_and_interest_never_prices() -> None:
    contract = {"venue": "okx", "symbol": "BTC-USDT-SWAP", "asset": "BTC", "contract_size": 0.01}
    frame = quotes(["BTC-USDT-SWAP"], open_interest=[1_000.0], mark=[10.0])

    told = row(perp(book(piece("okx", "t", frame)), instruments(contract)), "BTC-USDT-SWAP")

    assert told["bid"] == 10.0
    assert told["bid_size"] == pytest.approx(0.02)
    assert told["open_interest_usd"] == pytest.approx(1_000 * 0.01 * 10.0)


def test_interest_in_usd_is_taken_as_it_is() -> None:
    frame = quotes(["BTCUSDT"], open_interest_usd=[5e6])

    assert row(perp(book(piece("binance", "b", frame)), instruments(BTC)), "BTCUSDT")[
        "open_interest_usd"
    ] == pytest.approx(5e6)


def test_volume_in_coins_is_valued_at_mid() -> None:
    frame = quotes(["1000PEPEUSDT"], volume_coins=[100.0])

    told = row(perp(book(piece("binance", "b", frame)), instruments(PEPE)), "1000PEPEUSDT")

    assert told["volume_usd"] == pytest.approx(100 * 10.25)


def test_volume_in_another_quote_is_valued_by_that_coins_own_market() -> None:
    known = instruments(
        {**BTC, "market": "spot"},
        {**ETH, "market": "spot", "symbol": "ETHBTC", "quote": "BTC"},
        {**ETH, "market": "spot", "symbol": "ETHXYZ", "quote": "XYZ"},
    )
    frame = wire(
        symbol=["BTCUSDT", "ETHBTC", "ETHXYZ"],
        bid=[99.0, 0.05, 1.0],
        ask=[101.0, 0.06, 1.1],
        volume_quote=[1e6, 7.0, 8.0],
    )

    spot = frames.assemble(book(piece("binance", "b", frame, Market.SPOT)), known).spot

    assert row(spot, "BTCUSDT")["volume_usd"] == 1e6
    assert row(spot, "ETHBTC")["volume_usd"] == pytest.approx(700.0)
    assert row(spot, "ETHXYZ")["volume_usd"] is None


INTERVALS = {"interval_hours": 8.0}


def test_absent_from_a_received_interval_answer_means_its_default() -> None:
    pieces = book(
        piece("binance", "book", quotes(["BTCUSDT", "ETHUSDT"])),
        piece("binance", "i", wire(symbol=["ETHUSDT"], interval_hours=[4.0]), absent=INTERVALS),
    )

    frame = perp(pieces, instruments(BTC, ETH))

    assert row(frame, "BTCUSDT")["interval_hours"] == 8.0
    assert row(frame, "ETHUSDT")["interval_hours"] == 4.0


def test_an_empty_interval_answer_is_an_answer() -> None:
    nothing = wire(symbol=[], interval_hours=[])
    pieces = book(
        piece("binance", "book", quotes(["BTCUSDT"])),
        piece("binance", "i", nothing, absent=INTERVALS),
    )

    assert row(perp(pieces, instruments(BTC)), "BTCUSDT")["interval_hours"] == 8.0


def test_without_an_interval_answer_the_interval_is_unknown() -> None:
    pieces = book(piece("binance", "book", quotes(["BTCUSDT"])))

    assert row(perp(pieces, instruments(BTC)), "BTCUSDT")["interval_hours"] is None


def test_index_prices_keyed_by_pair_find_their_contract() -> None:
    swap = {"venue": "okx", "symbol": "BTC-USDT-SWAP", "asset": "BTC"}
    index = wire(symbol=["ETH-USDT", "BTC-USDT"], index=[1.0, 42.0])
    pieces = book(piece("okx", "t", quotes(["BTC-USDT-SWAP"])), piece("okx", "index", index))

    snapshot = frames.assemble(pieces, instruments(swap))

    assert row(snapshot.perp, "BTC-USDT-SWAP")["index"] == 42.0
    assert snapshot.unknown_symbols() == {}


def test_dated_futures_of_the_same_answer_are_a_market_of_their_own() -> None:
    future = {**BTC, "symbol": "BTCUSDT_260327", "market": "dated"}
    pieces = book(
        piece("binance", "book", quotes(["BTCUSDT", "BTCUSDT_260327"])),
        piece("binance", "i", wire(symbol=[], interval_hours=[]), absent=INTERVALS),
    )

    snapshot = frames.assemble(pieces, instruments(BTC, future))

    assert snapshot.perp["symbol"].to_list() == ["BTCUSDT"]
    assert snapshot.dated["symbol"].to_list() == ["BTCUSDT_260327"]
    assert snapshot.dated["market"].to_list() == ["dated"]
    assert snapshot.unknown_symbols() == {}


def test_spot_and_perpetual_of_one_name_do_not_mix() -> None:
    known = instruments(BTC, {**BTC, "market": "spot"})
    pieces = book(
        piece("binance", "perp", quotes(["BTCUSDT"])),
        piece("binance", "spot", quotes(["X", "BTCUSDT"])[1:], Market.SPOT),
    )

    snapshot = frames.assemble(pieces, known)

    assert snapshot.perp["bid"].to_list() == [10.0]
    assert snapshot.spot["bid"].to_list() == [11.0]


def test_venues_stand_one_after_another() -> None:
    known = instruments(BTC, {**BTC, "venue": "bybit"})
    pieces = book(
        piece("binance", "b", quotes(["BTCUSDT"])),
        piece("bybit", "b", quotes(["X", "BTCUSDT"])[1:]),
    )

    frame = perp(pieces, known)

    assert dict(frame.select("venue", "bid").rows()) == {"binance": 10.0, "bybit": 11.0}
    assert frame["instrument_id"].to_list() == [1, 2]


def test_the_newest_listing_of_a_symbol_counts() -> None:
    old, new = {**BTC, "listed_at_ms": 1.0}, {**BTC, "listed_at_ms": 2.0}

    frame = perp(book(piece("binance", "b", quotes(["BTCUSDT"]))), instruments(new, old))

    assert frame["instrument_id"].to_list() == [1]


# Ages.


def aged(*, now_ms: float = NOW + 1_000, replay: bool = False, **more: Any) -> dict[str, Any]:
    pieces = book(piece("binance", "book", quotes(["BTCUSDT"]), **more))
    return row(perp(pieces, instruments(BTC), now_ms=now_ms, replay=replay), "BTCUSDT")


def test_age_is_counted_from_our_capture() -> None:
    assert aged()["age_ms"] == 1_000
    assert aged()["captured_at_ms"] == NOW


def test_a_venue_time_before_our_capture_makes_it_older() -> None:
    assert aged(venue_at_ms=NOW - 400)["age_ms"] == 1_400


def test_the_venues_clock_is_set_right_first() -> None:
    told = aged(venue_at_ms=NOW + 2_600, offset_ms=3_000)

    assert told["age_ms"] == 1_400
    assert told["venue_at_ms"] == NOW - 400


def test_a_venue_time_ahead_of_us_does_not_make_it_younger() -> None:
    told = aged(venue_at_ms=NOW + 5_000)

    assert told["age_ms"] == 1_000
    assert told["venue_at_ms"] == NOW + 5_000


def test_rows_keep_their_own_venue_time_and_a_quiet_row_is_not_stale() -> None:
    frame = quotes(["BTCUSDT", "ETHUSDT"], venue_at_ms=[NOW - 60_000, None])
    pieces = book(piece("binance", "book", frame, venue_at_ms=NOW - 100))

    told = perp(pieces, instruments(BTC, ETH), now_ms=NOW)

    assert told["venue_at_ms"].to_list() == [NOW - 60_000, NOW - 100]
    assert told["age_ms"].to_list() == [100, 100]


def test_the_older_of_price_and_rate_is_the_age() -> None:
    premium = wire(symbol=["BTCUSDT"], rate=[1e-4])
    pieces = book(
        piece("binance", "book", quotes(["BTCUSDT"])),
        piece("binance", "premium", premium, captured_at_ms=NOW - 7_000),
    )

    told = row(perp(pieces, instruments(BTC), now_ms=NOW), "BTCUSDT")

    assert told["age_ms"] == 7_000
    assert told["rate_captured_at_ms"] == NOW - 7_000


def test_in_a_replay_each_answer_is_read_when_it_was_captured() -> None:
    told = aged(now_ms=NOW + 70_000, replay=True, venue_at_ms=NOW - 53_000)

    assert told["age_ms"] == 53_000


def test_now_is_by_default_the_newest_capture() -> None:
    pieces = book(
        piece("binance", "book", quotes(["BTCUSDT"])),
        piece("binance", "p", wire(symbol=["BTCUSDT"], rate=[0.0]), captured_at_ms=NOW + 9),
    )

    assert frames.assemble(pieces, instruments(BTC)).now_ms == NOW + 9


# Who answered.


def test_a_venue_has_answered_when_all_its_markets_did() -> None:
    pieces = book(piece("binance", "b", quotes(["BTCUSDT"])))
    told = {("binance", "perp"): True, ("binance", "spot"): False}

    snapshot = frames.assemble(pieces, instruments(BTC), answered=told)

    assert snapshot.answered == {"binance": False}
    assert snapshot.answered_markets[("binance", "perp")]


def test_a_venue_without_an_essential_answer_has_not_answered() -> None:
    day = piece("binance", "24h", quotes(["BTCUSDT"]), essential=False)

    assert frames.assemble(book(day), instruments(BTC)).answered == {"binance": False}


# The memory of positions is for speed only.


def shuffled(symbols: list[str], seed: int) -> pl.DataFrame:
    order = np.random.default_rng(seed).permutation(len(symbols))
    mixed: pl.DataFrame = quotes(symbols)[order.tolist()]
    return mixed


@pytest.mark.parametrize("change", ["order", "fewer", "more", "columns", "gone"])
def test_remembered_positions_never_outlive_a_change(change: str) -> None:
    symbols = [f"C{number}USDT" for number in range(50)]
    known = instruments(
        *({"venue": "binance", "symbol": one, "asset": one[:-4]} for one in symbols)
    )
    before = book(
        piece("binance", "book", shuffled(symbols, 1)),
        piece("binance", "p", wire(symbol=symbols[:30], rate=[1e-4] * 30)),
    )
    frames.assemble(before, known)
    feeds = dict(before["binance"])
    if change == "order":
        feeds["book"] = replace(feeds["book"], frame=shuffled(symbols, 2))
    elif change == "fewer":
        feeds["book"] = replace(feeds["book"], frame=feeds["book"].frame[:20])
    elif change == "more":
        feeds["p"] = replace(feeds["p"], frame=wire(symbol=symbols, rate=[2e-4] * 50))
    elif change == "columns":
        feeds["p"] = replace(feeds["p"], frame=wire(symbol=symbols[:30], mark=[1.0] * 30))
    else:
        del feeds["p"]

    told = frames.assemble({"binance": feeds}, known).perp

    bids = dict(quotes(symbols).select("symbol", "bid").rows())
    assert dict(told.select("symbol", "bid").rows()) == {one: bids[one] for one in told["symbol"]}
    assert told.sort("symbol").equals(
        frames.assemble({"binance": feeds}, known.clone()).perp.sort("symbol"), null_equal=True
    )


def test_a_new_instrument_list_is_taken_at_once() -> None:
    pieces = book(piece("binance", "b", quotes(["BTCUSDT", "ETHUSDT"])))
    frames.assemble(pieces, instruments(BTC))

    assert frames.assemble(pieces, instruments(BTC, ETH)).perp.height == 2


def test_one_market_can_be_asked_for() -> None:
    pieces = book(piece("binance", "b", quotes(["BTCUSDT"])))

    assert frames.market(pieces, instruments(BTC), Market.PERP, NOW).height == 1
    assert frames.market(pieces, instruments(BTC), Market.SPOT, NOW).is_empty()
