"""The market book: the last answer of every feed, kept in the cache with its times.

Readers get ages with the figures; a book that cannot be reached is NoData, never an empty market.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from django.conf import settings

from arbedge import breaker, cache, clock
from arbedge.errors import NoData
from exchanges import frames, frozen, quality, routes, strangers
from exchanges.columns import Schema, conform, empty
from exchanges.encoding import columns_from_bytes, columns_to_bytes, decode, encode
from exchanges.snapshot import KNOWN, MEANS, NETWORKS, Piece, Pieces, Snapshot, VenueState
from exchanges.venues.base import EVERY_SCAN, EVERY_TEN_MINUTES, Venue

PRICES_TTL_S = 120
MINUTE_TTL_S = 600
LISTS_TTL_S = 26 * 3600
PUBLISHED_TTL_S = 600
ANSWERED_SCANS = 2.0  # an essential answer older than so many scans did not come for this one
ANSWERED_AT_LEAST_MS = 10_000.0


def ttl_s(every_s: float) -> int:
    """Returns how long an answer asked for so often stays in the book."""
    if every_s == EVERY_SCAN:
        return PRICES_TTL_S
    return LISTS_TTL_S if every_s >= EVERY_TEN_MINUTES else MINUTE_TTL_S


def put(pieces: Iterable[Piece], *, every_s: float = EVERY_SCAN) -> None:
    """Stores pieces. Raises NoData when the cache cannot be reached."""
    with cache.reachable("market book"):
        pipe = cache.client().pipeline(transaction=False)
        for piece in pieces:
            pipe.set(piece_key(piece.venue, piece.feed), encode(piece), ex=ttl_s(every_s))
        pipe.execute()


def pieces(venues: Iterable[Venue]) -> dict[str, dict[str, Piece]]:
    """Returns what the book holds, {venue: {feed: Piece}}, read in one call.

    Raises NoData when the cache cannot be reached, or when it holds nothing at all.
    """
    found = held(venues)
    if not any(found.values()):
        raise NoData("market book: no answer of any venue is in the cache")
    return found


def held(venues: Iterable[Venue]) -> dict[str, dict[str, Piece]]:
    """Returns what `pieces` does, which may be nothing. Raises NoData without a cache."""
    names = feed_names(venues)
    with cache.reachable("market book"):
        raw: Any = cache.client().mget([piece_key(*name) for name in names])
    return pieces_of(names, raw)


def feed_names(venues: Iterable[Venue]) -> list[tuple[str, str]]:
    """Returns (venue, feed) of everything joined into markets, in the venue files' order."""
    return [(one.name, feed.name) for one in venues for feed in one.feeds if not feed.instruments]


def pieces_of(
    names: Iterable[tuple[str, str]], raw: Iterable[bytes | None]
) -> dict[str, dict[str, Piece]]:
    """Returns the pieces of entries read under these names; absent ones are left out."""
    found: dict[str, dict[str, Piece]] = {}
    for (venue, feed), entry in zip(names, raw, strict=True):
        held = found.setdefault(venue, {})
        if entry is not None:
            held[feed] = decode(entry)
    return found


def instrument_pieces(venues: Iterable[Venue]) -> Pieces:
    """Returns the venues' instrument lists as last answered. Raises NoData without a cache."""
    names = [(one.name, feed.name) for one in venues for feed in one.feeds if feed.instruments]
    if not names:
        return {}
    with cache.reachable("market book"):
        raw: Any = cache.client().mget([piece_key(*name) for name in names])
    return pieces_of(names, raw)


def piece_key(venue: str, feed: str) -> str:
    """Returns the cache key of a feed's entry."""
    return cache.key("book", venue, feed)


def put_frame(name: str, frame: pl.DataFrame, ttl_s: int) -> None:
    """Stores a whole table under `name`. Raises NoData when the cache cannot be reached."""
    publish(name, columns_to_bytes(frame), ttl_s=ttl_s)


def networks(venues: Iterable[str]) -> pl.DataFrame:
    """Returns the networks of these venues, snapshot.NETWORKS; a silent venue has no rows."""
    return pl.concat([empty(NETWORKS), *(get_frame(f"networks:{one}", NETWORKS) for one in venues)])


def get_frame(name: str, schema: Schema) -> pl.DataFrame:
    """Returns the table `name`; without rows where it was never stored or has lapsed."""
    raw = fetch(name)
    return empty(schema) if raw is None else conform(columns_from_bytes(raw), schema)


def next_scan_number() -> int:
    """Returns the number of the next scan; it counts over all processes. Raises NoData."""
    with cache.reachable("market book"):
        number: Any = cache.client().incr(cache.key("book", "scans"))
    return int(number)


def publish(name: str, data: bytes, *, ttl_s: int = PUBLISHED_TTL_S) -> None:
    """Stores bytes for other processes. Raises NoData when the cache cannot be reached."""
    with cache.reachable("market book"):
        cache.client().set(cache.key("book", "published", name), data, ex=ttl_s)


def fetch(name: str) -> bytes | None:
    """Returns the bytes last published under `name`, None where there are none."""
    with cache.reachable("market book"):
        raw: Any = cache.client().get(cache.key("book", "published", name))
    return bytes(raw) if raw is not None else None


class _Known:
    """The instrument list as this process last read it, with the version it has in the cache."""

    version: bytes | None = None
    frame: pl.DataFrame = empty(KNOWN)


def put_known(instruments: pl.DataFrame) -> None:
    """Stores the instrument list (snapshot.KNOWN) for all readers of the book."""
    with cache.reachable("market book"):
        pipe = cache.client().pipeline(transaction=True)
        data = columns_to_bytes(conform(instruments, KNOWN))
        pipe.set(cache.key("book", "published", "known"), data, ex=LISTS_TTL_S)
        pipe.set(cache.key("book", "known_version"), secrets.token_hex(8), ex=LISTS_TTL_S)
        pipe.execute()


def known() -> pl.DataFrame:
    """Returns the instrument list, the same object while nobody has stored a newer one.

    No rows where none was ever stored. Raises NoData when the cache cannot be reached.
    """
    with cache.reachable("market book"):
        version: Any = cache.client().get(cache.key("book", "known_version"))
    if version is None or version != _Known.version or _Known.frame.is_empty():
        _Known.frame = get_frame("known", KNOWN)
        _Known.version = version
    return _Known.frame


def load(
    now_ms: float | None = None,
    *,
    venues: Collection[Venue] | None = None,
    paused: Collection[str] = (),
    observe: bool = False,
) -> Snapshot:
    """Returns all markets as the book holds them, with what is known of their venues.

    `venues` are by default the configured ones. `paused` names those an operator has paused.
    `observe` is for the one reader that scans: it carries the count of unchanged scans forward and
    has the lists of venues with unknown symbols asked for.
    In a replay the moment is the newest capture. Raises NoData when the cache cannot be reached or
    holds no answer.
    """
    asked = tuple(venues if venues is not None else routes.configured())
    replay = settings.MARKET_MODE == "replay"
    at_ms = now_ms if now_ms is not None else clock.now_ms()
    read = _read(asked, at_ms)
    if replay:
        at_ms = max(one.captured_at_ms for one in _all(read.pieces))
    answered = _answered(asked, read.pieces, at_ms, replay=replay)
    states = {one.name: _state(one, read, answered, one.name in paused, at_ms) for one in asked}
    snapshot = frames.assemble(
        read.pieces,
        known(),
        now_ms=at_ms,
        replay=replay,
        answered=answered,
        venues=states,
        networks=networks(one.name for one in asked),
        history=get_frame("means", MEANS),
    )
    if observe:
        strangers.notice(asked, snapshot, at_ms)
    return _with_frozen(snapshot, observe=observe)


@dataclass(frozen=True, slots=True)
class _Read:
    """What one call to the cache told."""

    pieces: Pieces
    board: breaker.Board
    reliability: Mapping[str, float | None]


def _read(venues: Collection[Venue], at_ms: float) -> _Read:
    names = feed_names(venues)
    with cache.reachable("market book"):
        pipe = cache.client().pipeline(transaction=False)
        pipe.mget([piece_key(*name) for name in names])
        pipe.hvals(cache.key("breakers"))
        for one in venues:
            pipe.hgetall(cache.key("answers", one.name))
        raw, breakers, *counts = pipe.execute()
    found = pieces_of(names, raw)
    if not any(found.values()):
        raise NoData("market book: no answer of any venue is in the cache")
    told = zip(venues, counts, strict=True)
    reliability = {one.name: quality.reliability_of(count, at_ms) for one, count in told}
    return _Read(found, breaker.board_of(breakers), reliability)


def _answered(
    venues: Collection[Venue], read: Pieces, at_ms: float, *, replay: bool
) -> dict[tuple[str, str], bool]:
    """Whether every essential answer of a venue's market came for this scan."""
    within_ms = max(ANSWERED_AT_LEAST_MS, ANSWERED_SCANS * settings.SCAN_EVERY_S * clock.SECOND_MS)
    told: dict[tuple[str, str], bool] = {}
    for one in venues:
        held = read.get(one.name, {})
        for feed in one.feeds:
            piece = held.get(feed.name)
            if not feed.essential or (replay and piece is None):
                continue  # a recording is a moment: what it lacks was never asked for
            fresh = piece is not None and (replay or at_ms - piece.captured_at_ms <= within_ms)
            market = (one.name, str(feed.market))
            told[market] = told.get(market, True) and fresh
    return told


def _state(
    venue: Venue,
    read: _Read,
    answered: Mapping[tuple[str, str], bool],
    is_paused: bool,  # noqa: FBT001
    at_ms: float,
) -> VenueState:
    markets = [came for (name, _market), came in answered.items() if name == venue.name]
    blocked = routes.blocked_markets(venue, read.board, at_ms)
    reason, until_ms = next(iter(blocked.values()), ("", None))
    essential = [one for one in read.pieces.get(venue.name, {}).values() if one.essential]
    return VenueState(
        venue.name,
        answered=bool(markets) and all(markets),
        breaker_open=bool(blocked),
        blocked_markets=frozenset(str(market) for market in blocked),
        breaker_reason=reason,
        breaker_until_ms=until_ms,
        paused=is_paused,
        reliability=read.reliability[venue.name],
        offset_ms=next((one.offset_ms for one in essential), None),
        captured_at_ms=min((one.captured_at_ms for one in essential), default=None),
    )


def _with_frozen(snapshot: Snapshot, *, observe: bool) -> Snapshot:
    """The snapshot with what is known of markets that stand still."""
    spot = _watched("frozen:spot", snapshot.spot, observe=observe)
    return replace(
        snapshot, spot=spot, perp=_watched("frozen:perp", snapshot.perp, observe=observe)
    )


def _watched(name: str, market: pl.DataFrame, *, observe: bool) -> pl.DataFrame:
    raw = fetch(name)
    state = columns_from_bytes(raw) if raw is not None else None
    if observe and not market.is_empty():
        state = frozen.advance(state, market)
        put_frame(name, state, PUBLISHED_TTL_S)
    return frozen.told(market, state)


def _all(read: Pieces) -> list[Piece]:
    return [piece for feeds in read.values() for piece in feeds.values()]
