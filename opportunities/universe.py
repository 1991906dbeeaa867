"""All instruments of one scan as arrays: one index for spot and perpetual rows together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from exchanges.kept import Kept
from opportunities import costs
from opportunities.settlements import Flags, Numbers

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.int64]
Made = TypeVar("Made")

# Quotes that stand for a dollar. Others are never compared with each other.
DOLLARS = ("USDT", "USDC", "USD", "FDUSD", "TUSD", "USDE", "DAI", "BUSD", "USD1", "PYUSD")
# Coins that are meant to be worth one dollar.
PEGGED = (*DOLLARS, "USDP", "USDD", "GUSD", "LUSD", "SUSD", "RLUSD")


@dataclass(frozen=True, slots=True, eq=False)
class Universe:
    """Columns of every instrument; rows [0, spots) are spot, the rest are perpetuals.

    Prices are per coin, `fees` are taker fees as fractions with one row per VIP level. `asset`,
    `quote`, `settle` are codes that only tell equal from different names; `venue` is a position in
    `venues`. `hourly` is the announced funding per hour, nothing for spot. `dollar` tells quotes
    that stand for a dollar, `pegged` coins that should be worth one. NaN = unknown.
    """

    frame: pl.DataFrame
    spots: int
    now_ms: float
    asset: Index
    quote: Index
    settle: Index
    venue: Index
    venues: tuple[str, ...]
    dollar: Flags
    pegged: Flags
    trading: Flags
    leveraged: Flags
    inferred: Flags
    perp: Flags
    bid: Numbers
    ask: Numbers
    mid: Numbers
    spread: Numbers
    rate: Numbers
    interval_hours: Numbers
    hourly: Numbers
    next_ms: Numbers
    captured_ms: Numbers
    fees: Numbers
    mean_hourly: Numbers
    _kept: dict[Hashable, Any] = field(default_factory=dict, repr=False)
    _by_names: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """How many instruments there are."""
        return len(self.asset)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, computed for this universe only once."""
        return _once(self._kept, key, make)

    def of_names(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives from names and places alone, computed once while those stay the same.

        Scans share the result: nobody may change it.
        """
        return _once(self._by_names, (self.spots, key), make)

    def numbers(self, name: str) -> Numbers:
        """A float column as an array, null as NaN."""
        return self.once(name, lambda: _numbers(self.frame, name))

    @property
    def ids(self) -> Index:
        """Each instrument's number in the database."""
        column = self.frame.get_column("instrument_id")
        return self.once("ids", lambda: column.cast(pl.Int64).to_numpy())

    def named(self, column: str, names: Sequence[str]) -> Flags:
        """Which rows carry one of `names` in a text column."""

        flags = _listed(column, tuple(names))
        return self.once((column, *names), lambda: flags(self.frame[[column]]))


def _once(kept: dict[Hashable, Any], key: Hashable, make: Callable[[], Made]) -> Made:
    if key not in kept:
        kept[key] = make()
    made: Made = kept[key]
    return made


@lru_cache(maxsize=64)
def _listed(column: str, names: tuple[str, ...]) -> Kept[Flags]:
    """What tells the rows of a frame that carry one of `names`."""

    def listed(frame: pl.DataFrame) -> Flags:
        return frame.get_column(column).is_in(names).fill_null(value=False).to_numpy()

    return Kept(listed)


def build(
    frame: pl.DataFrame,
    spots: int,
    fees: Sequence[pl.Series],
    means: pl.DataFrame,
    now_ms: float,
) -> Universe:
    """The universe of a market frame (columns.MARKET), spot in its first `spots` rows.

    `fees`: one series of taker fractions per VIP level, aligned with the rows.
    `means`: instrument_id and mean_hourly of settled funding over the last 7 days.
    """
    read = _named(frame[_NAMING])
    bid, ask = _numbers(frame, "bid"), _numbers(frame, "ask")
    rate, told = _numbers(frame, "rate"), _numbers(frame, "interval_hours")
    interval = np.where(told > 0, told, np.nan)
    is_perp = np.arange(frame.height) >= spots
    with np.errstate(divide="ignore", invalid="ignore"):
        middle, width = costs.mid(bid, ask), costs.spread(bid, ask)
        hourly = np.where(is_perp, costs.hourly(rate, interval), 0.0)
    return Universe(
        frame=frame,
        spots=spots,
        now_ms=now_ms,
        asset=read["asset"],
        quote=read["quote"],
        settle=read["settle"],
        venue=read["venue"],
        venues=read["venues"],
        dollar=read["dollar"],
        pegged=read["pegged"],
        trading=read["trading"],
        leveraged=read["leveraged"],
        inferred=read["inferred"],
        perp=is_perp,
        bid=bid,
        ask=ask,
        mid=np.asarray(middle),
        spread=np.asarray(width),
        rate=rate,
        interval_hours=interval,
        hourly=hourly,
        next_ms=_numbers(frame, "next_settlement_ms"),
        captured_ms=_numbers(frame, "captured_at_ms"),
        fees=np.array([one.to_numpy() for one in fees], dtype=np.float64),
        mean_hourly=_means(frame, means, spots),
        _by_names=read["kept"],
    )


def _numbers(frame: pl.DataFrame, name: str) -> Numbers:
    return frame.get_column(name).cast(pl.Float64).to_numpy()


def _read(frame: pl.DataFrame) -> dict[str, Any]:
    """Codes of the names in text columns, equal for equal names in all of them, flags, venues.

    `kept` is room for what else follows from the names.
    """
    codes = [
        pl.col(name).fill_null("").cast(pl.Categorical).to_physical().cast(pl.Int64)
        for name in ("asset", "quote", "settle", "venue")
    ]
    flags = {
        "dollar": pl.col("quote").is_in(DOLLARS),
        "pegged": pl.col("asset").is_in(PEGGED),
        "trading": pl.col("status") == "trading",
        "leveraged": pl.col("leveraged"),
        "inferred": pl.col("inferred"),
    }
    read = frame.select(
        *codes, *(flag.fill_null(value=False).alias(name) for name, flag in flags.items())
    )
    found: dict[str, Any] = {column.name: column.to_numpy() for column in read}
    seen, venue = np.unique(found["venue"], return_inverse=True)
    names = _names(frame, "venue", venue, len(seen))
    return {**found, "venue": venue, "venues": names, "kept": {}}


_NAMING = ["asset", "quote", "settle", "venue", "status", "leveraged", "inferred"]
_named = Kept(_read)


def _names(frame: pl.DataFrame, column: str, codes: Index, number: int) -> tuple[str, ...]:
    """The name that stands behind each of the codes 0 ... number - 1."""
    rows = np.zeros(number, dtype=np.int64)
    rows[codes] = np.arange(len(codes))
    names = frame.get_column(column)
    return tuple(names[row] or "" for row in rows.tolist())


def _means(frame: pl.DataFrame, means: pl.DataFrame, spots: int) -> Numbers:
    """Settled funding per hour of each row; spot settles nothing, unknown is NaN."""
    if means.is_empty():
        found = np.full(frame.height, np.nan)
    else:
        joined = frame.select("instrument_id").join(
            means.select("instrument_id", "mean_hourly"),
            on="instrument_id",
            how="left",
            maintain_order="left",
        )
        found = _numbers(joined, "mean_hourly").copy()
    found[:spots] = 0.0
    return found
