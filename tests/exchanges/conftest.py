"""A loopback server, a clean cache, and venues that live on the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from arbedge import cache, clock
from exchanges.venues.base import Venue
from tests.exchanges import toys
from tests.loopback import Loopback, Reply, running

MakeVenue = Callable[..., Venue]


@pytest.fixture
def clean_cache() -> Iterator[None]:
    """An empty cache before and after."""
    cache.client().flushdb()
    yield
    cache.client().flushdb()


@pytest.fixture
def server(clean_cache: None) -> Iterator[Loopback]:
    """A server of toy venues; clocks answer with the true time."""
    with running() as loopback:
        yield loopback


@pytest.fixture
def make_venue(server: Loopback, settings: Any) -> MakeVenue:
    """Makes a toy venue below /<name> of the server, its clock running right."""
    settings.VENUE_URLS = {}

    def make(name: str, *feeds: Any, **more: Any) -> Venue:
        settings.VENUE_URLS[name] = {"api": f"{server.url}/{name}"}
        server.on(f"/{name}/clock", Reply(lambda: str(clock.now_ms()).encode()))
        return toys.venue(name, *feeds, **more)

    return make
