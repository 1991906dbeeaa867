"""The money rules, one formula at a time, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from opportunities import costs

close = pytest.approx


def test_mid_is_the_middle_of_the_book() -> None:
    assert costs.mid(99.0, 101.0) == 100.0


def test_spread_is_a_share_of_the_middle() -> None:
    assert costs.spread(99.0, 101.0) == close(0.02)


def test_gap_is_favourable_when_the_short_leg_stands_higher() -> None:
    assert costs.gap(100.0, 101.0) == close(0.01)
    assert costs.gap(100.0, 99.0) == close(-0.01)


@pytest.mark.parametrize(("rate", "hours"), [(0.0001, 1), (0.0002, 2), (0.0004, 4), (0.0008, 8)])
def test_the_same_economics_have_one_apr(rate: float, hours: float) -> None:
    assert costs.hourly(rate, hours) == close(0.0001)
    assert costs.apr(rate, hours) == close(0.876)


def test_a_carry_trade_pays_four_fees_and_both_spreads() -> None:
    # 2 * (5 + 5.5) bp + 2 bp + 3 bp
    assert costs.carry_cost(0.0005, 0.00055, 0.0002, 0.0003, 0.0) == close(0.0026)


def test_an_adverse_gap_is_a_cost() -> None:
    assert costs.carry_cost(0.0005, 0.00055, 0.0002, 0.0003, -0.001) == close(0.0036)


def test_a_favourable_gap_is_no_income() -> None:
    assert costs.carry_cost(0.0005, 0.00055, 0.0002, 0.0003, 0.01) == close(0.0026)


@pytest.mark.parametrize(
    ("announced", "mean", "k"),
    [
        (0.0002, 0.0001, 0.5),
        (0.0002, 0.0002, 1.0),
        (0.0002, 0.0009, 1.0),  # more than announced is not believed
        (0.0002, 0.0, 0.0),
        (0.0002, -0.0001, -0.5),  # history says the opposite
        (0.0002, np.nan, 0.5),  # no history
        (-0.0002, 0.0001, 0.0),  # the announced difference does not pay
        (0.0, 0.0001, 0.0),
    ],
)
def test_k_compares_what_settled_with_what_is_announced(
    announced: float, mean: float, k: float
) -> None:
    assert costs.confidence_k(0.001, announced, mean) == close(k)


@pytest.mark.parametrize("mean", [0.0001, -0.0001, np.nan])
def test_later_payments_that_cost_count_in_full(mean: float) -> None:
    assert costs.confidence_k(-0.001, 0.0002, mean) == 1.0


def test_nothing_later_is_believed_of_a_rate_at_its_cap() -> None:
    capped = np.array([True, False, True])
    later = np.array([0.001, 0.001, -0.001])
    assert costs.confidence_k(later, 0.0002, 0.0002, capped=capped).tolist() == [0, 1, 1]


def test_no_history_at_the_cap_is_still_the_cap() -> None:
    assert costs.confidence_k(0.001, 0.0002, np.nan, capped=np.array(True)) == 0


def test_net_believes_later_payments_by_k() -> None:
    assert costs.net_carry(0.001, 0.004, 0.5, 0.0026) == close(0.0004)


def test_spot_inventory_pays_both_fees_on_executable_prices() -> None:
    # sell 101 less 10 bp = 100.899; buy 100 plus 10 bp = 100.1
    assert costs.spot_inventory(101.0, 100.0, 0.001, 0.001) == close(0.799 / 100.1)


def test_spot_transfer_takes_the_networks_fee() -> None:
    # two coins at 5 dollars of a thousand: one per cent
    assert costs.spot_transfer(0.02, 5.0, 2.0, 1000.0) == close(0.01)


def test_apr_net_spreads_the_net_over_a_year() -> None:
    assert costs.apr_net(0.0072, 72) == close(0.876)


def test_return_on_capital_counts_the_margin_of_both_legs() -> None:
    assert costs.return_on_capital(0.01, 2, 2) == close(0.01)
    assert costs.return_on_capital(0.01, 5, 5) == close(0.025)


def test_a_spot_leg_ties_up_its_full_value() -> None:
    assert costs.return_on_capital(0.015, 1, 2) == close(0.01)


def test_liquidation_is_as_far_as_the_margin_reaches() -> None:
    assert costs.liquidation_distance(5, 0.01) == close(0.19)


def test_lots_are_rounded_down() -> None:
    assert costs.whole_lots(1000.0, 3.0, 10.0) == close(330.0)


def test_three_tenths_are_three_lots_of_a_tenth() -> None:
    assert costs.whole_lots(0.3, 1.0, 0.1) == close(0.3)


@pytest.mark.parametrize("lot", [np.nan, 0.0])
def test_an_unknown_lot_rounds_nothing(lot: float) -> None:
    assert costs.whole_lots(1000.0, 3.0, lot) == close(1000 / 3)
