"""One request with everything that must be minded, and the way it takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from arbedge import aio, breaker
from arbedge.breaker import OPEN, Board, State
from arbedge.http import Answer
from arbedge.names import Fault, Market
from exchanges import asking, routes
from exchanges.asking import Failed, Held
from exchanges.routes import Way
from exchanges.venues.base import Ask, Pool, Venue
from tests.exchanges import toys
from tests.exchanges.conftest import MakeVenue
from tests.loopback import Loopback, Reply

NOW = 1_764_000_000_000.0


def ask(venue: Venue, ask: Ask) -> Answer:
    async def once() -> Answer:
        return await (await asking.asker(within_ms=5_000)).ask(venue, ask)

    return aio.run(once(), 30)


# How long to wait.


@pytest.mark.parametrize(
    ("said", "seconds"), [("17", 17.0), (" 0 ", 0.0), ("", None), ("soon", None), ("-5", None)]
)
def test_seconds_to_wait_are_read(said: str, seconds: float | None) -> None:
    assert asking.retry_after_s({"retry-after": said}) == seconds


def test_nothing_said_is_nothing_known() -> None:
    assert asking.retry_after_s({}) is None


def test_a_date_to_wait_for_is_read() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)

    seconds = asking.retry_after_s({"retry-after": until})

    assert seconds is not None
    assert 60 < seconds <= 91


def test_a_date_that_has_passed_is_no_wait() -> None:
    past = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)

    assert asking.retry_after_s({"retry-after": past}) == 0


# Asking.


def test_a_failure_says_status_and_words_of_the_venue(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha")
    server.on("/alpha/perp", Reply(b'{"msg":"no such symbol"}' + b"x" * 1_000, 400))

    with pytest.raises(Failed) as told:
        ask(venue, Ask("api", "/perp"))

    assert told.value.fault is Fault.REJECTED
    assert told.value.message.startswith('HTTP 400: {"msg":"no such symbol"}')
    assert len(told.value.message) < 250
    assert told.value.details["http_status"] == 400


def test_our_own_mistakes_do_not_shut_the_venue(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha")
    server.on("/alpha/perp", Reply(b"{}", 400))

    for _ in range(5):
        with pytest.raises(Failed):
            ask(venue, Ask("api", "/perp"))

    assert breaker.states() == []


def test_a_request_held_back_is_not_sent(server: Loopback, make_venue: MakeVenue) -> None:
    venue = make_venue("alpha", pools={"ip": Pool(10, 600.0)})

    with pytest.raises(Held, match="no weight left for /perp") as told:
        ask(venue, Ask("api", "/perp", weight=6))

    assert told.value.why == "budget"
    assert server.calls == []


@pytest.mark.parametrize("keys", [{}, {"alpha": {}}, {"beta": {"key": "k", "secret": "s"}}])
def test_a_signed_request_needs_the_venues_key(
    server: Loopback, make_venue: MakeVenue, settings: Any, keys: dict[str, Any]
) -> None:
    settings.VENUE_KEYS = keys

    with pytest.raises(Held, match="no read-only key"):
        ask(make_venue("alpha"), Ask("api", "/perp", signed=True))

    assert server.calls == []


def test_weights_add_up_by_venue(server: Loopback, make_venue: MakeVenue) -> None:
    alpha, beta = make_venue("alpha"), make_venue("beta")
    for path in ("/alpha/x", "/beta/x"):
        server.on(path, Reply())

    async def round_of_three() -> asking.Asker:
        asker = await asking.asker(within_ms=5_000)
        for venue, weight in ((alpha, 2), (alpha, 3), (beta, 4)):
            await asker.ask(venue, Ask("api", "/x", weight=weight))
        return asker

    asker = aio.run(round_of_three(), 30)

    assert asker.weights == {"alpha": 5, "beta": 4}
    assert asker.calls == 3


def test_after_the_deadline_an_answer_is_a_time_out(
    server: Loopback, make_venue: MakeVenue
) -> None:
    venue = make_venue("alpha")
    server.on("/alpha/x", Reply(delay_s=30))

    async def late() -> None:
        asker = await asking.asker(within_ms=-1)
        await asker.ask(venue, Ask("api", "/x"))

    with pytest.raises(Failed) as told:
        aio.run(late(), 30)

    assert told.value.fault is Fault.TIMEOUT


# The way.


def board(**more: Any) -> Board:
    told: dict[str, Any] = {"state": OPEN, "until_ms": NOW + 1, "reason": "location"}
    return Board({("alpha", "api"): State("alpha", "api", **(told | more))})


def alpha(**more: Any) -> Venue:
    hosts = {"api": "https://api.alpha.example/"}
    return toys.venue("alpha", hosts=hosts, mirrors={"api": "https://mirror.example"}, **more)


@pytest.fixture
def no_urls(settings: Any) -> None:
    settings.VENUE_URLS = {}


@pytest.mark.usefixtures("no_urls")
def test_the_venue_files_address_is_the_default() -> None:
    assert routes.way(alpha(), "api", Board(), NOW) == Way("https://api.alpha.example", "api")


@pytest.mark.parametrize("name", ["api", "default"])
def test_a_configured_address_goes_before_it(settings: Any, name: str) -> None:
    settings.VENUE_URLS = {"alpha": {name: "http://127.0.0.1:1/alpha/"}}

    assert routes.way(alpha(), "api", Board(), NOW).url == "http://127.0.0.1:1/alpha"


@pytest.mark.usefixtures("no_urls")
def test_a_refused_location_goes_by_the_mirror_with_a_breaker_of_its_own() -> None:
    assert routes.way(alpha(), "api", board(), NOW) == Way("https://mirror.example", "api_mirror")


@pytest.mark.usefixtures("no_urls")
@pytest.mark.parametrize("more", [{"reason": "banned"}, {"until_ms": NOW - 1}])
def test_the_mirror_is_for_refused_locations_while_they_last(more: dict[str, Any]) -> None:
    assert routes.way(alpha(), "api", board(**more), NOW).breaker == "api"


@pytest.mark.usefixtures("no_urls")
def test_a_market_served_by_the_mirror_is_not_blocked() -> None:
    assert routes.blocked_markets(alpha(), board(), NOW) == {}


@pytest.mark.usefixtures("no_urls")
def test_a_market_is_blocked_when_the_mirror_is_shut_too() -> None:
    both = board()
    both.held["alpha", "api_mirror"] = State("alpha", "api_mirror", OPEN, NOW + 5, "banned")

    assert routes.blocked_markets(alpha(), both, NOW) == {Market.PERP: ("banned", NOW + 5)}


@pytest.mark.usefixtures("no_urls")
def test_feeds_that_are_not_essential_block_no_market() -> None:
    venue = alpha(feeds=(toys.minute(),))

    assert routes.blocked_markets(venue, board(reason="banned"), NOW) == {}


def test_configured_venues_come_in_the_order_of_the_setting(settings: Any) -> None:
    settings.VENUES = ["okx", "binance"]
    settings.EXTRA_VENUES = []

    assert [one.name for one in routes.configured()] == ["okx", "binance"]
