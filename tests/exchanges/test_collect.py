"""The collector against a real server: what comes is in the book, what does not is counted."""

from __future__ import annotations

from typing import Any

import pytest

from arbedge import clock
from arbedge.names import Market
from exchanges import book
from exchanges.venues.base import Ask, Feed
from tests.exchanges import toys
from tests.exchanges.conftest import MakeVenue
from tests.exchanges.rounds import GOOD, again_soon, collected, open_for_s, outcome, states
from tests.exchanges.toys import feed, prices
from tests.loopback import Loopback, Reply


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
        server.on(f"/alpha/{name}", Reply(b"{}", 403))
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


def test_a_signed_request_never_goes_to_a_mirror(
    server: Loopback, make_venue: MakeVenue, settings: Any
) -> None:
    settings.VENUE_KEYS = {"alpha": {"key": "reader", "secret": "s3cret"}}
    secret = Ask("api", "/secret", signed=True)
    venue = make_venue("alpha", Feed("perp", Market.PERP, secret, toys.read_prices))
    settings.VENUE_URLS["alpha"]["api_mirror"] = f"{server.url}/mirror"
    server.on("/alpha/secret", Reply(b"{}", 451))

    first, second = collected(venue), collected(venue)

    assert outcome(first, "alpha").fault == "location"
    assert outcome(second, "alpha").held == "breaker"
    assert not any(path.startswith("/mirror/secret") for path in server.paths())


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
