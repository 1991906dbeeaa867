"""The audience: the narrow table of people who can be reached, and whether it tells the truth.

Triggers keep `accounts_audience` equal to the view `accounts_audience_truth`; `verify` compares
the two, `repair` makes them equal again.

Hours are stored as minutes of the person's own day beside his time zone, and compared with what
the clock of every zone shows at the time of the question (`clocks`). As UTC minutes they would be
wrong after every change to or from daylight saving time until somebody rewrote the rows, and in
the night of the change no pair of UTC minutes is right: "quiet from 22:00 to 07:00" in Berlin is
20:00 to 05:00 UTC in summer and 21:00 to 06:00 in winter, but 20:00 to 06:00 on 25 October 2026.
The clocks are one JSON value in which a row looks up its zone: a join would be the planner's to
get wrong, and at a hundred thousand people a nested loop over 600 zones takes a minute.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from django.db import connection, transaction

from accounts.models import Audience
from arbedge.names import Tier

REPAIR_BATCH: Final = 5_000
MOST_EXAMPLES: Final = 10

COLUMNS: Final = tuple(str(field.column) for field in Audience._meta.local_fields)  # noqa: SLF001
_HELD: Final = ", ".join(f"held.{name}" for name in COLUMNS)
_TRUE: Final = ", ".join(f"truth.{name}" for name in COLUMNS)
# The same as EXCEPT both ways, with one pass over each side: a person has one row on either.
_WRONG: Final = f"""
    SELECT coalesce(held.user_id, truth.user_id) AS who, to_jsonb(held) AS held,
           to_jsonb(truth) AS truth
    FROM accounts_audience held FULL JOIN accounts_audience_truth truth USING (user_id)
    WHERE ({_HELD}) IS DISTINCT FROM ({_TRUE})
"""  # noqa: S608
_COUNT: Final = f"""
    WITH wrong AS MATERIALIZED ({_WRONG})
    SELECT count(*) FILTER (WHERE held IS NULL), count(*) FILTER (WHERE truth IS NULL), count(*),
           (SELECT jsonb_agg(one) FROM (SELECT * FROM wrong ORDER BY who LIMIT %s) one)
    FROM wrong
"""  # noqa: S608

_PREMIUM: Final = Tier.PREMIUM.rank  # what a beta has

# The minute the clock of a person `a` shows; `clocks` is a parameter of the query.
LOCAL_MIN: Final = (
    "coalesce((%(clocks)s::jsonb ->> a.zone)::int, (%(clocks)s::jsonb ->> 'UTC')::int)"
)
# May the person `a` be disturbed now? Hours that end before they begin go over midnight; hours
# that begin where they end are all day. Who has no hours is asked for no clock.
AWAKE: Final = f"""
    (a.active_from_min IS NULL OR CASE
        WHEN a.active_from_min < a.active_to_min
        THEN {LOCAL_MIN} >= a.active_from_min AND {LOCAL_MIN} < a.active_to_min
        ELSE {LOCAL_MIN} >= a.active_from_min OR {LOCAL_MIN} < a.active_to_min END)
    AND (a.quiet_from_min IS NULL OR CASE
        WHEN a.quiet_from_min < a.quiet_to_min
        THEN {LOCAL_MIN} < a.quiet_from_min OR {LOCAL_MIN} >= a.quiet_to_min
        ELSE {LOCAL_MIN} < a.quiet_from_min AND {LOCAL_MIN} >= a.quiet_to_min END)
"""


@dataclass(frozen=True)
class Difference:
    """One person about whom table and truth disagree; `fields` maps a column to (table, truth)."""

    user_id: int
    kind: str  # missing, superfluous or different
    fields: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Differences:
    """How many people the table misses, holds for no reason, and knows wrongly; and a few."""

    missing: int
    superfluous: int
    different: int
    examples: list[Difference]

    def __bool__(self) -> bool:
        return bool(self.missing or self.superfluous or self.different)

    @property
    def people(self) -> int:
        return self.missing + self.superfluous + self.different


def rank(row: str = "") -> str:
    """SQL for the rank of the tier a person has at %(now)s, as standing.effective_tier says it;
    `row` is what names the audience's columns, "a." or nothing. 0 where there is no row."""
    return f"""greatest(CASE WHEN {row}tier_until <= %(now)s THEN 0 ELSE {row}tier END,
        CASE WHEN {row}beta_until > %(now)s THEN {_PREMIUM} ELSE 0 END)"""


def clocks(now: datetime) -> str:
    """The parameter `clocks` of AWAKE: the minute of its day every time zone's clock shows now.

    A person in a zone it does not name lives by UTC.
    """
    return _clocks(now.replace(second=0, microsecond=0))


def clock_of(zone: str, now: datetime) -> str:
    """The parameter `clocks` where AWAKE is asked of people of one zone only."""
    minute = _minutes(now.replace(second=0, microsecond=0)).get(zone)
    return json.dumps({} if minute is None else {zone: minute})


@lru_cache(maxsize=4)
def _clocks(now: datetime) -> str:
    return json.dumps(_minutes(now))


@lru_cache(maxsize=4)
def _minutes(now: datetime) -> dict[str, int]:
    shown = {zone: now.astimezone(ZoneInfo(zone)) for zone in available_timezones()}
    return {zone: local.hour * 60 + local.minute for zone, local in shown.items()}


def size() -> int:
    """How many people can be reached."""
    return Audience.objects.count()


def verify() -> Differences:
    """Compares the whole table with the whole truth as they are at one moment."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [MOST_EXAMPLES])
        [(missing, superfluous, wrong, examples)] = cursor.fetchall()
    return Differences(
        missing=missing,
        superfluous=superfluous,
        different=wrong - missing - superfluous,
        examples=[_difference(**one) for one in json.loads(examples or "[]")],
    )


def repair(told: Callable[[int], None] = lambda _: None) -> int:
    """Makes the table equal to the truth. Returns how many people's rows were wrong.

    Works in batches, each its own transaction; `told` hears how many people each batch had.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT who FROM ({_WRONG}) wrong ORDER BY who")  # noqa: S608
        ids = [row[0] for row in cursor.fetchall()]
    for start in range(0, len(ids), REPAIR_BATCH):
        some = ids[start : start + REPAIR_BATCH]
        with transaction.atomic():
            refresh(some)
        told(len(some))
    return len(ids)


def refresh(user_ids: Iterable[int]) -> None:
    """Writes these people's rows anew from the truth: for loaders that held the triggers back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_audience_refresh(%s::bigint[])", [sorted(user_ids)])


def hold_triggers_back() -> None:
    """In this transaction no change reaches the audience; call `refresh` or `repair` afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL arbedge.audience_later = 'on'")


def _difference(who: int, held: dict[str, Any] | None, truth: dict[str, Any] | None) -> Difference:
    if held is None or truth is None:
        return Difference(who, "missing" if held is None else "superfluous", {})
    fields = {name: (held[name], truth[name]) for name in COLUMNS if held[name] != truth[name]}
    return Difference(who, "different", fields)
