"""Writes of one scan: a handful of set-based statements, whatever the number of rows."""
# ruff: noqa: S608  (statements are put together from this app's own column names, never from data)

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import polars as pl

from arbedge.names import Event, State
from opportunities import paper, store
from opportunities.handover import FIGURES, IDENTITY, LEG_FIGURES
from opportunities.transitions import Decision

Told = list[tuple[int, int, str]]  # event id, opportunity id, event type

JSON: Final = ("score_parts", "cohorts", "old", "new")
TAKEN: Final = (*LEG_FIGURES, *(name for name in FIGURES if name != "reasons"), "fee_version")
PROMISE: Final = ("promise_net", "promise_net_announced", "promise_measured", "promise_at_ms")
IMPROVED: Final = ("improved_count", "improved_at_ms", "improved_before_at_ms")
CLOCKS: Final = ("below_half_since_ms", "negative_seen", "gate_since_ms", "held_since_ms")
MEMORY: Final = (
    *("reasons", "state", "live_key", "held_from", "best", "settling", "as_of_ms"),
    *("confirmed_at_ms", "expires_at_ms", "closed_at_ms", "close_reason"),
    *("figure_at_ms", "figure_net", *CLOCKS, *PROMISE, *IMPROVED),
)
CHART: Final = ("net", "net_announced", "measured", "cost", "gap", "long_rate", "short_rate")
ENTERED: Final = (
    *("long_interval_hours", "short_interval_hours", "long_next_ms", "short_next_ms"),
    *("risk", "score", "fee_version"),
)


@dataclass(frozen=True, slots=True)
class Scanned:
    """What is remembered of the scan itself."""

    as_of_ms: float
    fee_version: str = ""
    policy_version: str = ""
    score_version: str = ""
    took_ms: float = 0.0
    candidates: int | None = None  # looked at in all; None: as many as were handed over
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def at(self) -> str:
        """The scan's time as an SQL expression."""
        return store.moment(self.as_of_ms)


def is_stale(cursor: Any, as_of_ms: float) -> bool:
    """Whether this scan, or a newer one, is stored already."""
    cursor.execute(
        "SELECT EXISTS (SELECT FROM opportunities_scanrecord"
        f" WHERE as_of >= {store.moment(as_of_ms)})"
    )
    return bool(cursor.fetchone()[0])


def name_openings(cursor: Any, decision: Decision) -> Decision:
    """The decision with ids for what opens, so that every later row can name its opportunity.

    Adds `returning` to the openings: whether the id is that of a row coming back to life.
    """
    new = decision.opening["id"].is_null()
    fresh = iter(store.numbers(cursor, "opportunities_opportunity", int(new.sum())))
    ids = [next(fresh) if known is None else known for known in decision.opening["id"]]
    opening = decision.opening.with_columns(id=pl.Series(ids, dtype=pl.Int64), returning=~new)
    named = opening.select("fingerprint", born="id")
    events = decision.events.join(named, on="fingerprint", how="left", maintain_order="left")
    return replace(
        decision,
        opening=opening,
        events=events.with_columns(id=pl.col("id").fill_null(pl.col("born"))).drop("born"),
    )


def write(cursor: Any, decision: Decision, scanned: Scanned) -> Told:
    """Store a decision; returns the events as rows of (event id, opportunity id, type)."""
    if decision.opening.height:
        decision = name_openings(cursor, decision)
    if decision.live.height:
        _move(cursor, decision.live, scanned)
    if decision.opening.height:
        _open(cursor, decision.opening, scanned)
    if decision.shadow.height:
        store.stage(cursor, "shadowed", _entering(decision.shadow, scanned))
        _follow(cursor, "shadowed", scanned, shadow=True)
    _keep_sightings(cursor, decision)
    return _tell(cursor, decision.events, scanned) if decision.events.height else []


def _move(cursor: Any, live: pl.DataFrame, scanned: Scanned) -> None:
    """Update every live row: what the rules remember, and new figures where they are trusted."""
    closed = pl.col("new_state") == State.CLOSED.value
    staged = live.with_columns(
        *(pl.col(f"now_{name}").alias(name) for name in TAKEN if name != "fee_version"),
        state=pl.col("new_state"),
        live_key=pl.when(~closed).then("fingerprint"),
        settling=pl.col("guard"),
        as_of_ms=pl.lit(scanned.as_of_ms),
        closed_at_ms=pl.when(closed).then(scanned.as_of_ms),
        close_reason=pl.col("close_reason").fill_null(""),
        fee_version=pl.lit(scanned.fee_version),
    )
    store.stage(cursor, "moved", staged.select("id", "fresh", "chart", *MEMORY, *TAKEN))
    older = f"o.id = m.id AND o.as_of < {scanned.at}"
    for which, columns in (("m.fresh", (*MEMORY, *TAKEN)), ("NOT m.fresh", MEMORY)):
        changes = store.settings(columns, "m", JSON)
        cursor.execute(
            f"UPDATE opportunities_opportunity o SET {changes} FROM moved m"
            f" WHERE {which} AND {older}"
        )
    cursor.execute(
        f"INSERT INTO opportunities_figure (opportunity_id, at, {store.targets(CHART)})"
        f" SELECT id, {scanned.at}, {store.values(CHART, 'm')} FROM moved m WHERE chart"
        " ON CONFLICT DO NOTHING"
    )
    cursor.execute(
        f"UPDATE opportunities_followed f SET closed_at = {scanned.at} FROM moved m"
        " WHERE m.state = 'closed' AND f.opportunity_id = m.id AND NOT f.shadow"
    )


def _open(cursor: Any, opening: pl.DataFrame, scanned: Scanned) -> None:
    """Insert what opens, and bring back to life what returned soon enough."""
    columns = (*IDENTITY, *TAKEN, *MEMORY)
    entering = _entering(opening, scanned).select(
        "id", "returning", *dict.fromkeys((*columns, *paper.PAPER))
    )
    store.stage(cursor, "born", entering)
    cursor.execute(
        f"INSERT INTO opportunities_opportunity (id, {store.targets(columns)}, opened_at)"
        f" SELECT b.id, {store.values(columns, 'b', JSON)}, {scanned.at} FROM born b"
        " WHERE NOT b.returning"
    )
    cursor.execute(
        f"UPDATE opportunities_opportunity o SET {store.settings((*TAKEN, *MEMORY), 'b', JSON)}"
        f" FROM born b WHERE b.returning AND o.id = b.id AND o.as_of < {scanned.at}"
    )
    cursor.execute(
        f"INSERT INTO opportunities_figure (opportunity_id, at, {store.targets(CHART)})"
        f" SELECT id, {scanned.at}, {store.values(CHART, 'b')} FROM born b"
    )
    cursor.execute(
        "UPDATE opportunities_followed f SET closed_at = NULL FROM born b"
        " WHERE b.returning AND f.opportunity_id = b.id AND NOT f.shadow"
    )
    _follow(cursor, "born", scanned, shadow=False)


def _entering(rows: pl.DataFrame, scanned: Scanned) -> pl.DataFrame:
    """The rows with their paper trade, in the order every writer keeps."""
    entered = paper.enter(rows).with_columns(fee_version=pl.lit(scanned.fee_version))
    return entered.sort("fingerprint")


def _follow(cursor: Any, staged: str, scanned: Scanned, *, shadow: bool) -> None:
    """Enter the staged rows on paper, each life of an opportunity once."""
    promised = "promised_first, promised_later, promised_net"
    columns = (*IDENTITY, *paper.PAPER, *ENTERED)
    who = "NULL::int8" if shadow else "s.id"
    # What is followed without a row of its own is followed once; an opening is always new.
    which = "true ON CONFLICT DO NOTHING" if shadow else "NOT s.returning"
    cursor.execute(
        "INSERT INTO opportunities_followed (opportunity_id, shadow, opened_at, score_version,"
        f" complete, {promised}, {store.targets(columns)})"
        f" SELECT {who}, {shadow}, {scanned.at}, %s, false, s.first, s.later, s.net,"
        f" {store.values(columns, 's')} FROM {staged} s WHERE {which}",
        [scanned.score_version],
    )


def _keep_sightings(cursor: Any, decision: Decision) -> None:
    forget, keep = decision.sighted.forget, decision.sighted.keep
    if len(forget):
        # As one text: the list would be written out print by print.
        cursor.execute(
            "DELETE FROM opportunities_sighting WHERE fingerprint = ANY(string_to_array(%s, ','))",
            [",".join(forget)],
        )
    if keep.is_empty():
        return
    store.stage(cursor, "sighted", keep.sort("fingerprint"))
    columns = tuple(keep.columns)
    new = ", ".join(f'"{store.column(name)}" = excluded."{store.column(name)}"' for name in columns)
    cursor.execute(
        f"INSERT INTO opportunities_sighting ({store.targets(columns)})"
        f" SELECT {store.values(columns, 's')} FROM sighted s"
        f" ON CONFLICT (fingerprint) DO UPDATE SET {new}"
    )


def _tell(cursor: Any, events: pl.DataFrame, scanned: Scanned) -> Told:
    table = "opportunities_opportunityevent"
    told = events.select(
        pl.Series("id", store.numbers(cursor, table, events.height), dtype=pl.Int64),
        pl.lit(store.iso(scanned.as_of_ms)).alias("at"),
        *("type", "reason", "silent", "old", "new"),
        opportunity_id="id",
    )
    store.append(cursor, table, told)
    return told.select("id", "opportunity_id", "type").rows()


def keep_near_misses(cursor: Any, misses: pl.DataFrame | None, scanned: Scanned) -> None:
    """Remember the nearest misses, one row per fingerprint with its best and its last net."""
    if misses is None or misses.is_empty():
        return
    columns = (*IDENTITY, "threshold", "reasons")
    numbers = pl.col("net").is_finite() & pl.col("threshold").is_finite()
    known = misses.filter(numbers & (pl.col("long_id") != pl.col("short_id")))
    rows = known.unique("fingerprint").sort("fingerprint").select(*columns, "net")
    store.stage(cursor, "missed", rows)
    cursor.execute(
        "INSERT INTO opportunities_nearmiss AS n"
        f" ({store.targets(columns)}, best_net, last_net, first_seen, last_seen)"
        f" SELECT {store.values(columns, 'm')}, net, net, {scanned.at}, {scanned.at} FROM missed m"
        " ON CONFLICT (fingerprint) DO UPDATE SET last_net = excluded.last_net,"
        " best_net = greatest(n.best_net, excluded.best_net), reasons = excluded.reasons,"
        " threshold = excluded.threshold, last_seen = excluded.last_seen"
    )


def keep_scan(cursor: Any, decision: Decision, scanned: Scanned, told: Told) -> None:
    """Remember the scan: when it was, what its gates held back, what came of it."""
    types = [event for _, _, event in told]
    versions = {
        "fees": scanned.fee_version,
        "policy": scanned.policy_version,
        "score": scanned.score_version,
    }
    closed = types.count(Event.CLOSED.value)
    cursor.execute(
        "INSERT INTO opportunities_scanrecord"
        " (as_of, took_ms, counts, candidates, live, opened, closed, versions)"
        f" VALUES ({scanned.at}, %s, %s, %s, %s, %s, %s, %s)",
        [
            scanned.took_ms,
            json.dumps(dict(scanned.counts)),
            decision.candidates.height if scanned.candidates is None else scanned.candidates,
            decision.live.height + decision.opening.height - closed,
            types.count(Event.OPENED.value) + types.count(Event.RECOVERED.value),
            closed,
            json.dumps(versions),
        ],
    )
