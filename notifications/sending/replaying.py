"""Dead letters: what an operator sends once more."""
# ruff: noqa: S608  (statements are put together from this module's own words, never from data)

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from notifications.codes import Code
from notifications.models import Delivery
from notifications.models.delivery import Told
from notifications.names import CHANNELS, DeliveryState
from notifications.sending import waking
from notifications.sending.claims import CLAIMED_ALONE

_QUEUE: Final = "notifications_delivery"
_ENDED_BADLY: Final = f"('{DeliveryState.FAILED}', '{DeliveryState.DEAD}')"
_SUSPECT: Final = f"CASE WHEN code = '{Code.WORKER_LOST}' THEN {CLAIMED_ALONE} ELSE 0 END"
# Kept as they were: all that queue and log have in common, but for where the row stands.
_ANEW: Final = {
    "state": f"'{DeliveryState.PENDING}'",
    "code": "''",
    "place": "0",
    "attempts": "0",
    "sent_at": "NULL",
    "settled_at": "NULL",
}
_KEPT: Final = [
    str(field.column)
    for field in Told._meta.local_fields  # noqa: SLF001
    if field.column not in _ANEW
]
_IN_QUEUE: Final = f"""
UPDATE {_QUEUE} SET {", ".join(f"{name} = {value}" for name, value in _ANEW.items())},
    channel = channels[1], unended = {_SUSPECT}, due_at = %(now)s
WHERE id = ANY(%(ids)s) AND state IN {_ENDED_BADLY}
    AND (expires_at IS NULL OR expires_at > %(now)s)
RETURNING id, channel
"""
_IN_LOG: Final = f"""
WITH back AS (
    DELETE FROM notifications_deliverylog l USING notifications_message m
    WHERE l.id = ANY(%(ids)s) AND l.state IN {_ENDED_BADLY} AND m.id = l.message_id
        AND (m.expires_at IS NULL OR m.expires_at > %(now)s)
    RETURNING l.*, m.expires_at
)
INSERT INTO {_QUEUE} (id, message_id, facts_of_id, {", ".join(_KEPT)}, {", ".join(_ANEW)},
    channel, unended, due_at, expires_at)
SELECT id, message_id, facts_of_id, {", ".join(_KEPT)}, {", ".join(_ANEW.values())},
    channels[1], {_SUSPECT}, %(now)s, expires_at
FROM back
RETURNING id, channel
"""


def replay(delivery_ids: Sequence[int], by: User | None, now: datetime | None = None) -> int:
    """Queues failed and dead deliveries once more, from their first channel on.

    Those in the log come back. What has expired meanwhile, or did not end badly, stays as it is.
    Returns how many wait again; audited as `by`'s deed.
    """
    asked: dict[str, Any] = {"ids": list(delivery_ids), "now": now or timezone.now()}
    with transaction.atomic(), connection.cursor() as cursor:
        # In this order: a row that moves to the log in between is found there.
        found = []
        for statement in (_IN_QUEUE, _IN_LOG):
            cursor.execute(statement, asked)
            found += cursor.fetchall()
        if found:
            ids = sorted(number for number, _ in found)
            audit.record("deliveries.replayed", Delivery, changes={"deliveries": ids}, by=by)
            channels = {CHANNELS[channel] for _, channel in found}
            waking.after_commit(waking.deliver, channels)
    return len(found)
