"""The parts of a net add up to it, and the calendar reaches break-even where the scan said so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opportunities import breakdown
from opportunities.models import Opportunity

AS_OF = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EXACT = 1e-12


def funding(**changes: Any) -> Opportunity:
    """An unsaved funding row: 1 bp paid per 4 h, 9 bp received per 8 h, next in 38 minutes."""
    fields: dict[str, Any] = {
        "kind": "funding", "asset": "WIF", "as_of": AS_OF, "long_id": 1, "short_id": 2,
        "long_venue": "okx", "short_venue": "bybit", "long_symbol": "WIF", "short_symbol": "WIF",
        "long_market": "perp", "short_market": "perp",
        "long_bid": 1.9999, "long_ask": 2.0001, "short_bid": 1.9989, "short_ask": 1.9991,
        "long_rate": 0.0001, "short_rate": 0.0009,
        "long_interval_hours": 4.0, "short_interval_hours": 8.0,
        "long_next_at": AS_OF + timedelta(minutes=38),
        "short_next_at": AS_OF + timedelta(minutes=38),
        "long_fee_bps": 5.0, "short_fee_bps": 5.5, "horizon_hours": 72.0, "k": 0.5,
    }  # fmt: skip
    one = Opportunity(**(fields | changes))
    legs = breakdown.legs(one)
    one.gap = legs[1].bid / legs[0].bid - 1 if len(legs) > 1 else None
    one.first = (one.short_rate or 0) - (one.long_rate or 0)
    one.later = 8 * (one.short_rate or 0) - 17 * (one.long_rate or 0)
    one.cost = 0.0021 + sum(leg.spread for leg in legs) + max(0.0, -(one.gap or 0.0))
    one.net = one.first + (one.k or 0) * one.later - one.cost
    for name, value in changes.items():
        setattr(one, name, value)
    return one


def by_label(one: Opportunity) -> dict[str, float]:
    return {part.label: part.value for part in breakdown.waterfall(one)}


def test_parts_add_up_to_the_net() -> None:
    *parts, net = breakdown.waterfall(funding())
    assert sum(part.value for part in parts) == pytest.approx(net.value, abs=EXACT)


def test_nothing_is_left_to_rounding() -> None:
    assert "Rounding and slippage" not in by_label(funding())


def test_each_legs_funding_is_its_rate_times_its_settlements() -> None:
    parts = by_label(funding())
    assert parts["Funding received, short leg"] == pytest.approx(9 * 0.0009, abs=EXACT)
    assert parts["Funding paid, long leg"] == pytest.approx(-18 * 0.0001, abs=EXACT)


def test_half_of_the_later_payments_is_not_relied_on_without_history() -> None:
    one = funding()
    assert by_label(one)["Later, not relied on"] == pytest.approx(-(one.later or 0) / 2, abs=EXACT)


def test_four_fees_and_four_half_spreads_are_shown() -> None:
    labels = list(by_label(funding()))
    assert sum(label.startswith("Fee, ") for label in labels) == 4
    assert sum(label.startswith("Half spread, ") for label in labels) == 4


def test_an_adverse_gap_is_a_cost() -> None:
    one = funding()
    assert by_label(one)["Adverse price gap"] == pytest.approx(one.gap, abs=EXACT)


def test_a_favourable_gap_is_no_income() -> None:
    one = funding(short_bid=2.0099, short_ask=2.0101)
    assert "Adverse price gap" not in by_label(one)


def test_what_the_parts_do_not_explain_is_told_and_not_hidden() -> None:
    one = funding()
    one.net += 0.001
    assert by_label(one)["Rounding and slippage"] == pytest.approx(0.001, abs=EXACT)


def test_a_calendar_that_moved_on_falls_back_to_the_stored_sums() -> None:
    one = funding(long_next_at=None)
    one.first, one.later = 0.0008, 0.0055
    assert {"First payments", "Later payments"} <= by_label(one).keys()


def test_a_spot_leg_of_a_basis_pays_no_funding() -> None:
    one = funding(
        kind="basis",
        long_market="spot",
        long_rate=None,
        long_interval_hours=None,
        long_next_at=None,
    )
    one.first, one.later = 0.0009, 8 * 0.0009
    assert [label for label in by_label(one) if label.startswith("Funding")] == [
        "Funding received, short leg"
    ]


def spot(**changes: Any) -> Opportunity:
    """An unsaved spot row with a gap of 39 bp, 20 bp of fees and 5 bp to withdraw."""
    one = funding(
        kind="spot", long_market="spot", short_market="spot", long_rate=None, short_rate=None,
        long_next_at=None, short_next_at=None, long_ask=2.0, short_bid=2.0078, short_ask=2.0080,
        long_bid=1.9998, k=1.0,
    )  # fmt: skip
    one.net_announced, one.net, one.cost = 0.0019, 0.0014, 0.0025
    for name, value in changes.items():
        setattr(one, name, value)
    return one


def test_a_spot_nets_parts_are_gap_fees_and_withdrawal() -> None:
    parts = by_label(spot())
    assert parts["Gap between bid and ask"] == pytest.approx(0.0039, abs=EXACT)
    assert parts["Taker fees, both trades"] == pytest.approx(-0.0020, abs=EXACT)
    assert parts["Withdrawal fee"] == pytest.approx(-0.0005, abs=EXACT)


def test_a_spot_gap_has_no_calendar() -> None:
    assert breakdown.calendar(spot()) == []


def test_the_calendar_starts_at_minus_the_cost() -> None:
    one = funding()
    first = breakdown.calendar(one)[0]
    assert first.total == pytest.approx(0.0008 - (one.cost or 0), abs=EXACT)


def test_the_calendar_ends_at_the_net_where_nothing_lies_beyond_the_horizon() -> None:
    one = funding(k=1.0)
    assert breakdown.calendar(one)[-1].total == pytest.approx(one.net, abs=EXACT)


def test_legs_that_settle_together_stand_in_one_line() -> None:
    payments = breakdown.calendar(funding())
    assert [(p.long is not None, p.short is not None) for p in payments[:3]] == [
        (True, True),
        (True, False),
        (True, True),
    ]


def test_only_first_payments_are_no_estimate() -> None:
    assert [payment.estimate for payment in breakdown.calendar(funding())[:3]] == [
        False,
        True,
        True,
    ]


def test_break_even_is_marked_once_where_the_sum_first_covers_the_cost() -> None:
    payments = breakdown.calendar(funding(k=1.0))
    marked = [place for place, payment in enumerate(payments) if payment.even]
    assert len(marked) == 1
    assert payments[marked[0]].total >= 0 > payments[marked[0] - 1].total


def test_payments_up_to_a_later_break_even_are_shown_as_beyond_the_horizon() -> None:
    one = funding(horizon_hours=8.0, break_even_at=AS_OF + timedelta(hours=24, minutes=38))
    assert [payment.beyond for payment in breakdown.calendar(one)] == [False, False] + [True] * 5


def test_a_receipt_less_than_a_minute_away_is_left_out() -> None:
    soon = AS_OF + timedelta(seconds=59)
    first = breakdown.calendar(funding(short_next_at=soon, long_next_at=soon))[0]
    assert first.short is None
    assert first.long == pytest.approx(-0.0001)


def test_a_technical_row_has_one_leg() -> None:
    assert len(breakdown.legs(funding(short_id=None))) == 1


def test_rates_of_different_intervals_compare_over_eight_hours() -> None:
    long, short = breakdown.legs(funding())
    assert (long.per_eight_hours, short.per_eight_hours) == pytest.approx((0.0002, 0.0009))
