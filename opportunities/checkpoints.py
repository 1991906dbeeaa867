"""What a followed trade has paid at a checkpoint, judged from what is known by now: pure."""

from __future__ import annotations

from typing import Final

import polars as pl

from exchanges.columns import NUMBER, TEXT, Schema
from opportunities import paper
from opportunities.models.ledger import Standing

HOUR_MS: Final = 3_600_000.0
PRICE_WITHIN_MS: Final = 15 * 60_000.0  # later prices would tell of another moment
SETTLED_WITHIN_MS: Final = 48 * HOUR_MS
# A settlement is stamped some ms late; two of one calendar are an hour apart at least.
STAMP_MS: Final = 60_000.0

# An outcome that is not judged yet, with what has settled on each leg since the trade was entered.
PENDING: Final[Schema] = {
    "id": pl.Int64,
    "fingerprint": TEXT,
    "due_at_ms": NUMBER,
    "opened_at_ms": NUMBER,
    "cost": NUMBER,
    "gap_change": NUMBER,
    "priced_at_ms": NUMBER,
    "long_id": pl.Int64,
    "short_id": pl.Int64,
    "long_mid": NUMBER,
    "short_mid": NUMBER,
    **{
        f"{side}_{name}": kind
        for side in ("long", "short")
        for name, kind in {
            "market": TEXT,
            "next_ms": NUMBER,
            "interval_hours": NUMBER,
            "settlements": pl.Int64,
            "settled_rate": NUMBER,
            "settled_at_ms": NUMBER,
        }.items()
    },
}


def mids(prices: pl.DataFrame, now_ms: float) -> pl.DataFrame:
    """The mid of every instrument quoted within the last minute, as instrument_id and mid.

    `prices` has instrument_id, bid, ask and captured_at_ms.
    """
    return (
        prices.filter(
            (pl.col("bid") > 0)
            & (pl.col("ask") > pl.col("bid"))
            & (now_ms - pl.col("captured_at_ms") <= STAMP_MS)
        )
        .select("instrument_id", mid=(pl.col("bid") + pl.col("ask")) / 2)
        .unique("instrument_id", keep="first")
    )


def price(pending: pl.DataFrame, prices: pl.DataFrame, now_ms: float) -> pl.DataFrame:
    """`pending` with the change of the gap wherever both legs are quoted in time for it."""
    quoted = mids(prices, now_ms)
    rows = pending
    for side in ("long", "short"):
        leg = quoted.rename({"instrument_id": f"{side}_id", "mid": f"{side}_now"})
        rows = rows.join(leg, on=f"{side}_id", how="left", maintain_order="left")
    in_time = pl.col("gap_change").is_null() & (now_ms - pl.col("due_at_ms") <= PRICE_WITHIN_MS)
    change = paper.gap_change(pl.col("long_now"), pl.col("short_now"))
    return (
        rows.with_columns(gap_change=pl.when(in_time).then(change).otherwise(pl.col("gap_change")))
        .with_columns(
            priced_at_ms=pl.when(in_time & pl.col("gap_change").is_not_null())
            .then(pl.lit(now_ms))
            .otherwise(pl.col("priced_at_ms"))
        )
        .drop("long_now", "short_now")
    )


def judge(pending: pl.DataFrame, now_ms: float) -> pl.DataFrame:
    """`pending` with status, settled, total and success.

    Funding counts once every settlement of each leg's calendar is there: a long pays the rate, a
    short receives it, both in units of the long leg's entry value. What is not known in time is
    `no_data`; nothing is put in its place.
    """
    known = pl.all_horizontal(_complete(side) for side in ("long", "short"))
    weight = (pl.col("short_mid") / pl.col("long_mid")).fill_null(1.0)
    priced = pl.col("gap_change").is_not_null()
    late = now_ms - pl.col("due_at_ms")
    lost = (~priced & (late > PRICE_WITHIN_MS)) | (~known & (late > SETTLED_WITHIN_MS))
    return (
        pending.with_columns(
            settled=pl.when(known).then(_funding("short") * weight - _funding("long")),
            status=pl.when(known & priced)
            .then(pl.lit(Standing.SETTLED.value))
            .when(lost)
            .then(pl.lit(Standing.NO_DATA.value))
            .otherwise(pl.lit(Standing.PENDING.value)),
        )
        .with_columns(total=pl.col("settled") + pl.col("gap_change") - pl.col("cost"))
        .with_columns(success=pl.col("total") >= 0)
    )


def _funding(side: str) -> pl.Expr:
    perpetual = paper.is_perpetual(side)
    return pl.when(perpetual).then(pl.col(f"{side}_settled_rate").fill_null(0.0)).otherwise(0.0)


def _complete(side: str) -> pl.Expr:
    """Whether everything the leg's calendar had due by the checkpoint has been seen to settle."""
    next_ms, due_ms = pl.col(f"{side}_next_ms"), pl.col("due_at_ms")
    step_ms = pl.col(f"{side}_interval_hours") * HOUR_MS
    further = ((due_ms - next_ms) / step_ms).floor()
    none_due = next_ms > due_ms
    last_ms = next_ms + further * step_ms
    all_there = (pl.col(f"{side}_settlements") >= further + 1) & (
        pl.col(f"{side}_settled_at_ms") >= last_ms - STAMP_MS
    )
    return ~paper.is_perpetual(side) | (none_due | all_there).fill_null(value=False)
