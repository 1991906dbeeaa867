"""The same candidates seen by every cohort of horizon, VIP level and size, in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arbedge.names import Kind
from opportunities import costs
from opportunities.detectors import funding
from opportunities.detectors.figures import Figures, Terms
from opportunities.settlements import Numbers
from opportunities.universe import Universe

HORIZONS_HOURS = (8.0, 24.0, 72.0, 168.0)
NOTIONALS_USD = (100.0, 1_000.0, 5_000.0, 10_000.0, 50_000.0)


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Nets of candidates by cohort.

    `net` has the axes (candidate, horizon, VIP level); `net_at_size` adds size as the last axis and is
    NaN where no fresh book can fill the size. VIP levels are rows of the universe's fees. Fees enter the
    net of a carry trade linearly, so a mix of levels per venue follows from these by difference.
    """

    horizons_hours: Sequence[float]
    notionals_usd: Sequence[float]
    net: Numbers
    net_at_size: Numbers | None = None


def nets(figures: Figures, universe: Universe, horizons: Sequence[float]) -> Numbers:
    """Net of every candidate for every horizon and VIP level of the universe's fees."""
    if figures.kind == Kind.SPOT:
        return _spot_nets(figures, universe, len(horizons))
    long, short = figures.long, figures.short
    expected = np.empty((figures.size, len(horizons)))
    for column, horizon in enumerate(horizons):
        first, later, k = funding.payments(universe, long, short, horizon)
        expected[:, column] = first + k * later
    fees = universe.fees[:, long] + universe.fees[:, short]
    base = universe.spread[long] + universe.spread[short] + np.maximum(0.0, -figures.gap)
    cost = 2 * fees + base  # (level, candidate)
    return expected[:, :, None] - cost.T[:, None, :]


def _spot_nets(figures: Figures, universe: Universe, horizons: int) -> Numbers:
    """A spot gap does not wait for a horizon: one net per VIP level, repeated."""
    long, short = figures.long, figures.short
    moving = figures.net - figures.net_announced  # the network's fee where the route is known
    by_level = [
        costs.spot_inventory(universe.bid[short], universe.ask[long], fee[short], fee[long])
        + moving
        for fee in universe.fees
    ]
    return np.repeat(np.stack(by_level, axis=1)[:, None, :], horizons, axis=1)


def at_sizes(
    net: Numbers, figures: Figures, universe: Universe, depth: npt.NDArray[np.float64]
) -> Numbers:
    """Nets with the spread replaced by the cost of depth.

    `depth` holds the depth cost of (instrument side pair, size): axes (candidate, leg, size) with leg 0 the
    long one, fractions, NaN = the book cannot fill it. Result axes (candidate, horizon, level, size).
    """
    spreads = np.stack([universe.spread[figures.long], universe.spread[figures.short]], axis=1)
    extra = (np.maximum(depth, spreads[:, :, None]) - spreads[:, :, None]).sum(axis=1)
    return net[:, :, :, None] - extra[:, None, None, :]


def default_position(
    terms: Terms, horizons: Sequence[float], sizes: Sequence[float]
) -> Mapping[str, int]:
    """Where the default cohort stands on the axes. Raises ValueError when it is none of the cohorts."""
    return {
        "horizon": list(horizons).index(terms.horizon_hours),
        "level": terms.vip_level,
        "size": list(sizes).index(terms.notional_usd),
    }
