"""What a pair costs now on every venue, spot and perpetual."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from arbedge.names import Market
from exchanges.snapshot import Snapshot
from opportunities.announced import is_fresh, is_strange, tradable, usual_price

USUAL_QUOTE: Final = "USDT"
LIKE_AT_MOST: Final = 3
_MARKS: Final = re.compile(r"[/_:\s-]+")


@dataclass(frozen=True, slots=True)
class Quoted:
    """One market's book top, per coin in the quote currency.

    `tick` is the step of its prices. `fresh`: at most 30 s old. `strange`: its price is far from
    that of the other venues.
    """

    venue: str
    symbol: str
    market: str
    bid: float
    ask: float
    tick: float | None
    age_s: float | None
    fresh: bool
    strange: bool = False

    @property
    def mid(self) -> float:
        """The middle of bid and ask."""
        return (self.bid + self.ask) / 2

    @property
    def spread(self) -> float:
        """The spread as a fraction of the middle."""
        return (self.ask - self.bid) / self.mid


@dataclass(frozen=True, slots=True)
class Extremes:
    """Where a market's coin is bought cheapest and sold dearest now."""

    cheapest: Quoted
    dearest: Quoted

    @property
    def gap(self) -> float:
        """Sold dearest over bought cheapest, before any cost; a fraction."""
        return self.dearest.bid / self.cheapest.ask - 1


def pair(text: str, snapshot: Snapshot) -> tuple[str, str] | None:
    """The coin and the quote currency somebody means: `BTC`, `BTC/USDT`, `btcusdt`, or a venue's
    own symbol. A coin alone means its USDT market, else the quote with most markets. None where no
    venue has it."""
    wanted = text.strip().lstrip("$#").upper()
    listed = _markets(snapshot).select("symbol", "asset", "base", "quote")
    exact = listed.filter(pl.col("symbol").str.to_uppercase() == wanted)
    if not exact.is_empty():
        return _usual(exact)
    coin, _, quote = _MARKS.sub("/", wanted).partition("/")
    named = [pl.col(name).str.to_uppercase() == coin for name in ("asset", "base")]
    own = listed.filter(pl.any_horizontal(named))
    if quote:
        own = own.filter(pl.col("quote").str.to_uppercase() == quote.partition("/")[0])
    if not own.is_empty():
        return _usual(own)
    joined = (pl.col("asset") + pl.col("quote")).str.to_uppercase()
    return _usual(listed.filter(joined == coin))


def like(text: str, snapshot: Snapshot) -> list[str]:
    """Coins whose names are like what was typed."""
    coins = _markets(snapshot)["asset"].unique().drop_nulls().to_list()
    return difflib.get_close_matches(text.strip().upper(), coins, n=LIKE_AT_MOST, cutoff=0.6)


def of_pair(coin: str, quote: str, snapshot: Snapshot) -> list[Quoted]:
    """Every priced market of the pair: spot before perpetuals, each by its ask."""
    own = _markets(snapshot).filter(pl.col("asset") == coin, pl.col("quote") == quote)
    rows = [_quoted(row) for row in own.iter_rows(named=True) if row["bid"] and row["ask"]]
    usual = usual_price((row.mid, row.fresh) for row in rows)
    told = [replace(row, strange=is_strange(row.mid, usual)) for row in rows]
    return sorted(told, key=lambda row: (row.market != Market.SPOT, row.ask, row.venue))


def extremes(quotes: Sequence[Quoted], market: Market) -> Extremes | None:
    """Where one market's coin is cheapest to buy and dearest to sell; None where that is one and
    the same venue, or fewer than two have a fresh price."""
    own = [one for one in quotes if one.market == market and one.fresh and not one.strange]
    if not own:
        return None
    cheapest, dearest = min(own, key=lambda one: one.ask), max(own, key=lambda one: one.bid)
    return None if cheapest.venue == dearest.venue else Extremes(cheapest, dearest)


def _usual(found: pl.DataFrame) -> tuple[str, str] | None:
    """Of the pairs found the USDT one, else the one with most markets."""
    if found.is_empty():
        return None
    counted = (
        found.group_by("asset", "quote")
        .len()
        .with_columns(usual=pl.col("quote") == USUAL_QUOTE)
        .sort("usual", "len", "quote", descending=[True, True, False])
    )
    return str(counted["asset"][0]), str(counted["quote"][0])


def _markets(snapshot: Snapshot) -> pl.DataFrame:
    both = pl.concat([snapshot.spot, snapshot.perp])
    return both.filter(tradable(), pl.col("asset").is_not_null())


def _quoted(row: Mapping[str, Any]) -> Quoted:
    age_ms = row["age_ms"]
    return Quoted(
        venue=row["venue"],
        symbol=row["symbol"],
        market=row["market"],
        bid=row["bid"],
        ask=row["ask"],
        tick=row["tick"] / (row["multiplier"] or 1.0) if row["tick"] else None,
        age_s=None if age_ms is None else age_ms / 1000,
        fresh=is_fresh(age_ms),
    )
