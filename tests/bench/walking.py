"""(e) order books walked: what depth makes of the short list."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exchanges.venues.base import Ladder
from opportunities import depths
from tests.bench.report import Line
from tests.bench.timing import timed

BOOKS, LEVELS = 40, 50


def walking(repeats: int) -> Iterator[Line]:
    """The books of a scan's short list at the cohorts' five sizes."""
    ladders = [_ladder(number) for number in range(BOOKS)]

    def work() -> None:
        for ladder in ladders:
            depths.slippage(ladder, depths.NOTIONALS_USD, 1.0)

    size = f"{BOOKS} books, {LEVELS} levels"
    yield Line("e", "order books walked at five sizes", size, timed(work, repeats=repeats))


def _ladder(number: int) -> Ladder:
    rng = np.random.default_rng(number)
    steps = np.cumsum(rng.exponential(1e-4, LEVELS))
    sizes = rng.lognormal(1, 1, (2, LEVELS))
    asks = zip((100 * (1 + steps)).tolist(), sizes[0].tolist(), strict=True)
    bids = zip((100 * (1 - steps)).tolist(), sizes[1].tolist(), strict=True)
    return Ladder(tuple(bids), tuple(asks))
