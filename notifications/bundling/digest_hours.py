"""When a digest is due, by the clock of each person, over the nights when clocks are changed.

Like accounts.audience.AWAKE this asks Python's time zones, not the database's, so that both agree;
a zone nobody knows lives by UTC.
"""

# ruff: noqa: S608  (put together from this module's own words, never from data)

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

DAY_MIN: Final = 1_440
_AHEAD: Final = timedelta(hours=49)  # a day's hour may be 25 hours away, and a second change later
_MINUTE: Final = timedelta(minutes=1)


def offsets(now: datetime) -> str:
    """The parameter `offsets` of DUE: JSON of minutes ahead of UTC by zone.

    A list per zone: the minutes now; where the clock is changed within two days, the second since
    1970 of that and the minutes from then on.
    """
    return _offsets(now.astimezone(UTC).replace(second=0, microsecond=0))


@lru_cache(maxsize=4)
def _offsets(now: datetime) -> str:
    return json.dumps({zone: _of_zone(ZoneInfo(zone), now) for zone in available_timezones()})


def _of_zone(zone: ZoneInfo, now: datetime) -> list[int]:
    held, later = _ahead_min(zone, now), _ahead_min(zone, now + _AHEAD)
    if held == later:
        return [held]
    before, after = now, now + _AHEAD
    while after - before > _MINUTE:
        middle = before + (after - before) // 2 // _MINUTE * _MINUTE
        if _ahead_min(zone, middle) == held:
            before = middle
        else:
            after = middle
    return [held, int(after.timestamp()), later]


def _ahead_min(zone: ZoneInfo, at: datetime) -> int:
    ahead = at.astimezone(zone).utcoffset()
    assert ahead is not None
    return round(ahead.total_seconds() / 60)


_INSIDE: Final = """CASE WHEN a.{0}_from_min < a.{0}_to_min
    THEN l.minute >= a.{0}_from_min AND l.minute < a.{0}_to_min
    ELSE l.minute >= a.{0}_from_min OR l.minute < a.{0}_to_min END"""
_UNTIL: Final = f"(%s + {DAY_MIN} - l.minute - 1) %% {DAY_MIN} + 1"

# `digest.due_at` of a person `a` of the audience: daily at his hour; in quiet time when that ends
# (the later of both, where he is also outside his active hours); else the next multiple of 5, 15,
# 30 or 60 minutes. A minute the clock leaves out is due when it is changed, one that comes twice
# the first time.
DUE: Final = f"""
    CROSS JOIN LATERAL (
        SELECT coalesce(%(offsets)s::jsonb -> a.zone, '[0]'::jsonb) AS zone,
               extract(epoch FROM %(now)s::timestamptz)::bigint AS now_s
    ) z
    CROSS JOIN LATERAL (
        SELECT (z.zone ->> 0)::int * 60 AS ahead_s, (z.zone ->> 1)::bigint AS change_s,
               (z.zone ->> 2)::int * 60 AS ahead_then_s,
               ((z.now_s + (z.zone ->> 0)::int * 60) %% 86400 / 60)::int AS minute
    ) l
    CROSS JOIN LATERAL (
        SELECT CASE WHEN a.frequency = 5 THEN {_UNTIL.replace("%s", "a.digest_at_min")}
            ELSE greatest(
                CASE WHEN a.quiet_from_min IS NOT NULL AND {_INSIDE.format("quiet")}
                     THEN {_UNTIL.replace("%s", "a.quiet_to_min")} END,
                CASE WHEN a.active_from_min IS NOT NULL AND NOT {_INSIDE.format("active")}
                     THEN {_UNTIL.replace("%s", "a.active_from_min")} END) END AS wait_min,
            (ARRAY[5, 5, 15, 30, 60])[1 + a.frequency] * 60 AS every_s
    ) w
    CROSS JOIN LATERAL (
        SELECT (z.now_s + l.ahead_s) / 60 * 60 + w.wait_min * 60 AS local_s
    ) t
    CROSS JOIN LATERAL (
        SELECT to_timestamp(CASE
            WHEN w.wait_min IS NULL THEN (z.now_s / w.every_s + 1) * w.every_s
            WHEN t.local_s - l.ahead_s >= l.change_s
            THEN greatest(t.local_s - l.ahead_then_s, l.change_s)
            ELSE t.local_s - l.ahead_s END) AS due_at
    ) digest
"""
