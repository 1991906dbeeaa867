"""Risk class, rule score with its parts, and shelves of candidates that passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from arbedge.names import Kind, Reason, Risk, Shelf
from opportunities.detectors.figures import Figures, bit
from opportunities.gates import volatility
from opportunities.policy import Policy
from opportunities.settlements import HOUR_MS, Numbers
from opportunities.universe import Mask, Universe

WEIGHTS: Mapping[str, float] = {
    "net": 0.35,
    "break_even": 0.20,
    "liquidity": 0.20,
    "stability": 0.15,
    "data": 0.10,
}
RISKS = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)
_SHELF_BIT = {shelf: 1 << position for position, shelf in enumerate(Shelf)}
_FULL_VOLUME_USD, _NO_VOLUME_USD = 2e7, 2e5
# Under these notes a risk is never low. How sure an identity must be says `floor`.
_UNSURE = (
    bit(Reason.NO_HISTORY)
    | bit(Reason.NETWORK_UNKNOWN)
    | bit(Reason.INSTRUMENT_INFERRED)
    | bit(Reason.GAP_EXCURSION)
)


@dataclass(frozen=True, slots=True)
class Context:
    """What risk and score look at besides the figures, aligned with the candidates.

    `reliability` is the worse leg's share of answers in time (NaN = not measured yet),
    `previous_net` the figure of the scan before (NaN = new), `floor` the least risk class identity
    asks for.
    """

    break_even_ms: Numbers
    threshold: Numbers
    reliability: Numbers
    previous_net: Numbers
    floor: Mask


def risk(figures: Figures, universe: Universe, policy: Policy, context: Context) -> Mask:
    """Position in RISKS per candidate: 0 low, 1 medium, 2 high."""
    long, short = figures.long, figures.short
    turnover = universe.numbers("volume_usd")
    smallest = np.fmin(turnover[long], turnover[short])
    width = np.maximum(universe.spread[long], universe.spread[short])
    swing = volatility(universe)
    swings = np.fmax(swing[long], swing[short])
    gap = np.abs(figures.gap)
    with np.errstate(invalid="ignore"):
        high = (
            (smallest < policy.value("risk_volume_high", figures.kind))
            | (width > 0.003)
            | (gap > 0.01)
            | (swings > 0.25)
            | (context.reliability < 0.95)
        )
        early = context.break_even_ms <= universe.now_ms + 24 * HOUR_MS
        # A turnover that is not known of one leg is no proof of calm.
        ample = policy.value("risk_volume_low", figures.kind)
        low = (
            (turnover[long] >= ample)
            & (turnover[short] >= ample)
            & (width <= 0.001)
            & (gap <= 0.003)
            & (early | (figures.kind == Kind.SPOT))
            & (context.reliability >= 0.99)
            & ((figures.reasons & _UNSURE) == 0)
        )
    return np.maximum(np.where(high, 2, np.where(low, 0, 1)), context.floor).astype(np.int64)


def score_parts(
    figures: Figures, universe: Universe, policy: Policy, context: Context
) -> dict[str, Numbers]:
    """The parts of the rule score by name, each between 0 and 1 before its weight.

    net: net over three thresholds; break_even: share of the horizon left after it; liquidity: the
    thinner leg's turnover on a log scale from 200 k to 20 M USD; stability: steadiness of the net
    since the last scan and, where funding is paid, how far history confirms it; data: reliability
    above 95 % and age.
    """
    long, short = figures.long, figures.short
    turnover, ages = universe.numbers("volume_usd"), universe.numbers("age_ms")
    volume = np.minimum(turnover[long], turnover[short])
    span = np.log(_FULL_VOLUME_USD / _NO_VOLUME_USD)
    age = np.maximum(ages[long], ages[short]) / 1000
    with np.errstate(divide="ignore", invalid="ignore"):
        hours = (context.break_even_ms - universe.now_ms) / HOUR_MS
        sooner = 1 - hours / figures.terms.horizon_hours
        liquidity = np.log(volume / _NO_VOLUME_USD) / span
        drift = np.abs(figures.net - context.previous_net) / context.threshold
        steady = np.where(np.isnan(drift), 0.5, 1 - np.minimum(1.0, drift))
        reliable = (context.reliability - 0.95) / 0.05
        fresh = 1 - age / policy.value("max_age", figures.kind)
        over = figures.net / (3 * context.threshold)
    if figures.kind == Kind.SPOT:
        sooner, stability = np.ones(figures.size), steady
    else:
        stability = (steady + np.clip(figures.k, 0, 1)) / 2
    data = (_unit(reliable, unknown=0.5) + _unit(fresh)) / 2
    return {
        "net": _unit(over),
        "break_even": _unit(sooner),
        "liquidity": _unit(liquidity),
        "stability": _unit(stability),
        "data": data,
    }


def score(parts: Mapping[str, Numbers]) -> Numbers:
    """The rule score: the weighted sum of its parts, between 0 and 1."""
    total = np.zeros_like(next(iter(parts.values())))
    for name, weight in WEIGHTS.items():
        total = total + weight * parts[name]
    return total


def shelves(figures: Figures, risks: Mask, scores: Numbers) -> Mask:
    """Bit mask of names.Shelf, in the order of the enum.

    A trade whose network nobody vouches for stands on none of the three shelves beginners see.
    """
    known = ~figures.carries(Reason.NETWORK_UNKNOWN)
    low = known & (risks == 0)
    mask: Mask = np.where(low, _SHELF_BIT[Shelf.LOW_RISK], 0)
    mask |= np.where(known & (scores >= 0.9), _SHELF_BIT[Shelf.HIGH_CONFIDENCE], 0)
    mask |= np.where(low & (scores >= 0.8), _SHELF_BIT[Shelf.BEGINNER], 0)
    mask |= np.where(risks == 2, _SHELF_BIT[Shelf.ADVANCED], 0)
    return mask


def shelf_names(mask: int) -> list[Shelf]:
    """The shelves of a stored mask."""
    return [shelf for shelf, position in _SHELF_BIT.items() if mask & position]


def _unit(values: Numbers, unknown: float = 0.0) -> Numbers:
    return np.clip(np.where(np.isnan(values), unknown, values), 0.0, 1.0)
