"""What a scan hands to the lifecycle: one row per candidate, its legs, figures and reasons."""

from __future__ import annotations

from typing import Final

import polars as pl

from arbedge.names import REJECTING_MASK, Reason
from exchanges.columns import NUMBER, TEXT, Schema, conform

SIDES: Final = ("long", "short")

IDENTITY: Final[Schema] = {
    "fingerprint": TEXT,  # 32 hex digits
    "kind": TEXT,
    "family": TEXT,  # kind:asset
    "asset": TEXT,
    "quote": TEXT,
    "long_id": pl.Int64,  # exchanges.Instrument
    "short_id": pl.Int64,  # null for one leg
    "long_venue": TEXT,
    "short_venue": TEXT,
    "long_symbol": TEXT,
    "short_symbol": TEXT,
    "long_market": TEXT,
    "short_market": TEXT,
}

LEG_FIGURES: Final[Schema] = {
    f"{side}_{name}": NUMBER
    for name in ("bid", "ask", "rate", "interval_hours", "next_ms", "fee_bps", "age_ms", "mark")
    for side in SIDES
}

FIGURES: Final[Schema] = {
    "first": NUMBER,
    "later": NUMBER,
    "k": NUMBER,
    "cost": NUMBER,
    "gap": NUMBER,
    "gross_announced": NUMBER,
    "net_announced": NUMBER,
    "net": NUMBER,
    "net_at_size": NUMBER,
    "apr_net": NUMBER,
    "break_even_at_ms": NUMBER,
    "return_on_capital": NUMBER,
    "risk": TEXT,
    "score": NUMBER,
    "score_parts": TEXT,  # JSON
    "shelves": pl.Int64,  # bit mask
    "reasons": pl.Int64,  # bit mask of names.Reason
    "measured": NUMBER,  # what is compared with the threshold
    "threshold": NUMBER,
    "horizon_hours": NUMBER,
    "ends_at_ms": NUMBER,
    "cohorts": TEXT,  # JSON
}

CANDIDATE: Final[Schema] = {
    **IDENTITY,
    **LEG_FIGURES,
    **FIGURES,
    "settling": pl.Boolean,
    "answered": pl.Boolean,
}


def mask(*reasons: Reason) -> int:
    """The bit mask of these reasons."""
    return sum(1 << reason for reason in set(reasons))


# Under these gates the figures themselves cannot be believed.
UNTRUSTED: Final = mask(
    Reason.STALE,
    Reason.LEG_SKEW,
    Reason.FUTURE,
    Reason.NO_PRICE,
    Reason.CROSSED,
    Reason.NO_RATE,
    Reason.INTERVAL_UNKNOWN,
    Reason.NO_FEE,
    Reason.QUOTE_MISMATCH,
    Reason.FROZEN,
    Reason.IMPLAUSIBLE,
    Reason.BREAKER,
    Reason.PAUSED,
    Reason.LEVERAGED,
    Reason.QUARANTINED,
)
# Gates of level 1 and 2 hold a live row back; the threshold and the guard have their own rules.
GATES: Final = REJECTING_MASK & ~mask(Reason.BELOW_THRESHOLD, Reason.SETTLING)


def bits(column: str, wanted: int) -> pl.Expr:
    """The bits of `column` that are also in `wanted`, null as none."""
    return pl.col(column).fill_null(0) & pl.lit(wanted, dtype=pl.Int64)


def _json(frame: pl.DataFrame, column: str) -> pl.Expr:
    kind = frame.schema[column]
    if isinstance(kind, pl.Struct):
        return pl.col(column).struct.json_encode()
    return pl.col(column)


def _positive(side: str) -> pl.Expr:
    bid, ask = pl.col(f"{side}_bid"), pl.col(f"{side}_ask")
    return ((bid > 0) & (ask > bid)).fill_null(value=False)


def observe(frame: pl.DataFrame) -> pl.DataFrame:
    """The candidates with exactly the columns of CANDIDATE, plus what the lifecycle makes of them.

    Adds `gates` (rejecting bits that hold back), `settling` with its bit folded in, and `trusted`
    (the figures can be believed: numbers are there, prices are sane, no gate says otherwise).
    NaN and infinity become null. Of rows with one fingerprint the one with the highest `measured`
    is kept, so a twin can never write a row twice.
    """
    known = [name for name in ("score_parts", "cohorts") if name in frame.columns]
    rows = conform(frame.with_columns(_json(frame, name) for name in known), CANDIDATE)
    numbers = [name for name, kind in CANDIDATE.items() if kind == NUMBER]
    rows = rows.with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in numbers
    )
    if rows["fingerprint"].is_duplicated().any():
        rows = rows.sort("measured", descending=True, nulls_last=True).unique(
            "fingerprint", keep="first", maintain_order=True
        )
    believed = (
        (bits("reasons", UNTRUSTED) == 0)
        & pl.all_horizontal(pl.col("net", "measured", "risk").is_not_null())
        & (pl.col("threshold") > 0).fill_null(value=False)
        & _positive("long")
        & (pl.col("short_id").is_null() | _positive("short"))
    )
    return rows.with_columns(
        gates=bits("reasons", GATES),
        settling=pl.col("settling").fill_null(value=False)
        | (bits("reasons", mask(Reason.SETTLING)) != 0),
        trusted=believed,
    )
