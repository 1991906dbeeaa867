"""Counters over 24 hours, and markets that stand still while others move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from arbedge import cache
from arbedge.clock import HOUR_MS
from exchanges import frames, frozen, quality
from tests.exchanges.answers import NOW, book, instruments, piece, wire

# Counters.


def noted(venue: str, outcomes: dict[str, int], at_ms: float = NOW) -> None:
    pipe = cache.client().pipeline()
    for outcome, times in outcomes.items():
        for _ in range(times):
            quality.note_answer(pipe, venue, outcome, at_ms)
    pipe.execute()


def dropped(venue: str, feed: str, reasons: dict[str, int], at_ms: float = NOW) -> None:
    pipe = cache.client().pipeline()
    quality.note_dropped(pipe, venue, feed, reasons, at_ms)
    pipe.execute()


@pytest.mark.parametrize(
    ("took_ms", "verdict"), [(0, "in_time"), (2_000, "in_time"), (2_001, "late")]
)
def test_two_seconds_are_in_time(took_ms: float, verdict: str) -> None:
    assert quality.verdict_on(took_ms) == verdict


@pytest.mark.usefixtures("clean_cache")
def test_answers_are_counted_by_venue() -> None:
    noted("alpha", {"in_time": 3, "late": 1})
    noted("beta", {"failed": 2})

    told = quality.answers(["alpha", "beta", "gamma"], NOW)

    assert told == {"alpha": {"in_time": 3, "late": 1}, "beta": {"failed": 2}, "gamma": {}}


@pytest.mark.usefixtures("clean_cache")
def test_reliability_is_in_time_over_all() -> None:
    noted("alpha", {"in_time": 97, "late": 2, "failed": 1})
    counts: Any = cache.client().hgetall(cache.key("answers", "alpha"))

    assert quality.reliability_of(counts, NOW) == pytest.approx(0.97)
    assert quality.reliability_of({}, NOW) is None


@pytest.mark.usefixtures("clean_cache")
def test_only_the_last_24_hours_count() -> None:
    noted("alpha", {"failed": 5}, NOW - 25 * HOUR_MS)
    noted("alpha", {"late": 1}, NOW - 23 * HOUR_MS)
    noted("alpha", {"in_time": 1}, NOW)

    assert quality.answers(["alpha"], NOW)["alpha"] == {"late": 1, "in_time": 1}


@pytest.mark.usefixtures("clean_cache")
def test_drops_add_up_by_feed_and_reason() -> None:
    dropped("alpha", "spot", {"no_price": 3, "malformed_row": 0}, NOW - 2 * HOUR_MS)
    dropped("alpha", "spot", {"no_price": 4, "unknown_symbol": 1})
    dropped("alpha", "perp", {"no_symbol": 2})

    assert quality.dropped(["alpha"], NOW) == {
        "alpha": {"spot": {"no_price": 7, "unknown_symbol": 1}, "perp": {"no_symbol": 2}}
    }


@pytest.mark.usefixtures("clean_cache")
def test_old_hours_are_pruned_and_young_ones_stay() -> None:
    noted("alpha", {"failed": 1}, NOW - 30 * HOUR_MS)
    noted("alpha", {"in_time": 1})
    dropped("alpha", "spot", {"no_price": 1}, NOW - 30 * HOUR_MS)

    assert quality.prune(["alpha"], NOW) == 2
    assert quality.prune(["alpha"], NOW) == 0
    assert quality.answers(["alpha"], NOW)["alpha"] == {"in_time": 1}


# Standing still.

VENUES = ("alpha", "beta", "gamma", "delta")


def market(bids: Mapping[str, float | None], at_ms: float = NOW, size: float = 1.0) -> pl.DataFrame:
    """One coin on several venues, quoted a hundredth wide."""
    known = instruments(*({"venue": name, "symbol": "BTCUSDT", "asset": "BTC"} for name in VENUES))
    pieces = []
    for name, bid in bids.items():
        ask = None if bid is None else bid * 1.0001
        quotes = wire(symbol=["BTCUSDT"], bid=[bid], ask=[ask], bid_size=[size], ask_size=[size])
        pieces.append(piece(name, "book", quotes, captured_at_ms=at_ms))
    return frames.assemble(book(*pieces), known, now_ms=at_ms).perp


def scanned(*markets: pl.DataFrame) -> dict[str, tuple[float | None, float | None]]:
    """(unchanged scans, peers' move) by venue after these scans."""
    state = None
    for one in markets:
        state = frozen.advance(state, one)
    told = frozen.told(markets[-1], state)
    return {
        venue: (scans, move)
        for venue, scans, move in told.select("venue", "unchanged_scans", "unchanged_move").rows()
    }


def steps(number: int, **moving: float) -> list[pl.DataFrame]:
    """Scans in which alpha stands still and the named venues move by a fraction per scan."""
    return [
        market(
            {"alpha": 100.0} | {name: 100.0 * (1 + by) ** step for name, by in moving.items()},
            NOW + 5_000 * step,
        )
        for step in range(number)
    ]


def test_who_stands_still_while_peers_move_shows_both() -> None:
    told = scanned(*steps(21, beta=0.001, gamma=0.001))

    scans, move = told["alpha"]
    assert scans == 20
    assert move == pytest.approx(1.001**20 - 1)
    assert told["beta"][0] == 0


def test_the_own_venue_is_not_its_own_peer() -> None:
    scans, move = scanned(*steps(5, beta=0.01))["alpha"]

    assert scans == 4
    assert move == pytest.approx(1.01**4 - 1)


def test_the_median_ignores_a_single_runaway() -> None:
    told = scanned(*steps(5, beta=0.0, gamma=0.5, delta=0.0))

    assert told["alpha"][0] == 4
    assert told["alpha"][1] == pytest.approx(0)


def test_two_peers_meet_in_the_middle() -> None:
    told = scanned(*steps(2, beta=0.02, gamma=0.04))

    assert told["alpha"][1] == pytest.approx(0.03)


def test_a_falling_market_moves_as_well() -> None:
    assert scanned(*steps(2, beta=-0.01))["alpha"][1] == pytest.approx(0.01)


def test_alone_there_is_nobody_to_compare_with() -> None:
    told = scanned(market({"alpha": 100.0}), market({"alpha": 100.0}, NOW + 1))

    assert told["alpha"] == (1, None)


@pytest.mark.parametrize("change", [{"size": 2.0}, {"bids": {"alpha": 100.1, "beta": 50.0}}])
def test_any_change_of_price_or_size_is_life(change: dict[str, Any]) -> None:
    still: dict[str, Any] = {"bids": {"alpha": 100.0, "beta": 50.0}}

    told = scanned(
        market(**still), market(**still, at_ms=NOW + 1), market(**(still | change), at_ms=NOW + 2)
    )

    assert told["alpha"][0] == 0


def test_a_missing_price_that_stays_missing_is_no_change() -> None:
    told = scanned(*(market({"alpha": None, "beta": 1.0}, NOW + step) for step in range(3)))

    assert told["alpha"][0] == 2


def test_a_newcomer_starts_at_nought_and_others_keep_their_count() -> None:
    first = market({"alpha": 100.0, "beta": 100.0})
    second = market({"beta": 100.0, "gamma": 100.0}, NOW + 1)

    told = scanned(first, second)

    assert {venue: scans for venue, (scans, _) in told.items()} == {"beta": 1, "gamma": 0}


def test_without_memory_nothing_is_claimed() -> None:
    told = frozen.told(market({"alpha": 100.0}), None)

    assert told["unchanged_scans"].to_list() == [None]
