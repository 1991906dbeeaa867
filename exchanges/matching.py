"""Which row of an answer belongs to which instrument, remembered while symbols keep their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from arbedge.names import Market
from exchanges.columns import conform
from exchanges.snapshot import KNOWN, Piece, Pieces

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

ABSENT = -1
GROUPS: Mapping[Market, tuple[Market, ...]] = {
    Market.SPOT: (Market.SPOT,),
    Market.PERP: (Market.PERP, Market.DATED),  # venues answer for both at once
}
PRICE = ("bid", "ask")
STAND_INS = ("mark", "rate")  # what makes a row where a venue's prices did not come at all


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Row of the answer for each row of a block; ABSENT where the answer has none."""

    feed: str
    rows: Rows
    complete: bool

    def gather(self, values: Floats, out: Floats) -> None:
        """Puts the answer's values into the block's rows of `out`; leaves absent ones alone."""
        if self.complete:
            np.take(values, self.rows, out=out, mode="clip")
        elif len(values):
            there = self.rows >= 0
            out[there] = values[self.rows[there]]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One market type of one venue: the instruments answered for, and where each column is."""

    venue: str
    market: Market
    positions: Rows  # rows of the universe
    matches: Mapping[str, Match]  # by feed
    sources: Mapping[str, tuple[str, ...]]  # column -> feeds that carry it, best first
    price_feed: str
    rate_feed: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """What one venue's answers for spot, or for all its derivatives, were matched to."""

    venue: str
    universe: Universe
    symbols: tuple[tuple[str, pl.Series, tuple[str, ...]], ...]  # feed, symbols, columns
    blocks: tuple[Block, ...]
    unknown: Mapping[str, int]

    def still_fits(self, universe: Universe, pieces: list[Piece]) -> bool:
        """Whether the same instruments are asked for and every answer kept its symbols' order."""
        if self.universe is not universe or len(pieces) != len(self.symbols):
            return False
        return all(
            piece.feed == feed
            and tuple(piece.frame.columns) == columns
            and piece.frame.get_column("symbol").equals(symbols)
            for piece, (feed, symbols, columns) in zip(pieces, self.symbols, strict=True)
        )


class Universe:
    """The instrument list, sorted by venue and market, with the way from a symbol to its row."""

    def __init__(self, instruments: pl.DataFrame) -> None:
        self.source = instruments
        self.frame = (
            conform(instruments, KNOWN)
            .sort("venue", "market", "symbol", "listed_at_ms", nulls_last=False)
            .unique(["venue", "market", "symbol"], keep="last", maintain_order=True)
        )
        self.ranges: dict[tuple[str, str], tuple[int, int]] = {}
        counted = self.frame.with_row_index("row").group_by("venue", "market", maintain_order=True)
        for (venue, market), rows in counted:
            first = int(rows.item(0, "row"))
            self.ranges[str(venue), str(market)] = (first, first + rows.height)
        self.quotes = tuple(self.frame["quote"].unique().drop_nulls().sort())
        place = {quote: index for index, quote in enumerate(self.quotes)}
        codes = [place.get(quote, ABSENT) for quote in self.frame["quote"]]
        self.quote_of = np.array(codes, dtype=np.intp)
        self._lookups: dict[tuple[str, Market], dict[str, int]] = {}

    def lookup(self, venue: str, group: Market) -> dict[str, int]:
        """Row of each symbol of that venue's spot markets, or of its derivatives."""
        if (venue, group) not in self._lookups:
            found: dict[str, int] = {}
            for market in GROUPS[group]:
                first, stop = self.ranges.get((venue, market), (0, 0))
                symbols = self.frame.get_column("symbol")[first:stop]
                found.update(zip(symbols, range(first, stop), strict=True))
            self._lookups[venue, group] = found
        return self._lookups[venue, group]

    def by_pair(self, venue: str, group: Market, symbols: pl.Series) -> Rows:
        """Row of the answer for each row of the universe, for answers keyed `BASE-QUOTE`."""
        rows = {symbol: row for row, symbol in enumerate(symbols)}
        found = np.full(self.frame.height, ABSENT, dtype=np.intp)
        for market in GROUPS[group]:
            first, stop = self.ranges.get((venue, market), (0, 0))
            part = self.frame[first:stop]
            pairs = (part["base"] + "-" + part["quote"]).to_list()
            found[first:stop] = [rows.get(pair, ABSENT) for pair in pairs]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """Row of one answer for each row of the universe; how many of its rows no instrument claims."""

    symbols: pl.Series
    rows: Rows
    unknown: int


@dataclass(slots=True)
class Matcher:
    """Matches pieces to instruments; keeps the last result per feed, and per venue and group."""

    universe: Universe | None = None
    groups: dict[tuple[str, Market], Group] = field(default_factory=dict)
    answers: dict[tuple[str, str], Answered] = field(default_factory=dict)

    def match(self, pieces: Pieces, instruments: pl.DataFrame) -> list[Group]:
        """Returns one group per venue and kind of market, in the order of `pieces`."""
        if self.universe is None or self.universe.source is not instruments:
            self.universe = Universe(instruments)
            self.groups.clear()
            self.answers.clear()
        found = []
        for venue, feeds in pieces.items():
            for group in GROUPS:
                theirs = [one for one in feeds.values() if _belongs(one, group)]
                theirs.sort(key=lambda one: not one.essential)
                if theirs:
                    found.append(self._group(venue, group, theirs))
        return found

    def _group(self, venue: str, group: Market, pieces: list[Piece]) -> Group:
        assert self.universe is not None
        held = self.groups.get((venue, group))
        if held is None or not held.still_fits(self.universe, pieces):
            answers = [self._answer(venue, group, piece) for piece in pieces]
            held = _matched(self.universe, venue, group, pieces, answers)
            self.groups[venue, group] = held
        return held

    def _answer(self, venue: str, group: Market, piece: Piece) -> Answered:
        assert self.universe is not None
        symbols = piece.frame.get_column("symbol")
        held = self.answers.get((venue, piece.feed))
        if held is None or not held.symbols.equals(symbols):
            held = _answered(self.universe, venue, group, piece)
            self.answers[venue, piece.feed] = held
        return held


def _belongs(piece: Piece, group: Market) -> bool:
    return (
        piece.market in GROUPS[group] and not piece.instruments and "symbol" in piece.frame.columns
    )


def _matched(
    universe: Universe,
    venue: str,
    group: Market,
    pieces: list[Piece],
    answers: list[Answered],
) -> Group:
    rows = {piece.feed: one.rows for piece, one in zip(pieces, answers, strict=True)}
    blocks = []
    for market in GROUPS[group]:
        span = universe.ranges.get((venue, market), (0, 0))
        block = _block(venue, market, pieces, rows, span)
        if block is not None:
            blocks.append(block)
    told = list(zip(pieces, answers, strict=True))
    symbols = tuple((piece.feed, one.symbols, tuple(piece.frame.columns)) for piece, one in told)
    unknown = {piece.feed: one.unknown for piece, one in told if one.unknown}
    return Group(venue, universe, symbols, tuple(blocks), unknown)


def _answered(universe: Universe, venue: str, group: Market, piece: Piece) -> Answered:
    symbols = piece.frame.get_column("symbol")
    lookup = universe.lookup(venue, group)
    named = np.fromiter((lookup.get(one, ABSENT) for one in symbols), np.intp, len(symbols))
    known = np.flatnonzero(named >= 0)
    if not len(known) and _is_index_only(piece):
        return Answered(symbols, universe.by_pair(venue, group, symbols), 0)
    rows = np.full(universe.frame.height, ABSENT, dtype=np.intp)
    rows[named[known]] = known
    return Answered(symbols, rows, len(symbols) - len(known))


def _is_index_only(piece: Piece) -> bool:
    columns = piece.frame.columns
    return "index" in columns and not any(name in columns for name in ("bid", "mark", "rate"))


def _block(
    venue: str,
    market: Market,
    pieces: list[Piece],
    rows: Mapping[str, Rows],
    span: tuple[int, int],
) -> Block | None:
    first, stop = span
    makers = [one for one in pieces if all(name in one.frame.columns for name in PRICE)]
    # A minute-old price must not revive pairs that the price answer itself has dropped as dead.
    makers = [one for one in makers if one.essential] or makers
    makers = makers or [
        one for one in pieces if any(name in one.frame.columns for name in STAND_INS)
    ]
    if not makers or first == stop:
        return None
    there = np.zeros(stop - first, dtype=bool)
    for piece in makers:
        there |= rows[piece.feed][first:stop] >= 0
    positions = np.flatnonzero(there) + first
    matches = {}
    for piece in pieces:
        theirs = rows[piece.feed][positions]
        matches[piece.feed] = Match(piece.feed, theirs, bool((theirs >= 0).all()))
    sources: dict[str, tuple[str, ...]] = {}
    for piece in pieces:
        for name in piece.frame.columns:
            sources[name] = (*sources.get(name, ()), piece.feed)
    rate_feed = next(iter(sources.get("rate", ())), None)
    return Block(venue, market, positions, matches, sources, makers[0].feed, rate_feed)
