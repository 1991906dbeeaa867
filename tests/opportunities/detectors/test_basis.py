"""Spot against a perpetual."""

from __future__ import annotations

import pytest

from opportunities.reasons import codes
from tests.opportunities.markets import find, market, only, perp, spot

close = pytest.approx


def test_the_perpetual_is_paid_and_the_spot_leg_is_not() -> None:
    seen = market(
        spot("okx", "WIF"),
        perp("okx", "WIF", rate=0.001, interval=8, next_in="1h"),
        settled={("okx", "WIF"): 0.0000625},
    )
    found = only(find(seen, "horizon=24h"), "basis", "okx", "okx")
    assert found.first == close(0.001)
    assert found.later == close(0.002)
    assert found.k == close(0.5)  # the spot leg has settled nothing, which is history enough
    assert found.cost == close(2 * (0.001 + 0.0005) + 0.0002 + 0.0002)
    assert found.net == close(0.001 + 0.001 - 0.0034)


def test_history_of_the_perpetual_suffices() -> None:
    seen = market(spot("okx", "WIF"), perp("bybit", "WIF"), settled={("bybit", "WIF"): 0.00001})
    assert "no_history" not in codes(int(only(find(seen), "basis", "okx", "bybit").reasons[0]))


def test_a_perpetual_below_spot_is_an_adverse_gap() -> None:
    seen = market(spot("okx", "WIF"), perp("okx", "WIF", bid=98.99, ask=99.01))
    found = only(find(seen), "basis", "okx", "okx")
    assert found.gap == close(-0.01)
    assert found.cost == close(0.0034 + 0.01, abs=1e-5)


def test_the_reverse_trade_is_seen_and_rejected_for_want_of_a_borrow_rate() -> None:
    seen = market(spot("okx", "WIF"), perp("okx", "WIF", rate=-0.01, interval=8))
    found = find(seen, "horizon=24h")
    reverse = found.by_kind["basis"][1]  # type: ignore[index]
    assert reverse.size == 1
    assert reverse.first + reverse.later == close(0.03)
    assert "needs_borrow" in codes(int(reverse.reasons[0]))
