"""A recipient's own figures: the same as on the board, and they add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbedge.choices import HORIZONS_HOURS, NOTIONALS_USD, VENUES
from notifications.writing.cohort_figures import (
    Figures,
    cells,
    even_at,
    figures_for,
    level_held,
    level_of,
)
from opportunities import board
from opportunities.models import Opportunity

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
LEVELS = [0, 2, 5]
NETS = st.floats(-0.05, 0.05).map(lambda value: round(value, 8))


def facts(**changes: Any) -> dict[str, Any]:
    """A funding trade between okx and bybit, +0.42 % after 0.23 % costs."""
    told: dict[str, Any] = {
        "kind": "funding",
        "long": {"venue": "okx", "market": "perp"},
        "short": {"venue": "bybit", "market": "perp"},
        "net": 0.0042,
        "net_at_size": 0.0040,
        "cost": 0.0023,
        "horizon_hours": 72.0,
        "cohorts": table(),
    }
    return told | changes


def table(**changes: Any) -> dict[str, Any]:
    """Nets that grow by 1 bp with the level and 10 bp with the horizon; depth costs 1 bp a size."""
    net = [
        [[0.0022 + 0.001 * h + 0.0001 * v] * len(NOTIONALS_USD) for v in range(len(LEVELS))]
        for h in range(len(HORIZONS_HOURS))
    ]
    at_size = [[[n - 0.0001 * s for s, n in enumerate(row)] for row in rows] for rows in net]
    return {
        "horizons_hours": [float(one) for one in HORIZONS_HOURS],
        "vip_levels": LEVELS,
        "notionals_usd": [float(one) for one in NOTIONALS_USD],
        "net": net,
        "net_at_size": at_size,
    } | changes


def bits(**levels: int) -> int:
    """The audience's number for these levels."""
    return sum(level << 4 * VENUES.index(venue) for venue, level in levels.items())


def test_the_default_cohort_sees_the_opportunity_s_own_net() -> None:
    found = figures_for(facts(), 100, 72, 0, 2)
    assert found.own
    assert found.net == pytest.approx(0.0042)
    assert found.net_at_size == pytest.approx(0.0042)


def test_a_longer_horizon_has_its_own_net_and_apr() -> None:
    found = figures_for(facts(), 1_000, 168, 0, 2)
    assert found.net == pytest.approx(0.0052)
    assert found.apr_net == pytest.approx(0.0052 * 8760 / 168)


def test_the_figure_that_limits_are_held_against_is_the_one_at_size() -> None:
    assert figures_for(facts(), 50_000, 72, 0, 2).pays == pytest.approx(0.0042 - 0.0004)
    unknown = facts(cohorts=table(net_at_size=[[[None] * 5] * 3] * 4))
    assert figures_for(unknown, 50_000, 72, 0, 2).pays == pytest.approx(0.0042)


def test_of_two_levels_the_lower_one_counts() -> None:
    assert level_held(facts(), bits(okx=5, bybit=2)) == 2
    assert figures_for(facts(), 100, 72, bits(okx=5, bybit=2), 2).net == pytest.approx(0.0043)


def test_a_level_between_two_of_the_schedule_is_worth_the_lower_one() -> None:
    assert figures_for(facts(), 100, 72, bits(okx=4, bybit=4), 2).net == pytest.approx(0.0043)


def test_a_venue_beyond_the_audience_s_bits_is_at_level_nought() -> None:
    assert level_of(-1 & (1 << 60) - 1, VENUES[14]) == 15
    assert level_of(-1 & (1 << 60) - 1, VENUES[15]) == 0
    assert level_of((1 << 60) - 1, "nowhere") == 0


def test_an_unknown_cohort_gets_the_opportunity_s_own_figures() -> None:
    found = figures_for(facts(), 777, 72, 0, 2)
    assert not found.own
    assert (found.net, found.net_at_size, found.horizon_hours) == (0.0042, 0.0040, 72.0)
    assert figures_for(facts(cohorts=None), 1_000, 72, 0, 2).net == 0.0042


def test_a_cohort_whose_net_is_not_known_gets_the_opportunity_s_own() -> None:
    nobody = facts(cohorts=table(net=[[[None] * 5] * 3] * 4))
    assert figures_for(nobody, 1_000, 72, 0, 2).net == 0.0042


def test_costs_of_a_carry_fall_by_what_the_level_saves_and_do_not_depend_on_the_horizon() -> None:
    dear = figures_for(facts(), 1_000, 72, 0, 2)
    cheap = figures_for(facts(), 1_000, 72, bits(okx=5, bybit=5), 2)
    longer = figures_for(facts(), 1_000, 168, bits(okx=5, bybit=5), 2)
    assert dear.cost == pytest.approx(0.0023)
    assert cheap.cost == pytest.approx(0.0021)
    assert longer.cost == pytest.approx(0.0021)


def test_gross_less_cost_is_net() -> None:
    found = figures_for(facts(), 1_000, 168, bits(okx=2, bybit=2), 2)
    assert found.gross is not None
    assert found.cost is not None
    assert found.gross - found.cost == pytest.approx(found.net)


def test_a_spot_gap_is_the_same_for_everybody_so_its_costs_are_what_is_missing() -> None:
    spot = facts(kind="spot", net=0.0030, cost=0.0020)
    found = figures_for(spot, 1_000, 168, 0, 2)
    assert found.gross == pytest.approx(0.0050)
    assert found.apr_net is None


def test_unknown_costs_stay_unknown() -> None:
    found = figures_for(facts(cost=None), 1_000, 72, 0, 2)
    assert (found.cost, found.gross) == (None, None)


def test_only_margined_legs_have_leverage() -> None:
    both = figures_for(facts(), 1_000, 72, 0, 4).return_on_capital
    basis = facts(long={"venue": "okx", "market": "spot"})
    one = figures_for(basis, 1_000, 72, 0, 4).return_on_capital
    assert both == pytest.approx(0.0042 / 0.5)
    assert one == pytest.approx(0.0042 / 1.25)


def test_every_cohort_people_can_choose_has_a_cell() -> None:
    assert len(list(cells(facts()))) == len(HORIZONS_HOURS) * 10 * len(NOTIONALS_USD)


def test_cells_say_what_figures_say() -> None:
    told = facts()
    for cell in cells(told):
        levels = bits(okx=cell.level, bybit=cell.level)
        own = figures_for(told, cell.notional_usd, cell.horizon_hours, levels, 2)
        assert (cell.net, cell.net_at_size) == (own.net, own.net_at_size)
        assert (cell.apr_net, cell.pays) == (own.apr_net, own.pays)


@st.composite
def people(draw: st.DrawFn) -> tuple[board.Wish, int]:
    """Somebody's cohort, as the board's wish and as the audience's bits of VIP levels."""
    levels = {"okx": draw(st.integers(0, 9)), "bybit": draw(st.integers(0, 9))}
    size, horizon = draw(st.sampled_from(NOTIONALS_USD)), draw(st.sampled_from(HORIZONS_HOURS))
    return board.Wish(size=float(size), horizon=float(horizon), vip=levels), bits(**levels)


@given(
    nets=st.lists(st.none() | NETS, min_size=60, max_size=60),
    sized=st.lists(st.none() | NETS, min_size=60, max_size=60),
    person=people(),
    kind=st.sampled_from(["funding", "spot", "basis"]),
)
def test_the_board_says_the_same(
    nets: list[float | None],
    sized: list[float | None],
    person: tuple[board.Wish, int],
    kind: str,
) -> None:
    wish, levels = person
    grid = table(net=shaped(nets), net_at_size=shaped(sized))
    stored = Opportunity(
        kind=kind, long_venue="okx", short_venue="bybit", as_of=AT, net=0.0042,
        net_at_size=0.0040, horizon_hours=72.0, cohorts=grid,
    )  # fmt: skip
    row = board.row_of(stored, wish, AT)
    own = figures_for(facts(kind=kind, cohorts=grid), wish.size, wish.horizon, levels, 2)
    assert (own.net, own.net_at_size, own.pays) == (row.net, row.at_size, row.pays)
    assert (own.horizon_hours, own.apr_net) == (row.horizon_hours, row.apr)


def shaped(values: list[float | None]) -> list[list[list[float | None]]]:
    """Sixty values by horizon, level and size."""
    rows = [values[at : at + 5] for at in range(0, 60, 5)]
    return [rows[at : at + 3] for at in range(0, 12, 3)]


def carry(**changes: Any) -> dict[str, Any]:
    """Pays 9 bp at 16:00 and every 8 h, later ones count half; costs of 20 bp."""
    short = {
        "venue": "bybit", "market": "perp", "rate": 0.0009, "interval_hours": 8.0,
        "next_at": (AT + timedelta(hours=4)).isoformat(),
    }  # fmt: skip
    long = {"venue": "okx", "market": "spot", "rate": None, "interval_hours": None, "next_at": None}
    return facts(long=long, short=short, cost=0.0020, k=0.5, cohorts=None, **changes)


def own(told: dict[str, Any], **changes: Any) -> Figures:
    """The reader's figures with some replaced, as another level or horizon would."""
    return replace(figures_for(told, 1_000, 72, 0, 2), **changes)


def test_the_break_even_of_the_own_cohort_is_the_stored_one() -> None:
    at = AT + timedelta(hours=30)
    told = carry(break_even_at=at.isoformat())
    assert even_at(told, own(told), AT) == at


def test_who_pays_less_is_even_earlier() -> None:
    told = carry(break_even_at=(AT + timedelta(hours=28)).isoformat())
    # 9 bp at once, 4.5 bp every 8 h after that: 13 bp are reached with the second payment.
    assert even_at(told, own(told, cost=0.0013), AT) == AT + timedelta(hours=12)
    assert even_at(told, own(told, cost=0.0009), AT) == AT + timedelta(hours=4)


def test_what_is_not_earned_within_four_horizons_is_never_even() -> None:
    told = carry(break_even_at=None)
    assert even_at(told, own(told, cost=0.0040, horizon_hours=8.0), AT) is None


def test_a_spot_gap_and_unknown_costs_have_no_break_even() -> None:
    told = carry()
    assert even_at(carry(kind="spot"), own(told), AT) is None
    assert even_at(told, own(told, cost=None), AT) is None


def test_a_trade_without_a_calendar_has_no_break_even_of_its_own() -> None:
    told = carry(break_even_at=None)
    told["short"]["next_at"] = None
    assert even_at(told, own(told, cost=0.0013), AT) is None
