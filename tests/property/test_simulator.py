"""The simulated venues at any seed, moment and order of asking."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.simulator import expected
from exchanges.simulator.hosts import HOSTS
from exchanges.simulator.listing import HOUR_MS, VENUES, Leg, Sort, next_settlement, plain
from exchanges.simulator.market import Market
from exchanges.simulator.planted import PLANTED, Case, perp, spot
from exchanges.simulator.world import World
from tests.exchanges.simulator.speaking import TEN_OCLOCK, world

USED = "X-MBX-USED-WEIGHT-1M"
FUTURES = [path for path in HOSTS["binance-usdm"].routes if not path.endswith("openInterest")]
moments = st.integers(TEN_OCLOCK, TEN_OCLOCK + 30 * 24 * HOUR_MS)
rates = st.decimals("-0.02", "0.02", places=6)
hours = st.sampled_from((1, 2, 4, 8))
horizons = st.sampled_from((6, 8, 12, 20, 24, 72, 168))


@st.composite
def perps(draw: st.DrawFn) -> Leg:
    settled = draw(st.none() | rates)
    return perp(
        draw(st.sampled_from(VENUES)), "X", str(draw(rates)), draw(hours),
        settled=None if settled is None else str(settled), cap=Decimal(1),
        level=1 + draw(st.decimals("-0.01", "0.01", places=4)),
    )  # fmt: skip


@given(st.lists(st.sampled_from(FUTURES), max_size=30), st.booleans())
def test_the_weight_header_is_the_sum_of_what_was_asked(paths: list[str], single: bool) -> None:
    spoken = Market(world(), limited=False)
    query = {"symbol": "BTCUSDT"} if single else {}
    spent = 0
    for path in paths:
        spent += HOSTS["binance-usdm"].routes[path].weight(query)
        assert spoken.answer("binance-usdm", path, query).headers[USED] == str(spent)


@given(st.integers(0, 2**31), moments)
def test_a_moment_is_the_same_however_it_is_reached(seed: int, now_ms: int) -> None:
    straight, detoured = World(seed, 4), World(seed, 4)
    detoured.rows("okx", Sort.PERP, now_ms + HOUR_MS)

    assert straight.rows("okx", Sort.PERP, now_ms) == detoured.rows("okx", Sort.PERP, now_ms)


@given(st.integers(0, 2**31), moments)
def test_ordinary_quotes_are_in_order_at_any_time(seed: int, now_ms: int) -> None:
    for row in World(seed, 4).rows("bitget", Sort.SPOT, now_ms)[:2]:
        assert 0 < Decimal(row.bid) < Decimal(row.ask)
        assert Decimal(row.fixed.low) < Decimal(row.bid) < Decimal(row.fixed.high)


@given(perps(), moments)
def test_the_next_settlement_is_ahead_by_at_most_one_interval(leg: Leg, now_ms: int) -> None:
    due = next_settlement(leg, now_ms)

    assert 0 < due - now_ms <= leg.interval_h * HOUR_MS
    assert due % (leg.interval_h * HOUR_MS) == 0


@given(perps(), perps(), moments, horizons)
def test_swapping_the_legs_flips_the_sign_of_the_gross(
    one: Leg, other: Leg, now_ms: int, horizon_h: int
) -> None:
    """Except within a minute of a settlement, where what pays is not counted and what costs is."""
    there = expected.carry(one, other, now_ms, horizon_h)
    back = expected.carry(other, one, now_ms, horizon_h)

    if not there.settling:
        assert there.first + there.later == -(back.first + back.later)


@given(perps(), perps(), moments, horizons)
def test_net_is_never_above_what_is_announced(
    long: Leg, short: Leg, now_ms: int, horizon_h: int
) -> None:
    figures = expected.carry(long, short, now_ms, horizon_h)

    assert figures.k <= 1
    if figures.later >= 0:
        assert figures.net <= figures.net_announced
    assert figures.net_announced <= figures.first + figures.later


@given(perps(), moments, st.decimals("0.0001", "0.01", places=4))
def test_a_wider_spread_never_raises_the_net(short: Leg, now_ms: int, half: Decimal) -> None:
    narrow, wide = (spot("okx", "X", half=width) for width in (Decimal(0), half))

    assert expected.carry(wide, short, now_ms).net < expected.carry(narrow, short, now_ms).net


@given(hours, hours, st.decimals("0.00001", "0.001", places=5), st.integers(0, 23))
def test_the_same_economics_at_any_interval_pay_the_same_by_the_day(
    one: int, other: int, hourly: Decimal, hour: int
) -> None:
    """Over whole days from any whole hour every interval settles the same number of hours."""
    now_ms = TEN_OCLOCK + hour * HOUR_MS
    gross = []
    for interval in (one, other):
        short = perp("bybit", "X", str(hourly * interval), interval, cap=Decimal(1))
        figures = expected.carry(spot("bybit", "X"), short, now_ms, 72)
        gross.append(figures.first + figures.later)

    assert gross == [72 * hourly, 72 * hourly]


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.coin.name)
@given(now_ms=moments)
def test_what_is_planted_pays_at_any_time_but_within_a_settlement(case: Case, now_ms: int) -> None:
    figures = case.expected(now_ms)

    assert figures.settling or figures.net > Decimal("0.0010")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=0, max_value=10**9))
def test_numbers_survive_being_written(number: Decimal) -> None:
    assert Decimal(plain(number)) == number
    assert "E" not in plain(number)
