"""The money rules, whatever the markets look like."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opportunities import costs, depths
from opportunities.detect import detect
from opportunities.detectors import funding
from opportunities.discovery import attend
from opportunities.gates import World
from opportunities.policy import Policy
from opportunities.settlements import GUARD_AFTER_MS, HOUR_MS, IMMINENT_MS
from opportunities.universe import Universe
from tests.opportunities.markets import FEES_BPS, NOW_MS, market, perp, spot

BP = 1e-4
VENUES = ("binance", "bybit", "okx", "bitget")
RATES = st.integers(-400, 400).map(lambda bp: bp * BP)
close = pytest.approx


@st.composite
def perps(draw: st.DrawFn, venue: str, asset: str = "WIF") -> dict[str, Any]:
    """A perpetual with any rate, interval and calendar."""
    middle = draw(st.integers(9_500, 10_500)) / 100
    half = draw(st.integers(1, 60)) * BP / 2
    return perp(
        venue,
        asset,
        bid=middle * (1 - half),
        ask=middle * (1 + half),
        rate=draw(RATES),
        interval=draw(st.sampled_from([1, 2, 4, 8])),
        next_settlement_ms=NOW_MS + draw(st.integers(-200, 8 * 3600)) * 1000.0,
        rate_cap=draw(st.sampled_from([0.01, 0.02, 0.05])),
        rate_floor=draw(st.sampled_from([-0.02, -0.05])),
    )


@st.composite
def markets(draw: st.DrawFn) -> Universe:
    """A few coins in spot and perpetuals on four venues, some with settled history."""
    rows: list[dict[str, Any]] = []
    settled: dict[tuple[str, str], float] = {}
    for asset in draw(st.sampled_from([["WIF"], ["WIF", "PEPE"]])):
        for venue in draw(st.sets(st.sampled_from(VENUES), min_size=1)):
            rows.append(draw(perps(venue, asset)))
            if draw(st.booleans()):
                settled[venue, asset] = draw(RATES) / 8
        for venue in draw(st.sets(st.sampled_from(VENUES))):
            middle = draw(st.integers(9_500, 10_500)) / 100
            rows.append(spot(venue, asset, bid=middle * 0.9999, ask=middle * 1.0001))
    return market(*rows, settled=settled)


HORIZONS = st.sampled_from([6, 8, 12, 20, 24, 72, 168])


# -- a second way to the same figures, one pair at a time


@dataclass(frozen=True)
class Expected:
    first: float
    later: float
    k: float
    cost: float
    net: float
    net_announced: float


def settlements(leg: dict[str, Any], horizon_hours: float) -> list[float]:
    """The leg's settlements within the horizon by its own calendar."""
    if leg["market"] == "spot":
        return []
    at = leg["next_settlement_ms"]
    if at <= NOW_MS:
        if at < NOW_MS - GUARD_AFTER_MS:
            return []
        at += leg["interval_hours"] * HOUR_MS
    found = []
    while at <= NOW_MS + horizon_hours * HOUR_MS:
        found.append(at)
        at += leg["interval_hours"] * HOUR_MS
    return found


def payments(leg: dict[str, Any], side: int, horizon_hours: float) -> tuple[float, float]:
    times = settlements(leg, horizon_hours)
    amounts = [side * leg["rate"] for _ in times]
    if amounts and amounts[0] > 0 and times[0] - NOW_MS < IMMINENT_MS:
        amounts[0] = 0.0
    return (amounts[0] if amounts else 0.0), math.fsum(amounts[1:])


def capped(leg: dict[str, Any]) -> bool:
    if leg["market"] == "spot":
        return False
    rate = leg["rate"]
    return bool(rate >= 0.95 * leg["rate_cap"] or rate <= 0.95 * leg["rate_floor"])


def belief(
    long: dict[str, Any], short: dict[str, Any], means: tuple[float, float], later: float
) -> float:
    if later < 0:
        return 1.0
    if capped(long) or capped(short):
        return 0.0
    if any(math.isnan(mean) for mean in means):
        return 0.5
    hourly = [
        0.0 if leg["market"] == "spot" else leg["rate"] / leg["interval_hours"]
        for leg in (long, short)
    ]
    announced = hourly[1] - hourly[0]
    return min(1.0, (means[1] - means[0]) / announced) if announced > 1e-12 else 0.0


def expected(
    long: dict[str, Any], short: dict[str, Any], means: tuple[float, float], horizon_hours: float
) -> Expected:
    """Product rules for one carry trade, read from the page and written as plainly as possible."""
    sides = [payments(long, -1, horizon_hours), payments(short, 1, horizon_hours)]
    first, later = (math.fsum(side[part] for side in sides) for part in (0, 1))
    k = belief(long, short, means, later)
    mids = [(leg["bid"] + leg["ask"]) / 2 for leg in (long, short)]
    fees = [FEES_BPS[leg["venue"], leg["market"]] * BP for leg in (long, short)]
    spreads = [
        (leg["ask"] - leg["bid"]) / mid for leg, mid in zip((long, short), mids, strict=True)
    ]
    cost = 2 * sum(fees) + sum(spreads) + max(0.0, 1 - mids[1] / mids[0])
    return Expected(first, later, k, cost, first + k * later - cost, first + later - cost)


@given(markets(), HORIZONS)
def test_the_engine_agrees_with_the_page_for_every_pair(seen: Universe, horizon: int) -> None:
    found = detect(seen, Policy().with_settings([f"horizon={horizon}h"]), World(), pl.DataFrame())
    rows = list(seen.frame.iter_rows(named=True))
    pairs = set()
    for part in (*found.by_kind["funding"], found.by_kind["basis"][0]):  # type: ignore[index]
        for at in range(part.size):
            long, short = int(part.long[at]), int(part.short[at])
            pairs.add((long, short))
            means = (float(seen.mean_hourly[long]), float(seen.mean_hourly[short]))
            want = expected(rows[long], rows[short], means, horizon)
            for name, value in vars(want).items():
                assert getattr(part, name)[at] == close(value, rel=1e-9, abs=1e-12), name
    assert pairs == every_carry(rows)


def every_carry(rows: list[dict[str, Any]]) -> set[tuple[int, int]]:
    """All (long, short) that are funding between venues or spot against a perpetual."""
    return {
        (a, b)
        for a, b in permutations(range(len(rows)), 2)
        if rows[a]["asset"] == rows[b]["asset"]
        and rows[b]["market"] == "perp"
        and (rows[a]["market"] == "spot" or rows[a]["venue"] != rows[b]["venue"])
    }


@given(markets())
def test_spot_nets_agree_with_plain_arithmetic(seen: Universe) -> None:
    found = detect(seen, Policy(), World(), pl.DataFrame())
    rows = list(seen.frame.iter_rows(named=True))
    part = found.by_kind["spot"][0]  # type: ignore[index]
    for at in range(part.size):
        buy, sell = rows[part.long[at]], rows[part.short[at]]
        fees = [FEES_BPS[leg["venue"], "spot"] * BP for leg in (buy, sell)]
        paid, got = buy["ask"] * (1 + fees[0]), sell["bid"] * (1 - fees[1])
        assert part.net[at] == close((got - paid) / paid, abs=1e-12)


# -- laws


@given(RATES, st.sampled_from([1, 2, 4, 8]))
def test_the_same_economics_have_one_apr_at_any_interval(rate: float, hours: int) -> None:
    assert costs.apr(rate * hours, hours) == close(costs.apr(rate, 1), abs=1e-12)


@given(markets(), HORIZONS)
def test_swapping_the_legs_flips_the_sign_of_gross(seen: Universe, horizon: int) -> None:
    # away from settlements: an imminent one counts on one side only, by design
    imminent = np.abs(seen.next_ms - NOW_MS) < IMMINENT_MS
    long, short = funding.find(seen)
    calm = ~imminent[long] & ~imminent[short]
    long, short = long[calm], short[calm]
    nothing, mean = np.zeros(len(long), dtype=bool), np.full(len(long), np.nan)
    first, later, _ = funding.payments(seen, (long, short), horizon, nothing, mean)
    back_first, back_later, _ = funding.payments(seen, (short, long), horizon, nothing, mean)
    assert first + later == close(-(back_first + back_later), abs=1e-12)


@given(markets(), HORIZONS)
def test_the_net_is_never_above_what_is_announced_nor_above_gross(
    seen: Universe, horizon: int
) -> None:
    found = detect(seen, Policy().with_settings([f"horizon={horizon}h"]), World(), pl.DataFrame())
    for part in found.parts():
        hopeful = part.later >= 0
        assert (part.net[hopeful] <= part.net_announced[hopeful] + 1e-12).all()
        assert (part.net <= part.first + part.later + 1e-12).all()
        assert (part.net_announced <= part.first + part.later + 1e-12).all()


@given(perps("okx"), perps("bybit"), st.integers(0, 50), HORIZONS)
def test_a_higher_fee_never_raises_the_net(
    long: dict[str, Any], short: dict[str, Any], more_bps: int, horizon: int
) -> None:
    dearer = {**FEES_BPS, ("okx", "perp"): FEES_BPS["okx", "perp"] + more_bps}
    before = only_net(market(long, short), horizon)
    after = only_net(market(long, short, fees_bps=[dearer]), horizon)
    assert after <= before + 1e-12


@given(perps("okx"), perps("bybit"), st.integers(0, 500), HORIZONS)
def test_a_more_adverse_gap_never_raises_the_net(
    long: dict[str, Any], short: dict[str, Any], fall_bp: int, horizon: int
) -> None:
    share = 1 - fall_bp * BP
    lower = {**short, "bid": short["bid"] * share, "ask": short["ask"] * share}
    before = only_net(market(long, short), horizon)
    after = only_net(market(long, lower), horizon)
    assert after <= before + 1e-12


def only_net(seen: Universe, horizon: int) -> float:
    """The net of long OKX, short Bybit."""
    policy = Policy().with_settings([f"horizon={horizon}h"])
    part = detect(seen, policy, World(), pl.DataFrame()).by_kind["funding"][0]  # type: ignore[index]
    return float(part.net[part.long == 0][0])


# -- books and attention


LEVELS = st.lists(
    st.tuples(st.integers(1, 1000).map(float), st.integers(1, 50).map(float)),
    min_size=1,
    max_size=8,
)


@given(LEVELS, st.integers(1, 100_000), st.sampled_from([0.01, 1.0, 100.0]))
def test_a_book_is_walked_as_a_naive_fill_walks_it(
    levels: list[tuple[float, float]], notional: int, contract_size: float
) -> None:
    left, coins = float(notional), 0.0
    for price, amount in levels:
        taken = min(left, price * amount * contract_size)
        coins += taken / price
        left -= taken
    walked = depths.walk(levels, [float(notional)], contract_size)[0]
    if left > notional * 1e-9:
        assert np.isnan(walked)
    else:
        assert walked == close(notional / coins)


@given(
    st.lists(st.integers(-50, 50), max_size=40),
    st.integers(0, 12),
    st.integers(0, 25),
    st.integers(0, 9),
)
def test_attention_goes_to_the_most_promising(
    promise: list[int], one: int, two: int, scan: int
) -> None:
    values = np.array(promise, dtype=np.float64)
    found = attend(values, np.arange(len(promise)), one, two)
    ranked = sorted(range(len(promise)), key=lambda at: -promise[at])
    assert found.first.tolist() == ranked[:one]
    assert found.second.tolist() == ranked[one : one + two]
    due = found.due(scan).tolist()
    assert due == (ranked[: one + two] if scan % 3 == 0 else ranked[:one])
