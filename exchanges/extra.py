"""Venues of the setting EXTRA_VENUES, in the collector's terms: their feeds, and one round of them.

They are read through ccxt, which does its own HTTP and keeps the venue's limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from django.conf import settings

from arbedge import cache, clock
from arbedge.http import Unanswered
from arbedge.names import Fault
from exchanges import book, generic
from exchanges.asking import BREAKER, Asker
from exchanges.encoding import encode
from exchanges.outcomes import Outcome
from exchanges.snapshot import Piece
from exchanges.venues.base import Feed, Venue


async def collect(asker: Asker, venue: Venue, feeds: Sequence[Feed]) -> list[Outcome]:
    """Asks these feeds of one venue, stores what comes, returns what became of each."""
    if not await asker.board.admit(venue.name, "default", clock.now_ms()):
        return [Outcome(venue.name, feed.name, held=BREAKER) for feed in feeds]
    try:
        async with asyncio.timeout_at(asker.deadline_s):
            urls: Mapping[str, str] = settings.VENUE_URLS.get(venue.name, {})
            told = await generic.collect(venue.name, urls, [feed.name for feed in feeds])
    except TimeoutError:
        return await _all_failed(asker, venue, feeds, Fault.TIMEOUT, "the scan's deadline came")
    except Unanswered as error:
        return await _all_failed(asker, venue, feeds, error.fault, error.message)
    asker.calls += len(told)
    asker.weights[venue.name] = len(told)
    return [await _keep(asker, venue, feed, told[feed.name]) for feed in feeds]


async def _keep(asker: Asker, venue: Venue, feed: Feed, told: generic.Gathered) -> Outcome:
    if isinstance(told.outcome, Unanswered):
        fault, message = told.outcome.fault, told.outcome.message
        await asker.board.failed(venue.name, "default", fault, clock.now_ms())
        return Outcome(venue.name, feed.name, fault=str(fault), message=message)
    await asker.board.succeeded(venue.name, "default", clock.now_ms())
    piece = Piece.of(venue.name, feed, told.outcome, told.captured_at_ms, took_ms=told.took_ms)
    await cache.aclient().set(
        book.piece_key(venue.name, feed.name), encode(piece), ex=book.ttl_s(feed.every_s)
    )
    return Outcome(
        venue.name,
        feed.name,
        piece.frame.height,
        dict(piece.dropped),
        piece.took_ms,
        captured_at_ms=piece.captured_at_ms,
    )


async def _all_failed(
    asker: Asker, venue: Venue, feeds: Sequence[Feed], fault: Fault, message: str
) -> list[Outcome]:
    await asker.board.failed(venue.name, "default", fault, clock.now_ms())
    return [Outcome(venue.name, one.name, fault=str(fault), message=message) for one in feeds]
