"""Taking deliveries out of the queue, and freeing those whose worker was lost."""
# ruff: noqa: S608  (statements are put together from this module's own words, never from data)

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Min

from accounts import audience
from arbedge.names import Channel, State
from notifications.bundling import digest_hours
from notifications.codes import Code
from notifications.models import Delivery
from notifications.names import (
    ARRIVED,
    ASKED_FOR,
    CHANNEL_NUMBERS,
    CHANNELS,
    WAITING,
    DeliveryState,
    Recipient,
    Topic,
)
from notifications.sending.rows import COLUMNS, Batch, Claimed, Ended
from notifications.statements import listed

LEASE: Final = timedelta(seconds=60)
CLAIMED_ALONE: Final = 2  # claims without an end, after which a row may be what kills workers
DEAD_AFTER: Final = 5

_QUEUE: Final = "notifications_delivery"


# What the rows that waited are worth now; the first reason that holds ends a row.
_WHY: Final = f"""
CASE
    WHEN c.expires_at <= %(now)s THEN '{Code.EXPIRED}'
    WHEN c.opening_id IS NULL AND c.topic <> '{Topic.CLOSED}' AND EXISTS (
        SELECT FROM opportunities_opportunity o
        WHERE o.id = c.opportunity_id AND o.state = '{State.CLOSED}'
    ) THEN '{Code.CLOSED}'
    WHEN c.opening_id IS NOT NULL
        AND coalesce(c.opening ->> 'state', '') NOT IN ({listed(ARRIVED)})
    THEN '{Code.OPENING_FAILED}'
    WHEN c.opening_id IS NOT NULL AND EXISTS (
        SELECT FROM {_QUEUE} later
        WHERE later.opening_id = c.opening_id AND later.message_id > c.message_id
            AND later.state IN ({listed((*WAITING, *ARRIVED))})
    ) THEN '{Code.SUPERSEDED}'
    WHEN c.recipient = '{Recipient.USER}' AND c.topic NOT IN ({listed(ASKED_FOR)})
        AND (a.user_id IS NULL OR a.session_until <= %(now)s)
    THEN '{Code.SESSION_OVER}'
    WHEN c.recipient = '{Recipient.USER}' AND c.counted AND NOT ({audience.AWAKE})
    THEN '{Code.DO_NOT_DISTURB}'
END
"""
# A follow-up waits for its opening and for an earlier follow-up on its way.
_CLAIM: Final = f"""
WITH due AS MATERIALIZED (
    SELECT d.* FROM {_QUEUE} d
    WHERE d.state = '{DeliveryState.PENDING}' AND d.channel = %(channel)s AND d.due_at <= %(now)s
        AND (d.unended >= {CLAIMED_ALONE}) = %(alone)s
        AND (d.opening_id IS NULL OR NOT EXISTS (
            SELECT FROM {_QUEUE} o WHERE o.id = d.opening_id AND o.state IN ({listed(WAITING)})
        ) AND NOT EXISTS (
            SELECT FROM {_QUEUE} s
            WHERE s.opening_id = d.opening_id AND s.state = '{DeliveryState.SENDING}'
        ))
    ORDER BY d.priority, d.tier DESC, d.due_at, d.id
    LIMIT %(limit)s
    FOR UPDATE OF d SKIP LOCKED
), chosen AS (
    SELECT due.*, coalesce(
        (SELECT jsonb_build_object('state', o.state, 'refs', o.refs)
         FROM {_QUEUE} o WHERE o.id = due.opening_id),
        (SELECT jsonb_build_object('state', o.state, 'refs', o.refs)
         FROM notifications_deliverylog o WHERE o.id = due.opening_id
         ORDER BY o.settled_at DESC LIMIT 1)
    ) AS opening
    FROM due
), judged AS MATERIALIZED (
    SELECT c.id, c.opening -> 'refs' AS opening_refs, m.fingerprint,
        c.opening_id IS NOT NULL AND a.user_id IS NOT NULL AND NOT ({audience.AWAKE}) AS hush,
        {_WHY} AS why
    FROM chosen c
    JOIN notifications_message m ON m.id = c.message_id
    LEFT JOIN accounts_audience a
        ON c.recipient = '{Recipient.USER}' AND a.user_id = c.recipient_id
)
UPDATE {_QUEUE} d SET
    state = CASE WHEN j.why IS NULL THEN '{DeliveryState.SENDING}'
        WHEN j.why = '{Code.EXPIRED}' THEN '{DeliveryState.EXPIRED}'
        ELSE '{DeliveryState.CANCELLED}' END,
    code = coalesce(j.why, ''),
    settled_at = CASE WHEN j.why IS NOT NULL THEN %(now)s::timestamptz END,
    token = CASE WHEN j.why IS NULL THEN %(token)s::uuid END,
    lease_until = CASE WHEN j.why IS NULL THEN %(lease)s::timestamptz END,
    attempts = d.attempts + (j.why IS NULL)::int,
    unended = d.unended + (j.why IS NULL)::int,
    silent = d.silent OR j.hush
FROM judged j WHERE j.id = d.id
RETURNING j.why, {", ".join(f"d.{name}" for name in COLUMNS)}, j.fingerprint, j.opening_refs
"""
# Who chose so reads what came while he was not to be disturbed in his next digest.
_KEEP: Final = f"""
INSERT INTO notifications_digestitem (recipient, recipient_id, message_id, due_at, created_at)
SELECT d.recipient, d.recipient_id, d.facts_of_id, digest.due_at, %(now)s
FROM {_QUEUE} d
JOIN accounts_audience a ON a.user_id = d.recipient_id AND a.quiet_to_digest
{digest_hours.DUE}
WHERE d.id = ANY(%(ids)s)
ON CONFLICT (recipient, recipient_id, message_id) DO NOTHING
"""
_RELEASE: Final = f"""
WITH lapsed AS MATERIALIZED (
    SELECT id FROM {_QUEUE}
    WHERE state = '{DeliveryState.SENDING}' AND lease_until < %(now)s
    FOR UPDATE SKIP LOCKED
)
UPDATE {_QUEUE} d SET
    state = CASE WHEN unended >= {DEAD_AFTER} THEN '{DeliveryState.DEAD}'
        ELSE '{DeliveryState.PENDING}' END,
    code = CASE WHEN unended >= {DEAD_AFTER} THEN '{Code.WORKER_LOST}' ELSE code END,
    settled_at = CASE WHEN unended >= {DEAD_AFTER} THEN %(now)s::timestamptz END,
    token = NULL, lease_until = NULL
FROM lapsed WHERE lapsed.id = d.id
RETURNING d.id, d.state, d.channel, d.counted
"""


def claim(channel: Channel, now: datetime, *, limit: int, alone: bool = False) -> Batch:
    """Takes up to `limit` due rows of the channel, the most urgent and best paying first.

    Rows that were lost with their workers twice are passed over: they may be what kills workers,
    and are claimed `alone`, one at a time, so that nothing else is lost with them.

    One statement for everything: rows that need no sending any more end here (`Batch.ended`):
    expired, of a closed opportunity, of an opening that failed, overtaken by a later follow-up,
    of somebody without a session, or who does not want to be disturbed now.
    """
    held: dict[str, Any] = {
        "channel": CHANNEL_NUMBERS[channel],
        "now": now,
        "limit": 1 if alone else limit,
        "alone": alone,
        "token": uuid4(),
        "lease": now + LEASE,
        "clocks": audience.clocks(now),
    }
    batch = Batch()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, held)
        for why, *values in cursor.fetchall():
            row = _claimed(values)
            if why is None:
                batch.rows.append(row)
            else:
                batch.ended.append(_ended(row, Code(why)))
        _keep_for_digests(cursor, batch.ended, now)
    batch.rows.sort(key=lambda row: (row.priority, -row.tier, row.due_at, row.id))
    return batch


def is_due(channel: Channel, now: datetime) -> bool:
    """Whether any row waits on a channel that is due by then."""
    return Delivery.objects.filter(
        state=DeliveryState.PENDING, channel=CHANNEL_NUMBERS[channel], due_at__lte=now
    ).exists()


def next_due(channel: Channel, now: datetime, within: timedelta) -> datetime | None:
    """When the next row that waits on a channel is due, if that is soon."""
    waiting = Delivery.objects.filter(
        state=DeliveryState.PENDING, channel=CHANNEL_NUMBERS[channel],
        due_at__gt=now, due_at__lte=now + within,
    )  # fmt: skip
    found: datetime | None = waiting.aggregate(first=Min("due_at"))["first"]
    return found


def _keep_for_digests(cursor: CursorWrapper, ended: list[Ended], now: datetime) -> None:
    ids = [one.id for one in ended if one.code is Code.DO_NOT_DISTURB]
    if ids:
        cursor.execute(_KEEP, {"ids": ids, "now": now, "offsets": digest_hours.offsets(now)})


def _claimed(values: list[Any]) -> Claimed:
    *columns, fingerprint, opening_refs = values
    held = dict(zip(COLUMNS, columns, strict=True))
    held["items"] = tuple(held["items"] or ())
    held["channels"] = tuple(held["channels"])
    held["refs"] = _refs(held["refs"])
    return Claimed(**held, fingerprint=fingerprint, opening_refs=_refs(opening_refs))


def _refs(text: str | None) -> dict[str, str]:
    found: dict[str, str] = json.loads(text) if text else {}
    return found


def _ended(row: Claimed, code: Code) -> Ended:
    state = DeliveryState.EXPIRED if code == Code.EXPIRED else DeliveryState.CANCELLED
    return Ended(row.id, state, code, row.on, row.counted)


def release_lapsed(now: datetime) -> tuple[int, list[Ended]]:
    """Frees the rows whose worker did not end them within its lease.

    Returns how many wait again, and those that were lost with their worker too often: dead.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RELEASE, {"now": now})
        found = cursor.fetchall()
    dead = [
        Ended(number, DeliveryState.DEAD, Code.WORKER_LOST, CHANNELS[channel], counted)
        for number, state, channel, counted in found
        if state == DeliveryState.DEAD
    ]
    return len(found) - len(dead), dead
