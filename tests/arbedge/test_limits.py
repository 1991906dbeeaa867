"""Limits: what is within a rate, what is left, who counts together, and a cache that is gone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from arbedge import cache, limits

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


@pytest.fixture
def no_cache(settings: Any) -> None:
    settings.CACHE_URL = NOBODY_LISTENS


def test_as_many_as_the_rate_says_are_allowed() -> None:
    tries = [limits.allow("code", "ann", "3/hour").ok for _ in range(5)]

    assert tries == [True, True, True, False, False]


def test_what_is_left_counts_down() -> None:
    left = []
    for _ in range(4):
        limits.allow("code", "ann", "3/hour")
        left.append(limits.left("code", "ann", "3/hour"))

    assert left == [2, 1, 0, 0]


def test_a_refusal_says_when_to_come_back() -> None:
    limits.allow("code", "ann", "1/hour")

    refused = limits.allow("code", "ann", "1/hour")

    assert 3590 <= refused.retry_after_s <= 3600


def test_an_allowed_try_need_not_wait() -> None:
    assert limits.allow("code", "ann", "1/hour").retry_after_s == 0


def test_people_are_counted_apart() -> None:
    limits.allow("code", "ann", "1/hour")

    assert limits.allow("code", "ben", "1/hour").ok


def test_names_are_counted_apart() -> None:
    limits.allow("code", "ann", "1/hour")

    assert limits.allow("mail", "ann", "1/hour").ok


def test_installations_are_counted_apart(settings: Any) -> None:
    limits.allow("code", "ann", "1/hour")

    settings.CACHE_PREFIX = "another"

    assert limits.allow("code", "ann", "1/hour").ok


def test_the_window_slides() -> None:
    for _ in range(2):
        limits.allow("code", "ann", "2/hour")
    _age_entries_s("code", "ann", 3601, oldest=1)

    assert [limits.allow("code", "ann", "2/hour").ok for _ in range(2)] == [True, False]


def test_entries_of_the_last_hour_still_count() -> None:
    for _ in range(2):
        limits.allow("code", "ann", "2/hour")
    _age_entries_s("code", "ann", 3590, oldest=2)

    refused = limits.allow("code", "ann", "2/hour")

    assert not refused.ok
    assert refused.retry_after_s <= 10


@pytest.mark.parametrize("amount", [limits.MOST_COUNTED_EXACTLY, 500])
def test_small_and_large_limits_admit_their_amount(amount: int) -> None:
    rate = f"{amount}/hour"

    admitted = sum(limits.allow("api", "ann", rate).ok for _ in range(amount + 3))

    assert admitted == amount


def test_a_large_limit_says_what_is_left_and_when_to_come_back() -> None:
    limits.allow("api", "ann", "200/hour")
    left = limits.left("api", "ann", "200/hour")
    for _ in range(199):
        limits.allow("api", "ann", "200/hour")

    refused = limits.allow("api", "ann", "200/hour")

    assert left == 199
    assert 1 <= refused.retry_after_s <= 3600


def test_a_large_limit_keeps_two_numbers_and_not_every_entry() -> None:
    for _ in range(150):
        limits.allow("api", "ann", "1000/hour")

    kept = [cache.client().type(key) for key in cache.client().keys("*")]

    assert kept == [b"string"]


def test_callers_at_once_get_no_more_than_the_rate() -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: limits.allow("code", "ann", "5/hour").ok, range(40)))

    assert sum(answers) == 5


def test_asking_what_is_left_counts_nothing() -> None:
    for _ in range(5):
        limits.left("code", "ann", "2/hour")

    assert limits.left("code", "ann", "2/hour") == 2


def test_nothing_is_left_of_an_exhausted_limit() -> None:
    limits.allow("code", "ann", "1/hour")

    assert limits.left("code", "ann", "1/hour") == 0


@pytest.mark.parametrize("amount", [1, 101])
def test_a_forgotten_person_begins_anew(amount: int) -> None:
    rate = f"{amount}/hour"
    for _ in range(amount):
        limits.allow("code", "ann", rate)

    assert limits.forget("code", "ann", rate)

    assert limits.left("code", "ann", rate) == amount


def test_nothing_is_kept_longer_than_two_windows() -> None:
    limits.allow("code", "ann", "5/hour")
    limits.allow("api", "ann", "500/hour")

    kept_s = [cache.client().ttl(key) for key in cache.client().keys("*")]

    assert len(kept_s) == 2
    assert all(0 < each <= 7200 for each in kept_s)


@pytest.mark.parametrize("chosen", [True, False])
@pytest.mark.parametrize("rate", ["5/hour", "500/hour"])
def test_without_a_cache_the_callers_choice_holds(no_cache: None, rate: str, chosen: bool) -> None:
    answer = limits.allow("code", "ann", rate, when_gone=chosen)

    assert answer.ok is chosen
    assert not answer.counted


def test_without_a_cache_and_a_choice_it_is_refused(no_cache: None) -> None:
    refused = limits.allow("code", "ann", "5/hour")

    assert not refused.ok
    assert refused.retry_after_s == 1


def test_without_a_cache_all_are_left(no_cache: None) -> None:
    assert limits.left("code", "ann", "5/hour") == 5


def test_without_a_cache_nothing_is_forgotten(no_cache: None) -> None:
    assert not limits.forget("code", "ann", "5/hour")


def test_a_rate_nobody_can_read_is_a_programmers_error() -> None:
    with pytest.raises(ValueError, match="often"):
        limits.allow("code", "ann", "often")


def _age_entries_s(name: str, who: str, age_s: int, *, oldest: int) -> None:
    """Moves the oldest entries of an exactly counted limit into the past."""
    [key] = [key for key in cache.client().keys("*") if f"/{name}/{who}/".encode() in key]
    for place in range(1, oldest + 1):
        entry = float(cache.client().lindex(key, -place))  # type: ignore[arg-type]
        cache.client().lset(key, -place, str(entry - age_s))
