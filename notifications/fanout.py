"""Fan-out: slices that are due become deliveries, once, each with its own end in one transaction.

Any number of workers may run at once: a slice is taken by who locks its row first, others pass it
by. A slice waits while an earlier message of its opportunity is in another worker's hands: only
when that is written can be known who was told already, and who is to be told what became of it.
"""
# ruff: noqa: S608  (statements are put together from this floor's own words, never from data)

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import connection, transaction

from accounts import tiers
from arbedge.names import State
from notifications import counters, follow_ups
from notifications.bundling import digests
from notifications.choosing import eligibility
from notifications.choosing.eligibility import Due
from notifications.codes import Code, Why
from notifications.names import CHANNELS, DeliveryState, SliceState, Topic
from notifications.sending import waking
from notifications.statements import LATEST

log = structlog.get_logger(__name__)

Match = Callable[[Sequence[Due], datetime], Mapping[int, Mapping[str, int]]]
AT_ONCE: Final = 100

_NEVER_OVER: Final = f"'{Topic.CLOSED}', '{Topic.VENUE_BLIND}'"
# What a blind venue holds is not told to anybody new until something is seen again.
_IS_DUE: Final = f"""
    s.state = '{SliceState.OPEN}' AND s.due_at <= %(now)s
    AND (s.tier IS NULL OR o.state IS DISTINCT FROM '{State.HELD}')
"""
# An opportunity's times are those of its data, which in a replay are not the wall clock's: `at`
# and `created_at` are the same moment on both.
_CLAIM: Final = f"""
SELECT s.id, s.message_id, s.tier, m.topic, m.priority, m.opportunity_id, m.fingerprint, m.kind,
       m.asset, CASE WHEN s.tier IS NULL THEN m.id ELSE coalesce(latest.id, s.facts_of_id) END,
       CASE WHEN s.tier IS NULL THEN m.expires_at
            ELSE o.expires_at + (m.created_at - m.at) END AS expires_at,
       m.topic NOT IN ({_NEVER_OVER}) AND (o.id IS NULL OR o.state = '{State.CLOSED}') AS closed
FROM notifications_slice s
JOIN notifications_message m ON m.id = s.message_id
LEFT JOIN opportunities_opportunity o ON o.id = m.opportunity_id
LEFT JOIN LATERAL ({LATEST}) latest ON s.tier IS NOT NULL
WHERE {_IS_DUE} AND (s.tier IS NULL) = %(follow_ups)s
ORDER BY s.message_id, s.id
LIMIT %(limit)s
FOR NO KEY UPDATE OF s SKIP LOCKED
"""
_ELSEWHERE: Final = f"""
SELECT m.opportunity_id, min(s.message_id)
FROM notifications_slice s
JOIN notifications_message m ON m.id = s.message_id
WHERE s.state = '{SliceState.OPEN}' AND s.due_at <= %(now)s AND s.id <> ALL(%(mine)s)
  AND m.opportunity_id = ANY(%(about)s)
GROUP BY m.opportunity_id
"""
_FACTS: Final = "SELECT id, facts FROM notifications_message WHERE id = ANY(%s)"
_END: Final = """
UPDATE notifications_slice s
SET state = ended.state, counts = ended.counts::jsonb, facts_of_id = ended.facts_of_id,
    took_ms = %(took_ms)s, ended_at = %(now)s
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(counts)s::text[], %(facts_of)s::bigint[])
     AS ended (id, state, counts, facts_of_id)
WHERE s.id = ended.id
"""
_WAITING: Final = f"""
SELECT number FROM unnest(%s::smallint[]) AS channel (number)
WHERE EXISTS (
    SELECT FROM notifications_delivery d
    WHERE d.state = '{DeliveryState.PENDING}' AND d.channel = channel.number AND d.due_at <= %s)
"""
_OVERDUE: Final = f"""
SELECT EXISTS (
    SELECT FROM notifications_slice s
    JOIN notifications_message m ON m.id = s.message_id
    LEFT JOIN opportunities_opportunity o ON o.id = m.opportunity_id
    WHERE {_IS_DUE})
"""


@dataclass(frozen=True, slots=True)
class Done:
    """How many slices ended, how many recipients they had, and how long it took."""

    slices: int = 0
    eligible: int = 0
    took_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class _Taken:
    """A slice in this worker's hands; columns as in _CLAIM."""

    slice_id: int
    message_id: int
    tier: int | None
    topic: str
    priority: int
    opportunity_id: int | None
    fingerprint: str
    kind: str
    asset: str
    facts_of_id: int
    expires_at: datetime | None
    closed: bool

    def over(self, now: datetime) -> Code | None:
        """Why nobody is to be told any more, if so."""
        if self.closed:
            return Code.CLOSED
        lapsed = self.expires_at is not None and self.expires_at <= now
        return Code.EXPIRED if lapsed else None


@dataclass(slots=True)
class _Batch:
    """What one transaction does, and what came of it."""

    over: dict[int, Code] = field(default_factory=dict)
    now: list[_Taken] = field(default_factory=list)
    counts: Mapping[int, Mapping[str, int]] = field(default_factory=dict)

    @property
    def eligible(self) -> int:
        return sum(people.get(Why.ELIGIBLE.code, 0) for people in self.counts.values())


def run(now: datetime, *, limit: int = AT_ONCE, match: Match | None = None) -> Done:
    """Fans out every slice that is due at `now`, at most `limit` in one transaction.

    Slices another worker holds, and those that must wait for them, are left for the next run,
    which the other worker wakes. Raises what the database raises; what was committed until then
    stands, and the rest may be run again.
    """
    tiers.table()  # within a transaction a change of operators would not be looked for
    began, slices, eligible, ended = time.perf_counter(), 0, 0, -1
    people: Counter[str] = Counter()
    while ended:
        ended = 0
        for follows in (True, False):
            batch = _transact(now, limit, match or eligibility.match, follow_up=follows)
            ended += len(batch.over) + len(batch.now)
            eligible += batch.eligible
            for counts in batch.counts.values():
                people.update(counts)
        slices += ended
    done = Done(slices, eligible, _ms_since(began))
    if slices:
        counters.fanned_out(slices, people, done.took_ms)
        log.info("fanned_out", slices=slices, eligible=eligible, took_ms=round(done.took_ms, 1))
        _go_on(now)
    return done


def overdue(now: datetime) -> bool:
    """Whether a slice is due that could be fanned out."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERDUE, {"now": now})
        return bool(cursor.fetchone()[0])


def _go_on(now: datetime) -> None:
    """Others may have left to this worker what waited for it."""
    if overdue(now):
        waking.fan_out()


@transaction.atomic
def _transact(now: datetime, limit: int, match: Match, *, follow_up: bool) -> _Batch:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        batch, taken = _take(cursor, now, limit, follow_up=follow_up)
        if follow_up and batch.now:
            batch.counts = follow_ups.write([one.slice_id for one in batch.now], now)
        elif batch.now:
            batch.counts = match(_due(cursor, batch.now), now)
            digests.gather(sorted({one.message_id for one in batch.now}), now)
        ended = [one for one in taken if one.slice_id in batch.over] + batch.now
        if ended:
            _end(cursor, batch, ended, now, _ms_since(began))
        if batch.eligible:
            _wake(cursor, now)
    return batch


def _take(
    cursor: Any, now: datetime, limit: int, *, follow_up: bool
) -> tuple[_Batch, list[_Taken]]:
    """Locks what is due, and sorts out what is over and what must wait for its turn."""
    cursor.execute(_CLAIM, {"now": now, "limit": limit, "follow_ups": follow_up})
    taken = [_Taken(*row) for row in cursor.fetchall()]
    batch = _Batch()
    turns: dict[int | None, int] = {}
    about = {one.opportunity_id for one in taken if one.opportunity_id is not None}
    if about:
        mine = [one.slice_id for one in taken]
        cursor.execute(_ELSEWHERE, {"now": now, "mine": mine, "about": list(about)})
        turns.update(cursor.fetchall())
    for one in taken:
        over = one.over(now)
        if over is not None:
            batch.over[one.slice_id] = over
        elif one.opportunity_id is None or _is_its_turn(one, turns):
            batch.now.append(one)
    return batch, taken


def _is_its_turn(one: _Taken, turns: dict[int | None, int]) -> bool:
    """Messages of an opportunity go one after the other; the slices of one message together."""
    first = min(turns.get(one.opportunity_id, one.message_id), one.message_id)
    turns[one.opportunity_id] = first
    return first == one.message_id


def _due(cursor: Any, taken: Sequence[_Taken]) -> list[Due]:
    cursor.execute(_FACTS, [[one.facts_of_id for one in taken]])
    facts = {number: json.loads(text) for number, text in cursor.fetchall()}
    return [
        Due(
            slice_id=one.slice_id,
            message_id=one.message_id,
            facts_of_id=one.facts_of_id,
            tier=one.tier or 0,
            topic=one.topic,
            facts=facts[one.facts_of_id],
            priority=one.priority,
            expires_at=one.expires_at,
            opportunity_id=one.opportunity_id,
            fingerprint=one.fingerprint,
            kind=one.kind,
            asset=one.asset,
            breaks_cooldown=one.topic == Topic.IMPROVED,
        )
        for one in taken
    ]


def _end(
    cursor: Any, batch: _Batch, ended: Sequence[_Taken], now: datetime, took_ms: float
) -> None:
    over = batch.over
    counts = [
        {over[one.slice_id].value: 1}
        if one.slice_id in over
        else dict(batch.counts.get(one.slice_id, {}))
        for one in ended
    ]
    states = [SliceState.CANCELLED if one.slice_id in over else SliceState.DONE for one in ended]
    cursor.execute(_END, {
        "ids": [one.slice_id for one in ended],
        "states": [state.value for state in states],
        "counts": [json.dumps(count) for count in counts],
        "facts_of": [one.facts_of_id for one in ended],
        "took_ms": took_ms,
        "now": now,
    })  # fmt: skip


def _wake(cursor: Any, now: datetime) -> None:
    """After the commit the channels are woken on which something is due."""
    cursor.execute(_WAITING, [list(range(len(CHANNELS))), now])
    waiting = [CHANNELS[number] for (number,) in cursor.fetchall()]
    waking.after_commit(waking.deliver, waiting)


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
