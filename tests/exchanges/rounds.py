"""What tests of the collector share: one round, its outcomes, and the breakers after it."""

from __future__ import annotations

from typing import Any

from arbedge import aio, breaker, cache, clock
from exchanges import collect
from exchanges.outcomes import Outcome, Report
from exchanges.venues.base import Venue
from tests.exchanges.toys import prices
from tests.loopback import Reply

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
