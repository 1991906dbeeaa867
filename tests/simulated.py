"""The four venues as the simulator speaks them, on a real socket that VENUE_URLS names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from pytest_django import Settings

from arbedge import cache
from exchanges.simulator.app import build
from exchanges.simulator.faults import Board
from exchanges.simulator.hosts import PREFIXES
from exchanges.simulator.world import World
from tests.serving import served


@contextmanager
def simulated_venues(settings: Settings, faults: Board | None = None) -> Iterator[str]:
    """The simulator's address, for the time of the block; breakers are as new."""
    with served(build(_world(), faults)) as url:
        urls: dict[str, dict[str, str]] = {}
        for (venue, host), prefix in PREFIXES.items():
            urls.setdefault(venue, {})[host] = f"{url}/{prefix}"
        settings.VENUE_URLS = urls
        cache.client().delete(cache.key("breakers"))
        yield url
    cache.client().delete(cache.key("breakers"))


@lru_cache(maxsize=1)
def _world() -> World:
    return World(instruments=2)
