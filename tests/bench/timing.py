"""Timing of benchmarks: repeated, garbage collected before, reported as best and median."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of one run: the best is what it costs, the median what noise makes of it."""

    best_ms: float
    median_ms: float

    def __add__(self, other: Timed) -> Timed:
        return Timed(self.best_ms + other.best_ms, self.median_ms + other.median_ms)


NO_TIME = Timed(0.0, 0.0)


def timed(work: Callable[[], object], *, repeats: int = 9, warm: int = 2) -> Timed:
    """Run `work` a few times and report; the collector is off while the clock runs."""
    for _ in range(warm):
        work()
    return measured([once(work) for _ in range(repeats)])


def alternately(
    one: Callable[[], object], other: Callable[[], object], *, repeats: int = 9, warm: int = 2
) -> tuple[Timed, Timed]:
    """Both works turn by turn, so that what else the machine does falls on both alike."""
    for _ in range(warm):
        one()
        other()
    spent = [(once(one), once(other)) for _ in range(repeats)]
    return measured([mine for mine, _ in spent]), measured([theirs for _, theirs in spent])


def measured(spent_ms: Sequence[float]) -> Timed:
    """Best and median of these runs."""
    return Timed(min(spent_ms), statistics.median(spent_ms))


def once(work: Callable[[], object]) -> float:
    """Milliseconds of one run, with the garbage collected before and left alone within."""
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) * 1000
    finally:
        gc.enable()


def growth(sizes: Sequence[float], times: Sequence[float]) -> float | None:
    """The exponent of time over size, by least squares of the logarithms: 1 is linear."""
    if len(sizes) < 2:
        return None
    size, spent = ([math.log(value) for value in values] for values in (sizes, times))
    middle = statistics.fmean(size)
    pull = sum((x - middle) * y for x, y in zip(size, spent, strict=True))
    return pull / sum((x - middle) ** 2 for x in size)
