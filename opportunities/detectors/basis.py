"""Basis: buy spot and short the perpetual of the same coin, on one venue or two."""

from __future__ import annotations

import numpy as np

from arbedge.names import Kind, Reason
from opportunities.detectors import funding, pairs
from opportunities.detectors.figures import Figures, Terms
from opportunities.settlements import Flags
from opportunities.universe import Universe


def find(universe: Universe) -> pairs.Pair:
    """All pairs of a spot and a perpetual of one coin."""
    perps = universe.perp
    return universe.of_names(
        "basis pairs", lambda: pairs.across(universe, ~perps, perps, same_venue=True)
    )


def find_reverse(universe: Universe) -> pairs.Pair:
    """Pairs that would sell spot and buy the perpetual: where its funding is paid by the shorts."""
    paid_to_longs = universe.perp & (universe.rate < 0)
    return pairs.across(universe, paid_to_longs, ~universe.perp, same_venue=True)


def figures(universe: Universe, terms: Terms, capped: Flags) -> Figures:
    """Figures of spot against perpetual."""
    return funding.figures(Kind.BASIS, universe, find(universe), terms, capped)


def reverse_figures(universe: Universe, terms: Terms, capped: Flags) -> Figures:
    """Figures of the reverse trade, every one rejected: what borrowing costs is not known."""
    found = funding.figures(Kind.BASIS, universe, find_reverse(universe), terms, capped)
    return found.marked(Reason.NEEDS_BORROW, np.ones(found.size, dtype=bool))
