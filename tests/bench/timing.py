"""Timing of benchmarks: repeated, garbage collected before, reported as best and median."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

BLOCKS = 3
Clock = Callable[[], float]
# What one core works: neither other programs nor a second core change it.
PROCESSOR: Clock = time.process_time
WALL: Clock = time.perf_counter


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of one run: the best is what it costs, the median what noise makes of it."""

    best_ms: float
    median_ms: float

    def __add__(self, other: Timed) -> Timed:
        return Timed(self.best_ms + other.best_ms, self.median_ms + other.median_ms)


NO_TIME = Timed(0.0, 0.0)


def timed(
    work: Callable[[], object], *, repeats: int = 9, warm: int = 2, clock: Clock = PROCESSOR
) -> Timed:
    """Run `work` a few times and report; the collector is off while the clock runs."""
    for _ in range(warm):
        work()
    return measured(_runs(work, repeats, clock))


def in_turns(
    one: Callable[[], object], other: Callable[[], object], *, repeats: int = 9
) -> tuple[Timed, Timed]:
    """Both works in blocks one after the other, so that what else the machine does meets both."""
    mine: list[float] = []
    theirs: list[float] = []
    for _ in range(BLOCKS):
        for work, spent in ((one, mine), (other, theirs)):
            work()
            spent.extend(_runs(work, -(-repeats // BLOCKS), PROCESSOR))
    return measured(mine), measured(theirs)


def measured(spent_ms: Sequence[float]) -> Timed:
    """Best and median of these runs."""
    return Timed(min(spent_ms), statistics.median(spent_ms))


def once(work: Callable[[], object]) -> float:
    """Milliseconds of one run on the wall: what other processes do for it counts too."""
    return _runs(work, 1, WALL)[0]


def _runs(work: Callable[[], object], repeats: int, clock: Clock) -> list[float]:
    gc.collect()
    gc.disable()
    try:
        return [_clocked(work, clock) for _ in range(repeats)]
    finally:
        gc.enable()


def _clocked(work: Callable[[], object], clock: Clock) -> float:
    began = clock()
    work()
    return (clock() - began) * 1000


def growth(sizes: Sequence[float], times: Sequence[float]) -> float | None:
    """The exponent of time over size, by least squares of the logarithms: 1 is linear."""
    if len(sizes) < 2:
        return None
    size, spent = ([math.log(value) for value in values] for values in (sizes, times))
    middle = statistics.fmean(size)
    pull = sum((x - middle) * y for x, y in zip(size, spent, strict=True))
    return pull / sum((x - middle) ** 2 for x in size)
