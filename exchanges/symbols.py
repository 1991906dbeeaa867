"""What a venue's names say: base and quote, coins per unit, and which tokens are leveraged.

Pure: a name proves little alone, so every reading is checked against what is listed, and where
prices are at hand against them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

import polars as pl

from arbedge.names import Market
from exchanges.columns import INSTRUMENT, conform

# Longest first, so that FDUSD is not taken for USD.
QUOTES: Final = (
    *("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDE", "USDD", "USD1", "USDQ", "USDR", "BIDR"),
    *("EURI", "XUSD", "IDRT", "BVND", "BKRW", "USDS", "RLUSD", "BFUSD", "AEUR", "PYUSD"),
    *("BTC", "ETH", "BNB", "TRX", "XRP", "DAI", "PAX", "VAI", "UST", "SOL", "DOGE", "BRZ", "MNT"),
    *("EUR", "GBP", "TRY", "BRL", "AUD", "JPY", "RUB", "UAH", "NGN", "ZAR", "PLN", "RON", "ARS"),
    *("MXN", "COP", "CZK", "IDR", "KRW", "USD", "BGB", "OKB", "OKT"),
)
ALIASES: Final = {"XBT": "BTC"}
SAME_PRICE_FACTOR: Final = 2.0

_DATED: Final = re.compile(r"[-_](\d{6}|\d{1,2}[A-Z]{3}\d{2})$")
_DIGITS_FIRST: Final = re.compile(r"^(10{3,})([A-Z].*|\$.*)$")
_DIGITS_LAST: Final = re.compile(r"^(.*[A-Z])(10{3,})$")
_LETTER_FIRST: Final = re.compile(r"^(1M|1K|k)([A-Z].+)$")
_LETTERS: Final = {"1M": 1e6, "1K": 1e3, "k": 1e3}
_TIMES: Final = re.compile(r"^(.+?)[2-9][LS]$")
_OPPOSITES: Final = {"UP": "DOWN", "DOWN": "UP", "BULL": "BEAR", "BEAR": "BULL"}
# Shorter rests are letters before a word: JUP, SUP, PUP are coins even where J, S or P is one.
_SHORTEST_REST: Final = 3


def split(symbol: str, quotes: Iterable[str] = QUOTES) -> tuple[str, str] | None:
    """Base and quote of a symbol without separator, or None when no quote ends it.

    The longest quote that leaves a base wins.
    """
    ends = [quote for quote in quotes if symbol.endswith(quote) and len(symbol) > len(quote)]
    if not ends:
        return None
    quote = max(ends, key=len)
    return symbol[: -len(quote)], quote


def multiplier(base: str, listed: Collection[str]) -> tuple[str, float]:
    """The coin a base stands for and how many of it are one unit of the base.

    1000PEPE is 1,000 PEPE and SHIB1000 is 1,000 SHIB, where PEPE and SHIB are `listed`; a power of
    ten below 1,000 is part of a name (1INCH).
    """
    for rest, units in _readings(base):
        coin = ALIASES.get(rest, rest)
        if coin in listed:
            return coin, units
    return ALIASES.get(base, base), 1.0


def _readings(base: str) -> Iterable[tuple[str, float]]:
    if found := _DIGITS_FIRST.match(base):
        yield found.group(2), float(found.group(1))
    if found := _LETTER_FIRST.match(base):
        yield found.group(2), _LETTERS[found.group(1)]
    if found := _DIGITS_LAST.match(base):
        yield found.group(1), float(found.group(2))


def normalise(instruments: pl.DataFrame, prices: pl.DataFrame | None = None) -> pl.DataFrame:
    """`instruments` with `asset` and `multiplier`.

    `prices` has `price` and any of venue, market, symbol to find its instrument by. With prices a
    multiplied name is believed only where price / multiplier lies within a factor of 2 of the plain
    coin's median in the same quote; without a plain price to compare with it is taken as it is.
    """
    listed = set(instruments.get_column("base").drop_nulls().unique())
    readings = [(base, *multiplier(base, listed)) for base in sorted(listed)]
    names = pl.DataFrame(
        readings,
        schema={"base": pl.String, "asset": pl.String, "multiplier": pl.Float64},
        orient="row",
    )
    if prices is not None:
        names = _believed(names, instruments, prices)
    return instruments.drop("asset", "multiplier", strict=False).join(
        names, on="base", how="left", maintain_order="left"
    )


def _believed(names: pl.DataFrame, instruments: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    keys = [key for key in ("venue", "market", "symbol") if key in prices.columns]
    priced = (
        instruments.select(*keys, "base", "quote")
        .join(prices.select(*keys, "price"), on=keys)
        .filter(pl.col("price") > 0)
        .join(names, on="base")
        .group_by("base", "quote", "asset", "multiplier")
        .agg(price=pl.col("price").median())
    )
    plain = priced.filter(pl.col("multiplier") == 1).group_by("asset", "quote")
    peers = plain.agg(plain_price=pl.col("price").median())
    ratio = pl.col("price") / pl.col("multiplier") / pl.col("plain_price")
    ratios = (
        priced.filter(pl.col("multiplier") != 1)
        .join(peers, on=["asset", "quote"])
        .group_by("base")
        .agg(ratio=ratio.median())
    )
    agrees = (
        pl.col("ratio").is_between(1 / SAME_PRICE_FACTOR, SAME_PRICE_FACTOR).fill_null(value=False)
    )
    believed = agrees | (pl.col("multiplier") == 1)
    return names.join(ratios, on="base", how="left").select(
        "base",
        asset=pl.when(believed).then("asset").otherwise("base"),
        multiplier=pl.when(believed).then("multiplier").otherwise(1.0),
    )


def leveraged(bases: pl.Series, listed: Collection[str]) -> pl.Series:
    """Which bases are leveraged tokens: a listed coin with 3L, 5S, UP, DOWN, BULL or BEAR behind.

    A word behind fewer than three letters counts only where its opposite is listed too: JUP stays
    a coin on a venue that lists J, SYRUP where nobody lists SYR.
    """
    known = set(listed)
    distinct = bases.drop_nulls().unique()
    tokens = [base for base in distinct if _is_leveraged(base, known)]
    return bases.is_in(tokens).fill_null(value=False).alias("leveraged")


def _is_leveraged(base: str, listed: Collection[str]) -> bool:
    found = _TIMES.match(base)
    if found and found.group(1) in listed:
        return True
    for word, opposite in _OPPOSITES.items():
        rest = base.removesuffix(word)
        if rest != base and rest in listed:
            return len(rest) >= _SHORTEST_REST or rest + opposite in listed
    return False


def infer(symbols: pl.Series, venue: str, market: Market) -> pl.DataFrame:
    """INSTRUMENT columns read from the symbols' text, for replays without an instrument list.

    Status is "unknown"; what no quote ends is left out. Dated contracts are told from perpetuals by
    the date in the name. The size of an OKX contract is not in its name and stays null.
    """
    rows = []
    for symbol in symbols.drop_nulls().unique(maintain_order=True):
        plain = _DATED.sub("", symbol)
        dated = plain != symbol
        # Bybit's BTC-26DEC25 names no quote: it is settled in USDC.
        found = _base_and_quote(plain) or ((plain, "USDC") if dated else None)
        if found is None:
            continue
        kind = Market.DATED if dated else market
        size = None if venue == "okx" and market is not Market.SPOT else 1.0
        rows.append((symbol, kind.value, *found, found[1], size, "unknown"))
    columns = ("symbol", "market", "base", "quote", "settle", "contract_size", "status")
    frame = pl.DataFrame(
        rows, schema={column: INSTRUMENT[column] for column in columns}, orient="row"
    )
    return conform(frame, INSTRUMENT)


def _base_and_quote(symbol: str) -> tuple[str, str] | None:
    for separator in ("-", "_", "/"):
        base, found, rest = symbol.partition(separator)
        if found:
            return base, rest.partition(separator)[0].removesuffix("_UM")
    if symbol.endswith("PERP"):  # Bybit's and Bitget's USDC-settled perpetuals
        return symbol.removesuffix("PERP"), "USDC"
    return split(symbol)
