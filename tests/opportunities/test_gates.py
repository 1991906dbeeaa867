"""Every gate of the table, just inside and just outside its limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from arbedge.names import Kind, Reason
from opportunities import gates
from opportunities.detectors.figures import Figures, bit
from opportunities.policy import Policy
from opportunities.reasons import codes
from opportunities.universe import Universe
from tests.opportunities.markets import NOW_MS, after, find, market, ms, only, perp, spot

GOOD: dict[str, Any] = {"rate": 0.002, "interval": 8, "next_in": "1h"}  # pays well within 72 h


def said(found: Figures) -> set[str]:
    return set(codes(int(found.reasons[0])))


def carry(*settings: str, world: gates.World | None = None, **short: Any) -> set[str]:
    """Reasons of a funding trade that pays, with a short leg on Bybit that has these oddities."""
    seen = market(
        perp("okx", "WIF"),
        perp("bybit", "WIF", **{**GOOD, **short}),
        settled={("okx", "WIF"): 0.0000125, ("bybit", "WIF"): 0.00025},
    )
    return said(only(find(seen, *settings, world=world), "funding", "okx", "bybit"))


def cross(*settings: str, world: gates.World | None = None, **sell: Any) -> set[str]:
    """Reasons of a spot trade that pays, selling on Bybit at a market with these oddities."""
    seen = market(spot("okx", "WIF"), spot("bybit", "WIF", **{"bid": 101.0, "ask": 101.02, **sell}))
    return said(only(find(seen, *settings, world=world), "spot", "okx", "bybit"))


def test_a_good_trade_carries_nothing() -> None:
    assert carry() == set()
    assert cross() == {"network_unknown"}


# Each line: code, a leg just inside the limit, a leg just outside it.
AT_THE_LIMIT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("stale", {"age_ms": 30_000.0}, {"age_ms": 30_001.0}),
    ("stale", {"age_ms": 0.0}, {"age_ms": None}),
    ("leg_skew", {"captured_at_ms": NOW_MS - 11_000}, {"captured_at_ms": NOW_MS - 11_001}),
    ("future", {"venue_at_ms": NOW_MS + 1000}, {"venue_at_ms": NOW_MS + 1001}),
    ("no_price", {"bid": 99.99}, {"bid": 0.0}),
    ("no_price", {"ask": 100.01}, {"ask": None}),
    ("no_price", {"bid": 99.99}, {"bid": -1.0}),
    ("crossed", {"bid": 100.0, "ask": 100.0001}, {"bid": 100.0, "ask": 100.0}),
    ("crossed", {"bid": 99.99}, {"bid": 100.02}),
    ("no_rate", {"rate": 0.002}, {"rate": None}),
    ("no_rate", {"rate": 0.0}, {"rate": 0.0, "next_in": None}),
    ("interval_unknown", {"interval": 8}, {"interval": None}),
    ("interval_unknown", {"interval": 8}, {"interval": 0}),
    ("interval_unknown", {"next_in": "1h"}, {"next_in": None}),
    ("implausible", {"rate": 0.05, "rate_cap": 1.0}, {"rate": 0.0501, "rate_cap": 1.0}),
    ("implausible", {"rate": -0.05, "rate_floor": -1.0}, {"rate": -0.0501, "rate_floor": -1.0}),
    ("rate_at_cap", {"rate": 0.0284}, {"rate": 0.0285}),
    ("thin_volume", {"volume_usd": 200_000.0}, {"volume_usd": 199_999.0}),
    ("volume_unknown", {"volume_usd": 200_000.0}, {"volume_usd": None}),
    ("thin_interest", {"open_interest_usd": 500_000.0}, {"open_interest_usd": 499_999.0}),
    ("interest_unknown", {"open_interest_usd": 500_000.0}, {"open_interest_usd": None}),
    ("wide", {"bid": 99.51, "ask": 100.49}, {"bid": 99.49, "ask": 100.51}),
    ("volatile", {"low": 100.0, "high": 160.0}, {"low": 100.0, "high": 160.1}),
    ("not_trading", {"status": "trading"}, {"status": "pre_market"}),
    ("not_trading", {"status": "trading"}, {"status": "halted"}),
    ("not_trading", {"status": "trading"}, {"status": None}),
    ("delisting", {"offline_at_ms": after("96h") + 1}, {"offline_at_ms": after("96h")}),
    ("delisting", {"offline_at_ms": None}, {"offline_at_ms": after("-1h")}),
    ("settling", {"next_in": "60001ms"}, {"next_in": "60s"}),
    ("settling", {"next_in": "-180001ms"}, {"next_in": "-180s"}),
    ("stale", {"next_in": "-180s"}, {"next_in": "-180001ms"}),
    ("leveraged", {"leveraged": False}, {"leveraged": True}),
    ("quote_mismatch", {"settle": "USDT"}, {"settle": "USDC"}),
    ("quote_mismatch", {"settle": "USDT"}, {"settle": None}),
    ("quote_mismatch", {"quote": "USDT"}, {"quote": "USDC", "settle": "USDC"}),
    ("instrument_inferred", {"inferred": False}, {"inferred": True}),
    (
        "frozen",
        {"unchanged_scans": 19.0, "unchanged_move": 0.01},
        {"unchanged_scans": 20.0, "unchanged_move": 0.01},
    ),
    (
        "frozen",
        {"unchanged_scans": 99.0, "unchanged_move": 0.0020},
        {"unchanged_scans": 99.0, "unchanged_move": 0.0021},
    ),
    (  # a spread of 20 bp: two of them are 40
        "frozen",
        {"bid": 99.9, "ask": 100.1, "unchanged_scans": 99.0, "unchanged_move": 0.0039},
        {"bid": 99.9, "ask": 100.1, "unchanged_scans": 99.0, "unchanged_move": 0.0041},
    ),
]


@pytest.mark.parametrize(("code", "inside", "outside"), AT_THE_LIMIT)
def test_a_gate_closes_exactly_at_its_limit(
    code: str, inside: dict[str, Any], outside: dict[str, Any]
) -> None:
    assert code not in carry(**inside)
    assert code in carry(**outside)


@pytest.mark.parametrize(
    "code",
    ["rate_at_cap", "volume_unknown", "interest_unknown", "instrument_inferred"],
)
def test_a_note_does_not_reject(code: str) -> None:
    outside = next(odd for name, _, odd in AT_THE_LIMIT if name == code)
    reasons = np.array([sum(bit(Reason[name.upper()]) for name in carry(**outside))])
    assert not gates.rejected(reasons)[0]


def test_a_rate_of_zero_with_a_settlement_is_a_valid_quote() -> None:
    seen = market(perp("okx", "WIF", rate=0.0), perp("bybit", "WIF", **GOOD))
    assert said(only(find(seen), "funding", "okx", "bybit")) == {"no_history"}


def test_a_missing_fee_rejects() -> None:
    seen = market(spot("okx", "WIF"), spot("kraken", "WIF", bid=101.0, ask=101.02))
    assert "no_fee" in said(only(find(seen), "spot", "okx", "kraken"))


def test_either_leg_is_enough_to_reject() -> None:
    seen = market(perp("okx", "WIF", status="halted"), perp("bybit", "WIF", **GOOD))
    assert "not_trading" in said(only(find(seen), "funding", "okx", "bybit"))


def test_spot_knows_no_funding_gates() -> None:
    assert cross() & {"no_rate", "interval_unknown", "thin_interest", "settling"} == set()


BYBIT, BITGET = frozenset({"bybit"}), frozenset({"bitget"})


def test_an_open_breaker_rejects_the_trades_of_its_venue() -> None:
    assert "breaker" in carry(world=gates.World(breaker_open=BYBIT))
    assert "breaker" not in carry(world=gates.World(breaker_open=BITGET))


def test_a_paused_venue_rejects_its_trades() -> None:
    assert "paused" in carry(world=gates.World(paused=BYBIT))
    assert "paused" not in carry(world=gates.World(paused=BITGET))


def test_inferred_instruments_need_no_status() -> None:
    assert carry(inferred=True, status="unknown") == {"instrument_inferred"}


# -- threshold


def test_the_threshold_itself_opens() -> None:
    # first payment only: 40 bp - 1 bp less 25 bp of cost = 14 bp
    rates: dict[str, Any] = {"rate": 0.004, "rate_cap": 0.004}
    assert "below_threshold" in carry(**rates)
    assert "below_threshold" not in carry("threshold=13.9bp", **rates)


def test_a_threshold_for_one_venue_lowers_it_for_that_venue() -> None:
    rates: dict[str, Any] = {"rate": 0.004, "rate_cap": 0.004}
    assert "below_threshold" not in carry("threshold@bybit=10bp", **rates)
    assert "below_threshold" in carry("threshold@bitget=10bp", **rates)


def test_the_announced_net_can_be_measured_instead() -> None:
    rates: dict[str, Any] = {"rate": 0.004, "rate_cap": 0.004}
    assert "below_threshold" not in carry("measure=net_announced", **rates)
    assert "below_threshold" in carry("measure.spot=net_announced", **rates)


def test_a_net_that_is_not_known_is_below_any_threshold() -> None:
    assert "below_threshold" in carry(rate=None)


def test_limits_of_one_kind_leave_the_other_kinds() -> None:
    assert "thin_volume" in carry("min_volume.funding=50M")
    assert "thin_volume" not in cross("min_volume.funding=50M")


def test_the_permissive_profile_lets_more_through() -> None:
    assert "thin_volume" in carry(volume_usd=100_000.0)
    assert "thin_volume" not in carry("profile=permissive", volume_usd=100_000.0)


def test_a_limit_for_one_instrument_leaves_its_neighbours() -> None:
    assert "thin_volume" in carry("min_volume@bybit/WIFUSDT=50M")
    assert "thin_volume" not in carry("min_volume@bybit/BTCUSDT=50M")


def test_the_skew_of_one_venue_can_be_widened() -> None:
    late: dict[str, Any] = {"captured_at_ms": NOW_MS - ms("15s")}
    assert "leg_skew" in carry(**late)
    assert "leg_skew" not in carry("max_leg_skew=20s", **late)
    assert "leg_skew" not in carry("max_leg_skew@bybit=20s", **late)


# -- identity


def world(seen: Universe, reason: Reason) -> gates.World:
    """A world in which every coin carries what identity said."""
    return gates.World(coin_reasons=np.full(seen.size, bit(reason), dtype=np.int64))


IDENTITY = [Reason.QUARANTINED, Reason.DIVERGENT, Reason.PROVISIONAL, Reason.GAP_EXCURSION]


@pytest.mark.parametrize("reason", IDENTITY)
def test_identity_judges_trades_between_venues(reason: Reason) -> None:
    seen = market(spot("okx", "WIF"), perp("bybit", "WIF", **GOOD))
    found = only(find(seen, world=world(seen, reason)), "basis", "okx", "bybit")
    assert reason.code in said(found)


@pytest.mark.parametrize("reason", IDENTITY)
def test_identity_does_not_judge_a_basis_within_a_venue(reason: Reason) -> None:
    seen = market(spot("okx", "WIF"), perp("okx", "WIF", **GOOD))
    found = only(find(seen, world=world(seen, reason)), "basis", "okx", "okx")
    assert said(found) == {"no_history"}


@pytest.mark.parametrize(
    ("price", "code"),
    [
        (101.9, None),
        (102.1, "provisional"),
        (104.9, "provisional"),
        (105.1, "divergent"),
        (149.0, "divergent"),
        (151.0, "quarantined"),
        (1000.0, "quarantined"),
        (98.1, None),
        (97.9, "provisional"),
        (95.0, "divergent"),
        (66.0, "quarantined"),
    ],
)
def test_a_basis_within_a_venue_is_judged_by_its_own_two_prices(
    price: float, code: str | None
) -> None:
    seen = market(
        spot("okx", "WIF"), perp("okx", "WIF", bid=price - 0.01, ask=price + 0.01, **GOOD)
    )
    found = said(only(find(seen), "basis", "okx", "okx"))
    assert found & {"provisional", "divergent", "quarantined"} == ({code} if code else set())


# -- depeg


def pegged(**prices: float) -> list[dict[str, Any]]:
    """Spot markets of dollar coins against USDT."""
    return [
        spot("binance", coin, bid=price - 0.0001, ask=price + 0.0001)
        for coin, price in prices.items()
    ]


@pytest.mark.parametrize(
    ("prices", "off"),
    [
        ({"USDC": 1.0049}, False),
        ({"USDC": 1.0051}, True),
        ({"USDC": 0.9951}, False),
        ({"USDC": 0.9949}, True),
        ({"USDC": 0.90, "FDUSD": 1.0, "TUSD": 1.0}, False),  # one coin in trouble, not the quote
        ({"USDC": 1.01, "FDUSD": 1.011, "TUSD": 1.0}, True),
        ({"USTC": 0.02}, False),  # long no dollar
        ({}, False),
    ],
)
def test_a_quote_off_its_peg_halts_trades_between_venues(
    prices: dict[str, float], off: bool
) -> None:
    seen = market(perp("okx", "WIF"), perp("bybit", "WIF", **GOOD), *pegged(**prices))
    assert ("depeg" in said(only(find(seen), "funding", "okx", "bybit"))) == off


def test_a_quote_off_its_peg_leaves_a_basis_within_a_venue() -> None:
    seen = market(spot("okx", "WIF"), perp("okx", "WIF", **GOOD), *pegged(USDC=1.02))
    assert "depeg" not in said(only(find(seen), "basis", "okx", "okx"))


def test_dead_quotes_do_not_vote_on_the_peg() -> None:
    dead = spot("okx", "USDC", bid=0.5, ask=1.5)
    seen = market(perp("okx", "WIF"), perp("bybit", "WIF", **GOOD), dead, *pegged(FDUSD=1.0))
    assert "depeg" not in said(only(find(seen), "funding", "okx", "bybit"))


def test_venues_count_once_for_each_coin() -> None:
    many = [spot(venue, "USDC", bid=0.8999, ask=0.9001) for venue in ("okx", "bybit", "bitget")]
    seen = market(perp("okx", "WIF"), perp("bybit", "WIF", **GOOD), *many, *pegged(FDUSD=1, TUSD=1))
    assert "depeg" not in said(only(find(seen), "funding", "okx", "bybit"))


# -- history


@pytest.mark.parametrize(
    ("success", "held"),
    [
        ({"funding:WIF": (0.59, 20)}, True),
        ({"funding:WIF": (0.60, 20)}, False),
        ({"funding:WIF": (0.0, 19)}, False),  # too few to know
        ({"basis:WIF": (0.0, 99)}, False),
        ({"funding:WIFE": (0.0, 99)}, False),
        ({}, False),
    ],
)
def test_families_that_broke_their_promise_are_held_back(
    success: dict[str, tuple[float, int]], held: bool
) -> None:
    assert ("history" in carry(world=gates.World(success=success))) == held


# -- quotes


def test_other_dollars_can_be_allowed_but_never_mixed() -> None:
    usdc: dict[str, Any] = {"quote": "USDC", "settle": "USDC"}
    seen = market(perp("okx", "WIF", **usdc), perp("bybit", "WIF", **GOOD, **usdc))
    both = gates.World(quotes=("USDT", "USDC"))
    assert "quote_mismatch" in said(only(find(seen), "funding", "okx", "bybit"))
    assert "quote_mismatch" not in said(only(find(seen, world=both), "funding", "okx", "bybit"))
    assert "quote_mismatch" in carry(world=both, quote="USDC", settle="USDC")


# -- sharing


def test_kinds_with_the_same_limits_share_their_work() -> None:
    seen = market(perp("okx", "WIF"), spot("okx", "WIF"))
    shared = gates.by_kind((Kind.FUNDING, Kind.BASIS), seen, Policy(), gates.World())
    assert shared[Kind.FUNDING] is shared[Kind.BASIS]


def test_kinds_with_limits_of_their_own_do_not() -> None:
    seen = market(perp("okx", "WIF", age_ms=40_000.0))
    policy = Policy().with_settings(["max_age.basis=60s"])
    apart = gates.by_kind((Kind.FUNDING, Kind.BASIS), seen, policy, gates.World())
    assert codes(int(apart[Kind.FUNDING][0])) == ["stale"]
    assert codes(int(apart[Kind.BASIS][0])) == []
