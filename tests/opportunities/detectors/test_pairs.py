"""Which instruments are put against each other."""

from __future__ import annotations

import numpy as np

from opportunities.detectors import basis, funding, pairs, spot
from opportunities.universe import Universe
from tests.opportunities.markets import market, perp
from tests.opportunities.markets import spot as coin


def names(seen: Universe, found: pairs.Pair) -> set[tuple[str, str]]:
    """Pairs as (venue-market of the long leg, of the short leg), one coin at a time."""
    rows = seen.frame.select("venue", "market", "asset").rows()
    assert all(rows[a][2] == rows[b][2] for a, b in zip(*found, strict=True))
    return {
        (f"{rows[a][0]} {rows[a][1]}", f"{rows[b][0]} {rows[b][1]}")
        for a, b in zip(*found, strict=True)
    }


def test_funding_pairs_both_directions_across_venues() -> None:
    seen = market(perp("okx", "WIF"), perp("bybit", "WIF"), coin("okx", "WIF"))
    assert names(seen, funding.find(seen)) == {
        ("okx perp", "bybit perp"),
        ("bybit perp", "okx perp"),
    }


def test_spot_pairs_both_directions_across_venues() -> None:
    seen = market(coin("okx", "WIF"), coin("bybit", "WIF"), perp("okx", "WIF"))
    assert names(seen, spot.find(seen)) == {("okx spot", "bybit spot"), ("bybit spot", "okx spot")}


def test_basis_buys_spot_and_shorts_the_perpetual_on_one_venue_or_two() -> None:
    seen = market(coin("okx", "WIF"), perp("okx", "WIF"), perp("bybit", "WIF"))
    assert names(seen, basis.find(seen)) == {("okx spot", "okx perp"), ("okx spot", "bybit perp")}


def test_reverse_basis_is_looked_for_only_where_shorts_pay() -> None:
    seen = market(
        coin("okx", "WIF"), perp("okx", "WIF", rate=-0.001), perp("bybit", "WIF", rate=0.001)
    )
    assert names(seen, basis.find_reverse(seen)) == {("okx perp", "okx spot")}


def test_three_venues_make_six_directed_pairs() -> None:
    seen = market(*(perp(venue, "WIF") for venue in ("okx", "bybit", "bitget")))
    assert len(funding.find(seen)[0]) == 6


def test_two_contracts_of_one_coin_on_one_venue_are_no_funding_pair() -> None:
    seen = market(perp("okx", "WIF"), perp("okx", "WIF", symbol="WIF-2", settle="USDC"))
    assert len(funding.find(seen)[0]) == 0


def test_other_coins_and_quotes_that_are_no_dollars_are_never_paired() -> None:
    seen = market(coin("okx", "WIF"), coin("bybit", "BTC"), coin("bitget", "WIF", quote="EUR"))
    assert len(spot.find(seen)[0]) == 0


def test_pairs_equal_a_naive_search_over_a_large_market() -> None:
    random = np.random.default_rng(7)
    rows = [
        perp(f"v{random.integers(4)}", f"C{random.integers(30)}", symbol=f"S{number}")
        for number in range(150)
    ]
    seen = market(*rows)
    naive = {
        (a, b)
        for a, left in enumerate(rows)
        for b, right in enumerate(rows)
        if left["asset"] == right["asset"] and left["venue"] != right["venue"]
    }
    assert set(zip(*map(np.ndarray.tolist, funding.find(seen)), strict=True)) == naive
