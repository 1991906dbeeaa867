"""Rounds of the collector: pages, cadence, clocks, weights, quality and replays."""

from __future__ import annotations

from typing import Any

import pytest

from arbedge import aio, cache, clock
from arbedge.errors import NoData
from exchanges import book, collect, quality
from exchanges.cadence import due_key
from exchanges.venues.base import Pool
from tests.exchanges import toys
from tests.exchanges.conftest import MakeVenue
from tests.exchanges.rounds import GOOD, collected, outcome
from tests.exchanges.toys import feed, listed, lists, minute, prices
from tests.loopback import Loopback, Reply


def test_pages_become_one_answer(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha", feed(follow=toys.next_page))
    first = Reply(prices("BTCUSDT", next="2", dropped={"no_price": 1}))
    second = Reply(prices("ETHUSDT", at=toys.AT - 5, dropped={"no_price": 2}))
    server.on("/alpha/perp", first, second)

    report = collected(venue)

    piece = book.pieces([venue])["alpha"]["perp"]
    assert piece.frame["symbol"].to_list() == ["BTCUSDT", "ETHUSDT"]
    assert piece.venue_at_ms == toys.AT - 5
    assert outcome(report, "alpha").dropped == {"no_price": 3}
    pages = [call.query for call in server.calls if call.path == "/alpha/perp"]
    assert pages == [{}, {"cursor": "2"}]


def test_an_answer_whose_second_page_fails_is_not_half_in_the_book(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha", lists(follow=toys.next_page))
    server.on("/alpha/lists", Reply(b'{"rows": [], "next": "2"}'), Reply(b"", 503))

    report = collected(venue)

    assert outcome(report, "alpha", "lists").fault == "server"
    assert book.instrument_pieces([venue]) == {"alpha": {}}


def test_two_collectors_at_once_do_not_double_minute_feeds(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha", feed(), minute(), lists())
    server.on("/alpha/perp", GOOD)
    server.on("/alpha/day", GOOD)
    server.on("/alpha/lists", Reply(listed("BTCUSDT")))

    async def both() -> None:
        import asyncio

        await asyncio.gather(*(collect.collect_once([venue]) for _ in range(2)))

    aio.run(both(), 60)

    paths = server.paths()
    assert [paths.count(f"/alpha/{name}") for name in ("day", "lists", "clock")] == [1, 1, 2]


def test_a_minute_feed_is_asked_again_when_its_minute_is_over(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha", minute())
    server.on("/alpha/day", GOOD)
    collected(venue)
    collected(venue)
    assert server.paths().count("/alpha/day") == 1

    left: Any = cache.client().pttl(due_key("alpha", "day"))
    cache.client().delete(due_key("alpha", "day"))
    collected(venue)

    assert 55_000 < left < 60_000
    assert server.paths().count("/alpha/day") == 2


def test_a_failed_minute_feed_is_due_again_soon(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha", minute())
    server.on("/alpha/day", Reply(b"", 503))

    collected(venue)

    left: Any = cache.client().pttl(due_key("alpha", "day"))
    assert 0 < left <= collect.RETRY_AFTER_S * 1_000


def test_report_says_when_a_list_is_new(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha", lists())
    server.on("/alpha/lists", Reply(listed("BTCUSDT")))

    assert collected(venue).lists_came
    assert not collected(venue).lists_came


# Clocks and budgets.


def test_a_venue_whose_clock_is_wrong_is_set_right(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha")
    server.on("/alpha/perp", GOOD)
    server.on("/alpha/clock", Reply(str(clock.now_ms() + 90_000).encode()))

    collected(venue)
    collected(venue)

    offset_ms = book.pieces([venue])["alpha"]["perp"].offset_ms
    assert abs(offset_ms - 90_000) < 10_000


def test_a_used_weight_near_the_limit_stops_calls(server: Loopback, make_venue: MakeVenue) -> None:
    pool = Pool(100, 60.0, used_header="x-used")
    venue = make_venue("alpha", pools={"ip": pool})
    server.on("/alpha/perp", Reply(prices("BTCUSDT"), headers={"X-Used": "80"}))
    collected(venue)
    server.calls.clear()

    report = collected(venue)

    assert outcome(report, "alpha").held == "budget"
    assert server.calls == []


def test_calls_of_several_rounds_stay_inside_our_share(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha", pools={"ip": Pool(8, 600.0, share=0.5)})
    server.on("/alpha/perp", GOOD)

    reports = [collected(venue) for _ in range(6)]

    assert len(server.calls) == 4  # two of them prices, two the clock
    assert [outcome(one, "alpha").held for one in reports[-2:]] == ["budget", "budget"]


def test_weight_used_is_told_by_venue(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha", feed(weight=40), feed("more", weight=2))
    server.on("/alpha/perp", GOOD)
    server.on("/alpha/more", GOOD)

    assert collected(venue).weights == {"alpha": 44}


# Quality and replay.


@pytest.fixture
def soon_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "SLOW_MS", 50.0)


def test_late_and_failed_answers_count_against_reliability(
    server: Loopback, make_venue: MakeVenue, soon_late: None
) -> None:
    venue = make_venue("alpha", feed("slow"), feed("dead"))
    server.on("/alpha/slow", Reply(prices("BTCUSDT"), delay_s=0.2))
    server.on("/alpha/dead", Reply(b"", 503))

    collected(venue)

    told = quality.answers(["alpha"], clock.now_ms())["alpha"]
    assert told[quality.LATE] >= 1
    assert told[quality.FAILED] == 1


def test_what_was_not_asked_counts_neither_way(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha", pools={"ip": Pool(2, 600.0, share=0.5)})

    collected(venue)
    before = quality.answers(["alpha"], clock.now_ms())["alpha"].total()
    collected(venue)

    assert quality.answers(["alpha"], clock.now_ms())["alpha"].total() == before


def test_dropped_rows_are_counted_by_feed_and_reason(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha")
    server.on("/alpha/perp", Reply(prices("BTCUSDT", dropped={"no_price": 3})))

    collected(venue)
    collected(venue)

    told = quality.dropped(["alpha"], clock.now_ms())
    assert told == {"alpha": {"perp": {"no_price": 6}}}


def test_in_a_replay_the_recordings_clock_counts(
    server: Loopback, make_venue: MakeVenue, settings: Any
) -> None:
    settings.MARKET_MODE = "replay"
    venue = make_venue("alpha")
    recorded = {"X-Recorded-At": "1669012550000"}
    server.on("/alpha/perp", Reply(prices("BTCUSDT"), headers=recorded))

    collected(venue)

    assert book.pieces([venue])["alpha"]["perp"].captured_at_ms == 1669012550000
    assert "/alpha/clock" not in server.paths()


def test_outside_a_replay_nobody_else_sets_our_clock(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha")
    server.on("/alpha/perp", Reply(prices("BTCUSDT"), headers={"X-Recorded-At": "1"}))

    collected(venue)

    assert book.pieces([venue])["alpha"]["perp"].captured_at_ms > toys.AT


def test_what_was_never_recorded_is_no_failure_of_the_venue(
    server: Loopback, make_venue: MakeVenue, settings: Any
) -> None:
    settings.MARKET_MODE = "replay"
    venue = make_venue("alpha")

    collected(venue)

    assert quality.answers(["alpha"], clock.now_ms())["alpha"].total() == 0


def test_without_a_cache_nothing_is_asked(
    server: Loopback, make_venue: MakeVenue, settings: Any
) -> None:
    venue = make_venue("alpha")
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    with pytest.raises(NoData, match="the cache cannot be reached"):
        collected(venue)

    assert server.calls == []
