"""How long messages are remembered: the log and attempts by dropping days, the rest in batches.

Every run that found something is a row of opportunities.PruneRun, which the audit log records and
the console shows. What a run does not reach is left to the next.
"""
# ruff: noqa: S608  (statements are put together from this module's own words, never from data)

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection, transaction

from arbedge.errors import BadSetting
from notifications import days
from opportunities.models import PruneRun

KEPT_DAYS: Final = 90
BATCH: Final = 2_000
BATCHES_A_RUN: Final = 50


@dataclass(frozen=True, slots=True)
class Policy:
    """Old rows of a table, by a column; `keeps` is a condition (on alias t) under which they stay.

    `children` are tables and columns by which rows of theirs go with them.
    """

    table: str
    column: str
    keeps: str = "false"
    children: tuple[tuple[str, str], ...] = ()


# A message that something waiting or newer tells of stays; an opening goes after its follow-ups.
_TOLD_OF: Final = """
    EXISTS (SELECT FROM notifications_delivery d WHERE d.message_id = t.id)
    OR t.id IN (SELECT facts_of_id FROM notifications_delivery)
    OR EXISTS (SELECT FROM notifications_digestitem i WHERE i.message_id = t.id)
    OR EXISTS (SELECT FROM notifications_broadcast b WHERE b.message_id = t.id)
    OR EXISTS (SELECT FROM notifications_message f WHERE f.opening_id = t.id)
    OR EXISTS (SELECT FROM notifications_slice s
               WHERE s.facts_of_id = t.id AND s.message_id <> t.id)
"""
BY_ROW: Final[Mapping[str, Policy]] = {
    "digest_items": Policy("notifications_digestitem", "created_at"),
    "clicks": Policy("notifications_click", "at"),
    "chat_days": Policy("notifications_chatday", "day"),
    "messages": Policy(
        "notifications_message",
        "created_at",
        keeps=_TOLD_OF,
        children=(("notifications_slice", "message_id"),),
    ),
}
BY_DAY: Final[Mapping[str, str]] = {
    "deliveries": "notifications_deliverylog", "attempts": "notifications_attempt",
}  # fmt: skip
TABLES: Final = (*BY_DAY, *BY_ROW)


def prune(
    tables: Iterable[str] = (),
    *,
    now: datetime,
    dry_run: bool = False,
    batch: int = BATCH,
    batches: int = BATCHES_A_RUN,
) -> list[PruneRun]:
    """Removes what is older than 90 days from these tables (all, if none is named).

    A dry run counts and removes nothing. Tables with nothing due leave no row behind. Raises
    BadSetting for a table nobody knows.
    """
    names = list(tables) or list(TABLES)
    if unknown := set(names) - set(TABLES):
        raise BadSetting(f"no table called {', '.join(sorted(unknown))}: {', '.join(TABLES)}")
    before = now - timedelta(days=KEPT_DAYS)
    runs = []
    for name in names:
        run = PruneRun(
            table=f"notifications.{name}", started_at=datetime.now(UTC), before=before,
            dry_run=dry_run,
        )  # fmt: skip
        if name in BY_DAY:
            _by_day(run, BY_DAY[name], batch, batches)
        else:
            _by_row(run, BY_ROW[name], batch, batches)
        if run.due:
            run.ended_at = datetime.now(UTC)
            run.save()
        runs.append(run)
    return runs


def _by_day(run: PruneRun, table: str, batch: int, batches: int) -> None:
    """Whole days go by dropping them; what lies in the default partition goes row by row."""
    old = days.before(table, run.before)
    rest = Policy(days.rest_of(table), days.TABLES[table])
    in_rest = _due(rest, run.before)
    counts = {name: days.rows_in([name]) for name in old}
    run.due = sum(counts.values()) + in_rest
    run.finished = not old and not in_rest
    if run.dry_run or run.finished:
        return
    dropped = [name for name in old if days.drop(table, name)]
    run.removed = sum(counts[name] for name in dropped)
    run.batches = len(dropped)
    rest_is_done = not in_rest or _remove(run, rest, batch, batches)
    run.finished = rest_is_done and len(dropped) == len(old)


def _by_row(run: PruneRun, policy: Policy, batch: int, batches: int) -> None:
    run.due = _due(policy, run.before)
    run.finished = not run.due
    if run.due and not run.dry_run:
        run.finished = _remove(run, policy, batch, batches)


def _is_due(policy: Policy) -> str:
    return f"t.{policy.column} < %(before)s AND NOT ({policy.keeps})"


def _due(policy: Policy, before: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {policy.table} t WHERE {_is_due(policy)}", {"before": before}
        )
        return int(cursor.fetchone()[0])


def _remove(run: PruneRun, policy: Policy, batch: int, batches: int) -> bool:
    """Removes up to so many batches; whether nothing is left."""
    for _ in range(batches):
        removed = _remove_batch(policy, run.before, batch)
        run.batches += 1
        run.removed += removed
        if removed < batch:
            return True
    return False


def _remove_batch(policy: Policy, before: datetime, batch: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.ctid::text FROM {policy.table} t WHERE {_is_due(policy)}"
            f" ORDER BY t.{policy.column} LIMIT %(batch)s FOR UPDATE OF t SKIP LOCKED",
            {"before": before, "batch": batch},
        )
        chosen = [place for (place,) in cursor.fetchall()]
        for child, column in policy.children:
            cursor.execute(
                f"DELETE FROM {child} c USING {policy.table} t"
                f" WHERE t.ctid = ANY(%(chosen)s::tid[]) AND c.{column} = t.id",
                {"chosen": chosen},
            )
        cursor.execute(
            f"DELETE FROM {policy.table} WHERE ctid = ANY(%(chosen)s::tid[])", {"chosen": chosen}
        )
        return len(chosen)
