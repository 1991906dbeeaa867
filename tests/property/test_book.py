"""The book's pure parts against slow and plain ways to say the same."""

from __future__ import annotations

from math import isnan
from statistics import median
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbedge import breaker
from arbedge.breaker import CLOSED, HALF_OPEN, OPEN, State
from arbedge.clock import DAY_MS, HOUR_MS
from arbedge.names import Fault
from exchanges import frames, frozen, history
from exchanges.columns import WIRE
from exchanges.encoding import decode, encode
from exchanges.history import PRINTS
from tests.exchanges.answers import NOW, book, instruments, piece

SYMBOLS = [f"C{number}USDT" for number in range(8)]
VENUES = ["alpha", "beta", "gamma"]
prices = st.one_of(st.none(), st.floats(1e-9, 1e6))
several = st.lists(st.sampled_from(SYMBOLS), unique=True, max_size=8)


@st.composite
def answers(draw: st.DrawFn, columns: tuple[str, ...]) -> pl.DataFrame:
    symbols = draw(several)
    values = {name: [draw(prices) for _ in symbols] for name in columns}
    schema = {name: WIRE[name] for name in ("symbol", *columns)}
    return pl.DataFrame({"symbol": symbols, **values}, schema=schema)


@st.composite
def markets(draw: st.DrawFn) -> dict[str, dict[str, pl.DataFrame]]:
    return {
        venue: {
            "book": draw(answers(("bid", "ask"))),
            "funding": draw(answers(("rate", "mark"))),
        }
        for venue in draw(st.lists(st.sampled_from(VENUES), unique=True, min_size=1))
    }


def plainly(
    told: dict[str, dict[str, pl.DataFrame]], known: pl.DataFrame
) -> dict[tuple[str, str], tuple[float | None, ...]]:
    """The join by one dictionary look-up per row."""
    listed = {
        (row["venue"], row["symbol"]): row["multiplier"] for row in known.iter_rows(named=True)
    }
    joined = {}
    for venue, feeds in told.items():
        rates = {row["symbol"]: row for row in feeds["funding"].iter_rows(named=True)}
        for row in feeds["book"].iter_rows(named=True):
            units = listed.get((venue, row["symbol"]))
            if units is None:
                continue
            other = rates.get(row["symbol"], {"rate": None, "mark": None})
            per_coin = [
                None if value is None else value / units
                for value in (row["bid"], row["ask"], other["mark"])
            ]
            joined[venue, row["symbol"]] = (*per_coin, other["rate"])
    return joined


@given(
    told=st.lists(markets(), min_size=1, max_size=3),
    listed=st.dictionaries(
        st.tuples(st.sampled_from(VENUES), st.sampled_from(SYMBOLS)),
        st.sampled_from([1.0, 1000.0]),
        min_size=1,
    ),
)
def test_the_join_is_what_one_look_up_per_row_gives(
    told: list[dict[str, dict[str, pl.DataFrame]]], listed: dict[tuple[str, str], float]
) -> None:
    """Scan after scan over one instrument list, so that remembered positions are put to use."""
    known = instruments(
        *(
            {"venue": venue, "symbol": symbol, "asset": symbol, "multiplier": units}
            for (venue, symbol), units in listed.items()
        )
    )
    for one in told:
        pieces = book(
            *(
                piece(venue, feed, frame)
                for venue, feeds in one.items()
                for feed, frame in feeds.items()
            )
        )

        joined = frames.assemble(pieces, known).perp

        columns = ("bid", "ask", "mark", "rate")
        found = {
            (row["venue"], row["symbol"]): tuple(row[name] for name in columns)
            for row in joined.iter_rows(named=True)
        }
        assert found == plainly(one, known)


@given(frame=answers(("bid", "ask", "rate")), dropped=st.dictionaries(st.text(), st.integers(0)))
def test_every_piece_survives_the_cache(frame: pl.DataFrame, dropped: dict[str, int]) -> None:
    told = piece("alpha", "book", frame, dropped=dropped)

    back = decode(encode(told))

    assert back.frame.equals(frame, null_equal=True)
    assert back.dropped == dropped


mids = st.lists(st.one_of(st.none(), st.floats(0.1, 10.0)), min_size=1, max_size=5)


@given(values=mids)
def test_peers_medians_are_the_medians_of_the_others(values: list[float | None]) -> None:
    market = pl.DataFrame(
        {
            "instrument_id": range(len(values)),
            "asset": "BTC",
            "quote": "USDT",
            "venue": [f"v{number}" for number in range(len(values))],
        }
    )

    found = frozen.Peers.among(market).medians(pl.Series(values, dtype=pl.Float64).to_numpy())

    for row, mine in enumerate(found):
        others = [value for place, value in enumerate(values) if place != row and value is not None]
        assert mine == pytest.approx(median(others)) if others else isnan(mine)


# Breakers.

faults = st.sampled_from(list(breaker.RULES))
steps = st.lists(
    st.tuples(faults, st.floats(0, DAY_MS), st.one_of(st.none(), st.integers(1, 10_000))),
    min_size=1,
    max_size=30,
)


@given(steps=steps, chance=st.floats(0, 1))
def test_a_breaker_never_shuts_for_longer_than_its_rule(steps: list[Any], chance: float) -> None:
    state, now_ms = State("alpha", "api"), NOW
    for fault, pause_ms, wait_s in steps:
        now_ms += pause_ms
        before = state
        state = breaker.after_failure(state, fault, now_ms, retry_after_s=wait_s, chance=chance)
        limit_ms = max(breaker.RULES[fault].cap_ms * (1 + breaker.JITTER), (wait_s or 0) * 1_000)
        assert state.until_ms <= max(before.until_ms, now_ms + limit_ms)
        assert state.until_ms >= before.until_ms
        assert (state.state == OPEN) == (not state.admits(now_ms) or state.until_ms > now_ms)


@given(steps=steps)
def test_failures_are_counted_and_success_forgives_them_all(steps: list[Any]) -> None:
    state, now_ms = State("alpha", "api"), NOW
    for fault, pause_ms, _ in steps:
        now_ms += pause_ms
        state = breaker.after_failure(state, fault, now_ms)
    assert state.failures == len(steps)

    after = breaker.after_success(state, max(now_ms, state.until_ms))

    assert after is None


@given(fault=faults, openings=st.integers(1, 40))
def test_each_failed_probe_shuts_at_least_as_long_as_the_one_before(
    fault: Fault, openings: int
) -> None:
    lengths = []
    for opens in range(openings):
        probing = State("alpha", "api", HALF_OPEN, NOW + 1, "", 3, opens)
        lengths.append(breaker.after_failure(probing, fault, NOW).until_ms - NOW)

    assert lengths == sorted(lengths)


def test_a_closed_breaker_admits_at_any_time() -> None:
    assert State("alpha", "api", CLOSED, NOW + 1).admits(NOW)


# Settled funding.

rates = st.lists(st.floats(-0.01, 0.01), min_size=2, max_size=21)


def mean(rows: list[float], every_hours: float) -> float:
    told = [(1, NOW - every_hours * HOUR_MS * place, rate) for place, rate in enumerate(rows)]
    found = history.means_of(pl.DataFrame(told, schema=PRINTS, orient="row"), NOW)
    return float(found.item(0, "mean_hourly"))


@given(rows=rates, every_hours=st.sampled_from([1.0, 2.0, 4.0, 8.0]))
def test_mean_is_the_average_rate_over_its_interval(rows: list[float], every_hours: float) -> None:
    assert mean(rows, every_hours) == pytest.approx(sum(rows) / len(rows) / every_hours, abs=1e-15)


@given(rows=rates, factor=st.floats(-3, 3))
def test_mean_is_linear_in_the_rates(rows: list[float], factor: float) -> None:
    scaled = mean([rate * factor for rate in rows], 8.0)

    assert scaled == pytest.approx(mean(rows, 8.0) * factor, abs=1e-15)
