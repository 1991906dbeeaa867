"""Measures a real venue: limits, ages, delays and shapes, and says where it is not what we expect.

Calls are few and go through the same budgets and breakers as everything else. The fields a feed
sends are remembered in the cache, so that a later probe can say which appeared or went.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import polars as pl

from arbedge import cache, clock
from arbedge.errors import ArbEdgeError
from arbedge.http import Answer
from arbedge.names import Market
from exchanges import asking
from exchanges.asking import BUDGET, Asker, Failed, Held
from exchanges.columns import Parsed
from exchanges.models import STATUSES
from exchanges.quality import SLOW_MS
from exchanges.venues.base import Ask, Feed, Venue

ROUNDS = 3
PATIENCE = 10
PAUSE_S = 1.0
WITHIN_MS = 60_000.0
REMEMBER_S = 90 * 24 * 3600
OFFSET_LIMIT_MS = 1_000.0
AGE_LIMIT_MS = 30_000.0
MAX_DROPPED_SHARE = 0.5
FIELDS_LOOKED_AT = 50  # rows


@dataclass(frozen=True, slots=True)
class Finding:
    """What one feed was seen to be. `weight` is the venue's own count per call, where it tells;
    `symbol` one of its instruments."""

    feed: str
    market: Market | None = None
    symbol: str = ""
    rows: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    size: int = 0
    took_ms: tuple[float, ...] = ()
    age_ms: tuple[float, ...] = ()
    declared_weight: int = 0
    weight: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    appeared: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()

    def took(self, percent: float) -> float | None:
        """The delay that so many per cent of the calls stayed within, in milliseconds."""
        return float(np.percentile(self.took_ms, percent)) if self.took_ms else None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a probe found out; `offset_ms` is how far the venue's clock is ahead of ours."""

    venue: str
    feeds: tuple[Finding, ...]
    offset_ms: float | None
    calls: int
    differences: tuple[str, ...]


async def probe(venue: Venue, *, rounds: int = ROUNDS) -> Findings:
    """Asks every feed of a venue `rounds` times (slow ones once) and compares with its file.

    Raises NoData when the cache, and with it budgets and breakers, cannot be reached.
    """
    with cache.reachable("probe"):
        asker = await asking.asker(within_ms=WITHIN_MS, kind="extra")
        offset_ms, told = await _clock(asker, venue)
        feeds = [await _feed(asker, venue, feed, rounds, offset_ms or 0.0) for feed in venue.feeds]
        feeds += await _singles(asker, venue, feeds)
        await asker.done()
    told += [f"{one.feed}: {text}" for one in feeds for text in one.differences]
    return Findings(venue.name, tuple(feeds), offset_ms, asker.calls, tuple(told))


async def _patiently(asker: Asker, venue: Venue, ask: Ask) -> Answer:
    """Asks once our own budget has room: a probe is in no hurry. Raises Held or Failed."""
    for _ in range(PATIENCE):
        try:
            return await asker.ask(venue, ask)
        except Held as held:
            if held.why != BUDGET:
                raise
            await asyncio.sleep(PAUSE_S)
    return await asker.ask(venue, ask)


async def _clock(asker: Asker, venue: Venue) -> tuple[float | None, list[str]]:
    try:
        told = [await _patiently(asker, venue, venue.clock) for _ in range(ROUNDS)]
        best = min(told, key=lambda one: one.took_ms)
        offset_ms = venue.parse_clock(best.body) - (best.captured_at_ms - best.took_ms / 2)
    except ArbEdgeError as error:
        return None, [f"clock: {error.message}"]
    if abs(offset_ms) > OFFSET_LIMIT_MS:
        return offset_ms, [f"clock: is {offset_ms:+.0f} ms from ours"]
    return offset_ms, []


async def _feed(asker: Asker, venue: Venue, feed: Feed, rounds: int, offset_ms: float) -> Finding:
    finding = Finding(feed.name, declared_weight=feed.ask.weight)
    times = rounds if feed.essential else 1
    try:
        answers = [await _patiently(asker, venue, feed.ask) for _ in range(times)]
        parsed = feed.parse(answers[-1].body)
    except (Held, Failed) as error:
        return replace(finding, differences=(f"did not come: {error.message}",))
    except ArbEdgeError as error:
        return replace(finding, differences=(f"cannot be read: {error.message}",))
    finding = _measured(finding, venue, feed, answers, parsed, offset_ms=offset_ms)
    appeared, went = await _fields(venue.name, feed.name, answers[-1].body)
    return replace(
        finding,
        appeared=appeared,
        differences=(
            *(f"field {name} is no longer sent" for name in went),
            *_differences(finding, venue, feed, parsed),
        ),
    )


async def _singles(asker: Asker, venue: Venue, feeds: Collection[Finding]) -> list[Finding]:
    """One order book per market and one history, of an instrument the venue has just quoted."""
    found: list[Finding] = []
    for feed in venue.feeds:
        symbol = next((one.symbol for one in feeds if one.feed == feed.name), "")
        if not feed.essential or not symbol:
            continue
        wants_book = feed.market not in {one.market for one in found}
        if wants_book:
            ask = venue.depth(feed.market, symbol)
            blank = Finding(f"order book {feed.market}", market=feed.market)
            found.append(await _single(asker, venue, ask, blank, _levels))
        if wants_book and feed.market is Market.PERP:
            since_ms = int(clock.now_ms() - clock.DAY_MS)
            blank = Finding("settled funding", market=feed.market)
            ask = venue.history(symbol, since_ms)
            found.append(await _single(asker, venue, ask, blank, _settlements))
    return found


async def _single(
    asker: Asker, venue: Venue, ask: Ask, blank: Finding, rows_of: Callable[[Venue, bytes], int]
) -> Finding:
    blank = replace(blank, declared_weight=ask.weight)
    try:
        answer = await _patiently(asker, venue, ask)
        rows = rows_of(venue, answer.body)
    except ArbEdgeError as error:
        return replace(blank, differences=(f"did not come: {error.message}",))
    told = () if rows else ("has no rows",)
    return replace(
        blank, rows=rows, size=len(answer.body), took_ms=(answer.took_ms,), differences=told
    )


def _levels(venue: Venue, body: bytes) -> int:
    ladder = venue.parse_depth(body)
    return min(len(ladder.bids), len(ladder.asks))


def _settlements(venue: Venue, body: bytes) -> int:
    return venue.parse_history(body).height


def _measured(
    finding: Finding,
    venue: Venue,
    feed: Feed,
    answers: list[Answer],
    parsed: Parsed,
    *,
    offset_ms: float,
) -> Finding:
    ages: tuple[float, ...] = ()
    if parsed.venue_at_ms is not None:
        ages = (answers[-1].captured_at_ms - (parsed.venue_at_ms - offset_ms),)
    statuses: Mapping[str, int] = {}
    if feed.instruments:
        statuses = dict(Counter(str(one) for one in parsed.frame["status"]))
    last, used = answers[-1].headers, venue.pools[feed.ask.pool].used_header
    return replace(
        finding,
        symbol=_example(parsed.frame),
        rows=parsed.frame.height,
        dropped=parsed.dropped,
        size=len(answers[-1].body),
        took_ms=tuple(answer.took_ms for answer in answers),
        age_ms=ages,
        weight=_weight(venue, feed, answers),
        headers={name: last[name] for name in last if name == used or _is_about_limits(name)},
        statuses=statuses,
    )


def _example(frame: pl.DataFrame) -> str:
    """A symbol to ask more about: one of Bitcoin's, else the first."""
    symbols = frame.get_column("symbol")
    coin = symbols.filter(symbols.str.contains("^BTC[-_]?USDT"))
    chosen = coin if len(coin) else symbols
    return str(chosen[0]) if len(chosen) else ""


def _weight(venue: Venue, feed: Feed, answers: list[Answer]) -> int | None:
    """The least step of the venue's own count from call to call: others may be calling as well."""
    header = venue.pools[feed.ask.pool].used_header
    said = [answer.headers.get(header, "") if header else "" for answer in answers]
    counts = [int(one) for one in said if one.isdigit()]
    rises = [after - before for before, after in pairwise(counts)]
    return min((rise for rise in rises if rise > 0), default=None)


def _is_about_limits(name: str) -> bool:
    return any(word in name for word in ("limit", "weight", "remaining", "retry-after"))


def _differences(finding: Finding, venue: Venue, feed: Feed, parsed: Parsed) -> Iterator[str]:
    if not finding.rows:
        yield "has no rows"
        return
    lost = sum(finding.dropped.values())
    if lost > MAX_DROPPED_SHARE * (lost + finding.rows):
        yield f"{lost} of {lost + finding.rows} rows are dropped: {dict(finding.dropped)}"
    for name in _silent_columns(parsed.frame, feed):
        yield f"column {name} is empty in every row"
    header = venue.pools[feed.ask.pool].used_header
    if header and header not in finding.headers:
        yield f"header {header} is not sent"
    if finding.weight is not None and finding.weight != finding.declared_weight:
        yield f"weighs {finding.weight}, not {finding.declared_weight}"
    if (slow := finding.took(95)) is not None and feed.essential and slow > SLOW_MS:
        yield f"took {slow:.0f} ms (95 %)"
    if feed.essential and any(age > AGE_LIMIT_MS for age in finding.age_ms):
        yield f"is {max(finding.age_ms):.0f} ms old"
    for status in set(finding.statuses) - set(STATUSES):
        yield f"status {status} is not known"


def _silent_columns(frame: pl.DataFrame, feed: Feed) -> list[str]:
    """Columns without a single value; an instrument list may well lack optional ones."""
    wanted: Collection[str] = frame.columns
    if feed.instruments:
        wanted = ("symbol", "market", "base", "quote", "status")
    return [name for name in wanted if frame[name].null_count() == frame.height]


async def _fields(venue: str, feed: str, body: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fields that appeared and that went since the last probe; these are remembered now."""
    now = fields_of(msgspec.json.decode(body))
    name = cache.key("probed", venue, feed)
    raw: Any = await cache.aclient().get(name)
    await cache.aclient().set(name, msgspec.json.encode(sorted(now)), ex=REMEMBER_S)
    if raw is None:
        return (), ()
    before = set(msgspec.json.decode(raw))
    return tuple(sorted(now - before)), tuple(sorted(before - now))


def fields_of(told: Any) -> set[str]:
    """Returns the fields of the first list of objects in an answer, in any of its first rows."""
    waiting: list[Any] = [told]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, list) and one and isinstance(one[0], dict):
            return {key for row in one[:FIELDS_LOOKED_AT] for key in row}
        if isinstance(one, dict):
            waiting += one.values()
    return set()
