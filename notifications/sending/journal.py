"""Settled deliveries leave the queue for the log, so that the queue stays small."""
# ruff: noqa: S608  (statements are put together from this module's own words, never from data)

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from notifications import counters
from notifications.choosing import quotas
from notifications.models import DeliveryLog
from notifications.names import ARRIVED
from notifications.statements import listed

KEPT: Final = timedelta(minutes=10)  # so long the console and late answers find it in the queue
BATCH: Final = 1_000
BATCHES_A_RUN: Final = 50

_COLUMNS: Final = ", ".join(
    str(field.column)
    for field in DeliveryLog._meta.local_fields  # noqa: SLF001  (documented)
)
# Who was told of what still lives is asked at every change of it: those rows stay.
_MOVE: Final = f"""
WITH due AS MATERIALIZED (
    SELECT d.id FROM notifications_delivery d
    WHERE d.settled_at < %(before)s
        AND NOT (d.opening_id IS NULL AND d.opportunity_id IS NOT NULL AND EXISTS (
            SELECT FROM opportunities_opportunity o
            WHERE o.id = d.opportunity_id AND o.live_key IS NOT NULL))
    ORDER BY d.settled_at
    LIMIT %(batch)s
    FOR UPDATE OF d SKIP LOCKED
), gone AS (
    DELETE FROM notifications_delivery d USING due WHERE d.id = due.id RETURNING d.*
)
INSERT INTO notifications_deliverylog ({_COLUMNS}) SELECT {_COLUMNS} FROM gone
RETURNING CASE WHEN counted AND state NOT IN ({listed(ARRIVED)}) THEN id END
"""


def move(now: datetime, *, batch: int = BATCH, batches: int = BATCHES_A_RUN) -> int:
    """Moves what was settled ten minutes ago to the log, but no opening of a live opportunity.

    Each batch is one statement, so that a row is in one of the two tables, whoever is killed. What
    did not arrive gives its place back, if it still has one: it may have ended while it waited.
    Returns how many rows moved; what is left goes at the next run.
    """
    moved = 0
    with connection.cursor() as cursor:
        for _ in range(batches):
            cursor.execute(_MOVE, {"before": now - KEPT, "batch": batch})
            found = [number for (number,) in cursor.fetchall()]
            moved += len(found)
            quotas.release([number for number in found if number is not None])
            if len(found) < batch:
                break
    counters.MOVED.inc(moved)
    return moved
