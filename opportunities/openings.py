"""What a candidate is at the moment it opens: the return of a row just closed, or a new one."""

from __future__ import annotations

from typing import Final

import polars as pl

from arbedge.names import State
from exchanges.columns import NUMBER, TEXT, Schema
from opportunities.rules import Moment

# What is read of a row closed a short while ago.
PAST: Final[Schema] = {
    "id": pl.Int64,
    "fingerprint": TEXT,
    "closed_at_ms": NUMBER,
    "promise_net": NUMBER,
    "promise_net_announced": NUMBER,
    "promise_measured": NUMBER,
    "promise_at_ms": NUMBER,
}
_PROMISES: Final = [name for name in PAST if name.startswith("promise_")]


def born(opening: pl.DataFrame, past: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """The candidates that open, with everything the next scan has to know of them.

    `id` is that of the row a candidate revives, null for a new one; `old_*` its promise then.
    """
    return _returning(opening, past, moment).with_columns(**_first_memory(moment))


def _first_memory(moment: Moment) -> dict[str, pl.Expr]:
    at, never = pl.lit(moment.as_of_ms), pl.lit(None, dtype=NUMBER)
    rules = moment.rules
    valid = pl.col("risk").replace_strict(rules.valid_s(), default=rules.high_valid_s)
    return {
        "state": pl.lit(State.OPEN.value),
        "live_key": pl.col("fingerprint"),
        "held_from": pl.lit(""),
        "settling": pl.lit(value=False),
        "opened_at_ms": at,
        "as_of_ms": at,
        "confirmed_at_ms": at,
        "expires_at_ms": moment.as_of_ms + valid * 1000,
        "closed_at_ms": never,
        "close_reason": pl.lit(""),
        "below_half_since_ms": never,
        "negative_seen": pl.lit(0, dtype=pl.Int64),
        "gate_since_ms": never,
        "held_since_ms": never,
        "figure_at_ms": at,
        "figure_net": pl.col("net"),
        "promise_net": pl.col("net"),
        "promise_net_announced": pl.col("net_announced"),
        "promise_measured": pl.col("measured"),
        "promise_at_ms": at,
        "improved_count": pl.lit(0, dtype=pl.Int64),
        "improved_at_ms": never,
        "improved_before_at_ms": never,
    }


def _returning(opening: pl.DataFrame, past: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """Which openings are the return of a row closed a short while ago (its latest life)."""
    latest = past.sort("closed_at_ms", "id", descending=True).unique(
        "fingerprint", keep="first", maintain_order=True
    )
    known = latest.rename({name: f"old_{name}" for name in _PROMISES})
    soon = pl.col("first_at_ms") - pl.col("closed_at_ms") <= moment.rules.revive_s * 1000
    return (
        opening.join(known, on="fingerprint", how="left", maintain_order="left")
        .with_columns(
            pl.when(soon).then(pl.col(name)).alias(name)
            for name in ("id", *(f"old_{promise}" for promise in _PROMISES))
        )
        .drop("closed_at_ms")
    )
