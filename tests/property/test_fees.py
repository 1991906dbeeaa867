"""What holds for every fee schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.fees import Rate, assemble

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
VENUES, MARKETS, QUOTES = ("binance", "okx"), ("spot", "perp"), ("", "USDT", "USDC")

bps = st.decimals(min_value=-100, max_value=1000, places=3)
rates = st.builds(
    Rate,
    version=st.just("2026-01"),
    venue=st.sampled_from(VENUES),
    market=st.sampled_from(MARKETS),
    quote=st.sampled_from(QUOTES),
    group=st.just(""),
    vip_level=st.integers(min_value=0, max_value=9),
    taker_bps=bps,
    maker_bps=bps,
    valid_from=st.integers(min_value=0, max_value=600).map(lambda day: START + timedelta(days=day)),
)
schedules = st.lists(
    rates, max_size=25, unique_by=lambda r: (r.venue, r.market, r.quote, r.vip_level, r.valid_from)
)
legs = pl.DataFrame(
    [(venue, market, quote) for venue in VENUES for market in MARKETS for quote in QUOTES[1:]],
    schema=["venue", "market", "quote"],
    orient="row",
)
calm = settings(deadline=None, max_examples=60)


def expected(rows: list[Rate], venue: str, market: str, quote: str, vip: int) -> Decimal | None:
    """The same rule told row by row: quote before general, then VIP level, then the newest date."""
    fitting = [
        rate
        for rate in rows
        if (rate.venue, rate.market) == (venue, market)
        and rate.quote in ("", quote)
        and rate.vip_level <= vip
        and rate.valid_from <= NOW
    ]
    if not fitting:
        return None
    return max(fitting, key=lambda r: (r.quote != "", r.vip_level, r.valid_from)).taker_bps


@calm
@given(schedules, st.integers(min_value=0, max_value=9))
def test_the_column_says_what_the_rule_says(rows: list[Rate], vip: int) -> None:
    found = assemble(rows, NOW).column(legs, vip).to_list()
    for fee, (venue, market, quote) in zip(found, legs.iter_rows(), strict=True):
        told = expected(rows, venue, market, quote, vip)
        assert (fee is None) == (told is None)
        assert fee is None or told is None or abs(fee - float(told) / 10_000) < 1e-15


@calm
@given(schedules, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Rate], random: object) -> None:
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert assemble(mixed, NOW) == assemble(rows, NOW)


@calm
@given(schedules, rates)
def test_another_row_in_force_is_another_version(rows: list[Rate], added: Rate) -> None:
    before, after = assemble(rows, NOW), assemble([*rows, added], NOW)
    assert (before.rates == after.rates) == (before.version == after.version)


@calm
@given(schedules)
def test_one_level_for_all_is_that_level_for_each(rows: list[Rate]) -> None:
    schedule = assemble(rows, NOW)
    each = schedule.column(legs, dict.fromkeys(VENUES, 3))
    assert each.equals(schedule.column(legs, 3), null_equal=True)
