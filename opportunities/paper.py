"""The paper trade: what it enters at, what leaving costs, and what it has paid so far."""

from __future__ import annotations

from typing import Final

import polars as pl

from arbedge.names import Kind, Market

BPS: Final = 1e-4
DEFAULT_HORIZON_HOURS: Final = 72.0
PAPER: Final = ("long_mid", "short_mid", "paper_cost", "horizon_hours")


def _mid(side: str) -> pl.Expr:
    return (pl.col(f"{side}_bid") + pl.col(f"{side}_ask")) / 2


def _spread(side: str) -> pl.Expr:
    return (pl.col(f"{side}_ask") - pl.col(f"{side}_bid")) / _mid(side)


def _fee(side: str) -> pl.Expr:
    return pl.col(f"{side}_fee_bps").fill_null(0.0) * BPS


def enter(candidates: pl.DataFrame) -> pl.DataFrame:
    """The candidates with the columns PAPER: the trade entered at mid, its costs kept apart.

    `paper_cost` is a fraction of the long leg's entry value. Funding and basis are left again:
    both fees twice and one spread a leg (an adverse gap is not in it, for its real change is
    counted). A spot trade is not left: what lies between its gap and its promised net is its cost.
    """
    gap = _mid("short") / _mid("long") - 1
    round_trip = 2 * (_fee("long") + _fee("short")) + _spread("long") + _spread("short")
    alone = 2 * _fee("long") + _spread("long")
    return candidates.with_columns(
        long_mid=_mid("long"),
        short_mid=_mid("short"),
        paper_cost=pl.when(pl.col("short_id").is_null())
        .then(alone)
        .when(pl.col("kind") == Kind.SPOT.value)
        .then(gap - pl.col("net"))
        .otherwise(round_trip),
        horizon_hours=pl.when(pl.col("horizon_hours") > 0)
        .then(pl.col("horizon_hours"))
        .otherwise(DEFAULT_HORIZON_HOURS),
    )


def gap_change(long_now: pl.Expr, short_now: pl.Expr) -> pl.Expr:
    """What the prices have paid: the long leg's rise less the short leg's, equal in coins."""
    rise = long_now - pl.col("long_mid")
    fall = (short_now - pl.col("short_mid")).fill_null(0.0)
    alone = pl.col("short_mid").is_null()
    known = alone | short_now.is_not_null()
    return pl.when(known).then((rise - fall) / pl.col("long_mid"))


def is_perpetual(side: str) -> pl.Expr:
    """Whether a leg has funding to settle."""
    return (pl.col(f"{side}_market") == Market.PERP.value).fill_null(value=False)
