"""How people use the product: active, new, gone, coming back, and how far newcomers get.

Every question is one set-based query on an index, meant for the console at a million people.
"Active" means a word in a session; a week is the seven days from Monday, in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import connection

from accounts.models import Outcome

NOW: Final = timedelta(minutes=5)
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)

_ACTIVE: Final = """
SELECT count(DISTINCT user_id) FILTER (WHERE seen_at > %(now)s),
       count(DISTINCT user_id) FILTER (WHERE seen_at > %(day)s),
       count(DISTINCT user_id)
FROM accounts_session WHERE seen_at > %(week)s
"""
_NEW: Final = """
SELECT (SELECT count(*) FROM accounts_user
        WHERE date_joined >= %(since)s AND date_joined < %(until)s),
       (SELECT count(*) FROM accounts_session
        WHERE started_at >= %(since)s AND started_at < %(until)s)
"""
_ENDED: Final = """
SELECT outcome, count(*), sum(interactions), sum(opportunities_seen), sum(opportunities_acted)
FROM accounts_session WHERE ended_at >= %s AND ended_at < %s GROUP BY outcome
"""
_DURATION: Final = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at))
FROM accounts_session WHERE ended_at >= %s AND ended_at < %s
"""
# A session counts for every week from its first word to its last.
_RETENTION: Final = """
WITH cohort AS MATERIALIZED (
    SELECT id, date_trunc('week', date_joined, 'UTC') AS joined FROM accounts_user
    WHERE date_joined >= %(since)s AND date_joined < %(until)s
), came AS (
    SELECT DISTINCT c.id, c.joined, week.number
    FROM cohort c
    JOIN accounts_session s ON s.user_id = c.id
    CROSS JOIN LATERAL generate_series(
        greatest(0, floor(extract(epoch FROM s.started_at - c.joined) / 604800)::int),
        floor(extract(epoch FROM s.seen_at - c.joined) / 604800)::int
    ) AS week(number)
    WHERE s.seen_at >= c.joined
)
SELECT joined, number, count(*) FROM (
    SELECT joined, -1 AS number FROM cohort UNION ALL SELECT joined, number FROM came
) counted GROUP BY joined, number ORDER BY joined, number
"""
_ONBOARDING: Final = """
SELECT onboarding, count(*) FILTER (WHERE onboarded_at IS NULL),
       count(*) FILTER (WHERE onboarded_at IS NOT NULL)
FROM accounts_user WHERE date_joined >= %s AND date_joined < %s GROUP BY onboarding
"""


@dataclass(frozen=True)
class Active:
    """People who said something within the last five minutes, 24 hours and seven days."""

    now: int
    day: int
    week: int


@dataclass(frozen=True)
class New:
    """People who joined, and sessions that began, in a span of time."""

    people: int
    sessions: int


@dataclass(frozen=True)
class Ended:
    """Sessions that ended in one way, and what was done in them."""

    outcome: Outcome
    sessions: int
    interactions: int
    opportunities_seen: int
    opportunities_acted: int


@dataclass(frozen=True)
class Cohort:
    """People who joined in one week; `kept[n]` is the share active n weeks later.

    None marks weeks that have not ended.
    """

    week: date
    people: int
    kept: list[float | None]


@dataclass(frozen=True)
class Step:
    """People whose onboarding has come to this step: still under way, and completed."""

    name: str
    under_way: int
    completed: int


@dataclass(frozen=True)
class Onboarding:
    """How far newcomers got; the share completed is None where nobody joined."""

    people: int
    completed: int
    share: float | None
    steps: list[Step]


def active(now: datetime) -> Active:
    """People active just now, in the last day and in the last week; ended sessions count too."""
    ago = {"now": now - NOW, "day": now - DAY, "week": now - WEEK}
    [(just_now, day, week)] = _rows(_ACTIVE, ago)
    return Active(just_now, day, week)


def new(since: datetime, until: datetime) -> New:
    """Newcomers and sessions begun from `since` until before `until`."""
    [(people, sessions)] = _rows(_NEW, {"since": since, "until": until})
    return New(people, sessions)


def ended(since: datetime, until: datetime) -> list[Ended]:
    """Sessions that ended in the span by outcome, most frequent first."""
    found = [Ended(Outcome(outcome), *counts) for outcome, *counts in _rows(_ENDED, [since, until])]
    return sorted(found, key=lambda one: (-one.sessions, one.outcome))


def median_duration(since: datetime, until: datetime) -> timedelta | None:
    """The median length, first word to end, of sessions that ended in the span; None: no ends."""
    [(seconds,)] = _rows(_DURATION, [since, until])
    return None if seconds is None else timedelta(seconds=float(seconds))


def retention(now: datetime, weeks: int = 8) -> list[Cohort]:
    """The cohorts of the last `weeks` weeks, oldest first, each with the weeks it has lived."""
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - now.weekday() * DAY
    since = monday - (weeks - 1) * WEEK
    counts: dict[datetime, dict[int, int]] = {}
    for joined, number, people in _rows(_RETENTION, {"since": since, "until": now}):
        counts.setdefault(joined, {})[number] = people
    return [_cohort(joined, came, now) for joined, came in counts.items()]


def onboarding(since: datetime, until: datetime) -> Onboarding:
    """How far those who joined in the span have come, by the step reached, furthest crowd first."""
    steps = [Step(*row) for row in _rows(_ONBOARDING, [since, until])]
    completed = sum(step.completed for step in steps)
    people = completed + sum(step.under_way for step in steps)
    steps.sort(key=lambda step: (-step.under_way - step.completed, step.name))
    return Onboarding(people, completed, completed / people if people else None, steps)


def _cohort(joined: datetime, came: dict[int, int], now: datetime) -> Cohort:
    people = came[-1]
    lived = int((now - joined) / WEEK)
    kept: list[float | None] = [came.get(week, 0) / people for week in range(lived)]
    return Cohort(joined.date(), people, [*kept, None])


def _rows(sql: str, values: dict[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
