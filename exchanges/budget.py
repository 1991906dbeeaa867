"""Request weights per venue, pool and egress address: ours as we spend them, theirs as they say.

What we spend is counted before a request goes, because a refused request costs weight too. Limits
are per address, not per cluster: the setting EGRESS_ADDRESS names the address this process goes
out by, and all processes behind it share one count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec
from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from arbedge import aio, cache
from arbedge.clock import SECOND_MS
from exchanges.venues.base import Ask, Pool, Venue

HEADER_SHARE = 0.8  # of the venue's limit, all users of the address together
HISTORY_PART = 0.25  # of an hour's extra calls, for settled funding


_limiters: WeakKeyDictionary[
    asyncio.AbstractEventLoop, dict[str, SlidingWindowCounterRateLimiter]
] = WeakKeyDictionary()


class Told(msgspec.Struct, frozen=True):
    """What a venue said is used of a pool, and until when that counts."""

    used: int
    until_ms: float


class Window(NamedTuple):
    """How long calls are counted, and in steps of what."""

    length_s: int
    step_s: int


BULK, EXTRA, HISTORY = "bulk", "extra", "history"
WINDOWS = {BULK: Window(60, 10), EXTRA: Window(60, 10), HISTORY: Window(3600, 300)}


@dataclass
class Ledger:
    """The budgets of one round of requests; what venues told is read once, at its start."""

    told: dict[str, Told] = field(default_factory=dict)

    async def take(self, venue: Venue, ask: Ask, now_ms: float) -> bool:
        """Books the weight of a request. False: it would pass our share, or the venue's limit."""
        pool = venue.pools[ask.pool]
        name = entry(venue.name, ask.pool)
        told = self.told.get(name)
        used = told.used if told is not None and told.until_ms > now_ms else 0
        if used + ask.weight > pool.limit * HEADER_SHARE:
            return False
        return await _limiter().hit(allowance(pool), name, cost=ask.weight)

    async def note(self, venue: Venue, ask: Ask, headers: Mapping[str, str], now_ms: float) -> None:
        """Keeps what the answer's header says is used, for every process of this address."""
        pool = venue.pools[ask.pool]
        said = headers.get(pool.used_header, "") if pool.used_header else ""
        if not said.isdigit():
            return
        name, told = entry(venue.name, ask.pool), Told(int(said), window_end_ms(pool, now_ms))
        self.told[name] = told
        await cache.aclient().hset(cache.key("weights"), name, msgspec.json.encode(told))


def allowance(pool: Pool) -> RateLimitItem:
    """Returns our own share of a pool as a rate; never below one whole request."""
    return RateLimitItemPerSecond(max(1, int(pool.limit * pool.share)), max(1, round(pool.per_s)))


def window_end_ms(pool: Pool, now_ms: float) -> float:
    """Returns until when a used weight counts: the venue's minute's end, or a window from now."""
    length_ms = pool.per_s * SECOND_MS
    return (now_ms // length_ms + 1) * length_ms if pool.clock_aligned else now_ms + length_ms


def entry(venue: str, pool: str) -> str:
    """Returns the name a pool's counts go by."""
    return f"{settings.EGRESS_ADDRESS} {venue} {pool}"


async def ledger() -> Ledger:
    """Returns the ledger for a round of requests. Raises NoData without a cache."""
    with cache.reachable("request weights"):
        raw: Any = await cache.aclient().hgetall(cache.key("weights"))
    return Ledger({name.decode(): _decode(told) for name, told in raw.items()})


def usage(venues: Collection[Venue], now_ms: float) -> list[dict[str, Any]]:
    """Returns the pools for people: venue, pool, limit, per_s, share (ours, a fraction), allowed,
    used (by us in the window) and told (by the venue; None where it says nothing now)."""
    with cache.reachable("request weights"):
        return aio.run(_usage(venues, now_ms))


async def _usage(venues: Collection[Venue], now_ms: float) -> list[dict[str, Any]]:
    said = (await ledger()).told
    told = []
    for venue in venues:
        for name, pool in venue.pools.items():
            place, rate = entry(venue.name, name), allowance(pool)
            left = (await _limiter().get_window_stats(rate, place)).remaining
            theirs = said.get(place)
            told.append(
                {
                    "venue": venue.name,
                    "pool": name,
                    "limit": pool.limit,
                    "per_s": pool.per_s,
                    "share": pool.share,
                    "allowed": rate.amount,
                    "used": rate.amount - left,
                    "told": theirs.used if theirs and theirs.until_ms > now_ms else None,
                }
            )
    return told


async def count_calls(kind: str, calls: int, now_ms: float) -> None:
    """Adds calls of a kind (BULK, EXTRA or HISTORY) to the count of its window."""
    if calls:
        window = WINDOWS[kind]
        name = cache.key("calls", kind, str(_step(window, now_ms)))
        pipe = cache.aclient().pipeline(transaction=False)
        pipe.incrby(name, calls)
        pipe.expire(name, window.length_s + 2 * window.step_s)
        await pipe.execute()


async def calls(kind: str, now_ms: float) -> int:
    """Returns how many calls of a kind went out in its window: the last minute, history's hour."""
    window = WINDOWS[kind]
    last = _step(window, now_ms)
    steps = range(last - window.length_s // window.step_s + 1, last + 1)
    raw: Any = await cache.aclient().mget([cache.key("calls", kind, str(step)) for step in steps])
    return sum(int(count) for count in raw if count is not None)


async def extra_left(now_ms: float) -> int:
    """Returns how many order books may be asked for now.

    DEPTH_CALL_SHARE of the bulk calls of the last minute, less the books asked for in it and less a
    minute's part of the histories asked for in the last hour.
    """
    bulk, extra, history = await _counted(BULK, EXTRA, HISTORY, now_ms=now_ms)
    return max(0, int(bulk * settings.DEPTH_CALL_SHARE - history / 60) - extra)


async def history_left(now_ms: float) -> int:
    """Returns how many histories may be asked for now.

    HISTORY_PART of what an hour allows beside the bulk calls, at the last minute's pace. They may
    all go at once, as after a start, when every history is missing: order books give them back over
    the hour, so that the hour keeps within DEPTH_CALL_SHARE.
    """
    bulk, history = await _counted(BULK, HISTORY, now_ms=now_ms)
    return max(0, int(60 * bulk * settings.DEPTH_CALL_SHARE * HISTORY_PART) - history)


async def _counted(*kinds: str, now_ms: float) -> list[int]:
    return [await calls(kind, now_ms) for kind in kinds]


def _step(window: Window, now_ms: float) -> int:
    return int(now_ms // (window.step_s * SECOND_MS))


def _limiter() -> SlidingWindowCounterRateLimiter:
    """The limiter of the running loop, on the cache's own connections."""
    held = _limiters.setdefault(asyncio.get_running_loop(), {})
    place = f"{settings.CACHE_URL} {settings.CACHE_PREFIX}"
    if place not in held:
        pool: Any = cache.aclient().connection_pool
        prefix = cache.key("limits")
        storage = RedisStorage(
            "async+redis://", implementation="redispy", key_prefix=prefix, connection_pool=pool
        )
        held[place] = SlidingWindowCounterRateLimiter(storage)
    return held[place]


_decode = msgspec.json.Decoder(Told).decode
