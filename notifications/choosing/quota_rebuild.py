"""Filling the cache's memory of places anew after it was lost: flushed, restarted, replaced.

The marker names the server process whose memory is whole, so that one that came back with an old
copy of its memory is filled again too. Nothing counted is sent while a rebuild runs.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import structlog

from arbedge import cache
from arbedge.clock import HOUR_MS
from arbedge.errors import NoData
from notifications.choosing import quota_keys, quota_rows
from notifications.choosing.quota_rows import Taken
from notifications.choosing.quota_scripts import WHOLE

LONGEST_MS: Final = 30_000  # then another process may begin; only one can end
AT_ONCE: Final = 500  # recipients a round trip

log = structlog.get_logger(__name__)


def ensure(now: datetime) -> str:
    """Returns the marker's word where the memory is whole, after a rebuild if need be.

    Raises NoData while another process rebuilds it, and where the cache is gone.
    """
    with cache.reachable("quotas"):
        word = _server()
        held: Any = cache.client().get(quota_keys.marker_key())
        if held is None or held.decode() != word:
            if not rebuild(now):
                raise NoData("quotas: what was told is being read from the tables")
            word = _server()
        return word


def rebuild(now: datetime) -> bool:
    """Writes every place that may be taken into the cache, and then that it is whole.

    Returns False where another process is at it, or where the cache was emptied meanwhile.
    """
    lock = cache.acquire("quotas", LONGEST_MS)
    if lock is None:
        return False
    began, mark, client = time.monotonic(), secrets.token_hex(8), cache.client()
    try:
        word = _server()
        building = cache.key("quota", "building")
        client.set(building, mark, px=LONGEST_MS)
        places = _fill(quota_rows.taken(now, quota_keys.REMEMBERED_MS), now)
        whole: Any = client.eval(WHOLE, 2, quota_keys.marker_key(), building, mark, word)
    finally:
        cache.release("quotas", lock)
    log.warning("quotas_rebuilt", places=places, whole=bool(whole), took_s=time.monotonic() - began)
    return bool(whole) and word == _server()


def _server() -> str:
    """The name of the server process that answers: its memory is as old as it is."""
    told: Any = cache.client().info("server")
    return str(told["run_id"])


def _fill(places: Iterable[Taken], now: datetime) -> int:
    count = 0
    asked = cache.client().pipeline(transaction=False)
    for number, (who, rows) in enumerate(groupby(places, key=lambda row: row[0]), start=1):
        told = list(rows)
        count += len(told)
        _fill_one(asked, who, told, now)
        if number % AT_ONCE == 0:
            asked.execute()
    asked.execute()
    return count


def _fill_one(asked: Any, who: int, told: list[Taken], now: datetime) -> None:
    """One recipient's places, his cooldowns, and whether he is full; `told` is by time."""
    key, now_ms = quota_keys.told_key(str(who)), quota_keys.ms(now)
    asked.zadd(key, {str(row[2]): quota_keys.ms(row[5]) for row in told})
    asked.pexpire(key, quota_keys.REMEMBERED_MS)
    for row in told:
        till = quota_keys.ms(row[5]) + quota_keys.COOLDOWN_MS
        if row[6] and till > now_ms:
            cooldown = quota_keys.cooldown_key(row[6])
            asked.zadd(cooldown, {str(who): till}, gt=True)
            asked.pexpire(cooldown, quota_keys.COOLDOWN_MS)
    _, recipient, _, tier, zone, *_ = told[-1]
    per_hour, per_day = quota_keys.limits(recipient, tier)
    day, day_end = quota_keys.day_of(zone, now)
    times = [quota_keys.ms(row[5]) for row in told]
    in_hour = [at for at in times if at > now_ms - HOUR_MS]
    if 0 < per_hour <= len(in_hour):
        asked.zadd(quota_keys.full_key("hour"), {str(who): in_hour[-per_hour] + int(HOUR_MS)})
    if 0 <= per_day <= sum(at >= day for at in times):
        asked.zadd(quota_keys.full_key("day"), {str(who): day_end})
