"""What names say of coins, units and leverage."""

from __future__ import annotations

import polars as pl
import pytest

from arbedge.names import Market
from exchanges.columns import INSTRUMENT
from exchanges.symbols import infer, leveraged, multiplier, normalise, split

LISTED = {"PEPE", "SHIB", "BABYDOGE", "NFT", "BTC", "INCH", "MOG", "CAT"}


@pytest.mark.parametrize(
    ("symbol", "parts"),
    [
        ("BTCUSDT", ("BTC", "USDT")),
        ("ETHBTC", ("ETH", "BTC")),
        ("BTCFDUSD", ("BTC", "FDUSD")),
        ("USDCUSDT", ("USDC", "USDT")),
        ("1000PEPEUSDT", ("1000PEPE", "USDT")),
        ("USDT", None),
        ("", None),
        ("NOTAQUOTE", None),
    ],
)
def test_a_symbol_splits_at_its_longest_quote(symbol: str, parts: tuple[str, str] | None) -> None:
    assert split(symbol) == parts


@pytest.mark.parametrize(
    ("base", "asset", "units"),
    [
        ("1000PEPE", "PEPE", 1e3),
        ("SHIB1000", "SHIB", 1e3),
        ("1MBABYDOGE", "BABYDOGE", 1e6),
        ("kPEPE", "PEPE", 1e3),
        ("10000NFT", "NFT", 1e4),
        ("1000000MOG", "MOG", 1e6),
        ("1KCAT", "CAT", 1e3),
        ("XBT", "BTC", 1.0),
        ("BTC", "BTC", 1.0),
    ],
)
def test_a_multiplied_name_is_its_coin_and_its_units(base: str, asset: str, units: float) -> None:
    assert multiplier(base, LISTED) == (asset, units)


@pytest.mark.parametrize("base", ["1INCH", "100PEPE", "2000PEPE", "1000UNKNOWN", "KPEPE", "PEPE2"])
def test_a_name_that_only_looks_multiplied_is_itself(base: str) -> None:
    assert multiplier(base, LISTED) == (base, 1.0)


def instruments(*rows: tuple[str, str, str]) -> pl.DataFrame:
    columns = ["venue", "symbol", "base"]
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(quote=pl.lit("USDT"))


def priced(prices: dict[str, float]) -> pl.DataFrame:
    return pl.DataFrame({"symbol": list(prices), "price": list(prices.values())})


PEPES = instruments(
    ("binance", "1000PEPEUSDT", "1000PEPE"), ("okx", "PEPE-USDT", "PEPE"), ("okx", "X-USDT", "X")
)


def units(frame: pl.DataFrame, symbol: str) -> tuple[str, float]:
    row = frame.filter(pl.col("symbol") == symbol).row(0, named=True)
    return row["asset"], row["multiplier"]


def test_without_prices_a_listed_rest_is_enough() -> None:
    assert units(normalise(PEPES), "1000PEPEUSDT") == ("PEPE", 1000.0)


def test_a_multiplied_name_is_believed_when_its_price_agrees() -> None:
    prices = priced({"1000PEPEUSDT": 0.0102, "PEPE-USDT": 0.00001})
    assert units(normalise(PEPES, prices), "1000PEPEUSDT") == ("PEPE", 1000.0)


@pytest.mark.parametrize("price", [0.00001, 0.03, 0.004, 5.0])
def test_a_multiplied_name_whose_price_disagrees_is_taken_as_it_is(price: float) -> None:
    prices = priced({"1000PEPEUSDT": price, "PEPE-USDT": 0.00001})
    assert units(normalise(PEPES, prices), "1000PEPEUSDT") == ("1000PEPE", 1.0)


def test_without_a_plain_price_a_multiplied_name_is_taken_as_it_is() -> None:
    prices = priced({"1000PEPEUSDT": 0.01})
    assert units(normalise(PEPES, prices), "1000PEPEUSDT") == ("1000PEPE", 1.0)


def test_prices_in_another_quote_prove_nothing() -> None:
    other = PEPES.with_columns(
        quote=pl.when(pl.col("symbol") == "PEPE-USDT").then(pl.lit("BTC")).otherwise("quote")
    )
    prices = priced({"1000PEPEUSDT": 0.01, "PEPE-USDT": 0.00001})
    assert units(normalise(other, prices), "1000PEPEUSDT") == ("1000PEPE", 1.0)


def test_normalising_keeps_rows_their_order_and_can_be_done_again() -> None:
    once = normalise(PEPES)
    assert once.get_column("symbol").to_list() == PEPES.get_column("symbol").to_list()
    assert normalise(once).equals(once)


def test_leverage_is_a_listed_coin_with_a_word_behind() -> None:
    bases = pl.Series(["BTC3L", "BTC5S", "ETHUP", "ETHDOWN", "ADABULL", "BTC", None])
    listed = {"BTC", "ETH", "ADA"}
    assert leveraged(bases, listed).to_list() == [True, True, True, True, True, False, False]


@pytest.mark.parametrize("base", ["JUP", "SYRUP", "SUP", "PUP", "UP", "BULL", "BEAR", "3L", "X1L"])
def test_a_coin_that_ends_in_a_word_is_a_coin(base: str) -> None:
    listed = {"J", "S", "P", "X", base}
    assert leveraged(pl.Series([base]), listed).to_list() == [False]


def test_a_short_name_with_both_words_listed_is_leveraged() -> None:
    bases = pl.Series(["TUP", "TDOWN", "JUP"])
    assert leveraged(bases, {"T", "TUP", "TDOWN", "J", "JUP"}).to_list() == [True, True, False]


@pytest.mark.parametrize(
    ("venue", "market", "symbol", "expected"),
    [
        ("binance", Market.SPOT, "BTCUSDT", ("spot", "BTC", "USDT", 1.0)),
        ("binance", Market.PERP, "BTCUSDT_260327", ("dated", "BTC", "USDT", 1.0)),
        ("bybit", Market.PERP, "BTCPERP", ("perp", "BTC", "USDC", 1.0)),
        ("bybit", Market.PERP, "BTC-27MAR26", ("dated", "BTC", "USDC", 1.0)),
        ("bybit", Market.PERP, "BTCUSDT-27MAR26", ("dated", "BTC", "USDT", 1.0)),
        ("okx", Market.SPOT, "BTC-USDT", ("spot", "BTC", "USDT", 1.0)),
        ("okx", Market.PERP, "BTC-USDT-SWAP", ("perp", "BTC", "USDT", None)),
        ("okx", Market.PERP, "BTC-USD_UM-SWAP", ("perp", "BTC", "USD", None)),
        ("gate", Market.PERP, "BTC_USDT", ("perp", "BTC", "USDT", 1.0)),
    ],
)
def test_an_instrument_is_inferred_from_its_name(
    venue: str, market: Market, symbol: str, expected: tuple[str, str, str, float | None]
) -> None:
    row = infer(pl.Series([symbol]), venue, market).row(0, named=True)
    assert (row["market"], row["base"], row["quote"], row["contract_size"]) == expected
    assert (row["status"], row["settle"]) == ("unknown", expected[2])


def test_names_that_say_nothing_are_left_out_and_doubles_come_once() -> None:
    frame = infer(pl.Series(["BTCUSDT", "???", None, "BTCUSDT"]), "binance", Market.SPOT)
    assert frame.get_column("symbol").to_list() == ["BTCUSDT"]
    assert frame.schema == dict(INSTRUMENT)
