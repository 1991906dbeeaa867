"""Venues of the setting EXTRA_VENUES, seen as the collector and the book see venues.

Only their bulk answers are asked for, through ccxt: clock, order books and settled funding of such
a venue stay unknown.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NoReturn

from arbedge.errors import NoData
from exchanges import generic
from exchanges.venues.base import Ask, Pool, Venue

HOST = "ccxt"


@lru_cache(maxsize=32)
def as_venue(name: str) -> Venue:
    """Returns the venue as the collector and the book know venues. Raises BadSetting."""
    return Venue(
        name=name,
        title=name.title(),
        monogram=name[:2].title(),
        tint="#6B7280",
        hosts={"default": HOST},
        pools={"ip": Pool(60, 60.0)},
        feeds=generic.feeds(name),
        clock=Ask("default", "time"),
        parse_clock=lambda _: _only_bulk(name),
        depth=lambda _market, _symbol: _only_bulk(name),
        parse_depth=lambda _: _only_bulk(name),
        history=lambda _symbol, _since: _only_bulk(name),
        parse_history=lambda _: _only_bulk(name),
        classify=lambda _status, _headers, _body: None,
    )


def is_guest(venue: Venue) -> bool:
    """Whether the venue is read through ccxt."""
    return venue.hosts.get("default") == HOST


def _only_bulk(name: str) -> NoReturn:
    raise NoData(f"{name} is read through ccxt: only its bulk answers are asked for")
