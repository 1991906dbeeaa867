"""Calendars against a naive walk through them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opportunities.settlements import (
    GUARD_AFTER_MS,
    HOUR_MS,
    IMMINENT_MS,
    break_even_ms,
    due,
    first_payment,
    later_payments,
)

NOW_MS = 1_790_000_000_000.0
INTERVALS = st.sampled_from([1.0, 2.0, 4.0, 8.0])
HORIZONS = st.sampled_from([6.0, 8.0, 12.0, 20.0, 24.0, 72.0, 168.0])
# Whole seconds, as venues settle; up to the guard in the past.
NEXT_IN_S = st.integers(min_value=-400, max_value=8 * 3600)
RATES = st.integers(min_value=-300, max_value=300).map(lambda bp: bp / 1e4)


def calendar(next_ms: float, interval_hours: float, until_ms: float) -> list[float]:
    """Every settlement in (now, until], one by one."""
    if next_ms <= NOW_MS:
        if next_ms < NOW_MS - GUARD_AFTER_MS:
            return []
        next_ms += interval_hours * HOUR_MS
    moments, at = [], next_ms
    while at <= until_ms:
        moments.append(at)
        at += interval_hours * HOUR_MS
    return moments


@given(NEXT_IN_S, INTERVALS, HORIZONS)
def test_settlements_are_counted_as_a_walk_counts_them(
    next_in_s: int, interval: float, horizon: float
) -> None:
    next_ms = NOW_MS + next_in_s * 1000
    walked = calendar(next_ms, interval, NOW_MS + horizon * HOUR_MS)
    assert due(next_ms, interval, NOW_MS, horizon) == len(walked)


@given(NEXT_IN_S, INTERVALS, HORIZONS, RATES)
def test_first_and_later_payments_make_up_the_walk(
    next_in_s: int, interval: float, horizon: float, flow: float
) -> None:
    next_ms = NOW_MS + next_in_s * 1000
    walked = calendar(next_ms, interval, NOW_MS + horizon * HOUR_MS)
    counted = [at for at in walked if flow <= 0 or at - NOW_MS >= IMMINENT_MS]
    first = first_payment(flow, next_ms, interval, NOW_MS, horizon)
    later = later_payments(flow, next_ms, interval, NOW_MS, horizon)
    assert first + later == pytest.approx(flow * len(counted), abs=1e-12)


@given(NEXT_IN_S, INTERVALS, HORIZONS)
def test_a_longer_horizon_never_has_fewer_settlements(
    next_in_s: int, interval: float, horizon: float
) -> None:
    next_ms = NOW_MS + next_in_s * 1000
    assert due(next_ms, interval, NOW_MS, horizon) <= due(next_ms, interval, NOW_MS, 2 * horizon)


LEG = st.tuples(RATES, NEXT_IN_S, INTERVALS)


@given(LEG, LEG, st.sampled_from([-0.5, 0.0, 0.5, 1.0]), st.integers(1, 300), HORIZONS)
def test_break_even_is_where_a_walk_finds_it(
    long: tuple[float, int, float],
    short: tuple[float, int, float],
    k: float,
    cost_bp: int,
    horizon: float,
) -> None:
    # off the grid of payments: no tie depends on rounding
    cost = (cost_bp + 0.13) / 1e4
    found = break_even_ms(
        (np.array([long[0]]), np.array([short[0]])),
        (np.array([NOW_MS + long[1] * 1000]), np.array([NOW_MS + short[1] * 1000])),
        (np.array([long[2]]), np.array([short[2]])),
        np.array([k]),
        np.array([cost]),
        now_ms=NOW_MS,
        horizon_hours=horizon,
    )[0]
    walked = walk([long, short], k, cost, NOW_MS + 4 * horizon * HOUR_MS)
    assert (None if np.isnan(found) else found) == walked


def walk(
    legs: list[tuple[float, int, float]], k: float, cost: float, until_ms: float
) -> float | None:
    """The first moment at which everything paid so far covers the cost."""
    paid: dict[float, float] = {}
    for flow, next_in_s, interval in legs:
        moments = calendar(NOW_MS + next_in_s * 1000, interval, until_ms)
        for number, at in enumerate(moments):
            amount = flow if number == 0 else flow * k
            if number > 0 and k < 0:
                amount = min(amount, 0.0)
            if amount <= 0 or at - NOW_MS >= IMMINENT_MS:
                paid[at] = paid.get(at, 0.0) + amount
    so_far = 0.0
    for at in sorted(paid):
        so_far += paid[at]
        if so_far >= cost:
            return at
    return None
