"""Whether a quote coin is still worth its dollar."""

from __future__ import annotations

import numpy as np

from opportunities.settlements import Flags
from opportunities.universe import Universe

_SURE_SPREAD = 0.01  # a wider quote says nothing of fifty basis points


def lost(universe: Universe, furthest: float) -> Flags:
    """Instruments quoted in a coin that stands further than `furthest` off one dollar.

    A quote coin's worth is read from the other pegged coins traded in it, one vote for each of
    them: one coin in trouble does not bring down the quote. Nothing is concluded where no other
    pegged coin is traded.
    """
    off = np.zeros(universe.size, dtype=bool)
    for quote, worth in _worths(universe).items():
        if abs(worth - 1) > furthest:
            off |= universe.quote == quote
    return off


def _worths(universe: Universe) -> dict[int, float]:
    """What the pegged coins cost in each quote coin, by the quote's code: the middle of them."""
    rows = np.flatnonzero(
        ~universe.perp
        & universe.pegged
        & (universe.bid > 0)
        & (universe.bid < universe.ask)
        & (universe.spread <= _SURE_SPREAD)
    )
    votes: dict[int, list[float]] = {}
    for quote, coin in sorted(set(zip(universe.quote[rows], universe.asset[rows], strict=True))):
        same = (universe.quote[rows] == quote) & (universe.asset[rows] == coin)
        votes.setdefault(int(quote), []).append(float(np.median(universe.mid[rows[same]])))
    return {quote: float(np.median(prices)) for quote, prices in votes.items()}
