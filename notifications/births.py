"""From events of opportunities to messages and slices, in the transaction that wrote the events.

The number of statements is the same whatever the number of events, and none waits for a worker:
slices that are being fanned out just now are passed over, for the follow-up that is written here
is fanned out after them and sets right what they have written (see follow_ups.py).
"""
# ruff: noqa: S608  (statements are put together from this floor's own words, never from data)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from accounts import tiers
from arbedge.names import CloseReason, Event, Tier
from notifications.names import OPENINGS, Priority, Recipient, SliceState, Topic
from notifications.sending import waking
from notifications.statements import listed
from notifications.telling import tell, tell_more
from notifications.writing.facts import ALSO, FACTS

__all__ = ["Recipient", "receive", "tell", "tell_more"]

MOST_FAMILIES: Final = 20  # pushed in one scan, the best first
MOST_IMPROVEMENTS: Final = 2  # told in 4 h
CLOSING_KEPT: Final = timedelta(hours=4)  # how long it is worth telling that something ended

TOLD: Final = (*OPENINGS, Topic.FADING, Topic.CLOSED)
PRIORITIES: Final[Mapping[Topic, Priority]] = {
    Topic.OPENED: Priority.MEDIUM,
    Topic.IMPROVED: Priority.MEDIUM,
    Topic.RECOVERED: Priority.MEDIUM,
    Topic.FADING: Priority.MEDIUM,
    Topic.CLOSED: Priority.HIGH,
    Topic.VENUE_BLIND: Priority.HIGH,
}

# As a join, for the planner cannot guess how many of so new numbers there are.
_EVENTS: Final = (
    "unnest(%(events)s::bigint[]) AS given (id)"
    " JOIN opportunities_opportunityevent e ON e.id = given.id"
)
_PRIORITY: Final = " ".join(f"WHEN '{one}' THEN {PRIORITIES[one].value}" for one in TOLD)
# `opening` is the first message about the opportunity. Without one nobody can have been told, so
# that there is nothing to follow up; whatever is pushed then is the opening itself.
_MESSAGES: Final = f"""
WITH event AS (
    SELECT e.id AS event_id, e.type, o.family, o.score, o.net, opening.id AS opening_id,
           o.best AND e.type IN ({listed(OPENINGS)}) AS wanted
    FROM {_EVENTS}
    JOIN opportunities_opportunity o ON o.id = e.opportunity_id
    LEFT JOIN LATERAL (
        SELECT min(m.id) AS id FROM notifications_message m
        WHERE m.opportunity_id = o.id AND m.opening_id IS NULL
    ) opening ON true
    WHERE NOT e.silent AND e.type IN ({listed(TOLD)})
      AND coalesce((e.new ->> 'improved_count')::int <= {MOST_IMPROVEMENTS}
                   OR e.type <> '{Event.IMPROVED}', true)
), ranked AS (
    SELECT event.*, row_number() OVER (
        PARTITION BY wanted ORDER BY score DESC NULLS LAST, net DESC, event_id) AS place
    FROM event
), chosen AS (
    SELECT *, wanted AND place <= {MOST_FAMILIES} AS pushed
    FROM ranked
), families AS (
    SELECT family FROM chosen WHERE pushed
), also AS ({ALSO}
), message AS (
    INSERT INTO notifications_message (topic, event_id, opportunity_id, opening_id, fingerprint,
                                       kind, asset, priority, facts, at, expires_at, created_at)
    SELECT c.type, c.event_id, o.id, c.opening_id, o.fingerprint, o.kind, o.asset,
           CASE c.type {_PRIORITY} END, {FACTS}, e.at,
           CASE WHEN c.type = '{Event.CLOSED}' THEN %(closing_until)s
                ELSE %(now)s + (o.expires_at - e.at) END, %(now)s
    FROM chosen c
    JOIN opportunities_opportunityevent e ON e.id = c.event_id
    JOIN opportunities_opportunity o ON o.id = e.opportunity_id
    LEFT JOIN also ON c.pushed AND also.family = c.family
    WHERE c.pushed OR c.opening_id IS NOT NULL
    ORDER BY c.pushed DESC, c.place
    ON CONFLICT (event_id) DO NOTHING
    RETURNING id, event_id, opening_id
)
INSERT INTO notifications_slice (message_id, facts_of_id, tier, state, due_at)
SELECT message.id, message.id, tier.rank, '{SliceState.OPEN}', %(now)s + tier.delay
FROM message JOIN chosen USING (event_id)
CROSS JOIN unnest(%(ranks)s::smallint[], %(delays)s::interval[]) AS tier (rank, delay)
WHERE chosen.pushed
UNION ALL
SELECT message.id, message.id, NULL, '{SliceState.OPEN}', %(now)s
FROM message WHERE message.opening_id IS NOT NULL
RETURNING due_at
"""
_NEWS: Final = f"""
SELECT e.opportunity_id, e.type, m.id
FROM {_EVENTS}
LEFT JOIN notifications_message m ON m.event_id = e.id
"""
# What earlier messages still have to say: nothing once it is closed, else the better figures. The
# news come as a list, whose length the planner knows: by its own guess of one it would go through
# all open slices for every opportunity of a scan that closes thousands.
_EARLIER: Final = f"""
WITH held AS (
    SELECT s.id, news.closed, news.message_id
    FROM unnest(%(about)s::bigint[], %(closed)s::boolean[], %(messages)s::bigint[])
         AS news (opportunity_id, closed, message_id)
    JOIN notifications_message m USING (opportunity_id)
    JOIN notifications_slice s ON s.message_id = m.id
    WHERE s.state = '{SliceState.OPEN}' AND m.id IS DISTINCT FROM news.message_id
      AND (news.closed OR s.tier IS NOT NULL)
    FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE notifications_slice s
SET facts_of_id = CASE WHEN held.closed THEN s.facts_of_id ELSE held.message_id END,
    state = CASE WHEN held.closed THEN '{SliceState.CANCELLED}' ELSE s.state END,
    ended_at = CASE WHEN held.closed THEN %(now)s END,
    counts = CASE WHEN held.closed THEN '{{"closed": 1}}'::jsonb END
FROM held WHERE s.id = held.id
"""
# One message for each venue that blinded a row into its end; only rows that were told of count.
_BLIND: Final = f"""
WITH event AS (
    SELECT e.at, o.asset, venue.name AS venue, (
               SELECT max(dark.at) FROM opportunities_opportunityevent dark
               WHERE dark.opportunity_id = o.id AND dark.type = '{Event.HELD}') AS since
    FROM {_EVENTS}
    JOIN opportunities_opportunity o ON o.id = e.opportunity_id
    CROSS JOIN LATERAL jsonb_array_elements_text(
        CASE jsonb_typeof(e.new -> 'blind') WHEN 'array' THEN e.new -> 'blind' ELSE '[]' END
    ) AS venue (name)
    WHERE e.type = '{Event.CLOSED}'
      AND e.reason = '{CloseReason.NO_DATA}'
      AND EXISTS (SELECT FROM notifications_message m WHERE m.opportunity_id = o.id)
), message AS (
    INSERT INTO notifications_message (topic, fingerprint, kind, asset, priority, facts, at,
                                       expires_at, created_at)
    SELECT '{Topic.VENUE_BLIND}', '', '', '', {Priority.HIGH.value}, jsonb_build_object(
               'venue', venue, 'count', count(*), 'assets', jsonb_agg(DISTINCT asset),
               'since', min(since)), min(at), %(closing_until)s, %(now)s
    FROM event
    WHERE NOT EXISTS (
        SELECT FROM notifications_message m
        WHERE m.topic = '{Topic.VENUE_BLIND}' AND m.created_at > %(now)s - interval '1 day'
          AND m.facts ->> 'venue' = event.venue AND m.at = event.at)
    GROUP BY venue ORDER BY venue
    RETURNING id
)
INSERT INTO notifications_slice (message_id, facts_of_id, tier, state, due_at)
SELECT id, id, NULL, '{SliceState.OPEN}', %(now)s FROM message
RETURNING due_at
"""


def receive(sender: Any, event_ids: list[int], as_of_ms: float, **_: Any) -> None:  # noqa: ARG001
    """Receives opportunities.signals.opportunity_events: `write` with the wall clock's now."""
    write(event_ids, timezone.now())


def write(event_ids: Sequence[int], now: datetime) -> int:
    """Writes messages and slices of these events, and wakes the fan-out after the commit.

    Returns how many slices were written; events that have their message already make none. Runs
    in the caller's transaction, and raises what the database raises.
    """
    allowances = tiers.table()
    delays_s = [allowances[tier].delay_s for tier in Tier]
    values: dict[str, Any] = {
        "events": list(event_ids),
        "now": now,
        "closing_until": now + CLOSING_KEPT,
        "ranks": list(range(len(Tier))),
        "delays": [timedelta(seconds=delay_s) for delay_s in delays_s],
    }
    due: list[datetime] = []
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (_MESSAGES, _BLIND):
            cursor.execute(statement, values)
            due += [at for (at,) in cursor.fetchall()]
        _set_right(cursor, event_ids, now)
        # Inside a transaction a changed table is not read: the next scan has it.
        transaction.on_commit(tiers.table, robust=True)
        for at in sorted(set(due)):
            waking.after_commit(waking.fan_out, (at - now).total_seconds())
    return len(due)


def _set_right(cursor: Any, event_ids: Sequence[int], now: datetime) -> None:
    """Has open slices of earlier messages follow what was told since."""
    cursor.execute(_NEWS, {"events": list(event_ids)})
    news = [
        (about, kind == Event.CLOSED, message)
        for about, kind, message in cursor.fetchall()
        if kind == Event.CLOSED or (kind == Event.IMPROVED and message is not None)
    ]
    if news:
        about, closed, messages = (list(column) for column in zip(*news, strict=True))
        told = {"about": about, "closed": closed, "messages": messages, "now": now}
        cursor.execute(_EARLIER, told)
