"""One loop per process, for as long as the process lives."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from arbedge import aio


async def _where() -> tuple[int, int]:
    return id(asyncio.get_running_loop()), threading.get_ident()


def test_result_of_the_work_comes_back() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert aio.run(work()) == 7


def test_error_of_the_work_is_raised_to_the_caller() -> None:
    async def work() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        aio.run(work())


def test_all_work_shares_one_loop_outside_the_callers_thread() -> None:
    first, second = aio.run(_where()), aio.run(_where())

    assert first == second
    assert first[1] != threading.get_ident()


def test_many_threads_get_the_same_loop() -> None:
    with ThreadPoolExecutor(8) as pool:
        loops = set(pool.map(lambda _: id(aio.loop()), range(32)))

    assert len(loops) == 1


def test_work_over_its_time_is_cancelled() -> None:
    ended = threading.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.set()
            raise

    with pytest.raises(TimeoutError):
        aio.run(work(), timeout_s=0.05)
    assert ended.wait(5)


def test_waiting_for_itself_is_refused() -> None:
    async def work() -> None:
        with pytest.raises(RuntimeError, match="await instead"):
            aio.run(_where())

    aio.run(work())


def test_a_forked_process_starts_a_loop_of_its_own() -> None:
    parents = aio.loop()

    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        fresh = aio.loop() is not parents and aio.run(asyncio.sleep(0, 9), timeout_s=10) == 9
        os.write(write, b"1" if fresh else b"0")
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(read, 1) == b"1"
