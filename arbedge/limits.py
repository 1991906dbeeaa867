"""Rate limits that every process counts together: sliding windows in the shared cache.

Limits of up to 100 are counted exactly, by the time of each entry; larger ones by two weighted
counters, which cost the same at any size and err by a few per cent at a window's edge.
"""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import structlog
from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from limits.strategies import (
    MovingWindowRateLimiter,
    RateLimiter,
    SlidingWindowCounterRateLimiter,
)

from arbedge import cache
from arbedge.errors import NoData

MOST_COUNTED_EXACTLY: Final = 100

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Allowed:
    """Whether one more is allowed, how many are left then, and when to come back otherwise.

    `counted` is False where the cache was gone, so that `ok` is what the caller chose.
    """

    ok: bool
    left: int
    retry_after_s: int
    counted: bool = True


def allow(name: str, who: str, rate: str, *, when_gone: bool = False) -> Allowed:
    """Counts one try of `who` at `name` and returns whether it is within `rate` ("5/hour").

    A refused try is not counted. `when_gone` is the answer where the cache cannot be reached: True
    for what a person should not miss, False for what an attacker must not get.
    """
    item = _parsed(rate)
    try:
        with cache.reachable("limits"):
            ok = _limiter(item).hit(item, name, who)
            return _told(item, name, who, ok=ok)
    except NoData as gone:
        return _gone(item, name, gone, ok=when_gone)


def look(name: str, who: str, rate: str, *, when_gone: bool = False) -> Allowed:
    """Returns what `allow` would, without counting anything: `left` is what is left now."""
    item = _parsed(rate)
    try:
        with cache.reachable("limits"):
            ok = _limiter(item).test(item, name, who)
            return _told(item, name, who, ok=ok)
    except NoData as gone:
        return _gone(item, name, gone, ok=when_gone)


def forget(name: str, who: str, rate: str) -> bool:
    """Makes all of `rate` available to `who` again. Returns False where the cache is gone."""
    item = _parsed(rate)
    try:
        with cache.reachable("limits"):
            _limiter(item).clear(item, name, who)
    except NoData as gone:
        return _gone(item, name, gone, ok=False).ok
    return True


def _told(item: RateLimitItem, name: str, who: str, *, ok: bool) -> Allowed:
    stats = _limiter(item).get_window_stats(item, name, who)
    if ok:
        return Allowed(ok=True, left=stats.remaining, retry_after_s=0)
    wait_s = math.ceil(stats.reset_time - time.time())
    return Allowed(ok=False, left=0, retry_after_s=min(max(wait_s, 1), item.get_expiry()))


def _gone(item: RateLimitItem, name: str, gone: NoData, *, ok: bool) -> Allowed:
    log.warning("limit_not_counted", limit=name, allowed=ok, reason=gone.message)
    if ok:
        return Allowed(ok=True, left=item.amount, retry_after_s=0, counted=False)
    return Allowed(ok=False, left=0, retry_after_s=1, counted=False)


@lru_cache(maxsize=256)
def _parsed(rate: str) -> RateLimitItem:
    return parse(rate)


def _limiter(item: RateLimitItem) -> RateLimiter:
    exactly = item.amount <= MOST_COUNTED_EXACTLY
    url, prefix = str(settings.CACHE_URL), cache.key("limit")
    return _limiter_of(os.getpid(), url, prefix, exactly=exactly)


@lru_cache(maxsize=16)
def _limiter_of(_pid: int, url: str, prefix: str, *, exactly: bool) -> RateLimiter:
    """One limiter per process, on the connections of the process's own cache client."""
    store = RedisStorage(url, connection_pool=cache.client().connection_pool, key_prefix=prefix)
    return MovingWindowRateLimiter(store) if exactly else SlidingWindowCounterRateLimiter(store)
