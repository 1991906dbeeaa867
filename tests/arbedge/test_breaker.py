"""Breakers: opened by kind of fault, shared by all, half open for one probe."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from arbedge import aio, breaker, cache
from arbedge.breaker import CLOSED, HALF_OPEN, OPEN, State, after_failure, after_success
from arbedge.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from arbedge.errors import NoData
from arbedge.names import Fault

NOW = 1_764_000_000_000.0
FRESH = State("binance", "spot")


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


def failed(state: State, fault: Fault, at: float = NOW, **more: Any) -> State:
    return after_failure(state, fault, at, **more)


def open_ms(state: State, now_ms: float = NOW) -> float:
    assert state.state == OPEN
    return state.until_ms - now_ms


@pytest.mark.parametrize(
    ("fault", "length_ms"),
    [
        (Fault.RATE_LIMITED, MINUTE_MS),
        (Fault.BANNED, 2 * MINUTE_MS),
        (Fault.FORBIDDEN, 10 * MINUTE_MS),
        (Fault.LOCATION, HOUR_MS),
    ],
)
def test_a_refusal_opens_at_once(fault: Fault, length_ms: float) -> None:
    assert open_ms(failed(FRESH, fault)) == length_ms


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.BANNED])
def test_the_venues_own_time_is_obeyed(fault: Fault) -> None:
    assert open_ms(failed(FRESH, fault, retry_after_s=17)) == 17 * SECOND_MS


@pytest.mark.parametrize(
    ("fault", "length_ms"),
    [
        (Fault.SERVER, 10 * SECOND_MS),
        (Fault.TIMEOUT, 10 * SECOND_MS),
        (Fault.UNREACHABLE, 10 * SECOND_MS),
        (Fault.MALFORMED, MINUTE_MS),
    ],
)
def test_what_may_be_chance_opens_at_the_third(fault: Fault, length_ms: float) -> None:
    twice = failed(failed(FRESH, fault), fault)

    assert twice.state == CLOSED
    assert open_ms(failed(twice, fault)) == length_ms


def test_a_rejected_request_is_our_own_mistake() -> None:
    assert failed(FRESH, Fault.REJECTED) == FRESH


def reopened(fault: Fault, times: int) -> list[float]:
    """How long the breaker stays open, when every probe fails."""
    state, at, lengths = FRESH, NOW, []
    for _ in range(breaker.RULES[fault].after):
        state = failed(state, fault, at)
    for _ in range(times):
        lengths.append(open_ms(state, at))
        at = state.until_ms
        state = failed(State(**{**_fields(state), "state": HALF_OPEN}), fault, at)
    return lengths


def _fields(state: State) -> dict[str, Any]:
    return {name: getattr(state, name) for name in state.__dataclass_fields__}


def test_a_ban_doubles_up_to_three_days() -> None:
    minutes = [length / MINUTE_MS for length in reopened(Fault.BANNED, 14)]

    assert minutes[:4] == [2, 4, 8, 16]
    assert minutes[-1] == 3 * DAY_MS / MINUTE_MS


def test_back_off_of_a_failing_server_doubles_up_to_five_minutes() -> None:
    seconds = [length / SECOND_MS for length in reopened(Fault.SERVER, 8)]

    assert seconds == [10, 20, 40, 80, 160, 300, 300, 300]


def test_jitter_only_lengthens_and_by_a_fifth_at_most() -> None:
    twice = failed(failed(FRESH, Fault.TIMEOUT), Fault.TIMEOUT)

    assert open_ms(failed(twice, Fault.TIMEOUT, chance=1.0)) == pytest.approx(12 * SECOND_MS)


def test_answers_that_were_under_way_extend_but_do_not_double() -> None:
    first = failed(FRESH, Fault.BANNED)
    second = failed(first, Fault.BANNED, NOW + SECOND_MS)

    assert second.opens == 1
    assert second.until_ms == NOW + SECOND_MS + 2 * MINUTE_MS


def test_a_lesser_fault_under_way_does_not_shorten_a_ban() -> None:
    banned = failed(FRESH, Fault.BANNED, retry_after_s=3600)
    limited = failed(banned, Fault.RATE_LIMITED, retry_after_s=5)

    assert limited.until_ms == banned.until_ms
    assert limited.reason == Fault.BANNED


def test_success_under_way_does_not_close_an_open_breaker() -> None:
    banned = failed(FRESH, Fault.BANNED)

    assert after_success(banned, NOW + 1) == banned


def test_success_of_the_probe_makes_it_as_new() -> None:
    probing = State("okx", "api", HALF_OPEN, NOW + SECOND_MS, "server", 5, 2)

    assert after_success(probing, NOW) is None


def test_success_forgives_earlier_chance_failures() -> None:
    assert after_success(failed(FRESH, Fault.SERVER), NOW) is None


def on_board(work: Coroutine[Any, Any, Any]) -> Any:
    return aio.run(work, 30)


async def fail(fault: Fault, at: float = NOW, retry_after_s: float | None = None) -> State:
    board = await breaker.board()
    return await board.failed("binance", "spot", fault, at, retry_after_s)


async def admitted(at: float) -> bool:
    return await (await breaker.board()).admit("binance", "spot", at)


def test_every_process_sees_an_open_breaker() -> None:
    on_board(fail(Fault.BANNED))

    assert not on_board(admitted(NOW + SECOND_MS))
    [state] = breaker.states()
    assert (state["venue"], state["host"], state["state"]) == ("binance", "spot", OPEN)
    assert (state["reason"], state["failures"]) == ("banned", 1)
    assert state["until_ms"] == NOW + 2 * MINUTE_MS


def test_other_hosts_are_not_concerned() -> None:
    on_board(fail(Fault.BANNED))

    async def others() -> list[bool]:
        board = await breaker.board()
        return [await board.admit(*one, NOW) for one in (("binance", "usdm"), ("okx", "spot"))]

    assert on_board(others()) == [True, True]


def test_one_probe_is_admitted_when_the_time_is_over() -> None:
    on_board(fail(Fault.BANNED, retry_after_s=30))
    later = NOW + 30 * SECOND_MS

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*(admitted(later) for _ in range(8)))

    assert sorted(on_board(all_at_once())) == [False] * 7 + [True]
    assert breaker.states()[0]["state"] == HALF_OPEN


def test_a_lost_probe_is_replaced() -> None:
    on_board(fail(Fault.BANNED, retry_after_s=30))
    later = NOW + 30 * SECOND_MS
    assert on_board(admitted(later))

    assert on_board(admitted(later + breaker.PROBE_MS))


def test_a_good_probe_closes_for_all() -> None:
    on_board(fail(Fault.BANNED, retry_after_s=1))

    async def probe() -> None:
        board = await breaker.board()
        await board.admit("binance", "spot", NOW + SECOND_MS)
        await board.succeeded("binance", "spot", NOW + SECOND_MS + 1)

    on_board(probe())

    assert breaker.states() == []
    assert on_board(admitted(NOW + SECOND_MS + 2))


def test_failures_of_many_workers_add_up() -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*(fail(Fault.SERVER) for _ in range(breaker.TOLERATED)))

    on_board(all_at_once())

    assert breaker.states()[0]["state"] == OPEN


def test_an_operator_can_close_it() -> None:
    on_board(fail(Fault.FORBIDDEN))

    assert breaker.reset("binance", "spot")
    assert not breaker.reset("binance", "spot")
    assert on_board(admitted(NOW))


def test_without_a_cache_there_is_no_answer(settings: Any) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    with pytest.raises(NoData, match="the cache cannot be reached"):
        breaker.states()
