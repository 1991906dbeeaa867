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
    """Whether one more is allowed, and when to come back otherwise.

    `counted` is False where the cache was gone, so that `ok` is what the caller chose.
    """

    ok: bool
    retry_after_s: int = 0
    counted: bool = True


def allow(name: str, who: str, rate: str, *, when_gone: bool = False) -> Allowed:
    """Counts one try of `who` at `name` and returns whether it is within `rate` ("5/hour").

    A refused try is not counted. `when_gone` is the answer where the cache cannot be reached: True
    for what a person should not miss, False for what an attacker must not get.
    """
    item = _parsed(rate)
    try:
        with cache.reachable("limits"):
            if _limiter(item).hit(item, name, who):
                return Allowed(ok=True)
            return Allowed(ok=False, retry_after_s=_wait_s(item, name, who))
    except NoData as gone:
        return _gone(name, gone, ok=when_gone)


def left(name: str, who: str, rate: str) -> int:
    """How many tries of `rate` are left to `who`; all of them where the cache is gone."""
    item = _parsed(rate)
    try:
        with cache.reachable("limits"):
            return int(_limiter(item).get_window_stats(item, name, who).remaining)
    except NoData as gone:
        log.warning("limit_not_known", limit=name, reason=gone.message)
        return int(item.amount)


def forget(name: str, who: str, rate: str) -> bool:
    """Makes all of `rate` available to `who` again. Returns False where the cache is gone."""
    item = _parsed(rate)
    try:
        with cache.reachable("limits"):
            _limiter(item).clear(item, name, who)
    except NoData as gone:
        return _gone(name, gone, ok=False).ok
    return True


def _wait_s(item: RateLimitItem, name: str, who: str) -> int:
    resets_at = _limiter(item).get_window_stats(item, name, who).reset_time
    return min(max(math.ceil(resets_at - time.time()), 1), item.get_expiry())


def _gone(name: str, gone: NoData, *, ok: bool) -> Allowed:
    log.warning("limit_not_counted", limit=name, allowed=ok, reason=gone.message)
    return Allowed(ok=ok, retry_after_s=0 if ok else 1, counted=False)


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
