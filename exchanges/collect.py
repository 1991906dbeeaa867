"""The collector: all venues and feeds at once, inside budgets and breakers, up to a deadline.

What comes goes straight into the book. One dead venue never holds the others: whoever has not
answered at the deadline is left out and counted. Feeds that are not asked for at every scan are
claimed in the cache first, so that several collectors do not double them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import polars as pl
import structlog
from django.conf import settings

from arbedge import cache, clock
from arbedge.clock import SECOND_MS
from arbedge.errors import ArbEdgeError
from arbedge.http import Answer
from arbedge.names import Fault
from exchanges import asking, book, extra, guests, quality
from exchanges.asking import Asker, Failed, Held
from exchanges.cadence import claim, due_in
from exchanges.columns import Parsed
from exchanges.encoding import encode
from exchanges.outcomes import Outcome, Report
from exchanges.snapshot import Piece
from exchanges.venues.base import EVERY_SCAN, EVERY_TEN_MINUTES, Feed, Venue

RETRY_AFTER_S = 15.0  # a claimed feed that failed is due again after so long
MAX_PAGES = 20
LEEWAY_S = 0.25  # a request's own time-out, which tells the breaker, comes first
CLOCK = "clock"

Due = list[tuple[Venue, Feed | None]]

log = structlog.get_logger(__name__)


async def collect_once(venues: Collection[Venue], *, deadline_ms: float | None = None) -> Report:
    """Asks every due feed of these venues and stores what comes. Returns what became of each.

    Raises NoData when the cache, and with it book, budgets and breakers, cannot be reached.
    """
    started_s = asyncio.get_running_loop().time()
    within_ms = deadline_ms or settings.SCAN_DEADLINE_MS
    with cache.reachable("collector"):
        asker = await asking.asker(within_ms=within_ms)
        due = await _claim(venues)
        told = await _ask_all(asker, due)
        await asyncio.gather(_release(told, due), _count(told), asker.done())
    lists = {(venue.name, feed.name) for venue, feed in due if feed and feed.instruments}
    return Report(
        told,
        (asyncio.get_running_loop().time() - started_s) * SECOND_MS,
        asker.weights,
        any(one.came and (one.venue, one.feed) in lists for one in told),
    )


async def _claim(venues: Collection[Venue]) -> Due:
    """What is to be asked now; None stands for the venue's clock, which a recording has not."""
    due: Due = []
    claimed: Due = []
    pipe = cache.aclient().pipeline(transaction=False)
    for venue in venues:
        for feed in venue.feeds:
            if feed.every_s == EVERY_SCAN:
                due.append((venue, feed))
            else:
                claimed.append((venue, feed))
                claim(pipe, venue.name, feed.name, feed.every_s)
        if settings.MARKET_MODE != "replay" and not guests.is_guest(venue):
            claimed.append((venue, None))
            claim(pipe, venue.name, CLOCK, EVERY_TEN_MINUTES)
    won = await pipe.execute() if claimed else []
    return due + [one for one, taken in zip(claimed, won, strict=True) if taken]


async def _ask_all(asker: Asker, due: Due) -> tuple[Outcome, ...]:
    """Everything due at once; venues without a file of their own are asked venue by venue."""
    offsets = await _offsets()
    single = [
        _set_clock(asker, venue)
        if feed is None
        else _collect(asker, venue, feed, offsets.get(venue.name, 0.0))
        for venue, feed in due
        if not guests.is_guest(venue)
    ]
    feeds: dict[str, list[Feed]] = {}
    for venue, feed in due:
        if feed is not None and guests.is_guest(venue):
            feeds.setdefault(venue.name, []).append(feed)
    others = [extra.collect(asker, guests.as_venue(name), theirs) for name, theirs in feeds.items()]
    alone, together = await asyncio.gather(asyncio.gather(*single), asyncio.gather(*others))
    return (*alone, *(one for group in together for one in group))


async def _release(told: Collection[Outcome], due: Due) -> None:
    """Makes what was claimed and did not come due again soon."""
    failed = {(one.venue, one.feed) for one in told if not one.came}
    for venue, feed in due:
        name, every_s = (feed.name, feed.every_s) if feed else (CLOCK, EVERY_TEN_MINUTES)
        if every_s != EVERY_SCAN and (venue.name, name) in failed:
            await due_in(venue.name, name, min(RETRY_AFTER_S, every_s))


async def _collect(asker: Asker, venue: Venue, feed: Feed, offset_ms: float) -> Outcome:
    outcome = Outcome(venue.name, feed.name)
    try:
        async with asyncio.timeout_at(asker.deadline_s + LEEWAY_S):
            return await _fetch(asker, venue, feed, offset_ms)
    except Held as held:
        outcome = replace(outcome, held=held.why, message=held.message)
    except Failed as failed:
        outcome = replace(outcome, fault=str(failed.fault), message=failed.message)
    except TimeoutError:
        outcome = replace(outcome, fault=str(Fault.TIMEOUT), message="the scan's deadline came")
    if outcome.fault:
        log.warning("feed did not come", venue=venue.name, feed=feed.name, why=outcome.message)
    return outcome


async def _fetch(asker: Asker, venue: Venue, feed: Feed, offset_ms: float) -> Outcome:
    pages: list[tuple[Answer, Parsed]] = []
    ask = feed.ask
    while True:
        answer = await asker.ask(venue, ask)
        pages.append((answer, await _read(asker, venue, feed, answer)))
        more = feed.follow(answer.body) if feed.follow else None
        if more is None:
            break
        if len(pages) == MAX_PAGES:
            raise Failed(Fault.MALFORMED, f"there are more than {MAX_PAGES} pages")
        ask = replace(feed.ask, query={**feed.ask.query, **more})
    await asker.understood(venue, feed.ask)
    piece = _piece(venue, feed, pages, offset_ms)
    await cache.aclient().set(
        book.piece_key(venue.name, feed.name), encode(piece), ex=book.ttl_s(feed.every_s)
    )
    return Outcome(
        venue.name,
        feed.name,
        piece.frame.height,
        piece.dropped,
        piece.took_ms,
        sum(len(answer.body) for answer, _ in pages),
        piece.captured_at_ms,
    )


async def _read(asker: Asker, venue: Venue, feed: Feed, answer: Answer) -> Parsed:
    """The answer's columns; a body that is none is a fault of the venue, whatever broke on it."""
    try:
        return feed.parse(answer.body)
    except Exception as error:
        # A surprise in one venue's parser must not take the other venues' answers with it.
        raise await asker.malformed(venue, feed.ask, error) from error


def _piece(venue: Venue, feed: Feed, pages: list[tuple[Answer, Parsed]], offset_ms: float) -> Piece:
    """All pages as one piece, as old as the first of them."""
    dropped: Counter[str] = Counter()
    for _, parsed in pages:
        dropped.update(parsed.dropped)
    times = [parsed.venue_at_ms for _, parsed in pages if parsed.venue_at_ms is not None]
    whole = Parsed(
        pl.concat([parsed.frame for _, parsed in pages]) if len(pages) > 1 else pages[0][1].frame,
        dict(dropped),
        min(times, default=None),
    )
    return Piece.of(
        venue.name,
        feed,
        whole,
        min(answer.captured_at_ms for answer, _ in pages),
        took_ms=max(answer.took_ms for answer, _ in pages),
        offset_ms=offset_ms,
    )


async def _set_clock(asker: Asker, venue: Venue) -> Outcome:
    """Measures how far the venue's clock is ahead of ours, allowing for half the round trip."""
    outcome = Outcome(venue.name, CLOCK)
    try:
        asked = [await asker.ask(venue, venue.clock) for _ in range(2)]
        # The first may have waited for its connection: half of that trip would say nothing.
        answer = min(asked, key=lambda one: one.took_ms)
        told_ms = await _told_time(asker, venue, answer)
    except Held as held:
        outcome = replace(outcome, held=held.why, message=held.message)
    except Failed as failed:
        outcome = replace(outcome, fault=str(failed.fault), message=failed.message)
    else:
        await asker.understood(venue, venue.clock)
        offset_ms = told_ms - (answer.captured_at_ms - answer.took_ms / 2)
        await cache.aclient().hset(cache.key("offsets"), venue.name, str(offset_ms))
        return replace(outcome, took_ms=answer.took_ms, captured_at_ms=answer.captured_at_ms)
    return outcome


async def _told_time(asker: Asker, venue: Venue, answer: Answer) -> float:
    try:
        return venue.parse_clock(answer.body)
    except ArbEdgeError as error:
        raise await asker.malformed(venue, venue.clock, error) from error


async def _offsets() -> dict[str, float]:
    raw: Any = await cache.aclient().hgetall(cache.key("offsets"))
    if settings.MARKET_MODE == "replay":
        return {}
    return {name.decode(): float(offset) for name, offset in raw.items()}


async def _count(outcomes: Collection[Outcome]) -> None:
    """Adds the round to the venues' hours: answers in time, late, failed, and rows dropped."""
    now_ms = clock.now_ms()
    pipe = cache.aclient().pipeline(transaction=False)
    for one in outcomes:
        quality.note_dropped(pipe, one.venue, one.feed, one.dropped, now_ms)
        if one.came:
            quality.note_answer(pipe, one.venue, quality.verdict_on(one.took_ms), now_ms)
        elif one.fault and not _never_recorded(one):
            quality.note_answer(pipe, one.venue, quality.FAILED, now_ms)
    await pipe.execute()


def _never_recorded(outcome: Outcome) -> bool:
    """A recording lacks most feeds; that says nothing of the venue."""
    return settings.MARKET_MODE == "replay" and outcome.fault == Fault.REJECTED
