"""Reasons in words and figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from arbedge.names import Reason
from opportunities import gates
from opportunities.policy import Policy
from opportunities.reasons import MEANING, Explainer, Finding, codes, explain, from_mask
from tests.opportunities.markets import NOW_MS, after, find, market, only, perp

close = pytest.approx


def findings(*settings: str, **short: Any) -> dict[str, Finding]:
    """What the gates saw of long OKX, short Bybit with these oddities, by code."""
    seen = market(perp("okx", "WIF"), perp("bybit", "WIF", **short))
    policy = Policy().with_settings(settings)
    figures = only(find(seen, *settings), "funding", "okx", "bybit")
    return {finding.code: finding for finding in explain(figures, 0, seen, policy)}


def test_every_reason_has_words() -> None:
    assert set(MEANING) == set(Reason)


def test_codes_of_a_mask_come_rejecting_ones_first() -> None:
    mask = (1 << Reason.NO_HISTORY) | (1 << Reason.WIDE) | (1 << Reason.STALE)
    assert codes(mask) == ["stale", "wide", "no_history"]
    assert from_mask(mask) == [Reason.STALE, Reason.WIDE, Reason.NO_HISTORY]
    assert codes(0) == []


@pytest.mark.parametrize(
    ("code", "odd", "value", "limit"),
    [
        ("stale", {"age_ms": 45_000.0}, 45, 30),
        ("future", {"venue_at_ms": NOW_MS + 4000}, 5, 2),
        ("frozen", {"unchanged_scans": 33.0, "unchanged_move": 0.1}, 33, 20),
        ("implausible", {"rate": -0.08, "rate_floor": -1.0}, 0.08, 0.05),
        ("thin_volume", {"volume_usd": 120.0}, 120, 200_000),
        ("thin_interest", {"open_interest_usd": 9.0}, 9, 500_000),
        ("wide", {"bid": 99.0, "ask": 101.0}, 0.02, 0.01),
        ("volatile", {"low": 100.0, "high": 170.0}, 0.7, 0.6),
        ("rate_at_cap", {"rate": 0.029, "rate_cap": 0.03}, 0.029 / 0.03, 0.95),
        ("rate_at_cap", {"rate": -0.03, "rate_floor": -0.03}, 1.0, 0.95),
        ("delisting", {"offline_at_ms": after("50h")}, 50, 96),
        ("settling", {"next_in": "20s"}, 20, 60),
    ],
)
def test_a_finding_names_the_leg_the_value_and_the_limit(
    code: str, odd: dict[str, Any], value: float, limit: float
) -> None:
    found = findings(**odd)[code]
    assert found.leg == "short"
    assert found.value == close(value)
    assert found.limit == close(limit)


def test_the_worse_leg_is_the_one_named() -> None:
    seen = market(perp("okx", "WIF", volume_usd=7.0), perp("bybit", "WIF", volume_usd=9.0))
    figures = only(find(seen), "funding", "okx", "bybit")
    found = {one.code: one for one in explain(figures, 0, seen, Policy())}["thin_volume"]
    assert (found.leg, found.value) == ("long", 7.0)


def test_an_override_for_the_leg_is_the_limit_shown() -> None:
    assert findings("min_volume@bybit=90M")["thin_volume"].limit == 90e6


def test_skew_and_threshold_concern_the_pair() -> None:
    found = findings(captured_at_ms=NOW_MS - 16_000)
    assert found["leg_skew"].leg is None
    assert found["leg_skew"].value == close(15.0)
    assert found["leg_skew"].limit == 10
    assert found["below_threshold"].leg is None
    assert found["below_threshold"].value == close(-0.0025)
    assert found["below_threshold"].limit == close(0.0015)


def test_the_measured_figure_is_the_one_shown() -> None:
    odd: dict[str, Any] = {"rate": 0.0002}
    announced = findings("measure=net_announced", **odd)["below_threshold"].value
    believed = findings(**odd)["below_threshold"].value
    assert announced == close(9 * 0.0001 - 0.0025)
    assert believed == close(0.0001 + 0.5 * 8 * 0.0001 - 0.0025)


def test_what_is_no_number_is_none() -> None:
    found = findings(age_ms=None, status="halted")
    assert (found["stale"].value, found["stale"].limit) == (1.2, 30)  # the leg that has an age
    assert found["not_trading"] == Finding("not_trading", rejects=True)


def test_notes_do_not_reject() -> None:
    found = findings()
    assert found["no_history"].rejects is False
    assert found["below_threshold"].rejects is True


def test_a_finding_is_plain_data() -> None:
    assert Finding("wide", True, "long", 0.02, 0.01).as_dict() == {
        "code": "wide",
        "rejects": True,
        "leg": "long",
        "value": 0.02,
        "limit": 0.01,
    }


def test_an_explainer_says_the_same_of_every_candidate_as_explain() -> None:
    seen = market(
        *(perp(venue, coin, volume_usd=float(number))
          for number, venue in enumerate(("okx", "bybit", "bitget"))
          for coin in ("WIF", "BTC"))
    )  # fmt: skip
    part = find(seen).parts()[0]
    policy = Policy()
    explainer = Explainer(part, seen, policy)
    assert part.size == 12
    for row in range(part.size):
        assert explainer.findings(row) == explain(part, row, seen, policy)
        assert [one.code for one in explainer.findings(row)] == codes(int(part.reasons[row]))


def test_every_reason_can_be_told() -> None:
    seen = market(perp("okx", "WIF"), perp("bybit", "WIF"))
    figures = only(find(seen, world=gates.World()), "funding", "okx", "bybit")
    for reason in Reason:
        marked = figures.marked(reason, np.array([True]))
        told = {one.code for one in explain(marked, 0, seen, Policy())}
        assert reason.code in told
