"""Funding between two perpetuals, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from opportunities.detectors import funding
from opportunities.detectors.figures import Figures
from tests.opportunities.markets import find, market, only, perp

close = pytest.approx
DAY = "horizon=24h"


def pair(long: dict[str, Any], short: dict[str, Any], *settings: str, **settled: float) -> Figures:
    """Long WIF on OKX, short WIF on Bybit; `okx` and `bybit` are what settled per hour."""
    seen = market(
        perp("okx", "WIF", **long),
        perp("bybit", "WIF", **short),
        settled={(venue, "WIF"): mean for venue, mean in settled.items()},
    )
    return only(find(seen, *settings), "funding", "okx", "bybit")


def test_the_difference_of_both_legs_is_earned() -> None:
    # in 24 h: short gets 9 bp at 2, 10, 18 h; long pays 1 bp at 1, 5, 9, 13, 17, 21 h
    found = pair(
        {"rate": 0.0001, "interval": 4, "next_in": "1h"},
        {"rate": 0.0009, "interval": 8, "next_in": "2h"},
        DAY, okx=0.000025, bybit=0.0001125,
    )  # fmt: skip
    assert found.first == close(0.0008)
    assert found.later == close(0.0018 - 0.0005)
    assert found.k == close(1.0)
    assert found.cost == close(2 * (0.0005 + 0.00055) + 0.0002 + 0.0002)
    assert found.net == close(0.0008 + 0.0013 - 0.0025)
    assert found.net_announced == close(found.net)


def test_a_long_is_paid_when_the_rate_is_negative() -> None:
    found = pair(
        {"rate": -0.001, "interval": 8, "next_in": "1h"},
        {"rate": 0.0, "interval": 8, "next_in": "1h"},
        DAY,
    )
    assert found.first == close(0.001)
    assert found.later == close(0.002)


def test_without_history_half_of_the_later_payments_is_believed() -> None:
    found = pair({"rate": 0.0}, {"rate": 0.002, "interval": 8, "next_in": "1h"}, DAY)
    assert found.k == 0.5
    assert found.net == close(0.002 + 0.5 * 0.004 - 0.0025)
    assert found.net_announced == close(0.006 - 0.0025)


def test_history_of_one_leg_alone_is_no_history() -> None:
    assert pair({}, {"rate": 0.002}, DAY, bybit=0.00025).k == 0.5


def test_k_compares_hourly_differences() -> None:
    # announced per hour: 16 / 8 - 1 / 1 = 1 bp; settled: 0.3 bp
    found = pair(
        {"rate": 0.0001, "interval": 1}, {"rate": 0.0016, "interval": 8}, okx=0.00002, bybit=0.00005
    )
    assert found.k == close(0.3)


def test_later_payments_that_cost_count_in_full_even_without_history() -> None:
    found = pair(
        {"rate": 0.0005, "interval": 1, "next_in": "30min"},
        {"rate": 0.003, "interval": 8, "next_in": "1h"},
        "horizon=6h",
    )
    assert found.first == close(0.0025)
    assert found.later == close(-0.0005 * 5)
    assert found.k == 1.0


def test_a_rate_at_its_cap_pays_only_once() -> None:
    found = pair({"rate": 0.0}, {"rate": 0.0285, "interval": 8, "rate_cap": 0.03}, DAY)
    assert found.k == 0.0
    assert found.net == close(0.0285 - 0.0025)
    assert found.net_announced == close(3 * 0.0285 - 0.0025)  # what others would print


def test_just_below_the_cap_later_payments_count() -> None:
    found = pair({"rate": 0.0}, {"rate": 0.0284, "interval": 8, "rate_cap": 0.03}, DAY)
    assert found.k == 0.5


def test_costs_of_a_leg_at_its_floor_still_count() -> None:
    # the long's rate is at its floor, so it receives; the short pays more every hour
    found = pair(
        {"rate": -0.03, "interval": 8, "next_in": "1h"},
        {"rate": -0.01, "interval": 1, "next_in": "1h"},
        DAY,
    )
    assert found.later == close(2 * 0.03 - 23 * 0.01)
    assert found.k == 1.0


@pytest.mark.parametrize(
    ("rate", "cap", "floor", "capped"),
    [
        (0.0285, 0.03, None, True),
        (-0.0285, 0.03, None, True),  # a floor not told is the cap mirrored
        (-0.0285, None, -0.03, True),
        (0.0285, None, -0.03, True),
        (-0.0285, 0.03, -0.05, False),
        (0.0285, None, None, False),  # no cap told
        (0.0, 0.0, 0.0, False),
    ],
)
def test_a_rate_is_at_its_cap_from_95_per_cent(
    rate: float, cap: float | None, floor: float | None, capped: bool
) -> None:
    seen = market(perp("okx", "WIF", rate=rate, rate_cap=cap, rate_floor=floor))
    assert funding.at_cap(seen).tolist() == [capped]


def test_the_share_of_the_cap_is_a_setting_also_for_one_venue() -> None:
    short = {"rate": 0.02, "rate_cap": 0.03}
    assert pair({}, short, "cap_share@bybit=60%").k == 0.0
    assert pair({}, short, "cap_share@okx=60%").k == 0.5


@pytest.mark.parametrize(
    ("horizon", "first", "later"),
    [
        # short 8 h next in 7 h; long 1 h next in 30 min: a flat rate would say 6 bp per hour
        ("6h", -0.0001, -0.0005),
        ("12h", 0.0048 - 0.0001, -0.0011),
        ("20h", 0.0048 - 0.0001, 0.0048 - 0.0019),
    ],
)
def test_payments_follow_each_legs_own_calendar(horizon: str, first: float, later: float) -> None:
    found = pair(
        {"rate": 0.0001, "interval": 1, "next_in": "30min"},
        {"rate": 0.0048, "interval": 8, "next_in": "7h"},
        f"horizon={horizon}",
    )
    assert found.first == close(first)
    assert found.later == close(later)


def test_an_adverse_gap_costs_and_a_favourable_one_earns_nothing() -> None:
    level = pair({}, {})
    worse = pair({}, {"bid": 99.89, "ask": 99.91})
    better = pair({}, {"bid": 100.09, "ask": 100.11})
    assert worse.gap == close(-0.001)
    assert worse.cost - level.cost == close(0.001, abs=1e-6)
    assert better.gap == close(0.001)
    assert better.cost - level.cost == close(0.0, abs=1e-6)


def test_an_imminent_settlement_counts_only_for_the_leg_that_pays() -> None:
    soon = {"rate": 0.001, "interval": 8, "next_in": "30s"}
    assert pair({"rate": 0.0}, soon, DAY).first == close(0.0)
    assert pair(soon, {"rate": 0.0}, DAY).first == close(-0.001)


def test_a_negative_history_turns_against_the_trade() -> None:
    found = pair({"rate": 0.0}, {"rate": 0.002}, DAY, okx=0.0, bybit=-0.000125)
    assert found.k == close(-0.5)
    assert found.net == close(0.002 - 0.5 * 0.004 - 0.0025)


def test_an_unknown_rate_leaves_no_net() -> None:
    found = pair({}, {"rate": None})
    assert found.net != found.net  # NaN
