"""Where a venue's host is reached right now: the configured address, or its mirror after a 451."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from arbedge.breaker import OPEN, Board
from arbedge.names import Fault, Market
from exchanges import guests, venues
from exchanges.venues.base import Venue

MIRROR = "_mirror"


@dataclass(frozen=True, slots=True)
class Way:
    """A base URL and the name its breaker goes by."""

    url: str
    breaker: str


def configured() -> tuple[Venue, ...]:
    """Returns the venues that take part: VENUES, then EXTRA_VENUES. Raises BadSetting."""
    own = (venues.venue(name) for name in settings.VENUES)
    return (*own, *(guests.as_venue(name) for name in settings.EXTRA_VENUES))


def way(venue: Venue, host: str, board: Board, now_ms: float, *, signed: bool = False) -> Way:
    """Returns how to reach `host`: its keyless mirror, if any, while it refuses our location.

    A signed request never goes to a mirror.
    """
    state = board.state(venue.name, host)
    refused = state.state == OPEN and state.until_ms > now_ms and state.reason == Fault.LOCATION
    mirror = mirror_url(venue, host) if refused and not signed else None
    return Way(mirror, host + MIRROR) if mirror else Way(base_url(venue, host), host)


def base_url(venue: Venue, host: str) -> str:
    """Returns the address of a host: the setting VENUE_URLS before the venue file."""
    configured = settings.VENUE_URLS.get(venue.name, {})
    url: str = configured.get(host) or configured.get("default") or venue.hosts[host]
    return url.rstrip("/")


def mirror_url(venue: Venue, host: str) -> str | None:
    """Returns the mirror of a host, None where it has none.

    Where the host's own address is configured, so must the mirror's be: a simulator's venue never
    falls back to the real one.
    """
    configured = settings.VENUE_URLS.get(venue.name, {})
    if configured:
        url: str | None = configured.get(host + MIRROR)
        return url.rstrip("/") if url else None
    return venue.mirrors.get(host)


def blocked_markets(venue: Venue, board: Board, now_ms: float) -> dict[Market, tuple[str, float]]:
    """Returns the markets whose essential answers are cut off, with the reason and until when."""
    blocked: dict[Market, tuple[str, float]] = {}
    for feed in venue.feeds:
        state = board.state(venue.name, way(venue, feed.ask.host, board, now_ms).breaker)
        if feed.essential and state.state != "closed" and state.until_ms > now_ms:
            blocked[feed.market] = (state.reason, state.until_ms)
    return blocked
