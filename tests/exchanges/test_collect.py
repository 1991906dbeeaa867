"""The collector against a real server: what comes is in the book, what does not is counted."""

from __future__ import annotations

from typing import Any

import pytest

from arbedge import aio, breaker, cache, clock
from arbedge.errors import NoData
from exchanges import book, collect, quality
from exchanges.collect import Outcome, Report
from exchanges.venues.base import Pool, Venue
from tests.exchanges import toys
from tests.exchanges.conftest import MakeVenue
from tests.exchanges.toys import feed, listed, lists, minute, prices
from tests.loopback import Loopback, Reply

GOOD = Reply(prices("BTCUSDT", "ETHUSDT"))


def collected(*venues: Venue, deadline_ms: float = 5_000) -> Report:
    return aio.run(collect.collect_once(venues, deadline_ms=deadline_ms), 60)


def outcome(report: Report, venue: str, feed: str = "perp") -> Outcome:
    [found] = [one for one in report.outcomes if (one.venue, one.feed) == (venue, feed)]
    return found


def states() -> dict[tuple[str, str], dict[str, Any]]:
    return {(one["venue"], one["host"]): one for one in breaker.states()}


def open_for_s(venue: str, host: str = "api") -> float:
    until_ms: float = states()[venue, host]["until_ms"]
    return (until_ms - clock.now_ms()) / clock.SECOND_MS


def again_soon(venue: str, host: str = "api") -> None:
    """Lets the breaker's time be over."""
    name, entry = cache.key("breakers"), f"{venue} {host}"
    raw: Any = cache.client().hget(name, entry)
    until = f'"until_ms":{states()[venue, host]["until_ms"]}'.encode()
    assert until in raw
    cache.client().hset(name, entry, raw.replace(until, b'"until_ms":1.0'))


def test_what_comes_is_in_the_book_with_its_times(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha")
    server.on("/alpha/perp", GOOD)
    before = clock.now_ms()

    report = collected(venue)

    assert outcome(report, "alpha").rows == 2
    piece = book.pieces([venue])["alpha"]["perp"]
    assert piece.frame["symbol"].to_list() == ["BTCUSDT", "ETHUSDT"]
    assert before <= piece.captured_at_ms <= clock.now_ms()
    assert piece.venue_at_ms == toys.AT
    assert piece.essential


def test_all_venues_are_asked_at_once(server: Loopback, make_venue: MakeVenue) -> None:
    venues = [make_venue(name) for name in ("alpha", "beta", "gamma", "delta")]
    for one in venues:
        server.on(f"/{one.name}/perp", Reply(prices("BTCUSDT"), delay_s=0.4))

    report = collected(*venues)

    assert all(outcome(report, one.name).came for one in venues)
    assert server.most_at_once >= len(venues)


def test_a_silent_venue_never_holds_the_others(server: Loopback, make_venue: MakeVenue) -> None:
    alpha, beta = make_venue("alpha"), make_venue("beta")
    server.on("/alpha/perp", Reply(delay_s=60))
    server.on("/beta/perp", GOOD)

    report = collected(alpha, beta, deadline_ms=400)

    assert outcome(report, "alpha").fault == "timeout"
    assert outcome(report, "beta").came
    assert list(book.pieces([alpha, beta])["beta"]) == ["perp"]


def test_an_old_answer_stays_in_the_book_and_grows_older(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha")
    server.on("/alpha/perp", GOOD, Reply(b"oops", 500))
    collected(venue)
    before = book.pieces([venue])["alpha"]["perp"].captured_at_ms

    collected(venue)

    assert book.pieces([venue])["alpha"]["perp"].captured_at_ms == before


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply(b"{}", 429), "rate_limited"),
        (Reply(b"{}", 418), "banned"),
        (Reply(b"<html>", 403), "forbidden"),
        (Reply(b"{}", 451), "location"),
        (Reply(b"oops", 503), "server"),
        (Reply(hang_up=True), "unreachable"),
        (Reply(b"<html>no</html>"), "malformed"),
        (Reply(b'{"rows": [{"symbol": 1'), "malformed"),
        (Reply(b'{"rows": "none"}'), "malformed"),
        (Reply(b'{"code":"bad request"}', 400), "rejected"),
    ],
)
def test_faults_are_told_and_leave_others_alone(
    server: Loopback, make_venue: MakeVenue, reply: Reply, fault: str
) -> None:
    alpha, beta = make_venue("alpha"), make_venue("beta")
    server.on("/alpha/perp", reply)
    server.on("/beta/perp", GOOD)

    report = collected(alpha, beta)

    assert outcome(report, "alpha").fault == fault
    assert outcome(report, "beta").came


def test_retry_after_pauses_exactly_that_venue(server: Loopback, make_venue: MakeVenue) -> None:
    alpha, beta = make_venue("alpha"), make_venue("beta")
    server.on("/alpha/perp", Reply(b"{}", 429, {"Retry-After": "77"}))
    server.on("/beta/perp", GOOD)
    collected(alpha, beta)
    asked = server.paths().count("/alpha/perp")

    report = collected(alpha, beta)

    assert outcome(report, "alpha").held == "breaker"
    assert outcome(report, "beta").came
    assert server.paths().count("/alpha/perp") == asked
    assert 60 < open_for_s("alpha") <= 77
    assert list(states()) == [("alpha", "api")]


def test_a_ban_doubles_when_the_probe_is_banned_again(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha")
    server.on("/alpha/perp", Reply(b"{}", 418))
    collected(venue)
    first = open_for_s("alpha")
    again_soon("alpha")

    collected(venue)

    assert 110 < first <= 120
    assert 230 < open_for_s("alpha") <= 240


def test_a_forbidden_venue_rests_ten_minutes(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha")
    server.on("/alpha/perp", Reply(b"{}", 403))

    collected(venue)

    assert 590 < open_for_s("alpha") <= 600


def test_a_recovered_venue_is_as_new(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha")
    server.on("/alpha/perp", Reply(b"{}", 418), GOOD)
    collected(venue)
    again_soon("alpha")

    report = collected(venue)

    assert outcome(report, "alpha").came
    assert states() == {}


def test_one_probe_goes_to_a_venue_that_was_shut(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha", feed("perp"), feed("more"), feed("most"))
    for name in ("perp", "more", "most"):
        server.on(f"/alpha/{name}", Reply(b"{}", 503))
    collected(venue)
    server.calls.clear()
    again_soon("alpha")

    collected(venue)

    assert len(server.calls) == 1


def test_a_refused_location_is_served_by_the_mirror_at_once(
    server: Loopback, make_venue: MakeVenue, settings: Any
) -> None:
    venue = make_venue("alpha")
    settings.VENUE_URLS["alpha"]["api_mirror"] = f"{server.url}/mirror"
    server.on("/alpha/perp", Reply(b"{}", 451))
    server.on("/mirror/perp", GOOD)

    first = collected(venue)
    second = collected(venue)

    assert outcome(first, "alpha").came
    assert outcome(second, "alpha").came
    assert server.paths().count("/alpha/perp") == 1
    assert server.paths().count("/mirror/perp") == 2
    assert 3_500 < open_for_s("alpha") <= 3_600


def test_a_configured_address_has_no_mirror_but_its_own(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha", mirrors={"api": f"{server.url}/elsewhere"})
    server.on("/alpha/perp", Reply(b"{}", 451))

    report = collected(venue)

    assert outcome(report, "alpha").fault == "location"
    assert not any(path.startswith("/elsewhere") for path in server.paths())


def test_an_unexpected_error_of_a_parser_stays_with_its_venue(
    server: Loopback, make_venue: MakeVenue
) -> None:
    def broken(body: bytes) -> Any:
        raise ZeroDivisionError("a surprise")

    alpha, beta = make_venue("alpha", feed(parse=broken)), make_venue("beta")
    server.on("/alpha/perp", GOOD)
    server.on("/beta/perp", GOOD)

    report = collected(alpha, beta)

    assert outcome(report, "alpha").fault == "malformed"
    assert "a surprise" in outcome(report, "alpha").message
    assert outcome(report, "beta").came


# Pages, cadence and claims.


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
    assert server.calls[-1].query == {"cursor": "2"}


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
    assert [paths.count(f"/alpha/{name}") for name in ("day", "lists", "clock")] == [1, 1, 1]


def test_a_minute_feed_is_asked_again_when_its_minute_is_over(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha", minute())
    server.on("/alpha/day", GOOD)
    collected(venue)
    collected(venue)
    assert server.paths().count("/alpha/day") == 1

    left: Any = cache.client().pttl(collect.due_key("alpha", "day"))
    cache.client().delete(collect.due_key("alpha", "day"))
    collected(venue)

    assert 55_000 < left < 60_000
    assert server.paths().count("/alpha/day") == 2


def test_a_failed_minute_feed_is_due_again_soon(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha", minute())
    server.on("/alpha/day", Reply(b"", 503))

    collected(venue)

    left: Any = cache.client().pttl(collect.due_key("alpha", "day"))
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

    assert len(server.calls) == 4  # three of them prices, one the clock
    assert [outcome(one, "alpha").held for one in reports[-2:]] == ["budget", "budget"]


def test_weight_used_is_told_by_venue(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha", feed(weight=40), feed("more", weight=2))
    server.on("/alpha/perp", GOOD)
    server.on("/alpha/more", GOOD)

    assert collected(venue).weights == {"alpha": 43}


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
