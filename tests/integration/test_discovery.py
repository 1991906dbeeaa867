"""What scanning everything finds beyond a fixed list of large coins, and what it costs in calls.

Recorded days pay next to nothing at the defaults, so that counting what opens would compare one
with none. Compared are candidates that earn something by the announced figures after every cost,
and, stricter, those that pass every gate of the permissive profile at one basis point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from arbedge import aio
from arbedge import cache as shared
from arbedge.names import REJECTING_MASK, Reason
from exchanges import budget
from exchanges.venues import VENUES
from exchanges.venues.base import EVERY_SCAN, Feed
from opportunities import offline, scan
from opportunities.detectors.figures import Figures
from opportunities.handover import mask
from opportunities.policy import Policy
from opportunities.settlements import Flags
from opportunities.universe import PEGGED

pytestmark = pytest.mark.recordings

WIDE = ("profile=permissive", "measure=net_announced", "threshold=1bp")
DAYS = {  # recorded set: what its legs' capture times need
    "spot-2022-11-21": "max_leg_skew=20s",
    "perps-2026-06-02": "max_leg_skew=70s",
    "perps-series-2026-06-02": "max_leg_skew=20s",
}
LARGEST_OF = {"perps-series-2026-06-02": "perps-2026-06-02"}  # the series tells no volumes
NO_TRADE = mask(
    Reason.NO_PRICE,
    Reason.CROSSED,
    Reason.QUOTE_MISMATCH,
    Reason.NEEDS_BORROW,
    Reason.LEVERAGED,
    Reason.QUARANTINED,
    Reason.DIVERGENT,
)
Measure = Callable[[Figures], Flags]


def earns(part: Figures) -> Flags:
    """Trades that are real and pay something as announced, whatever other gates say."""
    found: Flags = ((part.reasons & NO_TRADE) == 0) & (part.net_announced > 0)
    return found


def passes(part: Figures) -> Flags:
    found: Flags = (part.reasons & REJECTING_MASK) == 0
    return found


@cache
def results(folder: Path) -> list[scan.Result]:
    policy = Policy().with_settings([*WIDE, DAYS[folder.name]])
    return list(offline.results(folder, policy))


def ten_largest(folder: Path) -> list[str]:
    """The list a trader would fix: the ten coins traded most for USDT in spot on that day."""
    frame = results(folder)[0].found.universe.frame
    return (
        frame.filter((pl.col("market") == "spot") & (pl.col("quote") == "USDT"))
        .filter(~pl.col("asset").is_in(PEGGED))
        .group_by("asset")
        .agg(pl.col("volume_usd").sum())
        .top_k(10, by="volume_usd")["asset"]
        .to_list()
    )


def found(recordings: Path, measure: Measure) -> tuple[int, int]:
    """Over all recorded moments: candidates of the whole universe, and those of the fixed lists."""
    everything = listed = 0
    for day in DAYS:
        fixed = ten_largest(recordings / LARGEST_OF.get(day, day))
        for result in results(recordings / day):
            assets = result.found.universe.frame["asset"].to_numpy()
            for part in result.found.parts():
                chosen = measure(part)
                everything += int(chosen.sum())
                listed += int((chosen & np.isin(assets[part.long], fixed)).sum())
    return everything, listed


def test_the_fixed_lists_are_what_anybody_would_fix(recordings: Path) -> None:
    lists = [ten_largest(recordings / day) for day in ("spot-2022-11-21", "perps-2026-06-02")]

    assert all(len(fixed) == 10 for fixed in lists)
    assert all({"BTC", "ETH", "DOGE", "XRP"} <= set(fixed) for fixed in lists)


@pytest.mark.parametrize("measure", [earns, passes])
def test_everything_finds_at_least_half_again_as_much(recordings: Path, measure: Measure) -> None:
    everything, listed = found(recordings, measure)

    assert everything >= 20
    assert everything >= 1.5 * listed


def calls_of_an_hour(wanted_each_scan: int) -> tuple[int, int]:
    """An hour of scans every five seconds by the product's own budget: bulk calls, extra calls."""

    async def story() -> tuple[int, int]:
        bulk = extra = 0
        for number in range(720):
            at_ms = 1.8e12 + number * 5_000.0
            due = sum(number * 5 % max(5, feed.every_s) == 0 for feed in _feeds())
            await budget.count_calls(budget.BULK, due, at_ms)
            histories = min(await budget.history_left(at_ms), 60 if number == 12 else 0)
            await budget.count_calls(budget.HISTORY, histories, at_ms)
            books = min(await budget.extra_left(at_ms), wanted_each_scan)
            await budget.count_calls(budget.EXTRA, books, at_ms)
            bulk, extra = bulk + due, extra + books + histories
        return bulk, extra

    return aio.run(story(), 120)


def _feeds() -> Iterator[Feed]:
    return chain.from_iterable(venue.feeds for venue in VENUES.values())


@pytest.fixture
def no_calls_yet() -> Iterator[None]:
    shared.client().flushdb()
    yield
    shared.client().flushdb()


def test_the_short_list_costs_at_most_a_fifth_more_calls(
    recordings: Path, no_calls_yet: None
) -> None:
    """Bulk answers hold every instrument: a longer list of coins asks nothing more of them."""
    everything = results(recordings / "spot-2022-11-21")[0].found
    wanted = len(scan.wanted_books(everything, Policy().with_settings(WIDE), 0))

    bulk, extra = calls_of_an_hour(wanted)

    assert wanted > 0
    assert extra > 0
    assert extra <= 0.2 * bulk


def test_one_call_answers_for_every_instrument_of_a_market() -> None:
    """No feed asked at every scan is asked symbol by symbol."""
    often = [feed for feed in _feeds() if feed.every_s == EVERY_SCAN]

    assert 8 <= len(often) <= 16
    named = [{"symbol", "instId"} & set(feed.ask.query) for feed in often]
    assert [
        feed.ask.query["instId"] for feed, names in zip(often, named, strict=True) if names
    ] == ["ANY"]
