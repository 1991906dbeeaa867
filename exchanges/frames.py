"""The pure join: pieces of answers and the instrument list become one frame per market type.

Four venues' whole markets are joined in a few milliseconds: which row of an answer belongs to
which instrument is remembered as long as the answers keep their symbols in the same order
(`matching`), so that a scan only gathers numbers by position. The memory is for speed alone: the
same pieces give the same frames without it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np
import polars as pl

from arbedge.names import Market
from exchanges.columns import MARKET, empty
from exchanges.matching import Block, Floats, Group, Matcher, Universe
from exchanges.snapshot import Piece, Pieces, Snapshot, VenueState
from exchanges.table import NAN, Table, quote_rates

PER_UNIT = ("bid", "ask", "last", "high", "low", "mark", "index")  # quoted per unit of `base`
PLAIN = ("rate", "rate_cap", "rate_floor", "interval_hours", "next_settlement_ms")
SIZES = ("bid_size", "ask_size")
AMOUNTS = ("volume_quote", "volume_coins", "open_interest", "open_interest_usd")
GATHERED = (*PER_UNIT, *PLAIN, *SIZES, *AMOUNTS)

Columns = dict[str, Floats]

_matcher = Matcher()
_tables: dict[Market, Table] = {}
_lock = threading.Lock()


def market(
    pieces: Pieces,
    instruments: pl.DataFrame,
    wanted: Market,
    now_ms: float,
    *,
    replay: bool = False,
) -> pl.DataFrame:
    """Returns all instruments of one market type that were answered for, with columns.MARKET.

    `instruments` has snapshot.KNOWN. Prices, marks and indices are per coin of `asset`, sizes in
    coins; volume and open interest in USD (quotes in other coins by their own USDT markets, null
    where there is none). Ages are counted from `now_ms`, in a replay from each answer's capture.
    """
    snapshot = assemble(pieces, instruments, now_ms=now_ms, replay=replay)
    frames = {Market.SPOT: snapshot.spot, Market.PERP: snapshot.perp, Market.DATED: snapshot.dated}
    return frames[wanted]


def assemble(
    pieces: Pieces,
    instruments: pl.DataFrame,
    *,
    now_ms: float | None = None,
    replay: bool = False,
    answered: Mapping[tuple[str, str], bool] | None = None,
    venues: Mapping[str, VenueState] | None = None,
    **tables: pl.DataFrame,
) -> Snapshot:
    """Returns the snapshot these pieces make, straight from memory.

    `now_ms` is by default the newest capture. A market of a venue has answered when `answered` says
    so, by default when any of its essential answers is among the pieces. `tables` are the
    snapshot's `networks` and `history`.
    """
    told = [piece.captured_at_ms for feeds in pieces.values() for piece in feeds.values()]
    at_ms = now_ms if now_ms is not None else max(told, default=0.0)
    with _lock:
        groups = _matcher.match(pieces, instruments)
        assert _matcher.universe is not None
        frames = _frames(_matcher.universe, groups, pieces, at_ms, replay=replay)
    markets = dict(answered) if answered is not None else _present(pieces)
    by_venue = _every_market(pieces, markets)
    return Snapshot(
        at_ms,
        spot=frames[Market.SPOT],
        perp=frames[Market.PERP],
        dated=frames[Market.DATED],
        answered=by_venue,
        answered_markets=markets,
        dropped=_dropped(pieces, groups),
        venues=venues or {name: VenueState(name, answered=came) for name, came in by_venue.items()},
        **tables,
    )


def _frames(
    universe: Universe, groups: list[Group], pieces: Pieces, now_ms: float, *, replay: bool
) -> dict[Market, pl.DataFrame]:
    rates: dict[str, float] = {}
    frames = {}
    for wanted in Market:  # spot comes first: it says what the other quotes are worth
        blocks = [block for group in groups for block in group.blocks if block.market == wanted]
        if not blocks:
            frames[wanted] = empty(MARKET)
            continue
        held = _tables.get(wanted)
        if held is None or not held.still_fits(universe, blocks):
            held = _tables[wanted] = Table.of(universe, blocks)
        columns = _gather(held, pieces)
        _scale(held, columns)
        if wanted is Market.SPOT:
            rates = quote_rates(held, columns["bid"], columns["ask"])
        _value(held, columns, held.usd(rates))
        _time(held, columns, pieces, now_ms, replay=replay)
        frames[wanted] = held.with_numbers(columns)
    return frames


def _gather(table: Table, pieces: Pieces) -> Columns:
    """The numbers as the venues wrote them, in the table's rows."""
    columns = {name: np.full(table.height, NAN) for name in GATHERED}
    for block, first, stop in table.blocks:
        feeds = pieces[block.venue]
        for name in GATHERED:
            for feed in block.sources.get(name, ()):
                series = feeds[feed].frame.get_column(name)
                if series.null_count() < len(series):
                    block.matches[feed].gather(series.to_numpy(), columns[name][first:stop])
                    break
        for feed, match in block.matches.items():
            piece = feeds[feed]
            if piece.market == block.market:
                for name, value in piece.absent.items():
                    columns[name][first:stop][match.rows < 0] = value
    return columns


def _scale(table: Table, columns: Columns) -> None:
    """From units of `base` to coins of `asset`: prices by multiplier, sizes by contract too."""
    rows = table.scaled
    if len(rows):
        for name in PER_UNIT:
            columns[name][rows] /= table.multiplier[rows]
    rows = table.sized
    if len(rows):
        for name in SIZES:
            columns[name][rows] *= table.coins_per_lot[rows]


def _value(table: Table, columns: Columns, usd: Floats) -> None:
    """24 h volume and open interest in USD."""
    mid = (columns["bid"] + columns["ask"]) / 2
    price = np.where(np.isnan(mid), columns["last"], mid)
    coins = columns.pop("volume_coins") * table.multiplier
    quoted = columns.pop("volume_quote")
    columns["volume_usd"] = np.where(np.isnan(quoted), coins * price, quoted) * usd
    mark = np.where(np.isnan(columns["mark"]), price, columns["mark"])
    contracts = columns.pop("open_interest") * table.coins_per_lot
    interest = columns["open_interest_usd"]
    columns["open_interest_usd"] = np.where(np.isnan(interest), contracts * mark * usd, interest)


def _time(table: Table, columns: Columns, pieces: Pieces, now_ms: float, *, replay: bool) -> None:
    for name in ("captured_at_ms", "venue_at_ms", "rate_captured_at_ms", "age_ms"):
        columns[name] = np.full(table.height, NAN)
    for block, first, stop in table.blocks:
        feeds = pieces[block.venue]
        price = feeds[block.price_feed]
        columns["captured_at_ms"][first:stop] = price.captured_at_ms
        _venue_times(block, price, columns["venue_at_ms"][first:stop])
        age_ms = _age_ms(price, now_ms, replay=replay)
        if block.rate_feed is not None:
            rate = feeds[block.rate_feed]
            columns["rate_captured_at_ms"][first:stop] = rate.captured_at_ms
            age_ms = max(age_ms, _age_ms(rate, now_ms, replay=replay))
        columns["age_ms"][first:stop] = age_ms


def _venue_times(block: Block, price: Piece, out: Floats) -> None:
    """The row's own time where the venue gives one, else the answer's."""
    if price.venue_at_ms is not None:
        out[:] = price.venue_at_ms - price.offset_ms
    if "venue_at_ms" in price.frame.columns:
        own = np.full(len(out), NAN)
        block.matches[price.feed].gather(price.frame.get_column("venue_at_ms").to_numpy(), own)
        own -= price.offset_ms
        np.copyto(out, own, where=~np.isnan(own))


def _age_ms(piece: Piece, now_ms: float, *, replay: bool) -> float:
    """How old the figures are; a recording's answer is read at the moment it was captured."""
    return max(0.0, (piece.captured_at_ms if replay else now_ms) - piece.told_at_ms)


def _present(pieces: Pieces) -> dict[tuple[str, str], bool]:
    return {
        (venue, str(piece.market)): True
        for venue, feeds in pieces.items()
        for piece in feeds.values()
        if piece.essential
    }


def _every_market(pieces: Pieces, markets: Mapping[tuple[str, str], bool]) -> dict[str, bool]:
    told: dict[str, bool] = dict.fromkeys(pieces, True)
    for (venue, _market), came in markets.items():
        told[venue] = told.get(venue, True) and came
    heard = {venue for venue, _market in markets}
    return {venue: came and venue in heard for venue, came in told.items()}


def _dropped(pieces: Pieces, groups: list[Group]) -> dict[str, dict[str, dict[str, int]]]:
    """Rows dropped by venue, feed and reason, those of unknown instruments included."""
    counted: dict[str, dict[str, dict[str, int]]] = {
        venue: {feed: dict(piece.dropped) for feed, piece in feeds.items() if piece.dropped}
        for venue, feeds in pieces.items()
    }
    for group in groups:
        for feed, count in group.unknown.items():
            counted[group.venue].setdefault(feed, {})["unknown_symbol"] = count
    return counted
