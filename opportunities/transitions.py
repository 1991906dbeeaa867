"""How live opportunities move when a scan looks at them: pure, over columns.

The order of judgement for a live row: the settlement guard (nothing moves), a blind venue (held),
a gate or an absence (the gate's clock runs), else its figures are taken at their word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from arbedge.names import CloseReason, Event, State
from exchanges.columns import NUMBER, TEXT, Schema
from opportunities import announcements, families
from opportunities.handover import observe
from opportunities.openings import PAST, born
from opportunities.rules import Moment, Rules
from opportunities.sightings import Sighted, sight

__all__ = ["LIVE", "PAST", "Decision", "Rules", "decide"]

# What is read of a live row; times in ms.
LIVE: Final[Schema] = {
    "id": pl.Int64,
    "fingerprint": TEXT,
    "family": TEXT,
    "state": TEXT,
    "held_from": TEXT,
    "long_venue": TEXT,
    "short_venue": TEXT,
    "long_next_ms": NUMBER,
    "short_next_ms": NUMBER,
    "ends_at_ms": NUMBER,
    "net": NUMBER,
    "score": NUMBER,
    "risk": TEXT,
    "reasons": pl.Int64,
    "threshold": NUMBER,
    "promise_net": NUMBER,
    "promise_net_announced": NUMBER,
    "promise_measured": NUMBER,
    "promise_at_ms": NUMBER,
    "improved_count": pl.Int64,
    "improved_at_ms": NUMBER,
    "improved_before_at_ms": NUMBER,
    "confirmed_at_ms": NUMBER,
    "expires_at_ms": NUMBER,
    "below_half_since_ms": NUMBER,
    "negative_seen": pl.Int64,
    "gate_since_ms": NUMBER,
    "held_since_ms": NUMBER,
    "figure_at_ms": NUMBER,
    "figure_net": NUMBER,
}

OPEN, FADING, HELD, CLOSED = (state.value for state in State)
NEGATIVE_AT_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Decision:
    """What one scan changes.

    `live`: every live row with its new state and memory; `fresh` rows also take the scan's
    figures, `chart` rows get a history point. `opening`: candidates that open (openings.born).
    `shadow`: candidates to follow although the history gate holds
    them. `events`: id (null for an opening), fingerprint, type, reason, silent, old, new.
    """

    live: pl.DataFrame
    candidates: pl.DataFrame
    opening: pl.DataFrame
    shadow: pl.DataFrame
    sighted: Sighted
    events: pl.DataFrame


def decide(
    live: pl.DataFrame,
    past: pl.DataFrame,
    sightings: pl.DataFrame,
    frame: pl.DataFrame,
    *,
    as_of_ms: float,
    answered: Mapping[str, bool],
    rules: Rules,
) -> Decision:
    """What becomes of the live rows, and what opens, when a scan hands over `frame`.

    `live` and `past` have the columns LIVE and PAST, `sightings` those of sightings.SIGHTING,
    `frame` those of handover.CANDIDATE. Nothing is read but the arguments.
    """
    candidates = observe(frame)
    moment = Moment(as_of_ms, answered, rules)
    moved = _move(live, candidates, moment)
    strangers = candidates.join(live.select("fingerprint"), on="fingerprint", how="anti")
    sighted = sight(sightings, strangers, moment)
    moved, opening = _flag_best(moved, born(sighted.opening, past, moment))
    return Decision(
        live=moved,
        candidates=candidates,
        opening=opening,
        shadow=sighted.shadow,
        sighted=sighted,
        events=announcements.events(moved, opening, moment),
    )


def _move(live: pl.DataFrame, candidates: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    now = candidates.drop("family", "long_venue", "short_venue").rename(
        lambda name: name if name == "fingerprint" else f"now_{name}"
    )
    joined = live.join(now, on="fingerprint", how="left", maintain_order="left")
    timed = _keep_time(_look(joined, moment), moment.as_of_ms)
    judged = timed.with_columns(close_reason=_close_reason(moment)).with_columns(
        new_state=_new_state()
    )
    return _remember(judged, moment)


def _look(joined: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """What kind of observation this is of each row."""
    held = pl.col("state") == HELD
    now, limit = pl.col("now_measured"), pl.col("limit")
    return (
        joined.with_columns(
            here=pl.col("now_settling").is_not_null(),
            blind=~pl.col("now_answered").fill_null(moment.both_answered()),
            guard=pl.col("now_settling").fill_null(moment.in_guard()),
            limit=pl.col("now_threshold").fill_null(pl.col("threshold")),
            base=pl.when(held).then(pl.col("held_from")).otherwise(pl.col("state")),
        )
        .with_columns(still=pl.col("blind") | pl.col("guard"))
        .with_columns(fresh=~pl.col("still") & pl.col("now_trusted").fill_null(value=False))
        .with_columns(
            clean=pl.col("fresh") & (pl.col("now_gates") == 0).fill_null(value=False),
            below_half=pl.col("fresh") & (now < limit * moment.rules.close_below),
            pays=pl.col("fresh") & (now >= limit),
        )
    )


def _since(column: str, running: pl.Expr, stopped: pl.Expr, as_of_ms: float) -> pl.Expr:
    """A clock that starts when `running` begins, is cleared when `stopped`, else kept."""
    return (
        pl.when(stopped)
        .then(None)
        .when(running)
        .then(pl.col(column).fill_null(as_of_ms))
        .otherwise(pl.col(column))
        .alias(column)
    )


def _keep_time(looked: pl.DataFrame, as_of_ms: float) -> pl.DataFrame:
    """Advance the clocks and counters of each row."""
    still, fresh, below = pl.col("still"), pl.col("fresh"), pl.col("below_half")
    negative = (
        pl.when(~fresh)
        .then(pl.col("negative_seen"))
        .when(pl.col("now_measured") < 0)
        .then((pl.col("negative_seen") + 1).clip(upper_bound=NEGATIVE_AT_MOST))
        .otherwise(0)
    )
    return looked.with_columns(
        _since("below_half_since_ms", below, still | fresh & ~below, as_of_ms),
        _since("gate_since_ms", ~still & ~pl.col("clean"), still | pl.col("clean"), as_of_ms),
        _since("held_since_ms", pl.col("blind"), ~pl.col("blind"), as_of_ms),
        negative_seen=negative,
    )


def _close_reason(moment: Moment) -> pl.Expr:
    """Why a row closes now; null for those that live on."""
    rules, fresh = moment.rules, pl.col("fresh")
    ends = pl.col("now_ends_at_ms").fill_null(pl.col("ends_at_ms"))
    gated = ~pl.col("still") & ~pl.col("clean")
    ways = {
        CloseReason.ENDED: (ends <= moment.as_of_ms).fill_null(value=False),
        CloseReason.NO_DATA: pl.col("blind") & moment.lasted("held_since_ms", rules.blind_s),
        CloseReason.NEGATIVE: fresh & (pl.col("negative_seen") >= rules.negative_observations),
        CloseReason.BELOW_HALF: pl.col("below_half")
        & moment.lasted("below_half_since_ms", rules.below_half_s),
        CloseReason.GATE: gated & moment.lasted("gate_since_ms", rules.gate_s),
    }
    return pl.coalesce(
        pl.when(~pl.col("guard") & way).then(pl.lit(reason.value)) for reason, way in ways.items()
    )


def _new_state() -> pl.Expr:
    return (
        pl.when(pl.col("close_reason").is_not_null())
        .then(pl.lit(CLOSED))
        .when(pl.col("blind"))
        .then(pl.lit(HELD))
        .when(pl.col("fresh") & ~pl.col("pays"))
        .then(pl.lit(FADING))
        .when(pl.col("clean"))
        .then(pl.lit(OPEN))
        .otherwise(pl.col("base"))
    )


def _event() -> pl.Expr:
    """The one event a row has in this scan, or null: the graver goes before the lesser."""
    was, became, base = pl.col("state"), pl.col("new_state"), pl.col("base")
    ways = {
        Event.CLOSED: became == CLOSED,
        Event.HELD: (became == HELD) & (was != HELD),
        Event.FADING: (became == FADING) & (base == OPEN),
        Event.IMPROVED: pl.col("improved"),
        Event.RESTORED: (became == OPEN) & (base == FADING),
        Event.RESUMED: (was == HELD) & (became != HELD),
    }
    return pl.coalesce(pl.when(way).then(pl.lit(event.value)) for event, way in ways.items())


def _remember(judged: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """The rows with what the next scan has to know of this one."""
    as_of_ms, rules, fresh = moment.as_of_ms, moment.rules, pl.col("fresh")
    held = pl.col("new_state") == HELD
    confirmed = pl.col("clean") & (pl.col("new_state") == OPEN)
    valid = pl.col("now_risk").replace_strict(rules.valid_s(), default=rules.high_valid_s)
    rows = judged.with_columns(
        improved=confirmed & announcements.improved(rules),
        chart=fresh & announcements.charted(moment),
        held_from=pl.when(held).then(pl.col("base")).otherwise(pl.lit("")),
        held_since_ms=pl.when(held).then(pl.col("held_since_ms")),
        confirmed_at_ms=_either(confirmed, pl.lit(as_of_ms), "confirmed_at_ms"),
        expires_at_ms=_either(confirmed, as_of_ms + valid * 1000, "expires_at_ms"),
        reasons=pl.col("now_reasons").fill_null(pl.col("reasons")),
        net=_either(fresh, pl.col("now_net"), "net"),
        score=_either(fresh, pl.col("now_score"), "score"),
    )
    rows = announcements.promise(rows.with_columns(event=_event()), moment)
    return rows.with_columns(
        figure_at_ms=_either(pl.col("chart"), pl.lit(as_of_ms), "figure_at_ms"),
        figure_net=_either(pl.col("chart"), pl.col("now_net"), "figure_net"),
    )


def _either(when: pl.Expr, new: pl.Expr, column: str) -> pl.Expr:
    return pl.when(when).then(new).otherwise(pl.col(column))


def _flag_best(moved: pl.DataFrame, opening: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both frames with `best`: the best of its family among all that live after this scan."""
    columns = ["fingerprint", "family", "state", "net", "score"]
    alive = pl.concat(
        [
            moved.filter(pl.col("new_state") != CLOSED)
            .with_columns(state=pl.col("new_state"))
            .select(columns),
            opening.select(columns),
        ]
    )
    chosen = alive.filter(families.best(alive))["fingerprint"].implode()
    flag = pl.col("fingerprint").is_in(chosen)
    return moved.with_columns(best=flag), opening.with_columns(best=flag)
