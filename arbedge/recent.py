"""What is the same for everybody and asked for by many: read once, and used for a moment.

Each process reads for itself; who must not be a moment late reads the source.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """What `read` gave for a moment serves for all moments less than `within_s` seconds away."""

    def __init__(self, read: Callable[[datetime], T], within_s: float) -> None:
        self._read, self._within_s = read, within_s
        self._held: tuple[datetime, T] | None = None
        self._reading = threading.Lock()
        _all.add(self)

    def at(self, now: datetime) -> T:
        """What holds at `now`. While one thread reads others wait; errors of `read` are raised."""
        with self._reading:
            held = self._held
            if held is None or abs((now - held[0]).total_seconds()) >= self._within_s:
                held = self._held = (now, self._read(now))
            return held[1]

    def forget(self) -> None:
        """The next who asks reads anew."""
        self._held = None


_all: Final[weakref.WeakSet[Recent[Any]]] = weakref.WeakSet()


def forget_all() -> None:
    """Nothing that was read counts any more: the database or the cache is another one."""
    for one in list(_all):
        one.forget()
