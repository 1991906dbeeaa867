"""What is told of a change: the event, the figures before and after, and the new promise."""

from __future__ import annotations

from typing import Final

import polars as pl

from arbedge.names import CloseReason, Event, Reason
from exchanges.columns import TEXT, Schema
from opportunities.handover import GATES
from opportunities.rules import Moment, Rules

EVENTS: Final[Schema] = {
    "id": pl.Int64,
    "fingerprint": TEXT,
    "type": TEXT,
    "reason": TEXT,
    "silent": pl.Boolean,
    "old": TEXT,
    "new": TEXT,
}
# Changes nobody is told of one by one; a blind venue is one notice for all its rows.
SILENT: Final = (Event.HELD.value, Event.RESUMED.value, Event.RESTORED.value)
ROUNDING: Final = 1e-12  # a limit met exactly is met, whatever the last bit says
OLD: Final = {
    "net": "old_promise_net",
    "net_announced": "old_promise_net_announced",
    "measured": "old_promise_measured",
    "at_ms": "old_promise_at_ms",
}
NEW: Final = (
    "net",
    "net_announced",
    "net_at_size",
    "measured",
    "threshold",
    "first",
    "later",
    "k",
    "cost",
    "gap",
    "apr_net",
    "return_on_capital",
    "break_even_at_ms",
    "horizon_hours",
    "risk",
    "score",
    "shelves",
    "reasons",
    "long_bid",
    "long_ask",
    "short_bid",
    "short_ask",
    "long_rate",
    "short_rate",
)


def improved(rules: Rules) -> pl.Expr:
    """Whether the figure stands far enough above the promise to be told again."""
    promise = pl.col("promise_measured")
    enough = pl.max_horizontal(promise * rules.improve_by, promise + rules.improve_min)
    return (pl.col("now_measured") >= enough - ROUNDING).fill_null(value=False)


def charted(moment: Moment) -> pl.Expr:
    """Whether the net has moved enough, and enough time has gone by, for a point of the chart."""
    rules = moment.rules
    moved = (pl.col("now_net") - pl.col("figure_net")).abs() >= rules.figure_change - ROUNDING
    due = moment.lasted("figure_at_ms", rules.figure_every_s) | pl.col("figure_at_ms").is_null()
    return due & moved.fill_null(value=True)


def promise(rows: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """The rows with the promise renewed where they improved; the one that stood is kept as `old_*`.

    `improved_count` counts the improvements of the last 4 h, this one included (3 = three or more).
    """
    told = (pl.col("event") == Event.IMPROVED.value).fill_null(value=False)
    as_of_ms = moment.as_of_ms
    window = as_of_ms - moment.rules.improve_window_s * 1000
    recent = sum(
        (pl.col(name) > window).fill_null(value=False).cast(pl.Int64)
        for name in ("improved_at_ms", "improved_before_at_ms")
    )
    renewed = {
        "promise_net": pl.col("now_net"),
        "promise_net_announced": pl.col("now_net_announced"),
        "promise_measured": pl.col("now_measured"),
        "promise_at_ms": pl.lit(as_of_ms),
        "improved_count": recent + 1,
        "improved_before_at_ms": pl.col("improved_at_ms"),
        "improved_at_ms": pl.lit(as_of_ms),
    }
    return rows.with_columns(pl.col(name).alias(old) for old, name in _kept()).with_columns(
        pl.when(told).then(value).otherwise(pl.col(name)).alias(name)
        for name, value in renewed.items()
    )


def _kept() -> list[tuple[str, str]]:
    return [(old, old.removeprefix("old_")) for old in OLD.values()]


def _told(figures: dict[str, str]) -> pl.Expr:
    return pl.struct(pl.col(column).alias(name) for name, column in figures.items())


def gate_code() -> pl.Expr:
    """The code of the first gate that holds a row back; `missing` when the scan had no row."""
    first = pl.coalesce(
        pl.when((pl.col("now_gates") & pl.lit(1 << reason, dtype=pl.Int64)) != 0).then(
            pl.lit(reason.code)
        )
        for reason in Reason
        if GATES & (1 << reason)
    )
    return (
        pl.when(pl.col("here"))
        .then(first.fill_null(Reason.NO_PRICE.code))
        .otherwise(pl.lit("missing"))
    )


def events(moved: pl.DataFrame, opening: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """One row per change, with the columns EVENTS, ordered by fingerprint.

    Where a blind venue closed a row, `new` names under `blind` who did not answer.
    """
    return pl.concat([_of_live(moved, moment), _of_opening(opening)]).sort("fingerprint")


def _of_live(moved: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    changed = moved.filter(pl.col("event").is_not_null())
    by_gate = pl.col("close_reason") == CloseReason.GATE.value
    blind = (pl.col("close_reason") == CloseReason.NO_DATA.value).fill_null(value=False)
    reason = (
        pl.when(by_gate)
        .then(pl.concat_str(pl.col("close_reason"), pl.lit(":"), gate_code()))
        .otherwise(pl.col("close_reason"))
    )
    now = [pl.when("fresh").then(pl.col(f"now_{name}")).alias(name) for name in NEW]
    life = [pl.col("best"), pl.col("new_state").alias("state"), pl.col("improved_count")]
    dark = pl.when(blind).then(moment.unanswered()).alias("blind")
    return changed.select(
        "id",
        "fingerprint",
        pl.col("event").alias("type"),
        reason.fill_null("").alias("reason"),
        (pl.col("event").is_in(SILENT) | blind).alias("silent"),
        _told(OLD | {"state": "state"}).struct.json_encode().alias("old"),
        pl.struct(*now, *life, dark).struct.json_encode().alias("new"),
    )


def _of_opening(opening: pl.DataFrame) -> pl.DataFrame:
    back = pl.col("id").is_not_null()
    return opening.select(
        "id",
        "fingerprint",
        pl.when(back)
        .then(pl.lit(Event.RECOVERED.value))
        .otherwise(pl.lit(Event.OPENED.value))
        .alias("type"),
        pl.lit("").alias("reason"),
        pl.lit(value=False).alias("silent"),
        pl.when(back).then(_told(OLD).struct.json_encode()).alias("old"),
        pl.struct(*NEW, "best", "state").struct.json_encode().alias("new"),
    )
