"""Request weights: spent before they go, shared by the address, and the venue's word obeyed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from arbedge import aio, clock
from arbedge.errors import NoData
from exchanges import budget
from exchanges.venues.base import Ask, Pool, Venue
from tests.exchanges import toys

pytestmark = pytest.mark.usefixtures("clean_cache")

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return aio.run(work, 30)


def venue(**pool: Any) -> Venue:
    return toys.venue("alpha", pools={"ip": Pool(**({"limit": 100, "per_s": 600.0} | pool))})


def ask(weight: int = 1) -> Ask:
    return Ask("api", "/x", weight=weight)


async def taken(one: Venue, *weights: int) -> list[bool]:
    now_ms = clock.now_ms()
    ledger = await budget.ledger()
    return [await ledger.take(one, ask(weight), now_ms) for weight in weights]


async def noted(one: Venue, said: str, at_ms: float) -> None:
    await (await budget.ledger()).note(one, ask(), {"x-used": said}, at_ms)


def test_our_share_is_never_passed() -> None:
    assert run(taken(venue(share=0.5), 30, 20, 1)) == [True, True, False]


def test_a_request_too_heavy_leaves_room_for_a_light_one() -> None:
    assert run(taken(venue(share=0.5), 40, 20, 10)) == [True, False, True]


def test_all_processes_of_an_address_share_one_count() -> None:
    async def at_once() -> list[list[bool]]:
        return await asyncio.gather(*(taken(venue(share=0.1), 1) for _ in range(15)))

    assert sum(came for [came] in run(at_once())) == 10


def test_another_address_has_a_budget_of_its_own(settings: Any) -> None:
    assert run(taken(venue(share=0.1), 10, 1)) == [True, False]

    settings.EGRESS_ADDRESS = "second"

    assert run(taken(venue(share=0.1), 10)) == [True]


def test_pools_are_apart() -> None:
    one = toys.venue("alpha", pools={"ip": Pool(10, 600.0), "other": Pool(10, 600.0)})

    async def both() -> list[bool]:
        ledger = await budget.ledger()
        other = Ask("api", "/y", weight=5, pool="other")
        return [await ledger.take(one, each, clock.now_ms()) for each in (ask(5), other, ask(1))]

    assert run(both()) == [True, True, False]


def test_a_small_pool_still_grants_one_request() -> None:
    assert budget.allowance(Pool(1, 1.0, share=0.5)).amount == 1


HEADER = {"used_header": "x-used", "share": 1.0, "limit": 100, "per_s": 60.0}


def test_the_venues_own_count_stops_us_near_its_limit() -> None:
    one = venue(**HEADER)
    run(noted(one, "79", clock.now_ms()))

    assert run(taken(one, 1, 2)) == [True, False]


def test_the_venues_count_ends_with_its_window() -> None:
    one = venue(**HEADER)
    run(noted(one, "99", clock.now_ms() - 61_000))

    assert run(taken(one, 1)) == [True]


@pytest.mark.parametrize("said", ["", "much", "-3"])
def test_a_header_that_says_no_number_says_nothing(said: str) -> None:
    one = venue(**HEADER)
    run(noted(one, said, clock.now_ms()))

    assert run(taken(one, 1)) == [True]


def test_a_window_on_the_clock_ends_with_the_minute() -> None:
    aligned, rolling = Pool(1, 60.0, clock_aligned=True), Pool(1, 60.0)

    assert budget.window_end_ms(aligned, 90_000.0) == 120_000.0
    assert budget.window_end_ms(rolling, 90_000.0) == 150_000.0


def test_usage_is_told_for_people() -> None:
    one = venue(**HEADER)
    run(taken(one, 7))
    run(noted(one, "12", clock.now_ms()))

    [told] = budget.usage([one], clock.now_ms())

    assert (told["venue"], told["pool"], told["limit"]) == ("alpha", "ip", 100)
    assert (told["allowed"], told["used"], told["told"]) == (100, 7, 12)


# Calls beside the bulk answers.

NOW = 1_764_000_000_000.0


def test_extra_calls_are_a_fifth_of_the_last_minutes_bulk_calls() -> None:
    async def story() -> list[int]:
        await budget.count_calls("bulk", 50, NOW)
        before = await budget.extra_left(NOW)
        await budget.count_calls("extra", 7, NOW)
        return [before, await budget.extra_left(NOW), await budget.extra_left(NOW + 120_000)]

    assert run(story()) == [10, 3, 0]


def test_without_bulk_calls_there_are_no_extra_ones() -> None:
    assert run(budget.extra_left(NOW)) == 0


def test_overspent_is_nothing_left_not_less() -> None:
    async def story() -> int:
        await budget.count_calls("bulk", 5, NOW)
        await budget.count_calls("extra", 9, NOW)
        return await budget.extra_left(NOW)

    assert run(story()) == 0


def test_calls_are_those_of_the_last_minute() -> None:
    async def story() -> list[int]:
        for second in (0, 20, 40):
            await budget.count_calls("bulk", 1, NOW + second * 1_000)
        return [await budget.calls("bulk", NOW + at * 1_000) for at in (40, 59, 65, 85, 200)]

    assert run(story()) == [3, 3, 2, 1, 0]


def test_histories_may_take_a_quarter_of_an_hours_extra_calls_at_once() -> None:
    async def story() -> list[int]:
        await budget.count_calls("bulk", 120, NOW)  # at this pace 1,440 extra calls an hour
        before = await budget.history_left(NOW)
        await budget.count_calls("history", 50, NOW)
        return [before, await budget.history_left(NOW)]

    assert run(story()) == [360, 310]


def test_books_give_back_over_the_hour_what_histories_took() -> None:
    async def story() -> list[int]:
        await budget.count_calls("bulk", 120, NOW)
        await budget.count_calls("history", 60, NOW)
        at_once = await budget.extra_left(NOW)
        for later_ms in (3_000_000, 3_900_000):
            await budget.count_calls("bulk", 120, NOW + later_ms)
        return [at_once, *[await budget.extra_left(NOW + at) for at in (3_000_000, 3_900_000)]]

    assert run(story()) == [23, 23, 24]


def test_an_hour_of_books_and_histories_keeps_within_the_share() -> None:
    async def story() -> tuple[int, int]:
        bulk = extra = 0
        for minute in range(60):
            at = NOW + minute * 60_000
            await budget.count_calls("bulk", 100, at)
            bulk += 100
            for kind, left in (("history", budget.history_left), ("extra", budget.extra_left)):
                number = await left(at)
                await budget.count_calls(kind, number, at)
                extra += number
        return bulk, extra

    bulk, extra = run(story())
    assert extra <= 0.2 * bulk


def test_without_a_cache_there_is_no_budget(settings: Any) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    with pytest.raises(NoData, match="the cache cannot be reached"):
        run(budget.ledger())
