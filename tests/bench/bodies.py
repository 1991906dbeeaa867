"""Whole markets of four venues as bytes in the venues' own formats, of any size."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from exchanges.simulator.hosts import PREFIXES
from exchanges.simulator.market import Market
from exchanges.simulator.world import World
from exchanges.venues import VENUES
from exchanges.venues.base import Feed, Venue

AT_MS = 1_780_000_000_000


class Body(NamedTuple):
    """One bulk answer."""

    venue: Venue
    feed: Feed
    data: bytes


@lru_cache(maxsize=4)
def of(instruments: int) -> tuple[Body, ...]:
    """Every bulk answer of the four venues with about so many instruments per venue and market."""
    source = Market(World(seed=7, clock=lambda: AT_MS, instruments=instruments))
    return tuple(_bodies(source))


def _bodies(source: Market) -> Iterator[Body]:
    for venue in VENUES.values():
        for feed in venue.feeds:
            host = PREFIXES[venue.name, feed.ask.host]
            reply = source.answer(host, feed.ask.path, feed.ask.query)
            if reply.status == 200:
                yield Body(venue, feed, reply.body)
