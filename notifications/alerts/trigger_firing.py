"""Which alerts fire now: all of a kind by one statement, each once however many evaluate it.

An alert fires when its figure reaches the level while it is armed. It is armed when the figure was
seen short of the level: by the kind's slack if it has fired before. Within five minutes of a
firing, and beyond ten firings an hour, it stays armed: if the figure is still there when that time
is over, it tells then. It waits in the same way for people without a session, with alerts switched
off, and in their quiet hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from accounts import audience
from arbedge.choices import Notice
from notifications.alerts.trigger_nets import Own
from notifications.alerts.trigger_rules import RULES
from notifications.alerts.trigger_sources import Reading
from notifications.names import TriggerKind

COOLDOWN: Final = timedelta(minutes=5)
AN_HOUR: Final = timedelta(hours=1)
PER_HOUR: Final = 10
ALERT_BIT: Final = 1 << list(Notice).index(Notice.ALERT)

_BY_SUBJECT: Final = """
    (SELECT * FROM unnest(%(subjects)s::text[], %(venues)s::text[], %(values)s::float8[])
        AS one(subject, venue, value)) v
"""
_BY_ID: Final = """
    (SELECT * FROM unnest(%(ids)s::bigint[], %(values)s::float8[]) AS one(id, value)) v
"""
_SAME_SUBJECT: Final = "t.kind = %(kind)s AND t.subject = v.subject AND t.venue = v.venue"
_SAME_ID: Final = "t.kind = %(kind)s AND t.id = v.id"
# What profit and loss has to reach is below zero where a loss is watched.
_SIGN: Final = "%(sign)s * CASE WHEN t.level < 0 THEN -1 ELSE 1 END"
_FIRE: Final = """
    UPDATE notifications_alerttrigger t
    SET armed = false, fired_at = %(now)s,
        hour_began = CASE WHEN t.hour_began > %(hour_ago)s THEN t.hour_began ELSE %(now)s END,
        fired = CASE WHEN t.hour_began > %(hour_ago)s THEN t.fired + 1 ELSE 1 END
    FROM {seen}, accounts_audience a
    WHERE {same} AND t.active AND t.armed
      AND {sign} * v.value >= {sign} * coalesce(t.level, 1)
      AND (t.fired_at IS NULL OR t.fired_at <= %(cooled)s)
      AND (t.hour_began IS NULL OR t.hour_began <= %(hour_ago)s OR t.fired < %(per_hour)s)
      AND a.user_id = t.user_id AND a.session_until > %(now)s AND a.notices & %(alert)s <> 0
      AND {awake}
    RETURNING t.id, t.user_id, t.kind, t.subject, t.venue, t.level, t.label, v.value,
              a.silent & %(alert)s <> 0
"""
_ARM: Final = """
    UPDATE notifications_alerttrigger t SET armed = true
    FROM {seen}
    WHERE {same} AND NOT t.armed
      AND {sign} * v.value < {sign} * coalesce(t.level, 1)
          - CASE WHEN t.fired_at IS NULL THEN 0 ELSE %(slack)s END * abs(coalesce(t.level, 1))
"""


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that has just fired, with the figure it fired at."""

    trigger_id: int
    user_id: int
    kind: TriggerKind
    subject: str
    venue: str
    level: float | None
    label: str
    value: float
    silent: bool
    more: Mapping[str, Any] = field(default_factory=dict)


def by_subject(kind: TriggerKind, readings: Sequence[Reading], now: datetime) -> list[Fired]:
    """Fires and arms the alerts of a kind by what is read of coins, pairs and venues."""
    seen = {
        "subjects": [one.subject for one in readings],
        "venues": [one.venue for one in readings],
        "values": [one.value for one in readings],
    }
    more = {(one.subject, one.venue): one.more for one in readings}
    rows = _move(kind, seen, _BY_SUBJECT, _SAME_SUBJECT, now)
    return [_fired(row, more[row[3], row[4]]) for row in rows]


def by_id(kind: TriggerKind, readings: Sequence[Own], now: datetime) -> list[Fired]:
    """As `by_subject`, for figures that are each person's own."""
    seen = {
        "ids": [one.trigger_id for one in readings],
        "values": [one.value for one in readings],
    }
    more = {one.trigger_id: one.more for one in readings}
    return [_fired(row, more[row[0]]) for row in _move(kind, seen, _BY_ID, _SAME_ID, now)]


def _move(
    kind: TriggerKind, seen: Mapping[str, Any], table: str, same: str, now: datetime
) -> list[tuple[Any, ...]]:
    if not seen["values"]:
        return []
    rule = RULES[kind]
    told = {
        **seen, "kind": kind.value, "sign": rule.sign, "slack": rule.slack, "now": now,
        "cooled": now - COOLDOWN, "hour_ago": now - AN_HOUR, "per_hour": PER_HOUR,
        "alert": ALERT_BIT, "clocks": audience.clocks(now),
    }  # fmt: skip
    words = {"seen": table, "same": same, "sign": _SIGN, "awake": audience.AWAKE}
    with connection.cursor() as cursor:
        cursor.execute(_ARM.format(**words), told)
        cursor.execute(_FIRE.format(**words), told)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _fired(row: tuple[Any, ...], more: Mapping[str, Any]) -> Fired:
    number, user_id, kind, subject, venue, level, label, value, silent = row
    return Fired(
        number, user_id, TriggerKind(kind), subject, venue, level, label, value, silent, more
    )
