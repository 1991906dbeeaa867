"""Detectors and gates over one snapshot of the markets: every candidate, with its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from arbedge.names import FIRST_NOTE_BIT, REJECTING_MASK, Kind, Reason
from opportunities import gates
from opportunities.detectors import basis, funding, spot
from opportunities.detectors.figures import Figures, Terms, bit, mark
from opportunities.policy import Policy
from opportunities.settlements import Flags, Numbers
from opportunities.universe import Index, Mask, Universe

PAIR_KINDS = (Kind.FUNDING, Kind.SPOT, Kind.BASIS)
_LOOKS_LIKE_NOTHING = (
    bit(Reason.NO_PRICE)
    | bit(Reason.CROSSED)
    | bit(Reason.NO_RATE)
    | bit(Reason.INTERVAL_UNKNOWN)
    | bit(Reason.QUOTE_MISMATCH)
    | bit(Reason.NEEDS_BORROW)
)


@dataclass(frozen=True, slots=True)
class Found:
    """Every candidate of one scan, judged, by kind; and the universe their positions point into.

    `alone` has the reasons of instruments that stand in no candidate, 0 for all others.
    """

    universe: Universe
    by_kind: Mapping[Kind, Sequence[Figures]]
    alone: Mask

    def parts(self) -> list[Figures]:
        """All parts in a fixed order."""
        return [part for kind in PAIR_KINDS for part in self.by_kind.get(kind, ())]

    def counts(self) -> dict[str, int]:
        """How many candidates, and instruments that stand in none, carry each reason."""
        return count_reasons(np.concatenate([*(part.reasons for part in self.parts()), self.alone]))


def terms(policy: Policy, kind: Kind) -> Terms:
    """The default cohort of a kind."""
    return Terms(
        horizon_hours=policy.value("horizon", kind),
        notional_usd=policy.value("notional", kind),
        leverage=policy.value("leverage", kind),
    )


def detect(universe: Universe, policy: Policy, world: gates.World, networks: pl.DataFrame) -> Found:
    """Run every detector over all venue pairs and put each candidate through the gates."""
    bits = gates.by_kind(PAIR_KINDS, universe, policy, world)
    judged = {
        kind: [
            gates.judge(part, universe, bits[kind], policy, world)
            for part in _figures(kind, universe, policy, networks)
        ]
        for kind in PAIR_KINDS
    }
    return Found(universe, judged, _alone(universe, judged, bits))


def _alone(
    universe: Universe, judged: Mapping[Kind, Sequence[Figures]], bits: Mapping[Kind, Mask]
) -> Mask:
    """Reasons of the instruments no other could be paired with, by the limits of their market."""
    own = np.where(universe.perp, bits[Kind.FUNDING], bits[Kind.SPOT])
    own |= mark(Reason.QUOTE_MISMATCH, ~universe.dollar)
    for parts in judged.values():
        for part in parts:
            own[part.long] = 0
            own[part.short] = 0
    return own


def _figures(
    kind: Kind, universe: Universe, policy: Policy, networks: pl.DataFrame
) -> list[Figures]:
    """All pairs of a kind with their figures, before any gate."""
    default = terms(policy, kind)
    if kind is Kind.SPOT:
        return [spot.figures(universe, default, networks)]
    capped = funding.at_cap(universe, policy.column("cap_share", kind, universe))
    if kind is Kind.FUNDING:
        return [funding.figures(kind, universe, funding.find(universe), default, capped)]
    return [
        basis.figures(universe, default, capped),
        basis.reverse_figures(universe, default, capped),
    ]


def passing(figures: Figures) -> Index:
    """Positions of candidates without a rejecting reason, best net first."""
    rows = np.flatnonzero(~gates.rejected(figures.reasons))
    return rows[np.argsort(-figures.net[rows], kind="stable")]


def nearest(figures: Figures, number: int) -> Index:
    """Positions of the rejected candidates that came nearest: fewest reasons, then best net."""
    candidates = gates.rejected(figures.reasons) & np.isfinite(figures.net)
    rows = np.flatnonzero(candidates & ((figures.reasons & _LOOKS_LIKE_NOTHING) == 0))
    if 0 < number < rows.size:
        # Only the best nets can be among the nearest; a wide cut first keeps the sort small.
        net = figures.net[rows]
        last = rows.size - min(rows.size, 20 * number)
        rows = rows[net >= np.partition(net, last)[last]]
    reasons = np.bitwise_count(figures.reasons[rows] & REJECTING_MASK)
    if 0 < number < rows.size:
        few = _fewest(reasons, figures.net[rows], number)
        rows, reasons = rows[few], reasons[few]
    return rows[np.lexsort((-figures.net[rows], reasons))][:number]


def _fewest(reasons: npt.NDArray[np.uint8], net: Numbers, number: int) -> Flags:
    """Which of more than `number` have the fewest reasons; of the last count only the best nets."""
    most = np.searchsorted(np.cumsum(np.bincount(reasons)), number)
    last, few = reasons == most, reasons < most
    rest = net[last]
    cut = rest.size - (number - np.count_nonzero(few))
    chosen: Flags = few | (last & (net >= np.partition(rest, cut)[cut]))
    return chosen


def count_reasons(reasons: Mask) -> dict[str, int]:
    """How often each reason stands in the masks."""
    masks, numbers = np.unique(reasons, return_counts=True)
    bits = numbers @ (masks[:, None] >> np.array(list(Reason)) & 1)
    return {reason.code: int(n) for reason, n in zip(Reason, bits, strict=True) if n}


@dataclass(slots=True)
class Tally:
    """Rejected candidates by code, notes apart."""

    rejected: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Tally:
        """Split counted codes into what rejects and what only notes."""
        rejecting = {reason.code for reason in Reason if reason.value < FIRST_NOTE_BIT}
        return cls(
            {code: number for code, number in counts.items() if code in rejecting},
            {code: number for code, number in counts.items() if code not in rejecting},
        )
