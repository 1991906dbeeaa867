"""What holds for every market: identity does not depend on units, order or names of venues."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.identity import DIVERGES, DOUBTFUL, judge
from exchanges.memory import nothing
from tests.exchanges.markets import NETWORKS, NOW_MS, instrument, judged, market, verdicts_of

VENUES = ("binance", "bybit", "okx", "bitget", "gate")
prices = st.floats(min_value=1e-9, max_value=1e6)
gaps = st.floats(min_value=0.0, max_value=1e6)
several_prices = st.lists(prices, min_size=2, max_size=len(VENUES))
calm = settings(deadline=None, max_examples=50)


def listed(quotes: list[float], **values: Any) -> list[dict[str, Any]]:
    """TON on as many venues as there are prices."""
    return [
        instrument(venue, "TON", price, **values)
        for venue, price in zip(VENUES, quotes, strict=False)
    ]


def near_a_limit(ratios: pl.Series) -> bool:
    """Whether rounding could move a ratio over a limit."""
    limits = (0.02, DOUBTFUL, DIVERGES)
    known = [ratio for ratio in ratios if ratio is not None]
    return any(math.isclose(ratio, limit, rel_tol=1e-6) for ratio in known for limit in limits)


@calm
@given(several_prices, st.integers(min_value=-9, max_value=9))
def test_the_unit_of_prices_does_not_matter(quotes: list[float], power: int) -> None:
    plain = judged(*listed(quotes))
    scaled = judged(*listed([price * 2.0**power for price in quotes]))
    if not near_a_limit(plain.frame["ratio"]):
        assert verdicts_of(plain) == verdicts_of(scaled)


@calm
@given(several_prices, st.randoms(use_true_random=False))
def test_the_order_of_instruments_does_not_matter(quotes: list[float], random: Any) -> None:
    rows = listed(quotes)
    order = random.sample(range(len(rows)), len(rows))
    plain, mixed = judged(*rows), judged(*(rows[place] for place in order))
    assert verdicts_of(mixed) == [verdicts_of(plain)[place] for place in order]


@calm
@given(several_prices)
def test_the_names_of_venues_do_not_matter(quotes: list[float]) -> None:
    rows = listed(quotes)
    others = [{**row, "venue": f"z{9 - place}"} for place, row in enumerate(rows)]
    assert verdicts_of(judged(*rows)) == verdicts_of(judged(*others))


@calm
@given(prices, gaps, gaps)
def test_a_wider_gap_is_never_believed_more(price: float, one: float, other: float) -> None:
    near, far = sorted((one, other))
    order = ["provisional", "divergent", "quarantined"]
    believed = [
        order.index(verdicts_of(judged(*listed([price, price * (1 + gap)])))[0])
        for gap in (near, far)
    ]
    assert believed == sorted(believed)


@calm
@given(several_prices)
def test_no_coin_is_believed_beyond_half(quotes: list[float]) -> None:
    judgement = judged(*listed(quotes))
    beyond = judgement.frame.filter(pl.col("ratio") > DIVERGES)
    assert set(beyond["verdict"]) <= {"quarantined"}


@calm
@given(prices, st.floats(min_value=0.6, max_value=1e6))
def test_an_outlier_never_drags_an_agreeing_majority_along(price: float, gap: float) -> None:
    verdicts = verdicts_of(judged(*listed([price, price, price, price * (1 + gap)])))
    assert verdicts == ["provisional"] * 3 + ["quarantined"]


@calm
@given(several_prices)
def test_judging_twice_changes_nothing(quotes: list[float]) -> None:
    rows = listed(quotes)
    once = judged(*rows)
    twice = judged(*rows, verdicts=once.changes)
    assert twice.changes.is_empty()
    assert verdicts_of(twice) == verdicts_of(once)


@calm
@given(several_prices, st.lists(st.sampled_from("ABCDE"), min_size=2, max_size=5))
def test_other_coins_do_not_matter(quotes: list[float], names: list[str]) -> None:
    rows = listed(quotes)
    others = [instrument(venue, name, 3.0) for venue, name in zip(VENUES, names, strict=False)]
    alone, together = judged(*rows), judged(*rows, *others)
    assert verdicts_of(alone) == verdicts_of(together)[: len(rows)]


@calm
@given(st.lists(st.one_of(st.none(), prices), min_size=1, max_size=5))
def test_every_instrument_has_a_verdict(quotes: list[float | None]) -> None:
    rows = [instrument(venue, "TON", price) for venue, price in zip(VENUES, quotes, strict=False)]
    networks = pl.DataFrame(schema=NETWORKS)
    frame = judge(market(rows), market([]), nothing(), networks, NOW_MS).frame
    assert frame["instrument_id"].to_list() == list(range(1, len(rows) + 1))
    assert frame["verdict"].null_count() == 0
