"""Funding: long a perpetual on one venue, short the same coin's perpetual on another."""

from __future__ import annotations

import numpy as np

from arbedge.names import Kind, Reason
from opportunities import costs
from opportunities.detectors import pairs
from opportunities.detectors.figures import Figures, Terms, mark
from opportunities.settlements import Flags, Numbers, Value, both_sides
from opportunities.universe import Universe


def find(universe: Universe) -> pairs.Pair:
    """All pairs of perpetuals of one coin on two venues, both directions."""
    perps = universe.perp
    return universe.of_names(
        "funding pairs", lambda: pairs.across(universe, perps, perps, same_venue=False)
    )


def figures(
    kind: Kind, universe: Universe, pair: pairs.Pair, terms: Terms, capped: Flags
) -> Figures:
    """Figures of pairs that live on funding payments; a spot leg pays and receives none.

    `capped` says which instruments' rates stand at their venue's cap (see at_cap).
    """
    long, short = pair
    either_capped = capped[long] | capped[short]
    mean = mean_hourly(universe, pair)
    first, later, k = payments(universe, pair, terms.horizon_hours, either_capped, mean)
    gap, cost = price(universe, pair, terms.vip_level)
    reasons = mark(Reason.RATE_AT_CAP, either_capped) | mark(Reason.NO_HISTORY, np.isnan(mean))
    return Figures(
        kind=kind,
        terms=terms,
        long=long,
        short=short,
        first=first,
        later=later,
        k=k,
        cost=cost,
        gap=gap,
        net_announced=first + later - cost,
        net=np.asarray(costs.net_carry(first, later, k, cost)),
        reasons=reasons,
    )


def payments(
    universe: Universe, pair: pairs.Pair, horizon_hours: float, capped: Flags, mean: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """(first, later, k) of the pairs within the horizon.

    `capped` flags pairs of which only the first payment counts; `mean` is what settled per hour.
    """
    long, short = pair
    as_long, as_short, later_short = leg_payments(universe, horizon_hours)
    later = later_short[short] - later_short[long]
    announced = universe.hourly[short] - universe.hourly[long]
    k = costs.confidence_k(later, announced, mean, capped=capped)
    return as_long[long] + as_short[short], later, k


def leg_payments(universe: Universe, horizon_hours: float) -> tuple[Numbers, Numbers, Numbers]:
    """What settlements.both_sides says of each instrument; a spot leg pays and receives nothing."""

    def paid() -> tuple[Numbers, Numbers, Numbers]:
        rate = np.where(universe.perp, universe.rate, 0.0)
        calendar = (universe.next_ms, universe.interval_hours, universe.now_ms, horizon_hours)
        return both_sides(rate, *calendar)

    return universe.once(("payments", horizon_hours), paid)


def price(universe: Universe, pair: pairs.Pair, vip_level: int = 0) -> tuple[Numbers, Numbers]:
    """(gap, cost) of the pairs at a row of the universe's fees."""
    long, short = pair
    fees, width = universe.fees[vip_level], universe.spread
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.asarray(costs.gap(universe.mid[long], universe.mid[short]))
    cost = costs.carry_cost(fees[long], fees[short], width[long], width[short], gap)
    return gap, np.asarray(cost)


def mean_hourly(universe: Universe, pair: pairs.Pair) -> Numbers:
    """Settled hourly difference of the legs over 7 days, NaN where a leg has no history."""
    long, short = pair
    return universe.mean_hourly[short] - universe.mean_hourly[long]


def at_cap(universe: Universe, share: Value = 0.95) -> Flags:
    """Instruments whose rate stands at this share of the venue's cap or floor, or beyond.

    Where a venue tells only one of them, the other is taken as its mirror image.
    """
    cap, floor = universe.numbers("rate_cap"), universe.numbers("rate_floor")
    cap, floor = np.where(np.isnan(cap), -floor, cap), np.where(np.isnan(floor), -cap, floor)
    high = (cap > 0) & (universe.rate >= share * cap)
    low = (floor < 0) & (universe.rate <= share * floor)
    flags: Flags = high | low
    return flags
