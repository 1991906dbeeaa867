"""Risk class, rule score and shelves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from arbedge.names import Reason, Shelf
from opportunities import candidates, rank
from opportunities.detectors.figures import Figures, bit
from opportunities.gates import threshold
from opportunities.policy import Policy
from opportunities.universe import Universe
from tests.opportunities.markets import NOW_MS, find, market, ms, only, perp, spot

close = pytest.approx
CALM: dict[str, Any] = {"bid": 99.99, "ask": 100.01, "volume_usd": 1e7, "high": 104.0, "low": 98.0}
SETTLED = {("okx", "WIF"): 0.0000125, ("bybit", "WIF"): 0.0005}


def carry(settled: bool = True, **short: Any) -> tuple[Figures, Universe]:
    """A funding trade that is as safe as they come but for these oddities of the short leg."""
    seen = market(
        perp("okx", "WIF", **CALM),
        perp("bybit", "WIF", **{**CALM, "rate": 0.004, **short}),
        settled=SETTLED if settled else {},
    )
    return only(find(seen), "funding", "okx", "bybit"), seen


def context(figures: Figures, seen: Universe, **changes: Any) -> rank.Context:
    number = figures.size
    calm = rank.Context(
        break_even_ms=candidates.break_even(figures, seen),
        threshold=threshold(figures, seen, Policy()),
        reliability=np.full(number, 0.995),
        previous_net=np.full(number, np.nan),
        floor=np.zeros(number, dtype=np.int64),
    )
    return replace(calm, **{name: np.array([value]) for name, value in changes.items()})


def risk(figures: Figures, seen: Universe, **changes: Any) -> str:
    place = rank.risk(figures, seen, Policy(), context(figures, seen, **changes))[0]
    return str(rank.RISKS[place])


def test_a_trade_with_everything_in_order_is_low() -> None:
    assert risk(*carry()) == "low"


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ({"volume_usd": 1e7}, {"volume_usd": 9.99e6}),
        ({"bid": 99.951, "ask": 100.049}, {"bid": 99.949, "ask": 100.051}),  # spread 0.1 %
        ({"bid": 100.279, "ask": 100.299}, {"bid": 100.291, "ask": 100.311}),  # gap 0.3 %
        ({"bid": 99.701, "ask": 99.721}, {"bid": 99.679, "ask": 99.699}),
        ({"volume_usd": 1e9}, {"volume_usd": None}),
    ],
)
def test_low_ends_at_its_limits(inside: dict[str, Any], outside: dict[str, Any]) -> None:
    assert risk(*carry(**inside)) == "low"
    assert risk(*carry(**outside)) == "medium"


def test_low_needs_settled_history() -> None:
    assert risk(*carry(settled=False)) == "medium"


@pytest.mark.parametrize(("hours", "name"), [(24.0, "low"), (24.01, "medium"), (np.nan, "medium")])
def test_low_needs_to_break_even_within_a_day(hours: float, name: str) -> None:
    assert risk(*carry(), break_even_ms=NOW_MS + hours * 3.6e6) == name


@pytest.mark.parametrize(
    ("share", "name"),
    [(0.99, "low"), (0.989, "medium"), (0.95, "medium"), (0.949, "high"), (np.nan, "medium")],
)
def test_reliability_of_the_venues_counts(share: float, name: str) -> None:
    assert risk(*carry(), reliability=share) == name


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ({"volume_usd": 1e6}, {"volume_usd": 999_999.0}),
        ({"bid": 99.851, "ask": 100.149}, {"bid": 99.849, "ask": 100.151}),  # spread 0.3 %
        ({"bid": 100.98, "ask": 101.0}, {"bid": 101.0, "ask": 101.02}),  # gap 1 %
        ({"low": 100.0, "high": 125.0}, {"low": 100.0, "high": 125.1}),
    ],
)
def test_one_bad_sign_makes_it_high(inside: dict[str, Any], outside: dict[str, Any]) -> None:
    assert risk(*carry(**inside)) != "high"
    assert risk(*carry(**outside)) == "high"


@pytest.mark.parametrize(("floor", "name"), [(0, "low"), (1, "medium"), (2, "high")])
def test_identity_sets_a_floor(floor: int, name: str) -> None:
    assert risk(*carry(), floor=floor) == name


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        (Reason.NO_HISTORY, "medium"),
        (Reason.NETWORK_UNKNOWN, "medium"),
        (Reason.INSTRUMENT_INFERRED, "medium"),
        (Reason.PROVISIONAL, "low"),  # up to 2 % apart: identity's floor says more if need be
        (Reason.INTEREST_UNKNOWN, "low"),
    ],
)
def test_some_notes_keep_a_trade_from_being_low(reason: Reason, name: str) -> None:
    figures, seen = carry()
    assert risk(figures.marked(reason, np.array([True])), seen) == name


def crossing(**sell: Any) -> tuple[Figures, Universe]:
    seen = market(
        spot("okx", "WIF", **CALM), spot("bybit", "WIF", **{**CALM, "bid": 100.26, "ask": 100.3})
    )
    return only(find(seen), "spot", "okx", "bybit"), seen


def test_spot_with_unknown_networks_is_never_low() -> None:
    figures, seen = crossing()
    assert risk(figures, seen) == "medium"
    assert risk(replace(figures, reasons=np.zeros(1, dtype=np.int64)), seen) == "low"


# -- score


def parts(figures: Figures, seen: Universe, **changes: Any) -> dict[str, float]:
    found = rank.score_parts(figures, seen, Policy(), context(figures, seen, **changes))
    return {name: float(values[0]) for name, values in found.items()}


def test_the_weights_are_the_contracts() -> None:
    assert rank.WEIGHTS == {
        "net": 0.35,
        "break_even": 0.2,
        "liquidity": 0.2,
        "stability": 0.15,
        "data": 0.1,
    }


def test_the_score_is_the_weighted_sum_of_its_parts() -> None:
    given = {"net": 1.0, "break_even": 0.5, "liquidity": 0.25, "stability": 0.2, "data": 0.0}
    arrays = {name: np.array([value]) for name, value in given.items()}
    assert rank.score(arrays)[0] == close(0.35 + 0.1 + 0.05 + 0.03)


def test_three_thresholds_fill_the_nets_part() -> None:
    figures, seen = carry()
    thin = replace(figures, net=np.array([0.00225]))
    assert parts(thin, seen)["net"] == close(0.5)
    assert parts(replace(figures, net=np.array([0.0045])), seen)["net"] == close(1.0)
    assert parts(replace(figures, net=np.array([-0.001])), seen)["net"] == 0.0


@pytest.mark.parametrize(
    ("hours", "part"), [(18.0, 0.75), (72.0, 0.0), (100.0, 0.0), (np.nan, 0.0)]
)
def test_breaking_even_early_fills_its_part(hours: float, part: float) -> None:
    found = parts(*carry(), break_even_ms=NOW_MS + hours * 3.6e6)
    assert found["break_even"] == close(part)


@pytest.mark.parametrize(
    ("volume", "part"), [(2e5, 0.0), (2e6, 0.5), (1e7, np.log(50) / np.log(100)), (None, 0.0)]
)
def test_the_thinner_legs_turnover_fills_liquidity(volume: float | None, part: float) -> None:
    assert parts(*carry(volume_usd=volume))["liquidity"] == close(part)


def test_a_steady_net_confirmed_by_history_is_stable() -> None:
    figures, seen = carry()
    same = float(figures.net[0])
    assert figures.k[0] == close(1.0)
    assert parts(figures, seen, previous_net=same)["stability"] == close(1.0)
    assert parts(figures, seen, previous_net=same + 0.00075)["stability"] == close(0.75)
    assert parts(figures, seen)["stability"] == close(0.75)  # new: not known yet


def test_reliability_and_age_fill_the_datas_part() -> None:
    figures, seen = carry(age_ms=15_000.0)
    assert parts(figures, seen, reliability=1.0)["data"] == close((1.0 + 0.5) / 2)
    assert parts(figures, seen, reliability=0.95)["data"] == close((0.0 + 0.5) / 2)
    assert parts(figures, seen, reliability=np.nan)["data"] == close((0.5 + 0.5) / 2)


def test_every_part_lies_between_nothing_and_all() -> None:
    for oddity in ({"volume_usd": 0.0}, {"age_ms": None}, {"rate": None}, {"age_ms": ms("9h")}):
        for name, value in parts(*carry(**oddity)).items():
            assert 0.0 <= value <= 1.0, name


def test_spot_earns_at_once() -> None:
    assert parts(*crossing())["break_even"] == 1.0


# -- shelves


def shelves(place: int, score: float, *notes: Reason) -> set[Shelf]:
    figures, _ = carry()
    mask = np.array([sum(map(bit, notes))], dtype=np.int64)
    found = rank.shelves(replace(figures, reasons=mask), np.array([place]), np.array([score]))
    return set(rank.shelf_names(int(found[0])))


@pytest.mark.parametrize(
    ("place", "score", "names"),
    [
        (0, 0.5, {Shelf.LOW_RISK}),
        (0, 0.8, {Shelf.LOW_RISK, Shelf.BEGINNER}),
        (0, 0.9, {Shelf.LOW_RISK, Shelf.BEGINNER, Shelf.HIGH_CONFIDENCE}),
        (0, 0.799, {Shelf.LOW_RISK}),
        (1, 0.899, set()),
        (1, 0.9, {Shelf.HIGH_CONFIDENCE}),
        (2, 0.5, {Shelf.ADVANCED}),
    ],
)
def test_trades_stand_on_their_shelves(place: int, score: float, names: set[Shelf]) -> None:
    assert shelves(place, score) == names


def test_unknown_networks_stand_on_no_shelf_that_beginners_see() -> None:
    assert shelves(1, 0.95, Reason.NETWORK_UNKNOWN) == set()
    assert shelves(0, 0.95, Reason.NETWORK_UNKNOWN) == set()
