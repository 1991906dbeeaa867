"""The way to opening: how often, and over how long, a candidate was seen to pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from arbedge.names import REJECTING_MASK, Kind, Reason
from exchanges.columns import NUMBER, TEXT, Schema
from opportunities.handover import bits, mask
from opportunities.rules import Moment

SIGHTING: Final[Schema] = {
    "fingerprint": TEXT,
    "seen": pl.Int64,
    "first_at_ms": NUMBER,
    "last_at_ms": NUMBER,
    "long_venue": TEXT,
    "short_venue": TEXT,
    "long_next_ms": NUMBER,
    "short_next_ms": NUMBER,
    "shadowed": pl.Boolean,
}
SEEN_AT_MOST: Final = 30_000

_HISTORY = mask(Reason.HISTORY)


@dataclass(frozen=True, slots=True)
class Sighted:
    """What this scan adds to the sightings: rows to keep, prints to forget, candidates to open.

    `shadow` are candidates only the history gate held back, at the moment they would have opened.
    """

    keep: pl.DataFrame
    forget: pl.Series
    opening: pl.DataFrame
    shadow: pl.DataFrame


def sight(sightings: pl.DataFrame, candidates: pl.DataFrame, moment: Moment) -> Sighted:
    """Count this scan's observations of candidates that are not live.

    `candidates` come from `handover.observe`. An observation counts at `measured >= threshold`
    with nothing rejecting it but the history gate; a lesser one, or none although both venues
    answered, starts the count anew. Blind venues and the settlement guard change nothing.
    """
    counted = _count(sightings, candidates, moment)
    opening = counted.filter(pl.col("ripe") & ~pl.col("held"))
    keep = counted.filter(~pl.col("ripe") | pl.col("held"))
    stay = sightings.join(counted.select("fingerprint"), on="fingerprint", how="anti")
    forget = pl.concat([_ended(stay, candidates, moment), opening["fingerprint"]])
    return Sighted(
        keep=keep.with_columns(shadowed=pl.col("shadowed") | pl.col("ripe")).select(*SIGHTING),
        forget=forget.unique().sort(),
        opening=opening.drop("ripe", "held", "shadowed"),
        shadow=keep.filter(pl.col("ripe") & ~pl.col("shadowed")),
    )


def _count(sightings: pl.DataFrame, candidates: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """The candidates observed at their threshold now, with what was seen of them before."""
    ready = (
        pl.col("trusted")
        & pl.col("answered").fill_null(moment.both_answered())
        & ~pl.col("settling")
        & (pl.col("measured") >= pl.col("threshold"))
        & (bits("reasons", REJECTING_MASK & ~_HISTORY) == 0)
    )
    before = sightings.filter(~_too_old(moment)).select(
        "fingerprint", "seen", "first_at_ms", "shadowed"
    )
    return (
        candidates.filter(ready)
        .join(before, on="fingerprint", how="left", maintain_order="left")
        .with_columns(
            seen=(pl.col("seen").fill_null(0) + 1).clip(upper_bound=SEEN_AT_MOST),
            first_at_ms=pl.col("first_at_ms").fill_null(moment.as_of_ms),
            last_at_ms=pl.lit(moment.as_of_ms),
            shadowed=pl.col("shadowed").fill_null(value=False),
        )
        .with_columns(ripe=_ripe(moment), held=bits("reasons", _HISTORY) != 0)
    )


def _too_old(moment: Moment) -> pl.Expr:
    return pl.col("last_at_ms") < moment.as_of_ms - moment.rules.sighting_gap_s * 1000


def _ripe(moment: Moment) -> pl.Expr:
    """Seen often enough for long enough, by the kind's own measure, with both order books read.

    A book that is not read within `depth_wait_s` is waited for no longer: it opens as unknown.
    """
    rules = moment.rules
    spot, other = (rules.needed(kind) for kind in (Kind.SPOT, Kind.FUNDING))
    is_spot = pl.col("kind") == Kind.SPOT.value
    times = pl.when(is_spot).then(spot[0]).otherwise(other[0])
    span_ms = pl.when(is_spot).then(spot[1] * 1000).otherwise(other[1] * 1000)
    wait_ms = (
        pl.when(is_spot).then(rules.spot_depth_wait_s * 1000).otherwise(rules.depth_wait_s * 1000)
    )
    watched_ms = moment.as_of_ms - pl.col("first_at_ms")
    read = bits("reasons", mask(Reason.DEPTH_UNKNOWN)) == 0
    return (pl.col("seen") >= times) & (watched_ms >= span_ms) & (read | (watched_ms >= wait_ms))


def _ended(stay: pl.DataFrame, candidates: pl.DataFrame, moment: Moment) -> pl.Series:
    """Prints not observed now whose count ends: they do not pay, are live, or too long ago."""
    now = candidates.select("fingerprint", now_settling="settling", now_answered="answered")
    looked_at = pl.col("now_answered").fill_null(moment.both_answered()) & ~pl.col(
        "now_settling"
    ).fill_null(moment.in_guard())
    return (
        stay.join(now, on="fingerprint", how="left")
        .filter(_too_old(moment) | looked_at)
        .get_column("fingerprint")
    )
