"""How venues stand, in one line each for the operator's screen."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from arbedge import aio, breaker, clock
from arbedge.names import Fault
from arbedge.status import Level
from exchanges import book, keys, routes, standing
from exchanges.venues.base import Venue
from tests.exchanges import toys
from tests.exchanges.answers import piece, wire

pytestmark = pytest.mark.usefixtures("clean_cache")

QUOTES = wire(symbol=["BTCUSDT"], bid=[10.0], ask=[10.1])


@pytest.fixture
def alpha(monkeypatch: pytest.MonkeyPatch) -> Venue:
    """The one configured venue."""
    venue = toys.venue("alpha", toys.feed("perp"))
    monkeypatch.setattr(routes, "configured", lambda: (venue,))
    return venue


def answered(age_s: float) -> None:
    captured_at_ms = clock.now_ms() - age_s * 1000
    book.put([piece("alpha", "perp", QUOTES, captured_at_ms=captured_at_ms, took_ms=85.0)])


def test_a_venue_that_answered_says_its_age_and_speed(alpha: Venue) -> None:
    answered(4)
    (line,) = standing.lines()
    assert (line.label, line.level) == ("alpha", Level.GOOD)
    assert line.text == "4 s old, answers in 85 ms"


def test_an_old_answer_warns(alpha: Venue) -> None:
    answered(45)
    assert standing.lines()[0].level is Level.WARN


def test_a_venue_that_never_answered_is_unknown_not_well(alpha: Venue) -> None:
    (line,) = standing.lines()
    assert (line.level, line.text) == (Level.UNKNOWN, "no complete answer yet")


async def _ban(host: str = "api") -> None:
    board = await breaker.board()
    await board.failed("alpha", host, Fault.BANNED, clock.now_ms())


def test_an_open_breaker_is_bad_news_with_its_reason(alpha: Venue) -> None:
    answered(4)
    aio.run(_ban())
    (line,) = standing.lines()
    assert line.level is Level.BAD
    assert line.text.endswith("api open: banned")


def test_a_breaker_of_peoples_keys_says_nothing_of_the_markets(alpha: Venue) -> None:
    answered(4)
    aio.run(_ban(keys.BREAKER))
    assert standing.lines()[0].level is Level.GOOD


def test_a_recording_is_not_silent_for_what_it_never_held(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    venue = toys.venue("alpha", toys.feed("perp"), toys.feed("spot"))
    monkeypatch.setattr(routes, "configured", lambda: (venue,))
    answered(86_400)
    (whole,) = standing.all_venues(clock.now_ms())
    settings.MARKET_MODE = "replay"
    (recorded,) = standing.all_venues(clock.now_ms())
    assert (whole.word, whole.age_s) == ("silent", None)
    assert (recorded.word, recorded.age_s) == ("well", 0)


def test_recorded_answers_have_no_age(alpha: Venue, settings: Settings) -> None:
    answered(86_400)
    settings.MARKET_MODE = "replay"
    assert standing.lines()[0].text.startswith("recorded")
