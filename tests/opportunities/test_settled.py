"""Settlements are compared per 8 hours, by the interval that held when they were exchanged."""

from __future__ import annotations

from decimal import Decimal

import pytest

from exchanges.models import SettledFunding
from opportunities.settled import per_eight_hours
from tests.notifications.factories import HOUR, NOON


def settled(*hours: float, rate: str = "0.0004") -> list[SettledFunding]:
    """One perpetual's settlements so many hours after noon, not stored."""
    return [SettledFunding(settled_at=NOON + at * HOUR, rate=Decimal(rate)) for at in hours]


def rates(rows: list[SettledFunding], interval_hours: float) -> list[float]:
    return [round(rate, 12) for _, rate in per_eight_hours(rows, interval_hours)]


@pytest.mark.parametrize(("hours", "rate"), [(1, 0.0032), (2, 0.0016), (4, 0.0008), (8, 0.0004)])
def test_the_same_rate_is_worth_more_the_shorter_the_interval(hours: int, rate: float) -> None:
    assert rates(settled(0, hours, 2 * hours), hours) == [rate] * 3


def test_what_was_settled_before_the_interval_changed_counts_by_the_one_then() -> None:
    assert rates(settled(0, 8, 16, 20, 24), 4) == [0.0004, 0.0004, 0.0004, 0.0008, 0.0008]


def test_a_single_settlement_counts_by_the_interval_of_now() -> None:
    assert rates(settled(0), 4) == [0.0008]
    assert rates([], 4) == []


def test_a_hole_in_the_history_is_no_interval() -> None:
    assert rates(settled(0, 8, 32), 8) == [0.0004] * 3


def test_moments_stay_as_they_were() -> None:
    rows = settled(0, 8)
    assert [at for at, _ in per_eight_hours(rows, 8)] == [row.settled_at for row in rows]
