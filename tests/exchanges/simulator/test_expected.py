"""The planted figures against numbers worked out by hand. The moment is 2026-11-21 10:00 UTC."""

from __future__ import annotations

from decimal import Decimal

import pytest

from exchanges.simulator.listing import HOUR_MS, Leg, Sort
from exchanges.simulator.planted import PLANTED, Case, perp, spot

D = Decimal

TEN_OCLOCK = 1_795_255_200_000
CASES = {case.coin.name: case for case in PLANTED}


def case(name: str) -> Case:
    return CASES[name]


def test_the_moment_is_ten_oclock() -> None:
    assert TEN_OCLOCK % (24 * HOUR_MS) == 10 * HOUR_MS


def test_eight_against_eight_hours_with_a_favourable_gap() -> None:
    """Nine settlements each in 72 h: 9 x 8 bp, less four fees and two spreads."""
    figures = case("AVEN").expected(TEN_OCLOCK)

    assert figures.first == D("0.0008")
    assert figures.later == D("0.0064")
    assert figures.k == 1
    assert figures.gap == D("0.0004")
    assert figures.cost == D("0.0025")  # the gap is no income
    assert figures.net == D("0.0047")
    assert figures.net_announced == D("0.0047")


def test_an_adverse_gap_is_a_cost_and_weak_history_counts() -> None:
    """Announced per hour: 0.001/8 + 0.0004/4 = 2.25 bp; settled: 0.0006/8 + 0.0002/4 = 1.25 bp."""
    figures = case("BRIO").expected(TEN_OCLOCK)

    assert figures.first == D("0.0014")
    assert figures.later == 17 * D("0.0004") + 8 * D("0.0010") == D("0.0148")
    assert figures.k == D(125) / D(225)
    assert figures.cost == 2 * (D("0.00055") + D("0.0005")) + D("0.0004") + D("0.0008")
    assert figures.net == pytest.approx(D("0.0014") + D("0.0148") * 5 / 9 - D("0.0033"))
    assert figures.net_announced == D("0.0129")


def test_without_history_half_of_the_later_payments_is_believed() -> None:
    figures = case("CASK").expected(TEN_OCLOCK)

    assert figures.k == D("0.5")
    assert figures.later == 71 * D("0.0003") - 8 * D("0.0002") == D("0.0197")
    assert figures.net == D("0.0001") + D("0.00985") - D("0.0026")


def test_a_past_that_says_the_opposite_makes_k_negative() -> None:
    """Settled per hour: 0.00007/8 - 0.000125/2 = -0.00005375; announced: 0.009/8 - 0.0001/2."""
    figures = case("DELF").expected(TEN_OCLOCK)

    assert figures.k == D("-0.00005375") / D("0.001075") == D("-0.05")
    assert figures.net == D("0.0089") - D("0.05") * D("0.0685") - D("0.0028")


def test_a_generous_past_is_not_believed_beyond_the_announcement() -> None:
    assert case("EMBR").expected(TEN_OCLOCK).k == 1


def test_at_the_cap_only_the_first_payment_counts() -> None:
    figures = case("KELF").expected(TEN_OCLOCK)

    assert figures.k == 0
    assert figures.net == figures.first - figures.cost == D("0.0194") - D("0.0025")
    assert figures.net_announced == D("0.0194") + 8 * D("0.0194") - D("0.0025")


@pytest.mark.parametrize(
    ("horizon_h", "paid", "received"),
    [(6, 6, 1), (12, 12, 1), (20, 20, 2)],
)
def test_the_calendar_and_no_flat_rate_decides(horizon_h: int, paid: int, received: int) -> None:
    """LARQ pays 11 bp hourly and receives 120 bp at 16:00 and every eight hours after."""
    figures = case("LARQ").expected(TEN_OCLOCK, horizon_h)

    assert figures.first == D("0.0120") - D("0.0011")
    assert figures.later == (received - 1) * D("0.0120") - (paid - 1) * D("0.0011")
    flat = horizon_h * (D("0.0120") / 8 - D("0.0011"))
    assert figures.first + figures.later != flat


def test_later_payments_that_cost_count_in_full() -> None:
    figures = case("LARQ").expected(TEN_OCLOCK, 6)

    assert figures.later == D("-0.0055")
    assert figures.k == 1


def test_the_interval_changes_at_four_in_the_afternoon() -> None:
    before = case("MORF").expected(TEN_OCLOCK)
    after = case("MORF").expected(TEN_OCLOCK + 8 * HOUR_MS)

    assert before.later == 8 * D("0.0016") - 8 * D("0.0001")
    assert after.later == 17 * D("0.0016") - 8 * D("0.0001")


def test_a_multiplier_changes_no_figure() -> None:
    figures = case("PEPE").expected(TEN_OCLOCK)

    assert figures.gap == D("0.0002")
    assert figures.net == 9 * D("0.0009") - 2 * D("0.0010") - D("0.0004")


def test_crossing_spot_pays_the_gap_less_two_fees_and_two_half_spreads() -> None:
    """Bought at 1.0001 x 1.001, sold at 1.0055 x 0.9999 x 0.999."""
    figures = case("NOVU").expected(TEN_OCLOCK)

    paid = D("1.0011001")
    got = D("1.0055") * D("0.9999") * D("0.999")
    assert figures.net == (got - paid) / paid
    assert float(figures.net) == pytest.approx(0.0032903, abs=1e-7)


def test_moving_coins_costs_the_cheapest_open_network() -> None:
    """0.2 OSMA at 0.33 x 1.0001 on 1,000 USD."""
    osma = case("OSMA")

    lost = osma.expected(TEN_OCLOCK).net - osma.after_transfer()
    assert lost == pytest.approx(D("0.2") * D("0.330033") / 1000)


def test_basis_takes_the_spot_leg_as_long_and_pays_its_fee_twice() -> None:
    figures = case("RUNO").expected(TEN_OCLOCK)

    assert figures.cost == 2 * (D("0.0010") + D("0.00055")) + D("0.0004")
    assert figures.net == 9 * D("0.0012") - D("0.0035")


def test_break_even_is_the_first_settlement_that_covers_the_cost() -> None:
    """8 bp every eight hours against 25 bp: the fourth payment, at 16:00 on the next day."""
    figures = case("AVEN").expected(TEN_OCLOCK)

    assert figures.break_even_at_ms == TEN_OCLOCK + 30 * HOUR_MS


def test_no_break_even_within_four_horizons_is_none() -> None:
    poor = Case("funding", case("AVEN").coin, perp("binance", "X", "0.0001"),
                perp("bybit", "X", "0.00011"), "pays next to nothing")  # fmt: skip

    assert poor.expected(TEN_OCLOCK).break_even_at_ms is None


@pytest.mark.parametrize(("seconds_left", "first"), [(61, D("0.0010")), (59, D(0))])
def test_a_payment_less_than_a_minute_away_does_not_count(seconds_left: int, first: D) -> None:
    moment = TEN_OCLOCK + 6 * HOUR_MS - 1000 * seconds_left
    basis = Case("basis", case("AVEN").coin, spot("okx", "X"), perp("okx", "X", "0.0010"), "")

    assert basis.expected(moment).first == first


def test_a_charge_less_than_a_minute_away_counts() -> None:
    moment = TEN_OCLOCK + 6 * HOUR_MS - 30_000
    charged = Case("basis", case("AVEN").coin, spot("okx", "X"), perp("okx", "X", "-0.0010"), "")

    assert charged.expected(moment).first == D("-0.0010")
    assert charged.expected(moment).settling


def test_an_unscheduled_leg_pays_nothing() -> None:
    quarterly = Leg("binance", Sort.DATED, "X", rate=D("0.01"))
    pair = Case("basis", case("AVEN").coin, spot("okx", "X"), quarterly, "")

    assert pair.expected(TEN_OCLOCK).net_announced == -pair.expected(TEN_OCLOCK).cost


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_every_planted_opportunity_pays_at_any_hour(name: str, hour: int) -> None:
    threshold = D("0.0010") if CASES[name].kind == "spot" else D("0.0015")

    figures = CASES[name].expected(TEN_OCLOCK + hour * HOUR_MS)

    assert figures.net > threshold
