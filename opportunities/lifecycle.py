"""One scan, one transaction: read what lives, decide, write everything, tell the floors above."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
import structlog
from django.db import connection, transaction

from opportunities import records, store
from opportunities.models import Opportunity
from opportunities.records import Scanned
from opportunities.rules import Rules
from opportunities.sightings import SIGHTING
from opportunities.signals import opportunity_events
from opportunities.transitions import LIVE, PAST, Decision, decide

log = structlog.get_logger(__name__)

LOCK: Final = 0x41524245444745  # "ARBEDGE"; every writer of live rows holds it
TABLE: Final = "opportunities_opportunity"


@dataclass(frozen=True, slots=True)
class Advance:
    """What one scan changed: opportunity ids by event type, and the ids of the event rows.

    `stale` scans (a newer or the same one is stored) changed nothing.
    """

    as_of_ms: float
    stale: bool = False
    changed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    event_ids: tuple[int, ...] = ()
    live: int = 0

    def ids(self, event: str) -> tuple[int, ...]:
        """The opportunities that had this event, e.g. `ids(Event.OPENED)`."""
        return self.changed.get(event, ())


def advance(
    frame: pl.DataFrame,
    *,
    as_of_ms: float,
    answered: Mapping[str, bool],
    fee_version: str = "",
    policy_version: str = "",
    score_version: str = "",
    rules: Rules | None = None,
    counts: Mapping[str, int] | None = None,
    near_misses: pl.DataFrame | None = None,
    took_ms: float = 0.0,
    candidates: int | None = None,
) -> Advance:
    """Move every live opportunity and open what has earned it, in one transaction.

    `frame` has the columns of handover.CANDIDATE: what passes, and what is live whatever the gates
    say. Two scans at once wait for each other; one older than what is stored changes nothing.
    The signal `opportunity_events` is sent before the commit. Raises what the database raises;
    then nothing has changed and the scan may be run again.
    """
    scanned = Scanned(
        as_of_ms=float(round(as_of_ms)),
        fee_version=fee_version,
        policy_version=policy_version,
        score_version=score_version,
        took_ms=took_ms,
        candidates=candidates,
        counts=counts or {},
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("SET LOCAL work_mem = '64MB'")
        if records.is_stale(cursor, scanned.as_of_ms):
            log.info("scan_is_stale", as_of_ms=scanned.as_of_ms)
            return Advance(scanned.as_of_ms, stale=True)
        decision = decide(
            *_read(cursor, scanned.as_of_ms, rules or Rules()),
            frame,
            as_of_ms=scanned.as_of_ms,
            answered=answered,
            rules=rules or Rules(),
        )
        told = records.write(cursor, decision, scanned)
        records.keep_near_misses(cursor, near_misses, scanned)
        done = _summary(decision, told, scanned.as_of_ms)
        records.keep_scan(cursor, decision, scanned, told)
        if done.event_ids:
            opportunity_events.send(
                Opportunity, event_ids=list(done.event_ids), as_of_ms=scanned.as_of_ms
            )
    return done


def live_keys() -> frozenset[tuple[str, int, int]]:
    """Kind, long and short instrument id of what is live: a scan must look at these again."""
    rows = Opportunity.objects.filter(live_key__isnull=False, short__isnull=False)
    return frozenset(rows.values_list("kind", "long_id", "short_id"))


def _read(
    cursor: Any, as_of_ms: float, rules: Rules
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    back = rules.revive_s * 1000 + rules.sighting_gap_s * 1000
    return (
        store.read(cursor, LIVE, TABLE, "live_key IS NOT NULL"),
        store.read(cursor, PAST, TABLE, f"closed_at >= {store.moment(as_of_ms - back)}"),
        store.read(cursor, SIGHTING, "opportunities_sighting", "true"),
    )


def _summary(decision: Decision, told: list[tuple[int, int, str]], as_of_ms: float) -> Advance:
    changed: dict[str, list[int]] = {}
    for _, opportunity, event in told:
        changed.setdefault(event, []).append(opportunity)
    alive = decision.live.filter(pl.col("new_state") != "closed").height
    return Advance(
        as_of_ms=as_of_ms,
        changed={event: tuple(ids) for event, ids in changed.items()},
        event_ids=tuple(event_id for event_id, _, _ in told),
        live=alive + decision.opening.height,
    )
