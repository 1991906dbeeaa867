"""All cohorts in one pass against each cohort computed alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from arbedge.names import Kind
from opportunities import cohorts, depths
from opportunities.depths import Slippage
from opportunities.detectors.figures import Figures
from opportunities.universe import Universe
from tests.opportunities.markets import FEES_BPS, chain, find, market, networks, perp, spot

close = pytest.approx
VIP = {key: bps * 0.6 for key, bps in FEES_BPS.items()}
LEVELS = (FEES_BPS, VIP)
ROWS: list[dict[str, Any]] = [
    spot("okx", "WIF", bid=99.0, ask=99.1),
    spot("bybit", "WIF", bid=101.0, ask=101.2),
    perp("okx", "WIF", rate=0.0001, interval=1, next_in="30min"),
    perp("bybit", "WIF", rate=0.002, interval=8, next_in="7h"),
    perp("bitget", "WIF", rate=0.0295, interval=4, next_in="3h"),  # at its cap
]
SETTLED = {("okx", "WIF"): 0.00008, ("bybit", "WIF"): 0.0001}
ROUTES = networks(chain("okx", "WIF", "SOL", 0.01), chain("bybit", "WIF", "SOL"))
KINDS = (Kind.FUNDING, Kind.SPOT, Kind.BASIS)


def seen(fees: dict[tuple[str, str], float] | None = None) -> Universe:
    tables = LEVELS if fees is None else (fees,)
    return market(*ROWS, settled=SETTLED, fees_bps=tables)


def part(kind: Kind, universe: Universe, *settings: str) -> Figures:
    return find(universe, *settings, routes=ROUTES).by_kind[kind][0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("horizon", [8, 24, 72, 168])
@pytest.mark.parametrize("level", [0, 1])
def test_each_cohorts_net_is_what_it_would_be_alone(kind: Kind, horizon: int, level: int) -> None:
    universe = seen()
    together = cohorts.nets(part(kind, universe), universe, cohorts.HORIZONS_HOURS)
    alone = part(kind, seen(LEVELS[level]), f"horizon={horizon}h")
    column = cohorts.HORIZONS_HOURS.index(horizon)
    assert together[:, column, level] == close(alone.net, abs=1e-12)


def books(universe: Universe) -> dict[int, Slippage]:
    """A book for every instrument, dearer for every larger size; the last size is too much."""
    sizes = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    return {
        position: Slippage(sizes * 1e-4, sizes * 2e-4, sizes * 5e-4 + position * 1e-4)
        for position in range(universe.size)
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("horizon", "level", "size"), [(8, 0, 0), (72, 1, 1), (168, 1, 3)])
def test_each_cohorts_net_at_size_is_what_it_would_be_alone(
    kind: Kind, horizon: int, level: int, size: int
) -> None:
    universe = seen()
    figures = part(kind, universe)
    found = depths.of_candidates(figures, books(universe))
    together = cohorts.of(figures, universe, found, (0, 1))

    notional = cohorts.NOTIONALS_USD[size]
    own = seen(LEVELS[level])
    alone = part(kind, own, f"horizon={horizon}h", f"notional={notional}")
    at_sizes = depths.net_at_sizes(alone, own, depths.of_candidates(alone, books(own)))
    column = cohorts.HORIZONS_HOURS.index(horizon)
    assert together.net_at_size[:, column, level, size] == close(at_sizes[:, size], abs=1e-12)
    assert together.net[:, column, level, size] == close(alone.net, abs=1e-12)


def test_a_size_no_book_fills_is_unknown_for_every_cohort() -> None:
    universe = seen()
    figures = part(Kind.FUNDING, universe)
    found = cohorts.of(figures, universe, depths.of_candidates(figures, books(universe)), (0, 1))
    assert np.isnan(found.net_at_size[..., -1]).all()
    assert np.isfinite(found.net_at_size[..., :-1]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_axes_are_candidate_horizon_level_and_size(kind: Kind) -> None:
    universe = seen()
    figures = part(kind, universe)
    found = cohorts.of(figures, universe, depths.of_candidates(figures, {}), (0, 1))
    assert found.net.shape == found.net_at_size.shape == (figures.size, 4, 2, 5)


def test_lower_fees_never_lower_a_net() -> None:
    universe = seen()
    for kind in KINDS:
        net = cohorts.nets(part(kind, universe), universe, cohorts.HORIZONS_HOURS)
        assert (net[:, :, 1] > net[:, :, 0]).all()


def test_a_level_without_a_fee_is_unknown_for_that_level_only() -> None:
    universe = market(*ROWS, fees_bps=(FEES_BPS, {}))
    net = cohorts.nets(part(Kind.FUNDING, universe), universe, (72.0,))
    assert np.isfinite(net[:, 0, 0]).all()
    assert np.isnan(net[:, 0, 1]).all()
