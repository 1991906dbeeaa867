"""Bundles: what waited for a person's window becomes one message, best first.

An item is taken out and its message written in one transaction, so it is in exactly one bundle
whoever is killed when. What has closed or expired meanwhile drops out. A single item that is left
goes out as the ordinary opening. Either counts as one message in the person's limits.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from accounts import audience, tiers
from arbedge.names import Role, State
from notifications import asked_counters, letters
from notifications.letters import OF_PERSON, REACHABLE, inserting
from notifications.models import Message
from notifications.names import DeliveryState, Priority, Recipient, Topic
from notifications.sending import waking
from notifications.statements import LATEST
from notifications.writing.cohort_figures import figures_for

AT_ONCE: Final = 500  # people a step
KEPT_AT_MOST: Final = 50  # items of one message; its text shows the first ten
ONE_BY_ONE: Final = 3  # openings of one fan-out that one person gets as messages of their own
BUNDLING: Final = 4_408_002  # the advisory lock of who bundles

# An opportunity lives by the clock of its data, which in a replay is not the wall's: `at` and
# `created_at` are the same moment on both.
_UNTIL: Final = "coalesce(o.expires_at + (m.created_at - m.at), m.expires_at)"
# People in their quiet hours are left for later; whoever has no session any more is not.
_TAKE: Final = f"""
WITH who AS MATERIALIZED (
    SELECT i.recipient_id
    FROM notifications_digestitem i LEFT JOIN accounts_audience a ON a.user_id = i.recipient_id
    WHERE i.due_at <= %(now)s AND i.recipient = '{Recipient.USER}'
      AND (a.user_id IS NULL OR a.session_until <= %(now)s OR ({audience.AWAKE}))
    GROUP BY i.recipient_id ORDER BY min(i.due_at), i.recipient_id LIMIT %(limit)s
), taken AS (
    DELETE FROM notifications_digestitem i USING who
    WHERE i.recipient = '{Recipient.USER}' AND i.recipient_id = who.recipient_id
      AND i.due_at <= %(now)s
    RETURNING i.recipient_id, i.message_id
)
SELECT t.recipient_id, t.message_id, coalesce(latest.id, t.message_id), {REACHABLE} IS TRUE,
       o.state IS DISTINCT FROM '{State.CLOSED}'
           AND coalesce({_UNTIL}, 'infinity') > %(now)s,
       {_UNTIL},
       a.notional_usd, a.horizon_hours, a.vip_levels, a.leverage
FROM taken t
JOIN notifications_message m ON m.id = t.message_id
LEFT JOIN opportunities_opportunity o ON o.id = m.opportunity_id
LEFT JOIN LATERAL ({LATEST}) latest ON true
LEFT JOIN accounts_audience a ON a.user_id = t.recipient_id
"""  # noqa: S608
# Openings one fan-out has written to somebody beyond the best few: births.py numbers the messages
# of a scan best first.
_GATHER: Final = f"""
WITH placed AS (
    SELECT id, row_number() OVER person AS place, count(*) OVER person_all AS openings
    FROM notifications_delivery
    WHERE message_id = ANY(%(messages)s) AND recipient = '{Recipient.USER}'
      AND topic = '{Topic.OPENED}' AND state = '{DeliveryState.PENDING}' AND created_at = %(now)s
    WINDOW person AS (PARTITION BY recipient_id ORDER BY message_id),
           person_all AS (PARTITION BY recipient_id)
), gone AS (
    DELETE FROM notifications_delivery d USING placed
    WHERE d.id = placed.id AND placed.openings > {ONE_BY_ONE + 1}
      AND placed.place > {ONE_BY_ONE}
    RETURNING d.recipient_id, d.message_id
), kept AS (
    INSERT INTO notifications_digestitem (recipient, recipient_id, message_id, due_at, created_at)
    SELECT '{Recipient.USER}', recipient_id, message_id, %(now)s, %(now)s FROM gone
    ON CONFLICT (recipient, recipient_id, message_id) DO NOTHING
)
SELECT count(DISTINCT recipient_id) FROM gone
"""  # noqa: S608
# A bundle takes one place in the hour, and so shows no more than the tier shows in an hour.
_SHOWN: Final = f"""one.items[1:CASE WHEN a.role >= {list(Role).index(Role.ADMIN)}
    THEN {KEPT_AT_MOST} ELSE (%(per_hour)s::int[])[1 + {OF_PERSON["tier"]}] END]"""
_WRITE: Final = inserting(
    {
        "message_id": "m.id",
        "facts_of_id": "one.facts_of_id",
        "topic": "m.topic",
        "opportunity_id": "m.opportunity_id",
        "items": _SHOWN,
        "priority": "m.priority",
        "expires_at": "one.expires_at",
        "silent": "false",
        "counted": "true",
    },
    f"""jsonb_to_recordset(%(rows)s::jsonb)
            AS one(user_id bigint, message_id bigint, facts_of_id bigint, items bigint[],
                   expires_at timestamptz)
        JOIN notifications_message m ON m.id = one.message_id
        JOIN accounts_audience a ON a.user_id = one.user_id AND {REACHABLE}""",
)


@dataclass(slots=True)
class Bundled:
    """What one run came to, in messages and items."""

    bundles: int = 0
    singles: int = 0
    items: int = 0
    ended: int = 0  # items that had closed or expired
    unreachable: int = 0  # items of people without a session
    more: bool = False  # others are due


@dataclass(frozen=True, slots=True)
class _Item:
    message_id: int
    facts_of_id: int
    expires_at: datetime | None
    economics: tuple[float, float, int, float]


@dataclass(slots=True)
class _Taken:
    items: dict[int, list[_Item]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)


def gather(message_ids: Sequence[int], now: datetime) -> int:
    """Makes one bundle of all but the best three openings a fan-out has written to one person.

    The best stay messages of their own, which are followed up on; what is bundled is not. For the
    transaction of the fan-out; `run` sends the bundle right after.
    Returns how many people it was done for.
    """
    if len(message_ids) <= ONE_BY_ONE + 1:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_GATHER, {"messages": list(message_ids), "now": now})
        [(people,)] = cursor.fetchall()
    if people:
        waking.after_commit(waking.bundle)
    return int(people)


def run(now: datetime, *, limit: int = AT_ONCE) -> Bundled:
    """Bundles what is due of up to `limit` people; five statements whatever their number.

    Does nothing while another process bundles.
    """
    with transaction.atomic():
        if not _alone():
            return Bundled()
        taken = _take(now, limit)
        done = Bundled(ended=taken.counts["ended"], unreachable=taken.counts["unreachable"])
        done.more = taken.counts["people"] >= limit
        _write(_ranked(taken), now, done)
    asked_counters.bundled(done.bundles, done.items, done.ended, done.unreachable)
    return done


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [BUNDLING])
        [(alone,)] = cursor.fetchall()
    return bool(alone)


def _take(now: datetime, limit: int) -> _Taken:
    told: dict[str, Any] = {"now": now, "limit": limit, "clocks": audience.clocks(now)}
    taken, people = _Taken(), set()
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, told)
        for person, message, facts_of, reachable, alive, until, *economics in cursor.fetchall():
            people.add(person)
            if not reachable:
                taken.counts["unreachable"] += 1
            elif not alive:
                taken.counts["ended"] += 1
            else:
                taken.items[person].append(_Item(message, facts_of, until, tuple(economics)))
    taken.counts["people"] = len(people)
    return taken


def _ranked(taken: _Taken) -> dict[int, list[_Item]]:
    """Each person's items by what they pay his own cohort, the best first."""
    wanted = {item.facts_of_id for items in taken.items.values() for item in items}
    facts = dict(Message.objects.filter(pk__in=wanted).values_list("pk", "facts"))
    pays: dict[tuple[Any, ...], float] = {}
    for items in taken.items.values():
        for item in items:
            key = (item.facts_of_id, *item.economics)
            if key not in pays:
                pays[key] = _pays(facts[item.facts_of_id], item.economics)
    return {
        person: sorted(
            items,
            key=lambda item: (-pays[item.facts_of_id, *item.economics], item.message_id),
        )
        for person, items in taken.items.items()
    }


def _pays(facts: Mapping[str, Any], economics: tuple[float, float, int, float]) -> float:
    return figures_for(facts, *economics).pays if "net" in facts else float("-inf")


def _write(ranked: Mapping[int, Sequence[_Item]], now: datetime, done: Bundled) -> None:
    bundles = {person: items for person, items in ranked.items() if len(items) > 1}
    rows = [
        _row(person, items[0].message_id, items[0].facts_of_id, None, items[0].expires_at)
        for person, items in ranked.items()
        if len(items) == 1
    ]
    done.singles = len(rows)
    if bundles:
        told = Message.objects.create(topic=Topic.DIGEST, priority=Priority.LOW, at=now)
        rows += [
            _row(person, told.pk, told.pk, [item.facts_of_id for item in items], _last(items))
            for person, items in bundles.items()
        ]
    done.bundles = len(bundles)
    done.items = sum(len(items) for items in ranked.values())
    _insert(rows, now)


def _row(
    person: int,
    message_id: int,
    facts_of_id: int,
    items: list[int] | None,
    expires_at: datetime | None,
) -> dict[str, Any]:
    return {
        "user_id": person,
        "message_id": message_id,
        "facts_of_id": facts_of_id,
        "items": None if items is None else items[:KEPT_AT_MOST],
        "expires_at": None if expires_at is None else expires_at.isoformat(),
    }


def _last(items: Sequence[_Item]) -> datetime | None:
    """A bundle is worth reading as long as one of its items is."""
    ends = [item.expires_at for item in items if item.expires_at is not None]
    return max(ends) if len(ends) == len(items) else None


def _insert(rows: list[dict[str, Any]], now: datetime) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {"now": now, "rows": json.dumps(rows), "per_hour": _per_hour()})
        letters.wake([row[0] for row in cursor.fetchall()])


def _per_hour() -> list[int]:
    """How many opportunities an hour each tier shows, by its rank; its own limit, if it has one."""
    shown = (one.opportunities_per_hour for one in tiers.table().values())
    return [KEPT_AT_MOST if number is None else min(number, KEPT_AT_MOST) for number in shown]
