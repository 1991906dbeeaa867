"""How much each recipient may be told: places in the hour and the day, kept in the shared cache.

A place is taken by the delivery's id when it is about to be sent, all of a batch in one step, and
given back when it fails for good. Eligibility reads who is full and who cools down as *exception*
sets. What the cache has lost is rebuilt from the deliveries before anything counted is sent again;
until then whoever asks gets NoData and waits.

Recipients are numbers here: a person's id, a chat's with a minus. Times are ms since 1970 UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

import structlog
from django.db import transaction

from accounts import standing
from accounts.signals import TierChange
from arbedge import cache
from arbedge.clock import HOUR_MS
from arbedge.errors import NoData, NotFound
from notifications.choosing import quota_keys as keys
from notifications.choosing import quota_rebuild, quota_rows
from notifications.choosing.quota_scripts import RELEASE, RESERVE
from notifications.codes import Code
from notifications.parts import Numbered

AT_ONCE: Final = 200

log = structlog.get_logger(__name__)


class Counted(Numbered, Protocol):
    """What must be known of a delivery to count it; outbox.Claimed is one."""

    @property
    def tier(self) -> int: ...
    @property
    def zone(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Who has no place left now: people for the hour and for their day, and chats likewise."""

    hour: list[int] = field(default_factory=list)
    day: list[int] = field(default_factory=list)
    chats_hour: list[int] = field(default_factory=list)
    chats_day: list[int] = field(default_factory=list)


def exhausted(now: datetime) -> Exhausted:
    """Who is full at `now`. Raises NoData where the cache is gone or not whole yet."""
    with cache.reachable("quotas"):
        quota_rebuild.ensure(now)
        asked = cache.client().pipeline(transaction=False)
        for name in ("hour", "day"):
            asked.zremrangebyscore(keys.full_key(name), "-inf", keys.ms(now))
            asked.zrange(keys.full_key(name), 0, -1)
        _, hour, _, day = asked.execute()
    people_hour, chats_hour = _apart(hour)
    people_day, chats_day = _apart(day)
    return Exhausted(people_hour, people_day, chats_hour, chats_day)


def cooling(fingerprints: Sequence[str], now: datetime) -> dict[str, list[int]]:
    """By fingerprint, who was told it within four hours (chats with a minus).

    Raises NoData where the cache is gone or not whole yet.
    """
    with cache.reachable("quotas"):
        quota_rebuild.ensure(now)
        asked = cache.client().pipeline(transaction=False)
        for fingerprint in fingerprints:
            asked.zrangebyscore(keys.cooldown_key(fingerprint), f"({keys.ms(now)}", "+inf")
        found = asked.execute()
    return {
        fingerprint: [int(who) for who in whos]
        for fingerprint, whos in zip(fingerprints, found, strict=True)
    }


def reserve(rows: Sequence[Counted], now: datetime) -> dict[int, Code | None]:
    """Takes a place for each, in this order; None: it may be sent, else which limit is full.

    Asking again for the same delivery takes no second place. Notes the cooldown of the
    fingerprint. Raises NoData where the cache is gone or not whole yet: then nothing is sent.
    """
    answers: dict[int, Code | None] = {}
    names = (keys.marker_key(), keys.full_key("hour"), keys.full_key("day"))
    prefixes = (keys.told_key(""), keys.cooldown_key(""))
    times = (keys.ms(now), int(HOUR_MS), keys.REMEMBERED_MS, keys.COOLDOWN_MS)
    with cache.reachable("quotas"):
        whole = quota_rebuild.ensure(now)
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            wishes = json.dumps([_wish(row, now) for row in some])
            said: Any = cache.client().eval(
                RESERVE, len(names), *names, whole, *prefixes, *times, wishes
            )
            if said is None:
                raise NoData("quotas: the cache was emptied")
            for row, word in zip(some, said, strict=True):
                answers[row.id] = Code(word.decode()) if word else None
    return answers


def release(delivery_ids: Iterable[int]) -> int:
    """Gives the places of deliveries that failed for good back, and the cooldowns they began.

    Returns how many came free; 0 where the cache is gone, which a later rebuild puts right.
    """
    ids = list(delivery_ids)
    if not ids:
        return 0
    taken = [[number, who, fingerprint] for number, who, fingerprint in quota_rows.of(ids)]
    try:
        with cache.reachable("quotas"):
            freed: Any = cache.client().eval(
                RELEASE, 2, keys.full_key("hour"), keys.full_key("day"),
                keys.told_key(""), keys.cooldown_key(""), keys.COOLDOWN_MS, json.dumps(taken),
            )  # fmt: skip
    except NoData as gone:
        log.warning("places_not_released", deliveries=len(ids), reason=gone.message)
        return 0
    return int(freed)


def tier_changed(changes: Sequence[TierChange], **_: Any) -> None:
    """People whose tier became another one are asked about anew when the next message comes."""
    ids = [change.user_id for change in changes]
    transaction.on_commit(partial(_forget_full, ids), robust=True)


def limits_changed(**_: Any) -> None:
    """An operator changed a tier's limits: nobody is taken to be full before he is asked again."""
    transaction.on_commit(partial(_forget_full, None), robust=True)


def used(user_id: int, now: datetime) -> int | None:
    """How many messages that count a person was sent in his day so far; None: not known now."""
    try:
        start, _ = keys.day_of(standing.known(user_id).time_zone, now)
    except NotFound:
        return None
    try:
        with cache.reachable("quotas"):
            if cache.client().get(keys.marker_key()) is None:
                return None
            return int(cache.client().zcount(keys.told_key(str(user_id)), start, "+inf"))
    except NoData:
        return None


def _wish(row: Counted, now: datetime) -> list[Any]:
    day, day_end = keys.day_of(row.zone, now)
    who = keys.number(row.recipient, row.recipient_id)
    return [row.id, who, *keys.limits(row.recipient, row.tier), day, day_end, row.fingerprint]


def _apart(members: Iterable[bytes]) -> tuple[list[int], list[int]]:
    people: list[int] = []
    chats: list[int] = []
    for member in members:
        who = int(member)
        (people if who > 0 else chats).append(abs(who))
    return people, chats


def _forget_full(user_ids: Sequence[int] | None) -> None:
    """Forgets that these people (all, if None) are full; places taken are counted as before."""
    names = (keys.full_key("hour"), keys.full_key("day"))
    try:
        with cache.reachable("quotas"):
            if user_ids is None:
                cache.client().delete(*names)
            for name in names if user_ids else ():
                cache.client().zrem(name, *[str(one) for one in user_ids or ()])
    except NoData as gone:
        log.warning("full_not_forgotten", reason=gone.message)
