"""Telling the queue what became of claimed rows, in small steps that each stand for themselves."""
# ruff: noqa: S608  (statements are put together from this module's own words, never from data)

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from notifications.addressing import address_troubles
from notifications.models import Address, Chat
from notifications.names import DeliveryState, Outcome
from notifications.sending.rows import Claimed, Settled, Try
from notifications.sending.verdicts import Verdict, verdict

STEP: Final = 50  # rows a transaction; what a worker killed between two steps had sent is repeated

_QUEUE: Final = "notifications_delivery"
_SETTLE: Final = f"""
WITH told AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS one (
        id bigint, token uuid, state text, code text, place smallint, channel smallint,
        attempts smallint, due_at timestamptz, sent_at timestamptz, refs jsonb
    )
), tried AS (
    INSERT INTO notifications_attempt (id, delivery_id, recipient, recipient_id, address_id,
        channel, at, outcome, code, detail, provider_id, took_ms)
    SELECT * FROM jsonb_to_recordset(%(tries)s::jsonb) AS one (
        id uuid, delivery_id bigint, recipient text, recipient_id bigint, address_id bigint,
        channel text, at timestamptz, outcome text, code text, detail text, provider_id text,
        took_ms float8
    )
    ON CONFLICT (id, at) DO NOTHING
)
UPDATE {_QUEUE} d SET
    state = told.state, code = told.code, place = told.place, channel = told.channel,
    attempts = told.attempts, due_at = told.due_at, sent_at = told.sent_at, refs = told.refs,
    settled_at = CASE WHEN told.state <> '{DeliveryState.PENDING}' THEN %(now)s::timestamptz END,
    unended = 0, token = NULL, lease_until = NULL
FROM told WHERE d.id = told.id AND d.token = told.token
RETURNING d.id
"""
_PUT_BACK: Final = f"""
UPDATE {_QUEUE} d SET
    state = '{DeliveryState.PENDING}', due_at = one.due_at, attempts = d.attempts - 1,
    unended = greatest(d.unended - 1, 0), token = NULL, lease_until = NULL
FROM jsonb_to_recordset(%(rows)s::jsonb) AS one (id bigint, token uuid, due_at timestamptz)
WHERE d.id = one.id AND d.token = one.token
"""


@dataclass(slots=True)
class Told:
    """What a settle came to: rows with their verdicts; `late` were no longer the worker's own."""

    done: list[tuple[Settled, Verdict]] = field(default_factory=list)
    late: list[Settled] = field(default_factory=list)
    disabled: list[Address | Chat] = field(default_factory=list)

    def add(self, other: Told) -> None:
        """Joins what a further step came to."""
        self.done += other.done
        self.late += other.late
        self.disabled += other.disabled


def settle(results: Sequence[Settled], now: datetime) -> Told:
    """Ends these claims: sent, later, on the next channel, failed or cancelled.

    Works in steps of 50 rows, each a transaction with the attempts and the addresses found to be
    dead or moved. A claim whose lease ran out and whose row is another's changes no row; what it
    tried is kept as attempts all the same, since it happened.
    """
    told = Told()
    for start in range(0, len(results), STEP):
        with transaction.atomic():
            told.add(_step(results[start : start + STEP], now))
    return told


def put_back(rows: Iterable[tuple[Claimed, datetime]], now: datetime) -> int:
    """Gives rows back that were not tried, each due at its time; costs no attempt.

    Returns how many were still the worker's own.
    """
    given = [
        {"id": row.id, "token": str(row.token), "due_at": max(due_at, now).isoformat()}
        for row, due_at in rows
    ]
    if not given:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_PUT_BACK, {"rows": json.dumps(given)})
        return int(cursor.rowcount)


def _step(results: Sequence[Settled], now: datetime) -> Told:
    chance = random.random  # spreads retries, no secret
    judged = [(one, verdict(one, now, chance())) for one in results]
    rows = [_row(one, found) for one, found in judged]
    tries = [_attempt(one.row, try_) for one in results for try_ in one.tries]
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, {"rows": json.dumps(rows), "tries": json.dumps(tries), "now": now})
        own = {number for (number,) in cursor.fetchall()}
    return Told(
        done=[pair for pair in judged if pair[0].row.id in own],
        late=[one for one in results if one.row.id not in own],
        disabled=_look_after_addresses(results, now),
    )


def _row(told: Settled, found: Verdict) -> dict[str, Any]:
    return {
        "id": told.row.id,
        "token": str(told.row.token),
        "state": found.state,
        "code": found.code,
        "place": found.place,
        "channel": found.channel,
        "attempts": found.attempts,
        "due_at": found.due_at.isoformat(),
        "sent_at": found.sent_at and found.sent_at.isoformat(),
        "refs": {channel: _clean(ref, 120) for channel, ref in found.refs.items()},
    }


def _attempt(row: Claimed, one: Try) -> dict[str, Any]:
    result = one.result
    return {
        "id": str(one.id),
        "delivery_id": row.id,
        "recipient": row.recipient,
        "recipient_id": row.recipient_id,
        "address_id": one.address_id,
        "channel": one.channel,
        "at": one.at.isoformat(),
        "outcome": result.outcome,
        "code": _clean(result.code, 32),
        "detail": _clean(result.detail, 200),
        "provider_id": _clean(result.provider_id, 120),
        "took_ms": result.took_ms,
    }


def _clean(text: str, length: int) -> str:
    """What a provider said, without what the database cannot hold."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:length]


def _look_after_addresses(results: Sequence[Settled], now: datetime) -> list[Address | Chat]:
    """Disables what is gone, follows what has moved, counts the failures of people's servers."""
    disabled: list[Address | Chat | None] = []
    worked: set[int] = set()
    failed: set[int] = set()
    for told in results:
        for one in told.tries:
            disabled.append(_look_after(told.row, one, now))
            if one.address_id is not None:
                (worked if one.result.outcome is Outcome.SENT else failed).add(one.address_id)
    if worked or failed:
        disabled += address_troubles.count(sorted(worked), sorted(failed), now=now)
    return [one for one in disabled if one is not None]


def _look_after(row: Claimed, one: Try, now: datetime) -> Address | Chat | None:
    result = one.result
    if result.moved_to is not None:
        address_troubles.moved(row.recipient, row.recipient_id, one.channel, result.moved_to)
    if not result.gone:
        return None
    return address_troubles.disable(
        result.code,
        address_id=one.address_id,
        recipient=row.recipient,
        recipient_id=row.recipient_id,
        channel=one.channel,
        now=now,
    )


def channels_of(told: Told) -> set[int]:
    """The numbers of the channels that got rows from another one."""
    return {
        found.channel
        for one, found in told.done
        if found.state is DeliveryState.PENDING and found.channel != one.row.channel
    }
