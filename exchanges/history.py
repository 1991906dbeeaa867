"""Settled funding: what really was exchanged, fetched for the short list and averaged over 7 days.

A scan says which perpetuals it wants the history of; a task asks a few of them at a time. The rows
live in the database, their means in the book, where the next scan reads them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import polars as pl
import structlog

from arbedge import aio, cache, clock
from arbedge.clock import DAY_MS, HOUR_MS, SECOND_MS
from arbedge.errors import ArbEdgeError
from exchanges import asking, book, budget, guests, routes
from exchanges.asking import Asker, Failed, Held
from exchanges.columns import conform, empty
from exchanges.models import SettledFunding
from exchanges.snapshot import MEANS
from exchanges.venues.base import Venue

WINDOW_MS = 7 * DAY_MS
MEANS_TTL_S = 8 * 24 * 3600
WANTED_S = 24 * 3600  # asked for so long after a scan last named it
AGAIN_MS = 55 * 60 * SECOND_MS  # settlements come hourly at the most
RETRY_MS = 5 * 60 * SECOND_MS
HELD_MS = 5 * SECOND_MS  # no weight was left, nothing was asked
AT_ONCE = 20
DEADLINE_MS = 8_000.0
PLACES = Decimal("1e-12")

log = structlog.get_logger(__name__)

PRINTS = {"instrument_id": pl.Int64, "settled_at_ms": pl.Float64, "rate": pl.Float64}


class Wanted(NamedTuple):
    """A perpetual whose history a scan wants."""

    instrument_id: int
    venue: str
    symbol: str


class Told(NamedTuple):
    """What came of asking for one history, and how soon it may be asked for again."""

    prints: pl.DataFrame | None
    again_ms: float


def want(wanted: Iterable[Wanted | int], now_ms: float | None = None) -> None:
    """Puts perpetuals, most wanted first, on the list the history task works off.

    They are named in full, or by the number the instrument list gives them. What was named last
    comes first. Raises NoData without a cache.
    """
    at_ms = now_ms if now_ms is not None else clock.now_ms()
    named = _in_full(list(wanted))
    scores = {msgspec.json.encode(one): at_ms - place / 1_000 for place, one in enumerate(named)}
    if scores:
        with cache.reachable("wanted history"):
            cache.client().zadd(cache.key("wanted", "history"), scores)


def _in_full(wanted: Sequence[Wanted | int]) -> list[Wanted]:
    numbers = [one for one in wanted if isinstance(one, int)]
    if not numbers:
        return [one for one in wanted if isinstance(one, Wanted)]
    listed = book.known().filter(pl.col("instrument_id").is_in(numbers))
    told = listed.select("instrument_id", "venue", "symbol").iter_rows()
    known = {one[0]: Wanted(*one) for one in told}
    full = (one if isinstance(one, Wanted) else known.get(one) for one in wanted)
    return [one for one in full if one is not None]


def due(now_ms: float, number: int) -> list[Wanted]:
    """Returns the perpetuals to ask now: wanted within a day, not asked within the hour."""
    name, tried = cache.key("wanted", "history"), cache.key("wanted", "tried")
    with cache.reachable("wanted history"):
        redis = cache.client()
        redis.zremrangebyscore(name, "-inf", now_ms - WANTED_S * SECOND_MS)
        redis.zremrangebyscore(tried, "-inf", now_ms)
        listed: Any = redis.zrevrange(name, 0, -1)
        waiting: Any = set(redis.zrange(tried, 0, -1))
    return [_decode(raw) for raw in listed if raw not in waiting][:number]


def refresh(now_ms: float, *, venues: Collection[Venue] | None = None) -> int:
    """Asks for the history of a few wanted perpetuals, stores it and publishes the new means.

    Means the cache has lost are published again from what is stored. Returns the number of
    perpetuals whose history came. Raises NoData without a cache.
    """
    asked = venues if venues is not None else routes.configured()
    known = {one.name: one for one in asked if not guests.is_guest(one)}
    with cache.reachable("settled funding"):
        left = aio.run(budget.history_left(clock.now_ms()))
        chosen = [one for one in due(now_ms, min(AT_ONCE, left)) if one.venue in known]
        told = aio.run(_fetch(chosen, known, int(now_ms - WINDOW_MS))) if chosen else {}
        marks = {msgspec.json.encode(one): now_ms + told[one].again_ms for one in chosen}
        if marks:
            cache.client().zadd(cache.key("wanted", "tried"), marks)
    came = [one.prints for one in told.values() if one.prints is not None]
    if came:
        store(pl.concat(came))
    if came or book.fetch("means") is None:
        book.put_frame("means", means(now_ms), MEANS_TTL_S)
    return len(came)


def means(now_ms: float) -> pl.DataFrame:
    """Returns the means of everything that settled in the last 7 days (snapshot.MEANS)."""
    since = datetime.fromtimestamp((now_ms - WINDOW_MS) / SECOND_MS, UTC)
    rows = SettledFunding.objects.filter(settled_at__gt=since)
    told = [
        (instrument, settled_at.timestamp() * SECOND_MS, float(rate))
        for instrument, settled_at, rate in rows.values_list("instrument", "settled_at", "rate")
    ]
    return means_of(pl.DataFrame(told, schema=PRINTS, orient="row"), now_ms)


def means_of(prints: pl.DataFrame, now_ms: float) -> pl.DataFrame:
    """Returns per instrument the sum of rates settled in the last 7 days over the hours they cover.

    Each settlement pays for the time since the one before; the first is taken to cover the usual
    (median) distance. With a single settlement the hours are unknown and the mean is null.
    """
    recent = prints.filter(
        pl.col("settled_at_ms").is_between(now_ms - WINDOW_MS, now_ms, closed="right")
    ).sort("instrument_id", "settled_at_ms")
    if recent.is_empty():
        return empty(MEANS)
    at = pl.col("settled_at_ms")
    covered_ms = at.last() - at.first() + at.diff().median()
    return conform(
        recent.group_by("instrument_id", maintain_order=True).agg(
            mean_hourly=pl.col("rate").sum() / (covered_ms / HOUR_MS),
            prints=pl.len().cast(pl.Int64),
            first_at_ms=at.first(),
        ),
        MEANS,
    )


def store(prints: pl.DataFrame) -> int:
    """Writes settlements not yet known to the database; returns how many were given.

    A time that differs by less than a second is the same settlement: venues are some milliseconds
    late, by another amount each time.
    """
    rows = [
        SettledFunding(
            instrument_id=instrument,
            settled_at=_whole_second(settled_at_ms),
            rate=Decimal(repr(rate)).quantize(PLACES),
        )
        for instrument, settled_at_ms, rate in prints.select(*PRINTS).drop_nulls().iter_rows()
        if abs(rate) < 1
    ]
    SettledFunding.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2_000)
    return len(rows)


async def _fetch(
    chosen: Sequence[Wanted], venues: dict[str, Venue], since_ms: int
) -> dict[Wanted, Told]:
    asker = await asking.asker(within_ms=DEADLINE_MS, kind=budget.HISTORY)
    told = await asyncio.gather(*(_ask(asker, venues[one.venue], one, since_ms) for one in chosen))
    await asker.done()
    return dict(zip(chosen, told, strict=True))


async def _ask(asker: Asker, venue: Venue, wanted: Wanted, since_ms: int) -> Told:
    ask = venue.history(wanted.symbol, since_ms)
    try:
        answer = await asker.ask(venue, ask)
        prints = venue.parse_history(answer.body)
    except Held as held:
        log.info("history must wait", venue=venue.name, symbol=wanted.symbol, why=str(held))
        return Told(None, HELD_MS)
    except Failed as error:
        log.warning("history did not come", venue=venue.name, symbol=wanted.symbol, why=str(error))
        return Told(None, RETRY_MS)
    except ArbEdgeError as error:
        await asker.malformed(venue, ask, error)
        log.warning("history unreadable", venue=venue.name, symbol=wanted.symbol, why=str(error))
        return Told(None, RETRY_MS)
    await asker.understood(venue, ask)
    ours = prints.filter(pl.col("symbol") == wanted.symbol)
    number = pl.lit(wanted.instrument_id, dtype=pl.Int64).alias("instrument_id")
    return Told(ours.select(number, "settled_at_ms", "rate"), AGAIN_MS)


def _whole_second(at_ms: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=round(at_ms / SECOND_MS))


_decode = msgspec.json.Decoder(Wanted).decode
