"""How long this app's tables remember, and the pruner that keeps them to it.

Work is done in bounded batches, each in its own transaction; what a run does not reach is left to
the next. Every run that found something is a row of PruneRun, which the audit log records.
"""
# ruff: noqa: S608  (statements are put together from this app's own names, never from data)

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model

from arbedge.errors import BadSetting
from opportunities import models, store
from opportunities.lifecycle import LOCK

BATCH: Final = 5_000
BATCHES_A_RUN: Final = 40

_JUDGED_LATER: Final = (
    "EXISTS (SELECT FROM opportunities_followed f LEFT JOIN opportunities_outcome o"
    " ON o.followed_id = f.id WHERE f.opportunity_id = t.id"
    " AND (NOT f.complete OR o.judged_at >= %(before)s))"
)


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a table's rows are kept, counted from the time in `column`.

    `keeps` is a condition (on alias t) under which an old row stays. `children` are tables whose
    rows go with it, `freed` those that only forget it, each with the column that refers to it.
    """

    model: type[Model]
    column: str
    days: float
    keeps: str = "false"
    children: Mapping[type[Model], str] | None = None
    freed: Mapping[type[Model], str] | None = None

    @property
    def table(self) -> str:
        """The name of the table in the database."""
        return store.table(self.model)


POLICIES: Final[Mapping[str, Policy]] = {
    "figures": Policy(models.Figure, "at", 30),
    "events": Policy(models.OpportunityEvent, "at", 90),
    "scans": Policy(models.ScanRecord, "as_of", 7),
    "near_misses": Policy(models.NearMiss, "last_seen", 7),
    "sightings": Policy(models.Sighting, "last_at", 1),
    "opportunities": Policy(
        models.Opportunity,
        "closed_at",
        30,
        keeps=_JUDGED_LATER,
        children={models.OpportunityEvent: "opportunity_id", models.Figure: "opportunity_id"},
        freed={models.Followed: "opportunity_id"},
    ),
    "followed": Policy(
        models.Followed,
        "opened_at",
        400,
        keeps="NOT t.complete",
        children={models.Outcome: "followed_id"},
    ),
    "prune_runs": Policy(models.PruneRun, "started_at", 400),
}


def days(name: str) -> float:
    """How many days a table remembers: its policy, or what settings.RETENTION_DAYS says.

    Raises BadSetting for an unknown table or a time that is not positive.
    """
    chosen: Mapping[str, float] = getattr(settings, "RETENTION_DAYS", {})
    unknown = set(chosen) - set(POLICIES)
    if unknown:
        raise BadSetting(
            f"RETENTION_DAYS names {', '.join(sorted(unknown))};"
            f" the tables are {', '.join(POLICIES)}"
        )
    kept = float(chosen.get(name, POLICIES[name].days))
    if not kept > 0:
        raise BadSetting(f"RETENTION_DAYS[{name}] is {kept}; it must be above 0")
    return kept


def prune(
    tables: Iterable[str] = (),
    *,
    now: datetime | None = None,
    dry_run: bool = False,
    batch: int = BATCH,
    batches: int = BATCHES_A_RUN,
    told: Callable[[str, int, int], None] | None = None,
) -> list[models.PruneRun]:
    """Remove what is due from these tables (all, if none is named); returns one run per table.

    A dry run counts and removes nothing. `told(table, removed, due)` is called after each batch.
    Tables with nothing due leave no row behind. Raises BadSetting for a table nobody knows.
    """
    names = list(tables) or list(POLICIES)
    unknown = set(names) - set(POLICIES)
    if unknown:
        raise BadSetting(
            f"no policy for {', '.join(sorted(unknown))}; known: {', '.join(POLICIES)}"
        )
    moment = now or datetime.now(UTC)
    runs = []
    for name in names:
        run = _begin(name, moment, dry_run=dry_run)
        if run.due and not dry_run:
            _remove(run, POLICIES[name], batch, batches, told or _silent)
        if run.due:
            run.ended_at = datetime.now(UTC)
            run.save()
        runs.append(run)
    return runs


def _silent(_table: str, _removed: int, _due: int) -> None:
    """Nobody watches."""


def _begin(name: str, now: datetime, *, dry_run: bool) -> models.PruneRun:
    policy, before = POLICIES[name], now - timedelta(days=days(name))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {policy.table} t WHERE {_is_due(policy)}", {"before": before}
        )
        due = cursor.fetchone()[0]
    return models.PruneRun(
        table=name,
        started_at=datetime.now(UTC),
        before=before,
        due=due,
        dry_run=dry_run,
        finished=not due,
    )


def _is_due(policy: Policy) -> str:
    return f't."{policy.column}" < %(before)s AND NOT ({policy.keeps})'


def _remove(
    run: models.PruneRun,
    policy: Policy,
    batch: int,
    batches: int,
    told: Callable[[str, int, int], None],
) -> None:
    run.save()
    while run.batches < batches and not run.finished:
        removed = _remove_batch(policy, run.before, batch)
        run.batches += 1
        run.removed += removed
        run.finished = removed < batch
        told(run.table, run.removed, run.due)


def _remove_batch(policy: Policy, before: datetime, batch: int) -> int:
    """Remove up to `batch` rows with what hangs on them; rows in use elsewhere are passed over."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        chosen = (
            f"SELECT t.ctid FROM {policy.table} t WHERE {_is_due(policy)}"
            f" LIMIT {batch} FOR UPDATE OF t SKIP LOCKED"
        )
        if policy.children or policy.freed:
            ids = _ids(cursor, policy, chosen, before)
            for child, column in (policy.children or {}).items():
                cursor.execute(f"DELETE FROM {store.table(child)} WHERE {column} = ANY(%s)", [ids])
            for other, column in (policy.freed or {}).items():
                cursor.execute(
                    f"UPDATE {store.table(other)} SET {column} = NULL WHERE {column} = ANY(%s)",
                    [ids],
                )
            cursor.execute(f"DELETE FROM {policy.table} WHERE id = ANY(%s)", [ids])
        else:
            cursor.execute(
                f"DELETE FROM {policy.table} WHERE ctid = ANY(ARRAY({chosen}))", {"before": before}
            )
        return int(cursor.rowcount)


def _ids(cursor: Any, policy: Policy, chosen: str, before: datetime) -> list[int]:
    cursor.execute(
        f"SELECT id FROM {policy.table} WHERE ctid = ANY(ARRAY({chosen}))", {"before": before}
    )
    return [row[0] for row in cursor.fetchall()]
