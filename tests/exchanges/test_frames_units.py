"""Units of joined markets: coins, contracts, dollars."""

from __future__ import annotations

import pytest

from arbedge.names import Market
from exchanges import frames
from tests.exchanges.answers import (
    BTC,
    ETH,
    PEPE,
    book,
    instruments,
    perp,
    piece,
    quotes,
    row,
    wire,
)


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
