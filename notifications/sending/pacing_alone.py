"""The pace without the cache: one process of all goes on, at 20 a second; the others wait.

Who goes on is whoever holds a lock in PostgreSQL, on a connection of its own; with the process or
the connection the lock is gone too. What was sent before is not known, so every limit begins full.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog
from django.db import Error, connection

from arbedge.clock import SECOND_MS

LOCK: Final = 0x70616365  # "pace"
ALL: Final = "all"
MOST: Final = 20.0
OTHERS_WAIT_MS: Final = 5 * SECOND_MS

Limit = tuple[str, float, float, float]
Told = tuple[str, str, int, list[Limit]]

log = structlog.get_logger(__name__)


class _Alone:
    """This process's own windows, and the thread whose connection holds the lock."""

    def __init__(self) -> None:
        self.windows: dict[str, deque[float]] = {}
        self.pauses: dict[str, float] = {}
        self.begun_ms = 0.0
        self.thread = ThreadPoolExecutor(1, "pace-lock")
        self.held = False

    def begin(self, now_ms: float) -> None:
        if not self.begun_ms:
            self.begun_ms = now_ms

    def forget(self) -> None:
        self.windows.clear()
        self.begun_ms = 0.0

    def at(self, told: Told, now_ms: float) -> float:
        """0 where it may go, else when to ask again."""
        _, pause, _, limits = told
        every = [(ALL, MOST, SECOND_MS, SECOND_MS), *limits]
        at = max(self._free_at(limit, now_ms) for limit in every)
        at = max(at, self.pauses.get(pause, 0.0))
        if at > now_ms:
            return at
        for name, most, *_ in every:
            held = self.windows.setdefault(name, deque())
            held.append(now_ms)
            while len(held) > most:
                held.popleft()
        return 0.0

    def _free_at(self, limit: Limit, now_ms: float) -> float:
        """When there is room; while nobody knows what was sent before, as if it was all there is.

        A window of a minute opens bit by bit, a short one is waited for.
        """
        name, most, window_ms, _ = limit
        held = self.windows.get(name)
        known_from = self.begun_ms + window_ms
        if now_ms < known_from and window_ms > SECOND_MS:
            return (held[-1] if held else self.begun_ms) + window_ms / most
        full_until = held[0] + window_ms if held and len(held) >= most else 0.0
        return max(full_until, known_from)


_alone = _Alone()


async def admit(wants: Sequence[Told], now_ms: float) -> list[float]:
    """For each want 0 for now, or when to ask again; all wait unless this process goes on."""
    if not await asyncio.get_running_loop().run_in_executor(_alone.thread, _take):
        return [now_ms + OTHERS_WAIT_MS] * len(wants)
    _alone.begin(now_ms)
    return [_alone.at(want, now_ms) for want in wants]


def pause(name: str, until_ms: float) -> None:
    """Remembers a pause in this process too."""
    _alone.pauses[name] = max(until_ms, _alone.pauses.get(name, 0.0))


async def end() -> None:
    """The cache is back: the lock is given back."""
    if _alone.held:
        await asyncio.get_running_loop().run_in_executor(_alone.thread, _release)
        _alone.forget()


def _take() -> bool:
    """Whether this process holds the lock, now or already. Runs in the lock's own thread."""
    try:
        with connection.cursor() as cursor:
            # Held already, it is held as long as the connection lives: any answer proves that.
            cursor.execute("SELECT %s OR pg_try_advisory_lock(%s)", [_alone.held, LOCK])
            _alone.held = bool(cursor.fetchone()[0])
    except Error as error:
        log.warning("pace_lock_lost", error=type(error).__name__)
        _alone.held = False
        connection.close()
    return _alone.held


def _release() -> None:
    """Closing the connection gives the lock back."""
    _alone.held = False
    connection.close()
