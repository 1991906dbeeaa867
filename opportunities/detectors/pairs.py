"""All pairs of instruments of the same coin, as positions into the universe."""

from __future__ import annotations

import numpy as np

from opportunities.settlements import Flags
from opportunities.universe import Index, Universe

Pair = tuple[Index, Index]


def across(universe: Universe, longs: Flags, shorts: Flags, *, same_venue: bool) -> Pair:
    """Every (long, short) pair of one coin with long from `longs` and short from `shorts`.

    Both directions appear when both flags select both rows. An instrument is never paired with
    itself; pairs on one venue only when `same_venue`.
    """
    left = np.flatnonzero(longs & universe.dollar)
    right = np.flatnonzero(shorts & universe.dollar)
    right = right[np.argsort(universe.asset[right], kind="stable")]
    keys = universe.asset[right]
    wanted = universe.asset[left]
    start = np.searchsorted(keys, wanted, side="left")
    count = np.searchsorted(keys, wanted, side="right") - start
    long = np.repeat(left, count)
    # Position within each run of partners: a running index less the run's own beginning.
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    short = right[np.repeat(start, count) + offset]
    keep = long != short
    if not same_venue:
        keep &= universe.venue[long] != universe.venue[short]
    pair = long[keep], short[keep]
    for side in pair:
        side.setflags(write=False)  # scans share them
    return pair
