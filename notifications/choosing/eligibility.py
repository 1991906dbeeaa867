"""Who is told what is due: six layers for everybody at once, each person by his own cohort.

`match` answers for all due slices of a fan-out in one statement (two where an opportunity is due
twice): it writes deliveries and digest items, and counts people by the first layer that held them
back. The figures a person is matched by are those he will be told.
"""

# ruff: noqa: S608  (statements are put together from this floor's own words, never from data)

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts import audience
from arbedge.errors import NoData
from notifications.bundling import digest_hours
from notifications.choosing import (
    eligibility_batch,
    eligibility_sql,
    fairness,
    quotas,
    strategies,
    without_session,
)
from notifications.choosing.eligibility_due import Batch, Due, Held, batches
from notifications.choosing.eligibility_writing import DELIVERIES, DIGESTS
from notifications.codes import Why

__all__ = ["Due", "Held", "match"]

log = structlog.get_logger(__name__)

# The planner takes the list of a crowd for 8 kB, where it is a few numbers: without this it would
# sort everybody. What is really taken is some 50 MB for a million people.
_PLANNING: Final = {"jit": "off", "work_mem": "512MB", "enable_sort": "off"}
_WRITTEN: Final = f"{fairness.LIMITED}, {fairness.CHOSEN}, {DELIVERIES}, {DIGESTS}"
_ENDING: Final = f", {_WRITTEN} {fairness.COUNTS}"
_ANYBODY_TOLD: Final = f"SELECT EXISTS (SELECT FROM ({eligibility_sql.TOLD}) t)"


def match(
    due: Sequence[Due], now: datetime, *, held: Held | None = None
) -> dict[int, dict[str, int]]:
    """Writes deliveries and digest items of these slices; people by reason code for every slice.

    Runs in the caller's transaction. `held` are those at a limit, asked of the cache where nobody
    says them. What is counted as eligible is written, once per message and recipient.
    """
    if not due:
        return {}
    rounds = batches(due)
    held = limits(due, now) if held is None else held
    found: dict[int, Counter[str]] = {one.slice_id: Counter() for one in due}
    absent = without_session.by_tier(now)
    with transaction.atomic(), planned() as cursor:
        for batch in rounds:
            for number, tier, why, people in _written(cursor, batch, held, now):
                found[batch.slices[number, tier]][Why(why).code] += people
    for one in due:
        for why, people in absent[one.tier].items():
            found[one.slice_id][why.code] += people
    return {slice_id: dict(counts) for slice_id, counts in found.items()}


def _written(
    cursor: CursorWrapper, batch: Batch, held: Held, now: datetime
) -> list[tuple[int, int, int, int]]:
    text, values = asked(batch, held, now, ending=_ENDING)
    cursor.execute(text, values)
    rows: list[tuple[int, int, int, int]] = cursor.fetchall()
    return rows


def asked(
    batch: Batch, held: Held, now: datetime, *, ending: str, only: str = ""
) -> tuple[str, Mapping[str, Any]]:
    """The statement for a batch that goes on with `ending`, and its parameters."""
    values = eligibility_batch.values(batch, held, strategies.choose(batch, now), now)
    idle = eligibility_batch.idle(values)
    with connection.cursor() as cursor:
        cursor.execute(_ANYBODY_TOLD, values)
        [(told,)] = cursor.fetchall()
    text, coins = eligibility_sql.statement(
        eligibility_batch.venue_terms(batch.events),
        eligibility_batch.asset_terms(batch.events),
        ending=ending,
        idle=idle if told else idle | {Why.TOLD_ALREADY},
        every_tier=all(values["open"]),
        only=only,
    )
    clocks = {"clocks": audience.clocks(now), "offsets": digest_hours.offsets(now)}
    return text, values | coins | clocks


@contextmanager
def planned() -> Iterator[CursorWrapper]:
    """A cursor whose statements are planned for a whole audience; as before afterwards."""
    names = list(_PLANNING)
    with connection.cursor() as cursor:
        read = ", ".join(f"current_setting('{name}')" for name in names)
        cursor.execute(f"SELECT {read}")
        [before] = cursor.fetchall()
        _set(cursor, _PLANNING)
        yield cursor
        _set(cursor, dict(zip(names, before, strict=True)))


def _set(cursor: CursorWrapper, options: Mapping[str, str]) -> None:
    calls = ", ".join("set_config(%s, %s, true)" for _ in options)
    cursor.execute(f"SELECT {calls}", [word for pair in options.items() for word in pair])


def limits(due: Sequence[Due], now: datetime) -> Held:
    """Who is at a limit, as the cache knows it. Without the cache nobody is left out here: limits
    are reserved once more when a delivery is claimed."""
    try:
        spent = quotas.exhausted(now)
        cooling = quotas.cooling(sorted({one.fingerprint for one in due}), now)
    except NoData as error:
        log.warning("eligibility.limits_unknown", cause=str(error))
        return Held()
    return Held(spent.hour, spent.day, spent.chats_hour, spent.chats_day, cooling)
