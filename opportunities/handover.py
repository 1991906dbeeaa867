"""What a scan hands to the lifecycle: one row per candidate, its legs, figures and reasons."""

from __future__ import annotations

from typing import Final

import polars as pl

from arbedge.names import REJECTING_MASK, Kind, Reason, Risk
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

NUMBER_LIMIT: Final = 1e18
FRACTION_LIMIT: Final = 100
LATEST_MS: Final = 1e14  # the year 5138: beyond it a "time" is a venue's way to say never
NO_JSON: Final = r"\bNaN\b|-?\bInfinity\b"


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
    text = pl.col(column).struct.json_encode() if isinstance(kind, pl.Struct) else pl.col(column)
    return text.cast(pl.String).str.replace_all(NO_JSON, "null")


def _number(name: str) -> pl.Expr:
    """A finite number or null; a time must also be one a calendar knows, and 0 means none."""
    column = pl.col(name)
    good = column.is_finite()
    if name.endswith(("at_ms", "next_ms")):
        good &= column.is_between(1, LATEST_MS)
    return pl.when(good).then(column).alias(name)


def _positive(side: str) -> pl.Expr:
    bid, ask = pl.col(f"{side}_bid"), pl.col(f"{side}_ask")
    return (bid > 0) & (ask > bid) & (ask < NUMBER_LIMIT)


def _sane() -> pl.Expr:
    """Whether the row would pass the table's own checks; one bad row must not stop a scan."""
    one_leg = pl.col("short_id").is_null() & (pl.col("kind") == Kind.TECHNICAL.value)
    two_legs = (pl.col("short_id") != pl.col("long_id")) & _positive("short")
    return (
        _positive("long")
        & (one_leg | two_legs.fill_null(value=False))
        & pl.col("net").is_between(-FRACTION_LIMIT, FRACTION_LIMIT, closed="none")
        & pl.col("measured").is_between(-FRACTION_LIMIT, FRACTION_LIMIT, closed="none")
        & pl.col("threshold").is_between(0, 1, closed="none")
        & pl.col("risk").is_in([risk.value for risk in Risk])
    ).fill_null(value=False)


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
    rows = rows.with_columns(_number(name) for name in numbers)
    if rows["fingerprint"].is_duplicated().any():
        rows = rows.sort("measured", descending=True, nulls_last=True).unique(
            "fingerprint", keep="first", maintain_order=True
        )
    return rows.with_columns(
        gates=bits("reasons", GATES),
        settling=pl.col("settling").fill_null(value=False)
        | (bits("reasons", mask(Reason.SETTLING)) != 0),
        trusted=(bits("reasons", UNTRUSTED) == 0) & _sane(),
        score=pl.col("score").clip(0, 1),
    )
