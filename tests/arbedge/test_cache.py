"""Clients of the cache: prefixed keys, locks, and a cache that is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from arbedge import aio, cache
from arbedge.errors import NoData


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


def test_keys_live_below_the_installations_prefix(settings: Any) -> None:
    settings.CACHE_PREFIX = "mine"

    assert cache.key("book", "binance", "spot") == "mine:book:binance:spot"


def test_both_clients_see_the_same_cache() -> None:
    async def put() -> None:
        await cache.aclient().set(cache.key("x"), b"\x00bytes")

    aio.run(put())

    assert cache.client().get(cache.key("x")) == b"\x00bytes"


def test_a_loop_keeps_its_client() -> None:
    async def twice() -> bool:
        return cache.aclient() is cache.aclient()

    assert aio.run(twice())


def test_loops_do_not_share_connections() -> None:
    async def mine() -> Any:
        return cache.aclient()

    async def theirs() -> bool:
        other = cache.aclient()
        different = other is not ours
        await other.aclose()
        return different

    ours = aio.run(mine())

    assert asyncio.run(theirs())


def test_a_lock_is_taken_once() -> None:
    token = cache.acquire("scan", 60_000)

    assert token is not None
    assert cache.acquire("scan", 60_000) is None
    assert cache.acquire("other", 60_000) is not None


def test_a_released_lock_can_be_taken_again() -> None:
    token = cache.acquire("scan", 60_000)
    assert token is not None

    assert cache.release("scan", token)
    assert cache.acquire("scan", 60_000) is not None


def test_a_lapsed_lock_is_not_released_for_its_next_owner() -> None:
    first = cache.acquire("scan", 60_000)
    cache.client().delete(cache.key("lock", "scan"))
    second = cache.acquire("scan", 60_000)
    assert first is not None
    assert second is not None

    assert not cache.release("scan", first)
    assert cache.acquire("scan", 60_000) is None


def test_a_lock_lapses_by_itself() -> None:
    cache.acquire("scan", 60_000)

    left: Any = cache.client().pttl(cache.key("lock", "scan"))

    assert 0 < left <= 60_000


def test_of_many_who_ask_at_once_one_gets_the_lock() -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: cache.acquire("scan", 60_000), range(24)))

    assert sum(token is not None for token in tokens) == 1


@pytest.mark.parametrize("error", [redis.ConnectionError("refused"), redis.TimeoutError("slow")])
def test_a_cache_that_is_gone_is_told_as_no_data(error: Exception) -> None:
    with pytest.raises(NoData) as told, cache.reachable("market book"):
        raise error

    assert told.value.message == "market book: the cache cannot be reached"
    assert told.value.details["cause"] == str(error)


def test_other_errors_of_the_cache_are_bugs_and_stay_what_they_are() -> None:
    with pytest.raises(redis.ResponseError), cache.reachable("market book"):
        cache.client().incrbyfloat(cache.key("x"), float("nan"))


def test_a_client_that_lost_its_connections_finds_the_cache_again() -> None:
    cache.client().set(cache.key("x"), 1)
    cache.client().client_kill_filter(_type="normal", skipme=False)

    assert cache.client().get(cache.key("x")) == b"1"
