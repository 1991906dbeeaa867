"""All instruments of one scan as arrays: one index for spot and perpetual rows together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
PEGGED = DOLLARS + ("USDP", "USDD", "GUSD", "LUSD", "SUSD", "UST", "USTC", "RLUSD")


@dataclass(frozen=True, slots=True)
class Universe:
    """Columns of every instrument; rows [0, spots) are spot, the rest are perpetuals.

    Prices are per coin, `fees` are taker fees as fractions with one row per VIP level. NaN = unknown.
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
    bid: Numbers
    ask: Numbers
    mid: Numbers
    spread: Numbers
    rate: Numbers
    interval_hours: Numbers
    next_ms: Numbers
    captured_ms: Numbers
    fees: Numbers
    mean_hourly: Numbers

    @property
    def size(self) -> int:
        """How many instruments there are."""
        return len(self.asset)

    @property
    def perp(self) -> Flags:
        """Which rows are perpetuals."""
        flags: Flags = np.arange(self.size) >= self.spots
        return flags

    @property
    def hourly(self) -> Numbers:
        """Announced funding per hour; nothing for spot, NaN where unknown."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.perp, costs.hourly(self.rate, self.interval_hours), 0.0)

    def numbers(self, name: str) -> Numbers:
        """A float column as an array, null as NaN."""
        return _numbers(self.frame, name)


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
    bid, ask = _numbers(frame, "bid"), _numbers(frame, "ask")
    with np.errstate(divide="ignore", invalid="ignore"):
        middle, width = costs.mid(bid, ask), costs.spread(bid, ask)
    venue, venues = _codes(frame, "venue")
    quote, quotes = _codes(frame, "quote")
    settle = frame.get_column("settle").replace_strict(
        quotes, range(len(quotes)), default=-1, return_dtype=pl.Int64
    )
    return Universe(
        frame=frame,
        spots=spot.height,
        now_ms=now_ms,
        asset=_codes(frame, "asset")[0],
        quote=quote,
        settle=settle.to_numpy(),
        venue=venue,
        venues=venues,
        dollar=np.array([name in DOLLARS for name in quotes] or [False])[quote],
        bid=bid,
        ask=ask,
        mid=np.asarray(middle),
        spread=np.asarray(width),
        rate=_numbers(frame, "rate"),
        interval_hours=_numbers(frame, "interval_hours"),
        next_ms=_numbers(frame, "next_settlement_ms"),
        captured_ms=_numbers(frame, "captured_at_ms"),
        fees=np.array([one.to_numpy() for one in fees], dtype=np.float64),
        mean_hourly=_means(frame, means, spot.height),
    )


def _numbers(frame: pl.DataFrame, name: str) -> Numbers:
    return frame.get_column(name).cast(pl.Float64).to_numpy()


def _codes(frame: pl.DataFrame, name: str) -> tuple[Index, tuple[str, ...]]:
    """Small integers for the names in a column, and the names by that integer."""
    column = frame.get_column(name).fill_null("")
    names = column.unique(maintain_order=True)
    codes = column.replace_strict(names, range(len(names)), return_dtype=pl.Int64)
    return codes.to_numpy(), tuple(names)


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
