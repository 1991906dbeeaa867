"""What alerts are compared with: prices, funding and silence of venues, as one table a kind.

A figure older than 30 s tells nothing: what cannot be read is left out, and then no alert about it
fires or is armed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from exchanges.snapshot import Snapshot
from opportunities.announced import CREDIBLE_RATE, EIGHT_HOURS, FRESH_MS, is_fresh, tradable

ANYWHERE: Final = ""  # the venue of an alert that names none
UNIT: Final = "USDT"  # what accounts are worth is told in it


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure of one subject at one venue; `more` is what the message tells beside it."""

    subject: str
    venue: str
    value: float
    more: Mapping[str, Any] = field(default_factory=dict)


def prices(snapshot: Snapshot) -> list[Reading]:
    """The middle price of every pair at every venue, and under no venue their median.

    Spot where a pair has a fresh spot market there, its perpetual elsewhere.
    """
    found = pl.concat([_mids(snapshot.spot, 0), _mids(snapshot.perp, 1)])
    at_venues = (
        found.sort("rank").group_by("subject", "venue").agg(pl.first("mid"), pl.first("age_ms"))
    )
    everywhere = found.filter(pl.col("rank") == pl.col("rank").min().over("subject"))
    medians = everywhere.group_by("subject").agg(
        pl.median("mid"), pl.max("age_ms"), pl.n_unique("venue").alias("venues")
    )
    told = [
        Reading(subject, venue, mid, {"age_ms": age, "venues": 1})
        for subject, venue, mid, age in at_venues.iter_rows()
    ]
    return told + [
        Reading(subject, ANYWHERE, mid, {"age_ms": age, "venues": venues})
        for subject, mid, age, venues in medians.iter_rows()
    ]


def in_usdt(snapshot: Snapshot) -> dict[str, Reading]:
    """The median price in USDT of every coin that has one, by coin."""
    pair = f"/{UNIT}"
    return {
        one.subject.removesuffix(pair): one
        for one in prices(snapshot)
        if one.venue == ANYWHERE and one.subject.endswith(pair)
    }


def funding(snapshot: Snapshot) -> list[Reading]:
    """The size of every coin's announced funding per 8 h, by venue, and the largest of all venues.

    Positive and negative funding count alike; `rate` is as announced, for the venue's own interval.
    """
    rows = (
        _fresh(snapshot.perp)
        .filter(pl.col("interval_hours") > 0, pl.col("rate").abs() <= CREDIBLE_RATE)
        .select(
            "asset", "venue", "rate", "interval_hours", "age_ms",
            size=pl.col("rate").abs() / pl.col("interval_hours") * EIGHT_HOURS,
        )
        .sort("size", descending=True)
    )  # fmt: skip
    best_at = rows.unique(["asset", "venue"], keep="first", maintain_order=True)
    best = rows.unique("asset", keep="first", maintain_order=True)
    return [_funding(row, row["venue"]) for row in best_at.iter_rows(named=True)] + [
        _funding(row, ANYWHERE) for row in best.iter_rows(named=True)
    ]


def silence(snapshot: Snapshot, paused: Iterable[str] = ()) -> list[Reading]:
    """1 for every venue that is blind, 0 for one that answers.

    A venue is blind when its oldest needed answer is missing or older than 30 s. When none answers
    it is we who are blind: then nothing is told.
    """
    off = set(paused)
    told = [
        Reading(state.name, ANYWHERE, float(not is_fresh(age)), {"age_ms": age})
        for state in snapshot.venues.values()
        for age in [_age(state.captured_at_ms, snapshot.now_ms)]
        if state.name not in off
    ]
    return told if any(one.value == 0 for one in told) else []


def _age(captured_at_ms: float | None, now_ms: float) -> float | None:
    return None if captured_at_ms is None else now_ms - captured_at_ms


def _funding(row: Mapping[str, Any], venue: str) -> Reading:
    more = {"interval_hours": EIGHT_HOURS, "at": row["venue"], "rate": row["rate"],
            "age_ms": row["age_ms"]}  # fmt: skip
    return Reading(row["asset"], venue, row["size"], more)


def _mids(market: pl.DataFrame, rank: int) -> pl.DataFrame:
    return (
        _fresh(market)
        .filter(pl.col("bid") > 0, pl.col("ask") > pl.col("bid"))
        .select(
            "venue",
            "age_ms",
            subject=pl.col("asset") + "/" + pl.col("quote"),
            mid=(pl.col("bid") + pl.col("ask")) / 2,
            rank=pl.lit(rank),
        )
    )


def _fresh(market: pl.DataFrame) -> pl.DataFrame:
    return market.filter(pl.col("age_ms") <= FRESH_MS, tradable())
