"""Venues read through ccxt take part in a round like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from arbedge import aio, breaker, clock
from arbedge.http import Unanswered
from arbedge.names import Fault, Market
from exchanges import book, budget, collect, depth, generic, guests
from exchanges.columns import Parsed
from exchanges.depth import Wanted
from exchanges.generic import Gathered
from exchanges.outcomes import Outcome, Report
from exchanges.venues.base import EVERY_TEN_MINUTES, Ask, Feed, Venue
from tests.exchanges.answers import wire
from tests.exchanges.conftest import MakeVenue
from tests.exchanges.toys import prices
from tests.loopback import Loopback, Reply

QUOTES = Parsed(wire(symbol=["BTC_USDT"], bid=[1.0], ask=[1.1]), {"no_price": 2})


class Ccxt:
    """What ccxt would answer, by feed; `error` fails the whole venue, `delay_s` makes it slow."""

    def __init__(self) -> None:
        self.answers: dict[str, Parsed | Unanswered] = {"perp": QUOTES}
        self.error: Unanswered | None = None
        self.delay_s = 0.0
        self.asked: list[list[str]] = []

    async def collect(
        self, _name: str, _urls: Mapping[str, str], wanted: Collection[str]
    ) -> dict[str, Gathered]:
        self.asked.append(sorted(wanted))
        await asyncio.sleep(self.delay_s)
        if self.error is not None:
            raise self.error
        return {
            feed: Gathered(self.answers.get(feed, QUOTES), 12.0, clock.now_ms()) for feed in wanted
        }


@pytest.fixture
def ccxt(monkeypatch: pytest.MonkeyPatch) -> Ccxt:
    answers = Ccxt()
    monkeypatch.setattr(generic, "collect", answers.collect)
    return answers


@pytest.fixture
def gate(ccxt: Ccxt, monkeypatch: pytest.MonkeyPatch, clean_cache: None) -> Any:
    ask = Ask("default", "x")
    feeds = (
        Feed("perp", Market.PERP, ask, lambda _: QUOTES, essential=True),
        Feed("day", Market.PERP, ask, lambda _: QUOTES, EVERY_TEN_MINUTES),
    )
    monkeypatch.setattr(generic, "feeds", lambda name: feeds)
    guests.as_venue.cache_clear()
    yield guests.as_venue("gate")
    guests.as_venue.cache_clear()


def collected(*venues: Venue, deadline_ms: float = 5_000) -> Report:
    return aio.run(collect.collect_once(venues, deadline_ms=deadline_ms), 60)


def perp(report: Report, venue: str = "gate") -> Outcome:
    [found] = [one for one in report.outcomes if (one.venue, one.feed) == (venue, "perp")]
    return found


def test_its_answers_are_in_the_book(gate: Venue) -> None:
    report = collected(gate)

    assert perp(report).rows == 1
    assert perp(report).dropped == {"no_price": 2}
    assert set(book.pieces([gate])["gate"]) == {"perp", "day"}


def test_it_stands_beside_venues_with_a_file(
    server: Loopback, make_venue: MakeVenue, gate: Venue
) -> None:
    server.on("/alpha/perp", Reply(prices("BTCUSDT")))

    report = collected(make_venue("alpha"), gate)

    assert perp(report, "alpha").came
    assert perp(report).came


def test_slow_feeds_are_asked_by_their_cadence(ccxt: Ccxt, gate: Venue) -> None:
    collected(gate)
    collected(gate)

    assert ccxt.asked == [["day", "perp"], ["perp"]]


def test_one_failing_feed_leaves_the_others(ccxt: Ccxt, gate: Venue) -> None:
    ccxt.answers["perp"] = Unanswered(Fault.SERVER, "HTTP 503")

    report = collected(gate)

    assert perp(report).fault == "server"
    assert set(book.pieces([gate])["gate"]) == {"day"}


def test_a_venue_that_limits_us_rests(ccxt: Ccxt, gate: Venue) -> None:
    ccxt.error = Unanswered(Fault.RATE_LIMITED, "slow down")
    first = collected(gate)

    second = collected(gate)

    assert perp(first).fault == "rate_limited"
    assert perp(second).held == "breaker"
    assert len(ccxt.asked) == 1
    assert breaker.states()[0]["venue"] == "gate"


def test_a_slow_one_does_not_hold_the_round(ccxt: Ccxt, gate: Venue) -> None:
    ccxt.delay_s = 60

    assert perp(collected(gate, deadline_ms=100)).fault == "timeout"


def test_its_books_are_not_asked_for(gate: Venue) -> None:
    aio.run(budget.count_calls("bulk", 100, clock.now_ms()))
    wanted = [Wanted("gate", Market.PERP, "BTC_USDT")]

    assert aio.run(depth.books(wanted, clock.now_ms(), venues=[gate])) == {}
