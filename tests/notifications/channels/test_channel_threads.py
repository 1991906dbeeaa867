"""Threads of a channel: its own, and few."""

from __future__ import annotations

import asyncio
import threading

from arbedge import aio
from arbedge.names import Channel
from notifications.channels import threads


def test_work_is_done_in_a_thread_of_its_channel() -> None:
    def name() -> str:
        return threading.current_thread().name

    assert aio.run(threads.call(Channel.EMAIL, name)).startswith("arbedge-email")


def test_a_channel_whose_threads_all_hang_holds_up_no_other() -> None:
    let_go = threading.Event()

    async def both() -> str:
        hanging = [
            asyncio.ensure_future(threads.call(Channel.CUSTOM, let_go.wait, 30))
            for _ in range(2 * threads.THREADS)
        ]
        try:
            return await threads.call(Channel.EMAIL, lambda: "mail went out")
        finally:
            let_go.set()
            await asyncio.gather(*hanging)

    assert aio.run(both(), 60) == "mail went out"
    assert let_go.is_set()


def test_each_loop_has_threads_of_its_own() -> None:
    """A forked worker begins a loop anew; threads of its parent's loop do not exist there."""

    async def named() -> int:
        return await threads.call(Channel.EMAIL, threading.get_ident)

    mine = {aio.run(named()) for _ in range(20)}
    other = asyncio.new_event_loop()
    try:
        assert other.run_until_complete(named()) not in mine
    finally:
        other.close()
