"""Funding: long a perpetual on one venue, short the same coin's perpetual on another."""

from __future__ import annotations

import numpy as np

from arbedge.names import Kind, Reason
from opportunities import costs
from opportunities.detectors import pairs
from opportunities.detectors.figures import Figures, Terms, mark
from opportunities.settlements import Numbers, first_payment, later_payments
from opportunities.universe import Index, Universe


def find(universe: Universe) -> pairs.Pair:
    """All pairs of perpetuals of one coin on two venues, both directions."""
    return pairs.across(universe, universe.perp, universe.perp, same_venue=False)


def figures(kind: Kind, universe: Universe, long: Index, short: Index, terms: Terms) -> Figures:
    """Figures of pairs that live on funding payments; a spot leg pays and receives none."""
    first, later, k = payments(universe, long, short, terms.horizon_hours)
    gap = np.asarray(costs.gap(universe.mid[long], universe.mid[short]))
    fees = universe.fees[terms.vip_level]
    cost = np.asarray(
        costs.carry_cost(
            fees[long], fees[short], universe.spread[long], universe.spread[short], gap
        )
    )
    capped = at_cap(universe)
    notes = mark(Reason.RATE_AT_CAP, capped[long] | capped[short])
    notes |= mark(Reason.NO_HISTORY, ~costs.both_known(mean_hourly(universe, long, short)))
    return Figures(
        kind=kind,
        long=long,
        short=short,
        first=first,
        later=later,
        k=k,
        cost=cost,
        gap=gap,
        net_announced=first + later - cost,
        net=np.asarray(costs.net_carry(first, later, k, cost)),
        reasons=notes,
    )


def payments(
    universe: Universe, long: Index, short: Index, horizon_hours: float
) -> tuple[Numbers, Numbers, Numbers]:
    """(first, later, k) of the pairs within the horizon."""
    first, later = leg_payments(universe, horizon_hours)
    # What a long pays is what a short of the same instrument would receive, but the rule for imminent
    # payments depends on the side, so both sides are computed per instrument and gathered.
    total_first = first[1][short] + first[0][long]
    total_later = later[1][short] + later[0][long]
    capped = at_cap(universe)
    uncertain = capped[long] | capped[short]
    total_later = np.where(uncertain, np.minimum(total_later, 0.0), total_later)
    announced = universe.hourly[short] - universe.hourly[long]
    k = costs.confidence_k(total_later, announced, mean_hourly(universe, long, short))
    return total_first, total_later, k


def leg_payments(
    universe: Universe, horizon_hours: float
) -> tuple[tuple[Numbers, Numbers], tuple[Numbers, Numbers]]:
    """((first as long, first as short), (later as long, later as short)) per instrument."""
    rate = np.where(universe.perp, universe.rate, 0.0)
    calendar = (universe.next_ms, universe.interval_hours, universe.now_ms, horizon_hours)
    first = (first_payment(-rate, *calendar), first_payment(rate, *calendar))
    later = later_payments(rate, *calendar)
    return first, (-later, later)


def mean_hourly(universe: Universe, long: Index, short: Index) -> Numbers:
    """Settled hourly difference of the legs over the last 7 days, NaN where a leg has no history."""
    return universe.mean_hourly[short] - universe.mean_hourly[long]


def at_cap(universe: Universe, share: float = 0.95) -> np.ndarray:
    """Instruments whose rate stands at 95 % or more of the venue's cap or floor."""
    cap, floor = universe.numbers("rate_cap"), universe.numbers("rate_floor")
    with np.errstate(invalid="ignore"):
        high = (cap > 0) & (universe.rate >= share * cap)
        low = (floor < 0) & (universe.rate <= share * floor)
    return high | low
