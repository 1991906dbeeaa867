"""How prices are weighed against each other: voices, references, distances."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from exchanges.evidence import Evidence, Voices, distance, weigh
from exchanges.layout import Layout, lay_out
from tests.exchanges.markets import instrument, market, perpetual

NAN = float("nan")


def weighed(*rows: dict[str, Any]) -> tuple[Layout, Evidence]:
    """The evidence of these instruments, spot and perpetuals apart."""
    spot = market([row for row in rows if row["market"] == "spot"])
    perp = market([row for row in rows if row["market"] == "perp"], first_id=1 + spot.height)
    layout = lay_out(spot, perp)
    return layout, weigh(layout, spot, perp)


def ratios(*rows: dict[str, Any]) -> list[float]:
    """Each instrument's distance from the others, spot first."""
    layout, seen = weighed(*rows)
    return [round(ratio, 9) for ratio in seen.ratio[layout.row_key]]


@pytest.mark.parametrize(
    ("price", "reference", "apart"),
    [(1.0, 1.0, 0.0), (2.0, 1.0, 1.0), (1.0, 2.0, 1.0), (1e-9, 1e-6, 999.0)],
)
def test_distance_is_symmetric(price: float, reference: float, apart: float) -> None:
    found = distance(np.array([price]), np.array([reference]))
    assert found.tolist() == pytest.approx([apart])


def test_distance_from_nothing_is_nothing() -> None:
    assert np.isnan(distance(np.array([1.0, NAN]), np.array([NAN, 1.0]))).all()


@pytest.mark.parametrize(
    ("prices", "agreed"),
    [
        ([1.0, 1.02, 1.04], 1.02),  # a majority near the median
        ([1.0, 1.0, 9.0], 1.0),
        ([1.0, 1.0, 5.0, 9.0], 1.0),  # the one largest group
        ([1.0, 1.0, 9.0, 9.0], NAN),  # two groups of one size
        ([1.0, 3.0, 9.0], NAN),  # no group
        ([1.0, 9.0], NAN),
        ([1.0, 1.02], 1.01),
        ([7.0], 7.0),
        ([NAN, NAN], NAN),
        ([NAN, 4.0, NAN, 4.0], 4.0),
    ],
)
def test_what_voices_agree_on(prices: list[float], agreed: float) -> None:
    voices = Voices.of(np.array([prices]))
    assert voices.agreed.tolist() == pytest.approx([agreed], nan_ok=True)


def test_the_range_of_voices_leaves_silent_venues_out() -> None:
    voices = Voices.of(np.array([[NAN, 3.0, 1.0, NAN]]))
    assert (voices.count[0], voices.least[0], voices.most[0], voices.median[0]) == (
        2,
        1.0,
        3.0,
        2.0,
    )


def test_with_two_venues_each_is_compared_with_the_other() -> None:
    assert ratios(instrument("a", "X", 1.0), instrument("b", "X", 1.25)) == [0.25, 0.25]


def test_with_three_venues_each_is_compared_with_the_median() -> None:
    rows = [instrument(v, "X", p) for v, p in (("a", 1.0), ("b", 1.01), ("c", 2.02))]
    assert ratios(*rows) == [0.01, 0.0, 1.0]


def test_where_nobody_can_be_believed_the_distance_is_the_whole_range() -> None:
    rows = [instrument(v, "X", p) for v, p in (("a", 1.0), ("b", 2.0), ("c", 4.0))]
    assert ratios(*rows) == [3.0, 3.0, 3.0]


def test_a_venue_speaks_by_its_index_first() -> None:
    rows = instrument("a", "X", 1.1), instrument("b", "X", 1.0), perpetual("b", "X", 1.3, 1.1)
    assert ratios(*rows)[0] == 0.0


def test_a_venue_without_index_speaks_by_its_spot_market() -> None:
    rows = instrument("a", "X", 1.0), instrument("b", "X", 1.0), perpetual("b", "X", 1.3)
    assert ratios(*rows) == [0.0, 0.0, 0.3]


def test_an_index_of_a_spot_row_is_not_heard() -> None:
    rows = instrument("a", "X", 1.0), instrument("b", "X", 1.0, index=5.0)
    assert ratios(*rows) == [0.0, 0.0]


def test_a_perpetual_alone_is_not_compared_with_itself() -> None:
    _, seen = weighed(perpetual("a", "X", 1.0, 1.0))
    assert np.isnan(seen.ratio).all()
    assert np.isnan(seen.index_ratio).all()


def test_a_perpetual_without_a_quote_counts_by_its_mark() -> None:
    rows = perpetual("a", "X", None, mark=1.5), instrument("b", "X", 1.0)
    assert ratios(*rows)[1] == 0.5


@pytest.mark.parametrize(
    "broken",
    [{"bid": 0.0}, {"ask": 0.0}, {"ask": float("inf")}, {"bid": -1.0}, {"bid": None}],
)
def test_half_a_quote_is_no_price(broken: dict[str, Any]) -> None:
    _, seen = weighed(instrument("a", "X", 1.0) | broken, instrument("b", "X", 1.0))
    assert np.isnan(seen.price).sum() == 1
    assert np.isnan(seen.ratio).all()


@pytest.mark.parametrize(("spread", "tight"), [(0.099, True), (0.101, False)])
def test_a_quote_proves_something_up_to_a_tenth_of_spread(spread: float, tight: bool) -> None:
    _, seen = weighed(instrument("a", "X", 1.0, spread=spread))
    assert seen.tight.tolist() == [tight]


@pytest.mark.parametrize(("age_ms", "counted"), [(120_000.0, True), (120_001.0, False)])
def test_prices_are_evidence_for_two_minutes(age_ms: float, counted: bool) -> None:
    _, seen = weighed(instrument("a", "X", 1.0, age_ms=age_ms))
    assert bool(~np.isnan(seen.price[0])) is counted


def test_a_price_of_unknown_age_is_evidence() -> None:
    _, seen = weighed(instrument("a", "X", 1.0, age_ms=None))
    assert seen.price.tolist() == [1.0]


def test_the_dollar_market_speaks_for_a_coin_with_several_quotes() -> None:
    rows = (
        instrument("a", "X", 3.0, quote="USDC"),
        instrument("a", "X", 1.0),
        instrument("a", "X", 9.0, quote="EUR"),
    )
    _, seen = weighed(*rows)
    assert seen.price.tolist() == [1.0]


def test_a_quote_coin_is_worth_its_median_over_the_venues() -> None:
    rows = (
        *(
            instrument(venue, "ETH", price)
            for venue, price in zip("abc", (1e3, 2e3, 9e3), strict=True)
        ),
        instrument("d", "X", 0.5, quote="ETH"),
    )
    layout, seen = weighed(*rows)
    assert seen.price[layout.row_key[3]] == pytest.approx(1_000.0)


def test_a_claimed_multiplier_is_seen() -> None:
    _, seen = weighed(perpetual("a", "PEPE", 1e-6, multiplier=1000.0), instrument("b", "X", 1.0))
    assert sorted(seen.scaled.tolist()) == [False, True]


# The layout: names as numbers.


def test_a_layout_is_kept_while_the_names_stay() -> None:
    spot, perp = market([instrument("a", "X", 1.0)]), market([])
    moved = spot.with_columns(bid=pl.lit(0.5), ask=pl.lit(0.6), age_ms=pl.lit(7.0))
    assert lay_out(moved, perp) is lay_out(spot, perp)


@pytest.mark.parametrize(
    "other",
    [{"venue": "b"}, {"asset": "Y"}, {"market": "perp"}, {"quote": "USDC"}, {"multiplier": 1e3}],
)
def test_a_layout_ends_with_any_name(other: dict[str, Any]) -> None:
    rows, perp = instrument("a", "X", 1.0), market([])
    assert lay_out(market([rows | other]), perp) is not lay_out(market([rows]), perp)


def test_a_stored_coin_is_found_by_its_names() -> None:
    layout = lay_out(market([instrument("a", "X", 1.0), instrument("b", "Y", 1.0)]), market([]))
    rows, coin, venue = layout.find(pl.Series(["Y", "Z", "X"]), pl.Series(["b", "a", "a"]))
    assert rows.tolist() == [0, 2]
    assert layout.coin.tolist() == coin[::-1].tolist()
    assert layout.venue.tolist() == venue[::-1].tolist()
