"""All instruments of one scan as arrays: one index for spot and perpetual rows together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from opportunities import costs
from opportunities.settlements import Flags, Numbers

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.int64]

# Quotes that stand for a dollar. Others are never compared with each other.
DOLLARS = ("USDT", "USDC", "USD", "FDUSD", "TUSD", "USDE", "DAI", "BUSD", "USD1", "PYUSD")
# Coins that are meant to be worth one dollar.
PEGGED = (*DOLLARS, "USDP", "USDD", "GUSD", "LUSD", "SUSD", "RLUSD")


@dataclass(frozen=True, slots=True, eq=False)
class Universe:
    """Columns of every instrument; rows [0, spots) are spot, the rest are perpetuals.

    Prices are per coin, `fees` are taker fees as fractions with one row per VIP level. `asset`,
    `quote`, `settle` are codes that only tell equal from different names; `venue` is a position in
    `venues`. `hourly` is the announced funding per hour, nothing for spot. NaN = unknown.
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
    _read: dict[str, Numbers] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """How many instruments there are."""
        return len(self.asset)

    def numbers(self, name: str) -> Numbers:
        """A float column as an array, null as NaN; read once."""
        if name not in self._read:
            self._read[name] = _numbers(self.frame, name)
        return self._read[name]

    def named(self, column: str, names: Sequence[str]) -> Flags:
        """Which rows carry one of `names` in a text column."""
        flags: Flags = _flags(self.frame.get_column(column).is_in(list(names)))
        return flags

    def flags(self, name: str) -> Flags:
        """A yes/no column as an array, null as no."""
        return _flags(self.frame.get_column(name))


def build(
    spot: pl.DataFrame,
    perp: pl.DataFrame,
    fees: Sequence[pl.Series],
    means: pl.DataFrame,
    now_ms: float,
) -> Universe:
    """The universe of market frames (columns.MARKET).

    `fees`: one series of taker fractions per VIP level, aligned with spot rows then perp rows.
    `means`: instrument_id and mean_hourly of settled funding over the last 7 days.
    """
    frame = pl.concat([spot, perp], how="vertical", rechunk=True)
    asset, quote, settle, venue = _codes(frame, "asset", "quote", "settle", "venue")
    seen, venue = np.unique(venue, return_inverse=True)
    bid, ask = _numbers(frame, "bid"), _numbers(frame, "ask")
    rate, told = _numbers(frame, "rate"), _numbers(frame, "interval_hours")
    interval = np.where(told > 0, told, np.nan)
    is_perp = np.arange(frame.height) >= spot.height
    with np.errstate(divide="ignore", invalid="ignore"):
        middle, width = costs.mid(bid, ask), costs.spread(bid, ask)
        hourly = np.where(is_perp, costs.hourly(rate, interval), 0.0)
    return Universe(
        frame=frame,
        spots=spot.height,
        now_ms=now_ms,
        asset=asset,
        quote=quote,
        settle=settle,
        venue=venue.astype(np.int64),
        venues=_names(frame, "venue", venue, len(seen)),
        dollar=_flags(frame.get_column("quote").is_in(DOLLARS)),
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
        mean_hourly=_means(frame, means, spot.height),
    )


def _numbers(frame: pl.DataFrame, name: str) -> Numbers:
    return frame.get_column(name).cast(pl.Float64).to_numpy()


def _flags(column: pl.Series) -> Flags:
    flags: Flags = column.fill_null(value=False).to_numpy()
    return flags


def _codes(frame: pl.DataFrame, *names: str) -> list[Index]:
    """Integers for the names in text columns, equal for equal names across all of them."""
    coded = frame.select(
        pl.col(name).fill_null("").cast(pl.Categorical).to_physical().cast(pl.Int64)
        for name in names
    )
    return [coded.get_column(name).to_numpy() for name in names]


def _names(frame: pl.DataFrame, column: str, codes: Index, number: int) -> tuple[str, ...]:
    """The name that stands behind each of the codes 0 ... number - 1."""
    rows = np.zeros(number, dtype=np.int64)
    rows[codes] = np.arange(len(codes))
    return tuple(frame.get_column(column).fill_null("").gather(rows))


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
