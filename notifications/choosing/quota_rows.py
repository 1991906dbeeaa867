"""What the tables know of places taken."""
# ruff: noqa: S608  (statements are put together from this module's own words, never from data)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from notifications.names import ARRIVED, DeliveryState, Recipient
from notifications.statements import listed

_QUEUE: Final = "notifications_delivery"
_LOG: Final = "notifications_deliverylog"
_WHO: Final = (
    f"CASE WHEN d.recipient = '{Recipient.CHAT}' THEN -d.recipient_id ELSE d.recipient_id END"
)
_OF: Final = f"""
SELECT d.id, {_WHO}, m.fingerprint FROM (
    SELECT id, message_id, recipient, recipient_id FROM {_QUEUE} WHERE id = ANY(%(ids)s)
    UNION SELECT id, message_id, recipient, recipient_id FROM {_LOG}
    WHERE id = ANY(%(ids)s) AND settled_at > now() - interval '2 days'
) d JOIN notifications_message m ON m.id = d.message_id
"""
# What is on its way, or was tried, may have a place; it is counted as if it were sent now.
_TAKEN: Final = f"""
SELECT {_WHO} AS who, d.recipient, d.id, d.tier, d.zone, coalesce(d.sent_at, %(now)s),
    m.fingerprint
FROM (
    SELECT id, message_id, recipient, recipient_id, tier, zone, sent_at FROM {_QUEUE}
    WHERE counted AND (
        state IN ({listed(ARRIVED)}) AND sent_at > %(since)s
        OR state = '{DeliveryState.SENDING}'
        OR state = '{DeliveryState.PENDING}' AND (attempts > 0 OR place > 0))
    UNION ALL
    SELECT id, message_id, recipient, recipient_id, tier, zone, sent_at FROM {_LOG}
    WHERE counted AND state IN ({listed(ARRIVED)})
      AND settled_at > %(since)s AND sent_at > %(since)s
) d JOIN notifications_message m ON m.id = d.message_id
ORDER BY who, 6, d.id
"""
_AT_ONCE: Final = 5_000

Taken = tuple[int, str, int, int, str, datetime, str]


def of(delivery_ids: Sequence[int]) -> list[tuple[int, int, str]]:
    """The recipient (chats with a minus) and fingerprint of each delivery: (id, who, fingerprint).
    Deliveries that ended days ago, whose places are free anyway, are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_OF, {"ids": list(delivery_ids)})
        return list(cursor.fetchall())


def taken(now: datetime, remembered_ms: float) -> Iterator[Taken]:
    """Every place that may be taken, by recipient and then by time: who, kind of recipient,
    delivery, tier, zone, when it was sent (now, if it is on its way), fingerprint."""
    since = now - timedelta(milliseconds=remembered_ms)
    with connection.chunked_cursor() as cursor:
        cursor.execute(_TAKEN, {"now": now, "since": since})
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from rows
