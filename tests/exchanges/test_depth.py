"""Order books for the short list: few calls, best first, reused for a minute."""

from __future__ import annotations

import json
from typing import Any

import pytest

from arbedge import aio, breaker, cache, clock
from arbedge.errors import NoData
from arbedge.names import Market
from exchanges import budget, depth
from exchanges.depth import Book, Wanted
from exchanges.venues.base import Venue
from tests.exchanges.conftest import MakeVenue
from tests.loopback import Loopback, Reply

BODY = json.dumps({"bids": [[9.9, 2], [9.8, 5]], "asks": [[10.1, 1]], "at": 1.0}).encode()


def wanted(*symbols: str, venue: str = "alpha", market: Market = Market.PERP) -> list[Wanted]:
    return [Wanted(venue, market, one) for one in symbols]


def fetch(books: list[Wanted], *venues: Venue, after_s: float = 0.0) -> dict[Wanted, Book]:
    now_ms = clock.now_ms() + after_s * 1_000
    return aio.run(depth.books(books, now_ms, venues=venues, deadline_ms=5_000), 30)


def bulk_calls(number: int) -> None:
    """As many bulk calls went out just now."""
    aio.run(budget.count_calls("bulk", number, clock.now_ms()))


@pytest.fixture
def alpha(server: Loopback, make_venue: MakeVenue) -> Venue:
    server.on("/alpha/depth", Reply(BODY))
    bulk_calls(100)
    return make_venue("alpha")


def symbols_asked(server: Loopback) -> list[str]:
    return sorted(call.query["s"] for call in server.calls if call.path == "/alpha/depth")


def test_a_book_comes_with_levels_and_capture_time(alpha: Venue) -> None:
    before = clock.now_ms()

    [book] = fetch(wanted("BTC"), alpha).values()

    assert book.ladder.bids == ((9.9, 2.0), (9.8, 5.0))
    assert book.ladder.asks == ((10.1, 1.0),)
    assert book.ladder.venue_at_ms == 1.0
    assert before <= book.captured_at_ms <= clock.now_ms()


def test_market_and_symbol_are_asked_for(server: Loopback, alpha: Venue) -> None:
    fetch(wanted("BTC", market=Market.SPOT), alpha)

    assert server.calls[-1].query == {"m": "spot", "s": "BTC"}


def test_spot_and_perpetual_of_a_name_are_two_books(alpha: Venue) -> None:
    both = wanted("BTC") + wanted("BTC", market=Market.SPOT)

    assert set(fetch(both, alpha)) == set(both)


def test_a_young_book_is_not_asked_for_again(server: Loopback, alpha: Venue) -> None:
    first = fetch(wanted("BTC"), alpha)
    again = fetch(wanted("BTC"), alpha, after_s=19)

    assert again == first
    assert symbols_asked(server) == ["BTC"]


def test_a_growing_book_is_read_anew(server: Loopback, alpha: Venue) -> None:
    first = fetch(wanted("BTC"), alpha)
    again = fetch(wanted("BTC"), alpha, after_s=21)

    assert again[wanted("BTC")[0]].captured_at_ms >= first[wanted("BTC")[0]].captured_at_ms
    assert symbols_asked(server) == ["BTC", "BTC"]


def test_ladders_come_by_plain_names(server: Loopback, alpha: Venue) -> None:
    name = ("alpha", "perp", "BTC")
    assert aio.run(depth.fetch([name], ask=False, venues=[alpha]), 30) == {}
    assert server.calls == []

    ladders = aio.run(depth.fetch([name], venues=[alpha]), 30)

    assert ladders[name].asks == ((10.1, 1.0),)
    assert aio.run(depth.fetch([name], ask=False, venues=[alpha]), 30) == ladders


def test_each_book_is_asked_for_once(server: Loopback, alpha: Venue) -> None:
    fetch(wanted("BTC", "BTC", "ETH"), alpha)

    assert symbols_asked(server) == ["BTC", "ETH"]


def test_extra_calls_stay_a_fifth_of_the_bulk_calls_best_first(
    server: Loopback, make_venue: MakeVenue
) -> None:
    server.on("/alpha/depth", Reply(BODY))
    bulk_calls(11)
    alpha = make_venue("alpha")

    books = fetch(wanted("BEST", "GOOD", "FAIR", "POOR"), alpha)

    assert [one.symbol for one in books] == ["BEST", "GOOD"]
    assert symbols_asked(server) == ["BEST", "GOOD"]
    assert fetch(wanted("FAIR"), alpha) == {}


def test_a_missing_book_goes_before_one_that_grows_old(
    server: Loopback, make_venue: MakeVenue
) -> None:
    server.on("/alpha/depth", Reply(BODY))
    alpha = make_venue("alpha")
    bulk_calls(5)
    fetch(wanted("BEST"), alpha)
    bulk_calls(5)

    fetch(wanted("BEST", "GOOD"), alpha, after_s=30)

    assert symbols_asked(server) == ["BEST", "GOOD"]


def test_a_book_about_to_be_too_old_goes_before_one_less_promising(
    server: Loopback, make_venue: MakeVenue
) -> None:
    server.on("/alpha/depth", Reply(BODY))
    alpha = make_venue("alpha")
    bulk_calls(5)
    fetch(wanted("BEST"), alpha)
    bulk_calls(5)

    fetch(wanted("BEST", "GOOD"), alpha, after_s=50)

    assert symbols_asked(server) == ["BEST", "BEST"]


def test_what_cannot_be_asked_for_now_serves_until_it_is_a_minute_old(
    server: Loopback, alpha: Venue
) -> None:
    fetch(wanted("BTC"), alpha)
    server.on("/alpha/depth", Reply(b"", 400))

    assert list(fetch(wanted("BTC"), alpha, after_s=40)) == wanted("BTC")
    assert fetch(wanted("BTC"), alpha, after_s=61) == {}


@pytest.mark.parametrize("reply", [Reply(b"", 400), Reply(b"<html>"), Reply(hang_up=True)])
def test_a_book_that_does_not_come_is_unknown_and_others_come(
    server: Loopback, alpha: Venue, make_venue: MakeVenue, reply: Reply
) -> None:
    beta = make_venue("beta")
    server.on("/alpha/depth", reply)
    server.on("/beta/depth", Reply(BODY))

    books = fetch(wanted("BTC") + wanted("BTC", venue="beta"), alpha, beta)

    assert list(books) == wanted("BTC", venue="beta")


def test_a_slow_book_does_not_hold_the_scan(server: Loopback, alpha: Venue) -> None:
    server.on("/alpha/depth", Reply(BODY, delay_s=60))

    assert aio.run(depth.fetch(wanted("BTC"), venues=[alpha], deadline_ms=200), 30) == {}


def test_a_venue_that_bans_us_is_left_alone(server: Loopback, alpha: Venue) -> None:
    server.on("/alpha/depth", Reply(b"{}", 418))
    fetch(wanted("BTC"), alpha)
    server.calls.clear()

    assert fetch(wanted("ETH"), alpha) == {}
    assert server.calls == []
    assert breaker.states()[0]["reason"] == "banned"


def test_an_unknown_venue_has_no_book(alpha: Venue) -> None:
    assert fetch(wanted("BTC", venue="elsewhere"), alpha) == {}


def test_nothing_wanted_is_nothing_asked(server: Loopback, alpha: Venue) -> None:
    assert fetch([], alpha) == {}
    assert server.calls == []


def test_without_a_cache_there_are_no_books(alpha: Venue, settings: Any) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    with pytest.raises(NoData, match="the cache cannot be reached"):
        fetch(wanted("BTC"), alpha)


def test_books_lapse_by_themselves(alpha: Venue) -> None:
    fetch(wanted("BTC"), alpha)

    left: Any = cache.client().ttl(cache.key("depth", "alpha", "perp", "BTC"))

    assert 0 < left <= 60
