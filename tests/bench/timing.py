"""Timing of benchmarks: repeated, garbage collected before, reported as best and median."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of one run: the best is what the work costs, the median what noise makes of it."""

    best_ms: float
    median_ms: float


def timed(work: Callable[[], object], *, repeats: int = 9, warm: int = 2) -> Timed:
    """Run `work` a few times and report; the collector is off while the clock runs."""
    for _ in range(warm):
        work()
    spent = []
    for _ in range(repeats):
        gc.collect()
        gc.disable()
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1000)
        gc.enable()
    return Timed(min(spent), statistics.median(spent))
