"""How long the audit remembers: a year, security events two; older lines go in bounded batches.

The only place that may take lines away: it tells the database's guard so, inside its transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection, transaction

DAYS: Final = {"plain": 365, "security": 730}
BATCH: Final = 5_000
BATCHES_A_RUN: Final = 200  # a million lines a day at most; the rest goes the next day

_CONDITIONS: Final = {
    "plain": "(additional_data ->> 'security') IS DISTINCT FROM 'true'",
    "security": "(additional_data ->> 'security') = 'true'",
}
_DELETE: Final = """
DELETE FROM auditlog_logentry WHERE id = ANY(ARRAY(
    SELECT id FROM auditlog_logentry WHERE {condition} AND "timestamp" < %s
    ORDER BY "timestamp" LIMIT %s))
"""


class Pruned(NamedTuple):
    """Lines removed, and whether nothing due was left over."""

    removed: int
    finished: bool


def days(kind: str) -> int:
    """How long lines of this kind ("plain", "security") are kept, in days."""
    return max(1, int(getattr(settings, "AUDIT_DAYS", {}).get(kind, DAYS[kind])))


def prune(now: datetime, *, batch: int = BATCH, batches: int = BATCHES_A_RUN) -> Pruned:
    """Removes lines whose time is over, at most `batches` times `batch` of each kind."""
    removed, finished = 0, True
    for kind in _CONDITIONS:
        gone, done = _prune_kind(kind, now - timedelta(days=days(kind)), batch, batches)
        removed, finished = removed + gone, finished and done
    return Pruned(removed, finished)


def _prune_kind(kind: str, before: datetime, batch: int, batches: int) -> Pruned:
    statement = _DELETE.format(condition=_CONDITIONS[kind])
    removed = 0
    for _ in range(batches):
        gone = _delete(statement, [before, batch])
        removed += gone
        if gone < batch:
            return Pruned(removed, finished=True)
    return Pruned(removed, finished=False)


def _delete(statement: str, values: list[Any]) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL arbedge.audit_pruning = 'on'")
        cursor.execute(statement, values)
        gone = int(cursor.rowcount)
        cursor.execute("SET LOCAL arbedge.audit_pruning = 'off'")
    return gone
