"""Calendars of funding payments, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from opportunities.settlements import (
    HOUR_MS,
    both_sides,
    break_even_ms,
    due,
    first_payment,
    later_payments,
    overdue,
    settling,
    upcoming,
)
from tests.opportunities.markets import NOW_MS, after, ms


@pytest.mark.parametrize(
    ("next_in", "interval_hours", "horizon_hours", "number"),
    [
        ("38min", 1, 6, 6),  # 0:38 1:38 2:38 3:38 4:38 5:38
        ("38min", 1, 12, 12),
        ("38min", 1, 20, 20),
        ("1h30min", 2, 6, 3),  # 1:30 3:30 5:30
        ("1h30min", 2, 12, 6),
        ("1h30min", 2, 20, 10),
        ("3h", 4, 6, 1),  # a flat rate would say 1.5
        ("3h", 4, 12, 3),
        ("3h", 4, 20, 5),
        ("1h", 4, 6, 2),
        ("7h", 8, 6, 0),  # a flat rate would say 0.75
        ("7h", 8, 12, 1),
        ("7h", 8, 20, 2),
        ("1h", 8, 12, 2),
        ("1h", 8, 20, 3),  # 1, 9, 17; a flat rate would say 2.5
    ],
)
def test_a_calendar_counts_whole_settlements(
    next_in: str, interval_hours: float, horizon_hours: float, number: int
) -> None:
    assert due(after(next_in), interval_hours, NOW_MS, horizon_hours) == number


def test_a_settlement_at_the_very_end_of_the_horizon_counts() -> None:
    assert due(after("6h"), 8, NOW_MS, 6) == 1


def test_a_settlement_a_moment_after_the_horizon_does_not_count() -> None:
    assert due(after("6h") + 1, 8, NOW_MS, 6) == 0


def test_one_at_this_very_moment_is_past() -> None:
    assert due(NOW_MS, 8, NOW_MS, 8) == 1  # only the next one, eight hours from now


def test_the_first_payment_is_one_rate() -> None:
    assert first_payment(0.0003, after("1h"), 4, NOW_MS, 12) == 0.0003


def test_later_payments_are_the_further_full_settlements() -> None:
    # 1 h, 5 h, 9 h: one first, two later
    assert later_payments(0.0003, after("1h"), 4, NOW_MS, 12) == pytest.approx(0.0006, abs=1e-15)


def test_beyond_the_horizon_nothing_is_paid() -> None:
    assert first_payment(0.0003, after("7h"), 8, NOW_MS, 6) == 0
    assert later_payments(0.0003, after("7h"), 8, NOW_MS, 6) == 0


@pytest.mark.parametrize(
    ("next_in", "flow", "counted"),
    [
        ("59s999ms", 0.001, 0.0),  # might be missed
        ("60s", 0.001, 0.001),
        ("59s999ms", -0.001, -0.001),  # a charge is never missed
        ("60s", -0.001, -0.001),
    ],
)
def test_an_imminent_payment_counts_only_if_it_costs(
    next_in: str, flow: float, counted: float
) -> None:
    assert first_payment(flow, after(next_in), 8, NOW_MS, 24) == counted


def test_missing_an_imminent_payment_leaves_the_later_ones() -> None:
    assert later_payments(0.001, after("30s"), 8, NOW_MS, 24) == pytest.approx(0.002)


@pytest.mark.parametrize(
    ("passed", "steps_to"),
    [("0s", "8h"), ("1s", "7h59min59s"), ("180s", "7h57min")],
)
def test_a_settlement_just_past_is_stepped_on_within_the_guard(passed: str, steps_to: str) -> None:
    assert upcoming(NOW_MS - ms(passed), 8, NOW_MS) == after(steps_to)


def test_a_settlement_past_the_guard_is_silence_not_a_calendar() -> None:
    at = NOW_MS - ms("180s") - 1
    assert np.isnan(upcoming(at, 8, NOW_MS))
    assert due(at, 8, NOW_MS, 72) == 0
    assert first_payment(0.01, at, 8, NOW_MS, 72) == 0
    assert later_payments(0.01, at, 8, NOW_MS, 72) == 0


def test_no_settlement_scheduled_pays_nothing() -> None:
    assert due(0.0, 8, NOW_MS, 72) == 0


def test_an_unknown_interval_pays_nothing_later() -> None:
    assert later_payments(0.01, after("1h"), np.nan, NOW_MS, 72) == 0


@pytest.mark.parametrize(
    ("left_ms", "guarded"),
    [(60_001, False), (60_000, True), (0, True), (-180_000, True), (-180_001, False)],
)
def test_the_guard_stands_from_a_minute_before_to_three_after(
    left_ms: float, guarded: bool
) -> None:
    assert settling(NOW_MS + left_ms, NOW_MS) == guarded


@pytest.mark.parametrize(("left_ms", "late"), [(-180_000, False), (-180_001, True), (1, False)])
def test_a_leg_is_overdue_when_the_guard_has_run_out(left_ms: float, late: bool) -> None:
    assert overdue(NOW_MS + left_ms, NOW_MS) == late


def test_nothing_scheduled_is_not_overdue() -> None:
    assert not overdue(0.0, NOW_MS)


def test_arrays_are_judged_element_by_element() -> None:
    next_ms = np.array([after("1h"), after("7h"), np.nan])
    assert due(next_ms, np.array([1.0, 8.0, 8.0]), NOW_MS, 12).tolist() == [12, 1, 0]


# -- break-even


def even(
    long: tuple[float, str, float],
    short: tuple[float, str, float],
    *,
    cost: float,
    k: float = 1.0,
    horizon_hours: float = 24,
) -> float | None:
    """Hours until the cost is earned; a leg is (flow, time to the next settlement, interval)."""
    at = break_even_ms(
        (np.array([long[0]]), np.array([short[0]])),
        (np.array([after(long[1])]), np.array([after(short[1])])),
        (np.array([float(long[2])]), np.array([float(short[2])])),
        np.array([k]),
        np.array([cost]),
        now_ms=NOW_MS,
        horizon_hours=horizon_hours,
    )[0]
    return None if np.isnan(at) else (at - NOW_MS) / HOUR_MS


NOTHING = (0.0, "1h", 8.0)


def test_the_first_payment_alone_may_earn_the_cost() -> None:
    assert even(NOTHING, (0.003, "2h", 8), cost=0.0025) == 2


def test_payments_add_up_until_the_cost_is_earned() -> None:
    assert even(NOTHING, (0.001, "2h", 8), cost=0.0025) == 18  # 10, 20, 30 bp at 2, 10, 18 h


def test_the_cost_is_earned_when_it_is_just_reached() -> None:
    assert even(NOTHING, (0.001, "2h", 8), cost=0.003) == 18


def test_what_the_other_leg_pays_is_taken_off() -> None:
    # short gets 10 bp at 2, 10, 18, 26 h; long pays 3 bp every 4 h from 1 h on
    # 10h: 20 - 9; 18h: 30 - 15 = 15; 26h: 40 - 21 = 19
    assert even((-0.0003, "1h", 4), (0.001, "2h", 8), cost=0.0015) == 18


def test_payments_of_one_moment_settle_together() -> None:
    # at 2 h the short gets 30 bp and the long pays 10 bp: 20 bp, never 30
    assert even((-0.001, "2h", 8), (0.003, "2h", 8), cost=0.0025) == 10


def test_later_payments_count_as_far_as_they_are_believed() -> None:
    assert even(NOTHING, (0.001, "2h", 8), cost=0.0025, k=0.5) == 26  # 10, 15, 20, 25


def test_without_belief_only_the_first_payments_count() -> None:
    assert even(NOTHING, (0.001, "2h", 8), cost=0.0025, k=0) is None
    assert even(NOTHING, (0.001, "2h", 8), cost=0.001, k=0) == 2


def test_a_negative_k_makes_no_receipt_of_a_payment() -> None:
    # the long pays 10 bp every hour; with k = -3 that must not look like 30 bp earned
    assert even((-0.001, "1h", 1), (0.002, "8h", 8), cost=0.0015, k=-3) is None


def test_nothing_is_earned_after_four_horizons() -> None:
    assert even(NOTHING, (0.001, "8h", 8), cost=0.0039, horizon_hours=8) == 32
    assert even(NOTHING, (0.001, "8h", 8), cost=0.0041, horizon_hours=8) is None


def test_an_imminent_receipt_does_not_help_to_break_even() -> None:
    assert even(NOTHING, (0.003, "30s", 8), cost=0.0025) == pytest.approx(8 + 30 / 3600)


def test_an_imminent_charge_hurts() -> None:
    # -10 bp at once, then 30 bp at 2 h: 20 bp
    assert even((-0.001, "30s", 8), (0.003, "2h", 8), cost=0.0025) == 10


def test_a_leg_without_calendar_brings_nothing() -> None:
    at = break_even_ms(
        (np.zeros(1), np.array([0.01])),
        (np.array([np.nan]), np.array([np.nan])),
        (np.array([np.nan]), np.array([np.nan])),
        np.ones(1),
        np.array([0.001]),
        now_ms=NOW_MS,
        horizon_hours=24,
    )
    assert np.isnan(at[0])


@pytest.mark.parametrize("rate", [0.001, -0.001, 0.0])
@pytest.mark.parametrize("next_in", ["30s", "2h", "90h"])
def test_both_sides_are_what_each_is_paid_alone(rate: float, next_in: str) -> None:
    calendar = (after(next_in), 8, NOW_MS, 72)
    assert both_sides(rate, *calendar) == (
        first_payment(-rate, *calendar),
        first_payment(rate, *calendar),
        later_payments(rate, *calendar),
    )
