"""Where attention goes: every instrument is scanned, order books only for the promising ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opportunities.settlements import Numbers
from opportunities.universe import Index

EVERY_THIRD = 3


@dataclass(frozen=True, slots=True)
class Attention:
    """Positions of candidates by tier: books every scan, every third scan, bulk answers only."""

    first: Index
    second: Index

    def due(self, scan_number: int) -> Index:
        """Candidates whose books are wanted in this scan, the most promising first."""
        if scan_number % EVERY_THIRD:
            return self.first
        return np.concatenate([self.first, self.second])


def attend(promise: Numbers, eligible: Index, tier_one: int, tier_two: int) -> Attention:
    """Sort the eligible candidates by promise (higher is better) into attention tiers."""
    order = eligible[np.argsort(-promise[eligible], kind="stable")]
    return Attention(order[:tier_one], order[tier_one : tier_one + tier_two])
