"""Wants at moments a test chooses, and what was let go when."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.test import override_settings

from arbedge import aio
from arbedge.names import Channel
from notifications.sending import pacing
from notifications.sending.pacing import Go, Want

START_MS = 1_800_000_000_000.0
HOST = "api.telegram.org"
_numbers = itertools.count()


@contextmanager
def new_cache() -> Iterator[None]:
    """As if nobody had sent anything yet."""
    with override_settings(CACHE_PREFIX=f"pace-{next(_numbers)}-of-a-test"):
        yield


def to(chat: int | None = None, *, priority: int = 2) -> Want:
    """A Telegram message to a person (positive), a group (negative), or to somebody new."""
    number = next(_numbers) + 1_000_000 if chat is None else chat
    return Want(str(number), Channel.TELEGRAM, HOST, number, number < 0, priority)


def admit(wants: Sequence[Want], at_ms: float) -> list[Go]:
    """What is answered so many milliseconds after the start."""
    return aio.run(pacing.admit(wants, START_MS + at_ms), 10)


def room(at_ms: float) -> tuple[int | None, float]:
    """Telegram's places so many milliseconds after the start, and if none, when there are."""
    found = aio.run(pacing.room(Channel.TELEGRAM, HOST, START_MS + at_ms), 10)
    return found.number, found.opens_at_ms and round(found.opens_at_ms - START_MS)


def number_let_go(wants: Sequence[Want], at_ms: float) -> int:
    """How many may go."""
    return sum(go.at_ms == 0 for go in admit(wants, at_ms))


def most_within(times: Sequence[float], window_ms: float) -> int:
    """The most moments in any window, its beginning included and its end not."""
    first = most = 0
    for last, at in enumerate(times):
        while times[first] <= at - window_ms:
            first += 1
        most = max(most, last - first + 1)
    return most


@dataclass
class Queue:
    """Messages as workers that never wait take them: the most urgent and longest due first.

    What may not go is asked for again when it was told to.
    """

    wants: list[Want]
    due: dict[int, float] = field(default_factory=dict)
    went: dict[int, float] = field(default_factory=dict)
    asked: int = 0

    def work(self, at_ms: float, *, batch: int = 300) -> None:
        """Asks for all that is due."""
        while ready := [place for place in self._left() if self.due.get(place, 0.0) <= at_ms]:
            ready.sort(key=lambda place: (self.wants[place].priority, self.due.get(place, 0.0)))
            self._ask(ready[:batch], at_ms)

    def _ask(self, places: Sequence[int], at_ms: float) -> None:
        self.asked += len(places)
        answers = admit([self.wants[place] for place in places], at_ms)
        for place, go in zip(places, answers, strict=True):
            if go.at_ms == 0:
                self.went[place] = at_ms
            else:
                self.due[place] = go.at_ms - START_MS

    def _left(self) -> list[int]:
        return [place for place in range(len(self.wants)) if place not in self.went]

    def next_due(self) -> float | None:
        """When the next is due; None when all went."""
        return min((self.due.get(place, 0.0) for place in self._left()), default=None)
