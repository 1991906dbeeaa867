"""What became of a broadcast: how far it is, who got it, why others did not, who pressed what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from django.db import connection

from notifications.codes import Code
from notifications.models import Broadcast
from notifications.names import ARRIVED, WAITING

_COUNT: Final = """
    SELECT state, code, count(*) FROM (
        SELECT state, code FROM notifications_delivery WHERE message_id = %(message)s
        UNION ALL
        SELECT state, code FROM notifications_deliverylog
        WHERE message_id = %(message)s AND settled_at >= %(since)s
    ) told GROUP BY state, code
"""
_CLICKS: Final = """
    SELECT count(DISTINCT c.delivery_id) FROM notifications_click c JOIN (
        SELECT id FROM notifications_delivery WHERE message_id = %(message)s
        UNION ALL
        SELECT id FROM notifications_deliverylog
        WHERE message_id = %(message)s AND settled_at >= %(since)s
    ) d ON d.id = c.delivery_id
"""


@dataclass(frozen=True, slots=True)
class Report:
    """Deliveries of a broadcast. `failed` are those that ended otherwise, by code."""

    people: int
    written: int = 0
    waiting: int = 0
    sent: int = 0
    stopped: int = 0
    clicked: int = 0
    failed: dict[str, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Deliveries that have ended in whatever way."""
        return self.written - self.waiting

    @property
    def share(self) -> float:
        """How much of it is over, 0 to 1: of the people it began with."""
        whole = max(self.people, self.written)
        return self.done / whole if whole else 1.0

    @property
    def not_sent(self) -> int:
        """All that failed."""
        return sum(self.failed.values())


def report(row: Broadcast) -> Report:
    """Counts the queue and the log, in two queries; a draft has nothing to count."""
    if row.message_id is None:
        return Report(row.people)
    told = {"message": row.message_id, "since": row.started_at}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, told)
        counts = cursor.fetchall()
        cursor.execute(_CLICKS, told)
        [(clicked,)] = cursor.fetchall()
    waiting = sum(number for state, _, number in counts if state in set(WAITING))
    sent = sum(number for state, _, number in counts if state in set(ARRIVED))
    ended = {
        code or state: number for state, code, number in counts if state not in {*WAITING, *ARRIVED}
    }
    stopped = ended.pop(Code.STOPPED.value, 0)
    worst_first = dict(sorted(ended.items(), key=lambda one: -one[1]))
    written = max(row.written, sum(number for *_, number in counts))  # counted after it is written
    return Report(row.people, written, waiting, sent, stopped, clicked, worst_first)
