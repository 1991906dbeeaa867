"""Order books for the short list: few calls, best first, reused for a minute.

Calls beside the bulk answers are limited to a share of them (settings.DEPTH_CALL_SHARE), so a book
that is young enough is not asked for again, what is missing goes before what grows old, and a book
that cannot be asked for now serves until it is a minute old. What has no book is unknown, not deep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import structlog

from arbedge import cache, clock
from arbedge.clock import SECOND_MS
from arbedge.errors import ArbEdgeError
from arbedge.names import Market
from exchanges import asking, budget, guests, routes
from exchanges.asking import Asker, Failed, Held
from exchanges.venues.base import Ladder, Venue

REFRESH_MS = 20 * SECOND_MS  # a younger book is good enough
URGENT_MS = 45 * SECOND_MS  # an older one, like a missing one, goes before all others
KEEP_S = 60  # an older one is none
DEADLINE_MS = 1_500.0

log = structlog.get_logger(__name__)


class Wanted(NamedTuple):
    """An order book by venue, market and symbol, as the venue writes it."""

    venue: str
    market: Market
    symbol: str


class Book(msgspec.Struct, frozen=True):
    """An order book and when it was captured, on our clock."""

    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]
    captured_at_ms: float
    venue_at_ms: float | None = None

    @property
    def ladder(self) -> Ladder:
        """The levels, prices and sizes as quoted."""
        return Ladder(self.bids, self.asks, self.venue_at_ms)


async def fetch(
    wanted: Sequence[tuple[str, str, str]],
    *,
    ask: bool = True,
    venues: Collection[Venue] | None = None,
    deadline_ms: float = DEADLINE_MS,
) -> dict[tuple[str, str, str], Ladder]:
    """Returns the books there are for `wanted` (best first), none older than a minute.

    A book is named by venue, market and symbol. Asks the venues for what is missing or growing old,
    as far as the share of extra calls, the budgets, the breakers and the deadline allow; not at all
    without `ask`. Raises NoData when the cache cannot be reached.
    """
    named = [Wanted(venue, Market(market), symbol) for venue, market, symbol in wanted]
    found = await books(named, clock.now_ms(), ask=ask, venues=venues, deadline_ms=deadline_ms)
    return {one: book.ladder for one, book in found.items()}


async def books(
    wanted: Sequence[Wanted],
    now_ms: float,
    *,
    ask: bool = True,
    venues: Collection[Venue] | None = None,
    deadline_ms: float = DEADLINE_MS,
) -> dict[Wanted, Book]:
    """Returns what `fetch` does, with the time each book was captured."""
    known = {one.name: one for one in (venues if venues is not None else routes.configured())}
    with cache.reachable("order books"):
        found = await _held(wanted)
        missing = [
            one
            for one in dict.fromkeys(wanted)
            if one.venue in known
            and not guests.is_guest(known[one.venue])
            and (one not in found or now_ms - found[one].captured_at_ms > REFRESH_MS)
        ]
        left = await budget.extra_left(clock.now_ms()) if ask else 0
        may_wait = {one for one, book in found.items() if now_ms - book.captured_at_ms <= URGENT_MS}
        if chosen := sorted(missing, key=lambda one: one in may_wait)[:left]:
            asker = await asking.asker(within_ms=deadline_ms, kind=budget.EXTRA)
            asked = await asyncio.gather(*(_ask(asker, known[one.venue], one) for one in chosen))
            found |= {one: book for one, book in zip(chosen, asked, strict=True) if book}
            await asker.done()
    oldest_ms = now_ms - KEEP_S * SECOND_MS
    return {one: book for one, book in found.items() if book.captured_at_ms >= oldest_ms}


async def _held(wanted: Iterable[Wanted]) -> dict[Wanted, Book]:
    names = list(dict.fromkeys(wanted))
    if not names:
        return {}
    raw: Any = await cache.aclient().mget([_key(one) for one in names])
    return {one: _decode(entry) for one, entry in zip(names, raw, strict=True) if entry is not None}


async def _ask(asker: Asker, venue: Venue, wanted: Wanted) -> Book | None:
    """The book, stored for others too; None where it does not come: its depth stays unknown."""
    ask = venue.depth(wanted.market, wanted.symbol)
    try:
        answer = await asker.ask(venue, ask)
        ladder = venue.parse_depth(answer.body)
    except (Held, Failed) as error:
        log.warning(
            "order book did not come", venue=venue.name, symbol=wanted.symbol, why=str(error)
        )
        return None
    except ArbEdgeError as error:
        await asker.malformed(venue, ask, error)
        log.warning("order book unreadable", venue=venue.name, symbol=wanted.symbol, why=str(error))
        return None
    await asker.understood(venue, ask)
    book = Book(ladder.bids, ladder.asks, answer.captured_at_ms, ladder.venue_at_ms)
    await cache.aclient().set(_key(wanted), msgspec.json.encode(book), ex=KEEP_S)
    return book


def _key(wanted: Wanted) -> str:
    return cache.key("depth", *wanted)


_decode = msgspec.json.Decoder(Book).decode
