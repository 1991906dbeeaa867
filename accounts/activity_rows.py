"""What the counters of sessions say, written to the database for many sessions at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from accounts.models import User

LIFE: Final = timedelta(days=7)
INTERACTIONS, SEEN, ACTED, COMMAND = "n", "seen_opportunities", "acted_opportunities", "c:"

# People first, then their sessions: the order in which everybody locks them.
_LOCK: Final = """
SELECT id FROM accounts_user WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
_WRITE: Final = """
WITH told AS (
    SELECT * FROM unnest(
        %(session)s::bigint[], %(first)s::timestamptz[], %(last)s::timestamptz[], %(n)s::int[],
        %(seen)s::int[], %(acted)s::int[], %(commands)s::jsonb[]
    ) AS told(session, first, last, n, seen, acted, commands)
), alive AS (
    SELECT s.id, s.state = 'active' AND told.first < s.expires_at AS slides
    FROM accounts_session s JOIN told ON told.session = s.id ORDER BY s.id FOR NO KEY UPDATE OF s
)
UPDATE accounts_session s SET
    seen_at = CASE WHEN slides THEN greatest(s.seen_at, told.last) ELSE s.seen_at END,
    expires_at = CASE WHEN slides
        THEN greatest(s.expires_at, told.last + %(life)s) ELSE s.expires_at END,
    interactions = s.interactions + told.n,
    opportunities_seen = s.opportunities_seen + told.seen,
    opportunities_acted = s.opportunities_acted + told.acted,
    commands = CASE WHEN told.commands = '{}' THEN s.commands ELSE (
        SELECT jsonb_object_agg(name, times) FROM (
            SELECT name, sum(value::int) AS times FROM (
                SELECT * FROM jsonb_each_text(s.commands)
                UNION ALL SELECT * FROM jsonb_each_text(told.commands)
            ) both_sides(name, value) GROUP BY name
        ) summed) END
FROM told JOIN alive ON alive.id = told.session
WHERE s.id = told.session
"""
_SEEN_PEOPLE: Final = """
UPDATE accounts_user u SET seen_at = told.last
FROM unnest(%s::bigint[], %s::timestamptz[]) AS told(id, last)
WHERE u.id = told.id AND (u.seen_at IS NULL OR u.seen_at < told.last)
"""
# The cache is gone: the row says itself whether it was written within the last minute.
_OLD: Final = """
SELECT 1 FROM accounts_session WHERE id = %s AND state = 'active' AND expires_at > %s
AND seen_at <= %s::timestamptz - interval '1 minute'
"""


@dataclass(frozen=True)
class Told:
    """What a session did since it was written last; the times are None where nobody spoke."""

    session_id: int
    user_id: int
    first: datetime | None
    last: datetime | None
    counts: Mapping[str, int]

    @property
    def commands(self) -> dict[str, int]:
        names = (name for name in self.counts if name.startswith(COMMAND))
        return {name.removeprefix(COMMAND): self.counts[name] for name in names}


def write(told: Sequence[Told]) -> tuple[list[Told], list[Told]]:
    """Writes it in one transaction. Returns what is done with, and what others hold locked."""
    people = {one.user_id for one in told}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [list(people)])
        free = {row[0] for row in cursor.fetchall()}
        done = [one for one in told if one.user_id in free]
        cursor.execute(_WRITE, _rows(done))
        last = _last_words(done)
        cursor.execute(_SEEN_PEOPLE, [list(last), list(last.values())])
        held = _existing(people - free)
    done += [one for one in told if one.user_id not in free | held]
    return done, [one for one in told if one.user_id in held]


def _existing(people: Collection[int]) -> set[int]:
    """Those of the people who were locked, not deleted."""
    if not people:
        return set()
    return set(User.objects.filter(pk__in=people).values_list("pk", flat=True))


def _rows(told: Sequence[Told]) -> dict[str, Any]:
    return {
        "session": [one.session_id for one in told],
        "first": [one.first for one in told],
        "last": [one.last for one in told],
        "n": [one.counts.get(INTERACTIONS, 0) for one in told],
        "seen": [one.counts.get(SEEN, 0) for one in told],
        "acted": [one.counts.get(ACTED, 0) for one in told],
        "commands": [json.dumps(one.commands) for one in told],
        "life": LIFE,
    }


def _last_words(told: Sequence[Told]) -> dict[int, datetime]:
    last: dict[int, datetime] = {}
    for one in told:
        if one.last is not None:
            last[one.user_id] = max(one.last, last.get(one.user_id, one.last))
    return last


def slide(user_id: int, session_id: int, now: datetime) -> None:
    """Slides one session, unless that was done within the last minute: for a cache that is gone."""
    with connection.cursor() as cursor:
        cursor.execute(_OLD, [session_id, now, now])
        if cursor.fetchone():
            write([Told(session_id, user_id, now, now, {})])
