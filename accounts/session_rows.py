"""How sessions end in the database: of some people, of everybody, and by time.

Locks are taken in one order everywhere: people first and by id, then their sessions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import connection, transaction

from accounts import session_tokens, standing
from accounts.models import Outcome, User

BATCH: Final = 5_000
GRACE: Final = timedelta(minutes=5)  # words said in time are written long before

# What time had ended before is told as such, whoever comes to end it.
_END: Final = """
UPDATE accounts_session SET
    state = CASE WHEN expires_at <= %(now)s THEN 'expired' ELSE 'terminated' END,
    outcome = CASE WHEN expires_at <= %(now)s THEN 'expired' ELSE %(outcome)s END,
    ended_at = greatest(least(expires_at, %(now)s), started_at),
    ended_by_id = CASE WHEN expires_at <= %(now)s THEN NULL ELSE %(by)s::bigint END
WHERE id IN (
    SELECT id FROM accounts_session WHERE state = 'active' AND user_id = ANY(%(people)s)
    AND (%(session)s::bigint IS NULL OR id = %(session)s) AND expires_at <= %(before)s
    ORDER BY id FOR UPDATE
)
RETURNING user_id, digest
"""
_LAPSED: Final = """
SELECT id FROM accounts_user WHERE id IN (
    SELECT user_id FROM accounts_session WHERE state = 'active' AND expires_at <= %s
    ORDER BY expires_at LIMIT %s
) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
_NEXT: Final = """
SELECT DISTINCT user_id FROM accounts_session WHERE state = 'active' AND user_id > %s
ORDER BY user_id LIMIT %s
"""
_LOCK: Final = "SELECT id FROM accounts_user WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_EVER: Final = "infinity"


def everybody() -> Iterator[list[int]]:
    """People with active sessions, in batches by id."""
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, [last, BATCH])
            people = [row[0] for row in cursor.fetchall()]
        if not people:
            return
        yield people
        last = people[-1]


def settle_lapsed(now: datetime, batch: int) -> int:
    """Settles rows of at most so many people whose sessions time has ended. Returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LAPSED, [now - GRACE, batch])
        people = [row[0] for row in cursor.fetchall()]
        return end(people, Outcome.EXPIRED, now, None, before=now - GRACE)


def end(
    people: Sequence[int],
    outcome: Outcome,
    now: datetime,
    by: User | None,
    *,
    session_id: int | None = None,
    before: datetime | None = None,
) -> int:
    """Ends these people's active sessions in this transaction. Returns how many."""
    facts: dict[str, Any] = {
        "people": list(people),
        "session": session_id,
        "now": now,
        "before": before or _EVER,
        "outcome": outcome.value,
        "by": None if by is None else by.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [list(people)])
        cursor.execute(_END, facts)
        rows = cursor.fetchall()
    if before is None:  # what time ended everybody knows already
        standing.changed({user_id for user_id, _ in rows})
        digests = [bytes(digest) for _, digest in rows]
        transaction.on_commit(partial(session_tokens.bury, digests), robust=True)
    return len(rows)
