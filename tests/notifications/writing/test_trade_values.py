"""Single variables of a trade where the facts are unusual."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from notifications.names import Topic
from notifications.writing.trade_values import Trade
from notifications.writing.values import Reader
from tests.notifications.factories import HOUR, MINUTE, NOON, facts
from tests.notifications.writing.reading import later, reader, told


def trade(who: Reader | None = None, **changes: Any) -> Trade:
    """A trade; `at`, `now` and `before` are when it is told, all else are its facts."""
    moments = {name: changes.pop(name) for name in ("at", "now", "before") if name in changes}
    return Trade(told(Topic.OPENED, facts=facts(**changes), **moments), who or reader())


def typed(text: str | None) -> str | None:
    """With blanks one can type."""
    return None if text is None else text.replace("\u2009", " ")


def test_a_loss_has_a_real_minus() -> None:
    assert typed(trade(net=-0.0012, cohorts=None).net()) == "−0.12 %"


def test_nothing_at_all_has_no_sign() -> None:
    assert typed(trade(net=0.0, cohorts=None).net()) == "0.00 %"


def test_a_net_that_is_no_number_cannot_be_told() -> None:
    with pytest.raises((TypeError, ValueError)):
        trade(net=float("nan"), cohorts=None).net()


def test_the_size_is_the_reader_s_even_where_the_table_is_unknown() -> None:
    assert typed(trade(reader(notional_usd=50_000), cohorts=None).size()) == "$50 k"


def test_the_even_moment_counts_from_when_the_figures_were_so() -> None:
    even = (NOON + 24 * HOUR).isoformat()
    assert typed(trade(break_even_at=even, now=later(300)).even_after()) == "24 h"


def test_the_even_moment_is_told_so_that_it_is_even_by_then() -> None:
    even = (NOON + 17 * HOUR + 20 * MINUTE).isoformat()
    assert typed(trade(break_even_at=even).even_after()) == "18 h"


def test_what_is_even_at_the_hour_says_so() -> None:
    assert typed(trade(break_even_at=(NOON + HOUR).isoformat()).even_after()) == "1 h"


def test_less_than_an_hour_is_one_and_never_none() -> None:
    assert typed(trade(break_even_at=(NOON + 20 * MINUTE).isoformat()).even_after()) == "1 h"


def test_without_costs_nobody_knows_when_they_are_earned() -> None:
    one = trade(cost=None)
    assert one.even_after() is None
    assert one.even_limit() is None
    assert one.gross() is None


@pytest.mark.parametrize(
    ("long_min", "short_min", "expected"),
    [(38, 98, "in 37 min"), (98, 38, "in 37 min"), (-5, 98, "in 1 h 37 min")],
)
def test_the_next_payment_is_the_first_that_is_still_to_come(
    long_min: int, short_min: int, expected: str
) -> None:
    one = trade(
        long={"next_at": later(long_min).isoformat()},
        short={"next_at": later(short_min).isoformat()},
    )
    assert typed(one.next_payment()) == expected


def test_payments_that_are_all_past_are_not_told_as_next() -> None:
    assert trade(now=NOON + 2 * HOUR).next_payment() is None


def test_a_spot_leg_is_paid_nothing() -> None:
    one = trade(kind="basis", long={"market": "spot", "next_at": later(1).isoformat()})
    assert typed(one.next_payment()) == "in 37 min"


def test_the_oldest_leg_gives_the_age() -> None:
    assert typed(trade(long={"age_ms": 9_000.0}, now=NOON).data_age()) == "9 s"


def test_a_clock_that_runs_behind_makes_no_negative_age() -> None:
    assert typed(trade(now=NOON - timedelta(seconds=30)).data_age()) == "1 s"


def test_two_doubts_are_enough_for_a_message() -> None:
    mask = 1 << 41 | 1 << 42 | 1 << 43
    assert (trade(reasons=mask).caution() or "").count(";") == 1


def test_what_held_it_back_once_is_no_doubt() -> None:
    assert trade(reasons=0b1011).caution() is None


def test_two_further_pairs_are_enough_for_a_message() -> None:
    pair = {"long_venue": "gate", "short_venue": "mexc", "net": 0.002}
    assert typed(trade(also=[pair] * 5).others()) == "Gate/Mexc +0.20 %, Gate/Mexc +0.20 %"


def test_leverage_is_nobody_s_where_nothing_is_margined() -> None:
    spot = {"market": "spot"}
    assert trade(kind="spot", long=spot, short=spot).leverage() is None
    assert trade(reader(leverage=2.5)).leverage() == "2.5×"
    assert trade(reader(personal=False)).leverage() is None


@pytest.mark.parametrize("missing", ["rate", "interval_hours"])
def test_a_leg_without_its_rate_says_unknown(missing: str) -> None:
    assert trade(short={missing: None}).short_terms() is None


def test_a_leg_without_a_price_says_unknown() -> None:
    assert trade(kind="spot", long={"market": "spot", "ask": None}).long_terms() is None


def test_prices_have_no_more_digits_than_they_deserve() -> None:
    cheap = trade(kind="spot", long={"market": "spot", "ask": 0.0000123456789})
    assert cheap.long_terms() == "at 0.0000123457"


def test_a_venue_with_a_strange_name_is_tame() -> None:
    assert trade(long={"venue": "<b>\n"}).long_venue() == "<b>"


def test_a_promise_is_the_last_announcement_s_else_the_event_s() -> None:
    before = facts(net=0.005, cohorts=None)
    assert typed(trade(before=before, old_net=0.003).promised()) == "+0.50 %"
    assert typed(trade(old_net=0.003).promised()) == "+0.30 %"
    assert trade().promised() is None


def test_the_paper_trade_without_known_costs_is_told_as_it_is() -> None:
    assert typed(trade(paper_net=0.0031, cost=None).paper()) == "+0.31 %"


def test_how_long_it_lived_needs_its_beginning() -> None:
    with pytest.raises((ValueError, TypeError)):
        trade(opened_at=None).lived()


@pytest.mark.parametrize(
    ("kind", "language", "expected"),
    [("basis", "es", "base"), ("technical", "fr", "signal"), ("technical", "es", "señal")],
)
def test_kinds_have_names_in_every_language(kind: str, language: str, expected: str) -> None:
    assert trade(reader(language), kind=kind).kind() == expected


def test_a_kind_nobody_knows_cannot_be_told() -> None:
    with pytest.raises(ValueError, match="of_tomorrow"):
        trade(kind="of_tomorrow").kind()
