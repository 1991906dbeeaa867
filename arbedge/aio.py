"""One long-lived event loop per process, in a thread of its own.

Connections to venues and to the cache live as long as their loop does: a loop per task would open
them anew at every scan. A forked worker gets a loop of its own at first use.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Home:
    """The loop of this process, and the lock that lets one thread start it."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """A forked child has the parent's loop but not its thread: start anew."""
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None


_home = _Home()
os.register_at_fork(after_in_child=_home.forget)


def loop() -> asyncio.AbstractEventLoop:
    """Returns this process's event loop, started at first use."""
    with _home.lock:
        if _home.loop is None:
            _home.loop = asyncio.new_event_loop()
            threading.Thread(target=_home.loop.run_forever, name="arbedge-aio", daemon=True).start()
        return _home.loop


def run(work: Coroutine[Any, Any, T], timeout_s: float | None = None) -> T:
    """Runs `work` on the process's loop and returns its result.

    Raises TimeoutError after `timeout_s` (the work is cancelled), RuntimeError when called from the
    loop itself, where waiting would never end.
    """
    home = loop()
    if _running_loop() is home:
        work.close()
        raise RuntimeError(
            "aio.run was called from the event loop it would wait for; await instead"
        )
    future = asyncio.run_coroutine_threadsafe(work, home)
    try:
        return future.result(timeout_s)
    except concurrent.futures.TimeoutError:
        future.cancel()
        raise


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
