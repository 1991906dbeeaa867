"""The same candidates seen by every cohort of horizon, VIP level and size, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arbedge.names import Kind, Reason
from opportunities import depths
from opportunities.detectors import funding, spot
from opportunities.detectors.figures import Figures
from opportunities.settlements import Numbers
from opportunities.universe import Universe

HORIZONS_HOURS = (8.0, 24.0, 72.0, 168.0)
NOTIONALS_USD = depths.NOTIONALS_USD


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Nets of candidates by cohort, axes (candidate, horizon, VIP level, size).

    `net` takes the spread, `net_at_size` the order books, NaN where no fresh book fills the size.
    """

    horizons_hours: Sequence[float]
    vip_levels: Sequence[int]
    notionals_usd: Sequence[float]
    net: Numbers
    net_at_size: Numbers


def of(
    figures: Figures,
    universe: Universe,
    books: depths.Books,
    vip_levels: Sequence[int],
    horizons: Sequence[float] = HORIZONS_HOURS,
) -> Cohorts:
    """Every cohort's nets. `vip_levels` names the rows of the universe's fees."""
    net = nets(figures, universe, horizons)[..., None]
    sizes = books.notionals_usd
    if figures.kind is Kind.SPOT:
        moving = spot.moving_cost(figures, np.array([figures.terms.notional_usd, *sizes]))
        net = net + (moving[:, :1] - moving[:, 1:])[:, None, None, :]
        by_level = [
            depths.net_at_sizes(figures, universe, books, level) for level in range(len(vip_levels))
        ]
        at_size = np.stack(by_level, axis=1)[:, None, :, :]
    else:
        at_size = net - depths.extra_cost(figures, universe, books)[:, None, None, :]
    shape = (figures.size, len(horizons), len(vip_levels), len(sizes))
    return Cohorts(
        horizons,
        vip_levels,
        sizes,
        np.broadcast_to(net, shape),
        np.broadcast_to(at_size, shape),
    )


def nets(figures: Figures, universe: Universe, horizons: Sequence[float]) -> Numbers:
    """Net of every candidate for every horizon and VIP level of the universe's fees.

    Axes (candidate, horizon, VIP level); spreads for depth, spot at the figures' own size.
    """
    if figures.kind is Kind.SPOT:
        return _spot_nets(figures, universe, len(horizons))
    long, short = figures.pair
    mean = funding.mean_hourly(universe, figures.pair)
    capped = figures.carries(Reason.RATE_AT_CAP)
    expected = np.empty((figures.size, len(horizons)))
    for column, horizon in enumerate(horizons):
        first, later, k = funding.payments(universe, figures.pair, horizon, capped, mean)
        expected[:, column] = first + k * later
    fees = universe.fees[:, long] + universe.fees[:, short]
    base = universe.spread[long] + universe.spread[short] + np.maximum(0.0, -figures.gap)
    cost = 2 * fees + base  # (level, candidate)
    net: Numbers = expected[:, :, None] - cost.T[:, None, :]
    return net


def _spot_nets(figures: Figures, universe: Universe, horizons: int) -> Numbers:
    """A spot gap does not wait for a horizon: one net per VIP level, repeated."""
    moving = figures.net_announced - figures.net
    by_level = [
        spot.inventory_net(universe, figures.pair, level) - moving
        for level in range(len(universe.fees))
    ]
    return np.repeat(np.stack(by_level, axis=1)[:, None, :], horizons, axis=1)
