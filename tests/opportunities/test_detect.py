"""All detectors and gates over one market."""

from __future__ import annotations

from typing import Any

import numpy as np

from arbedge.names import Kind, Reason
from opportunities.detect import Tally, count_reasons, nearest, passing
from opportunities.detectors.figures import bit
from opportunities.gates import rejected
from opportunities.reasons import codes
from tests.opportunities.markets import find, market, perp, spot

PAYS: dict[str, Any] = {"rate": 0.002, "interval": 8}


def test_every_kind_is_looked_for() -> None:
    found = find(market(perp("okx", "WIF"), perp("bybit", "WIF"), spot("okx", "WIF")))
    assert {part.kind for part in found.parts()} == {Kind.FUNDING, Kind.SPOT, Kind.BASIS}


def test_nothing_at_all_is_found_in_an_empty_market() -> None:
    found = find(market())
    assert [part.size for part in found.parts()] == [0, 0, 0, 0]
    assert found.counts() == {}


def test_a_market_of_one_kind_only_is_no_trouble() -> None:
    assert find(market(spot("okx", "WIF"), spot("bybit", "WIF"))).counts()["below_threshold"] == 2
    assert find(market(perp("okx", "WIF"), perp("bybit", "WIF"))).counts()["below_threshold"] == 2


def test_instruments_in_other_quotes_are_counted_as_mismatched() -> None:
    found = find(market(spot("okx", "WIF", quote="EUR"), spot("okx", "WIF", quote="BTC")))
    assert found.counts()["quote_mismatch"] == 2
    assert found.counts() == {"quote_mismatch": 2}


def test_passing_candidates_come_best_net_first() -> None:
    seen = market(
        perp("okx", "WIF"),
        perp("bybit", "WIF", rate=0.003),
        perp("okx", "BTC"),
        perp("bybit", "BTC", rate=0.004),
        perp("okx", "ETH"),
        perp("bybit", "ETH"),
    )
    part = find(seen).by_kind[Kind.FUNDING][0]
    chosen = passing(part)
    assert [seen.frame["asset"][int(part.short[row])] for row in chosen] == ["BTC", "WIF"]
    assert not rejected(part.reasons[chosen]).any()


def test_the_nearest_miss_has_the_fewest_reasons_then_the_best_net() -> None:
    seen = market(
        perp("okx", "WIF", status="halted"),
        perp("bybit", "WIF", rate=0.003),  # would pay, but two reasons
        perp("okx", "BTC", volume_usd=1.0),
        perp("bybit", "BTC", rate=0.003),  # pays, one reason
        perp("okx", "ETH"),
        perp("bybit", "ETH", rate=0.0002),  # too little, one reason
    )
    part = find(seen, "min_interest@okx/WIFUSDT=9M").by_kind[Kind.FUNDING][0]
    chosen = nearest(part, 2)
    assert [seen.frame["asset"][int(part.short[row])] for row in chosen] == ["BTC", "ETH"]


def test_what_passes_is_no_miss() -> None:
    part = find(market(perp("okx", "WIF"), perp("bybit", "WIF", **PAYS))).by_kind[Kind.FUNDING][0]
    assert set(passing(part)) & set(nearest(part, 10)) == set()


def test_candidates_that_look_like_nothing_are_no_near_misses() -> None:
    seen = market(
        perp("okx", "WIF", bid=0.0),
        perp("bybit", "WIF", **PAYS),
        perp("okx", "BTC", rate=None),
        perp("bybit", "BTC", **PAYS),
        perp("okx", "ETH", interval=None),
        perp("bybit", "ETH", **PAYS),
    )
    assert nearest(find(seen).by_kind[Kind.FUNDING][0], 10).size == 0


def test_no_more_misses_than_asked_for() -> None:
    coins = [f"C{number}" for number in range(60)]
    seen = market(*(perp(venue, coin) for coin in coins for venue in ("okx", "bybit")))
    assert nearest(find(seen).by_kind[Kind.FUNDING][0], 3).size == 3


def test_reasons_are_counted_one_by_one() -> None:
    stale, wide = bit(Reason.STALE), bit(Reason.WIDE)
    masks = np.array([stale, stale | wide, 0, wide, wide], dtype=np.int64)
    assert count_reasons(masks) == {"stale": 2, "wide": 3}


def test_the_tally_keeps_notes_apart_from_rejections() -> None:
    tally = Tally.of({"stale": 2, "no_history": 5, "wide": 1})
    assert tally.rejected == {"stale": 2, "wide": 1}
    assert tally.notes == {"no_history": 5}


def test_a_candidate_keeps_all_its_reasons() -> None:
    seen = market(
        perp("okx", "WIF", status="halted", age_ms=60_000.0),
        perp("bybit", "WIF", volume_usd=1.0),
    )
    part = find(seen).by_kind[Kind.FUNDING][0]
    assert set(codes(int(part.reasons[0]))) == {
        "stale",
        "thin_volume",
        "not_trading",
        "below_threshold",
        "no_history",
    }


def test_the_short_way_to_the_nearest_is_the_long_sort_cut_off() -> None:
    coins = [f"C{number}" for number in range(12)]
    rates = (0.0001, 0.0002, 0.0002)  # equal nets, too
    seen = market(
        *(perp("okx", coin, volume_usd=(1.0, 1e9)[at % 2]) for at, coin in enumerate(coins)),
        *(perp("bybit", coin, rate=rates[at % 3]) for at, coin in enumerate(coins)),
    )
    part = find(seen).by_kind[Kind.FUNDING][0]
    every = nearest(part, part.size)
    assert len({len(codes(int(mask))) for mask in part.reasons[every]}) > 1
    for number in range(1, every.size):
        assert nearest(part, number).tolist() == every[:number].tolist()
