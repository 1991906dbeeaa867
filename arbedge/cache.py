"""The cache shared by all processes: plain clients of the Redis protocol, prefixed keys, locks.

Whoever needs the cache to answer wraps the call in `reachable`, so that a cache that is gone is
told as "no data" and never looks like an empty market.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from arbedge.errors import NoData

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 5.0
RETRY_AFTER_S = 0.05

_RELEASE = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0
"""

_per_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, redis.asyncio.Redis]] = (
    WeakKeyDictionary()
)


def client() -> redis.Redis:
    """Returns this process's client for code that is not on an event loop; values are bytes."""
    return _client_of(os.getpid(), str(settings.CACHE_URL))


def aclient() -> redis.asyncio.Redis:
    """Returns the client that belongs to the running event loop; values are bytes."""
    held = _per_loop.setdefault(asyncio.get_running_loop(), {})
    url = str(settings.CACHE_URL)
    if url not in held:
        retry = AsyncRetry(ConstantBackoff(RETRY_AFTER_S), retries=1)
        held[url] = redis.asyncio.Redis.from_url(url, retry=retry, **_timeouts())
    return held[url]


def key(*parts: str) -> str:
    """Returns the full key of these parts, below the installation's prefix."""
    return ":".join((settings.CACHE_PREFIX, *parts))


@contextmanager
def reachable(what: str) -> Iterator[None]:
    """Turns a cache that does not answer into NoData("<what>: the cache cannot be reached")."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise NoData(f"{what}: the cache cannot be reached", cause=str(error)) from error


def acquire(name: str, ttl_ms: int) -> str | None:
    """Takes the lock `name` for at most `ttl_ms`. Returns its token, or None where it is taken."""
    token = secrets.token_hex(8)
    taken = client().set(key("lock", name), token, nx=True, px=ttl_ms)
    return token if taken else None


def release(name: str, token: str) -> bool:
    """Gives the lock back. Returns False where it had lapsed or belongs to another by now."""
    answer: Any = client().eval(_RELEASE, 1, key("lock", name), token)
    return bool(answer)


@lru_cache(maxsize=8)
def _client_of(_pid: int, url: str) -> redis.Redis:
    retry = Retry(ConstantBackoff(RETRY_AFTER_S), retries=1)
    return redis.Redis.from_url(url, retry=retry, **_timeouts())


def _timeouts() -> dict[str, Any]:
    return {"socket_connect_timeout": CONNECT_TIMEOUT_S, "socket_timeout": ANSWER_TIMEOUT_S}
