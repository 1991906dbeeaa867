"""The join of answers and instruments into one frame per market."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from arbedge.names import Market
from exchanges import frames
from exchanges.columns import MARKET
from tests.exchanges.answers import (
    BTC,
    ETH,
    NOW,
    book,
    instruments,
    perp,
    piece,
    quotes,
    row,
    wire,
)


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
