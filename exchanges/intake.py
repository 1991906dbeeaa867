"""From the venues' instrument lists in the book to the list every reader joins by."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
from django.conf import settings

from arbedge.names import Market
from exchanges import book, instruments, symbols
from exchanges.instruments import Change, Listing
from exchanges.snapshot import Pieces
from exchanges.venues.base import Venue


def refresh(venues: Collection[Venue], now_ms: float) -> Change:
    """Writes what the venues list to the database and publishes the result in the book.

    Where a venue's market sent prices but no list, and only if INSTRUMENTS_FROM_NAMES is on (as in
    a replay), its instruments are read from the symbols and marked inferred. Raises NoData without
    a cache.
    """
    lists = book.instrument_pieces(venues)
    quoted = book.held(venues)
    listings = instruments.of_pieces(lists)
    if settings.INSTRUMENTS_FROM_NAMES:
        listings += inferred(lists, quoted)
    change = instruments.sync(listings, now_ms, prices_of(quoted))
    book.put_known(change.known)
    return change


def inferred(lists: Pieces, quoted: Pieces) -> list[Listing]:
    """Returns listings read from symbols, for markets that have answers and no instrument list."""
    found = []
    for venue, feeds in quoted.items():
        listed = {piece.market for piece in lists.get(venue, {}).values()}
        for market in (Market.SPOT, Market.PERP):
            named = [
                piece.frame.get_column("symbol")
                for piece in feeds.values()
                if piece.market == market and "symbol" in piece.frame.columns and piece.essential
            ]
            if named and market not in listed:
                table = symbols.infer(pl.concat(named), venue, market)
                found.append(Listing(venue, table, complete=False, inferred=True))
    return found


def prices_of(quoted: Pieces) -> pl.DataFrame | None:
    """Returns the middle of each quoted instrument (venue, market, symbol, price), None without."""
    found = [
        piece.frame.select(
            pl.lit(venue).alias("venue"),
            pl.lit(str(piece.market)).alias("market"),
            "symbol",
            ((pl.col("bid") + pl.col("ask")) / 2).alias("price"),
        )
        for venue, feeds in quoted.items()
        for piece in feeds.values()
        if {"bid", "ask"} <= set(piece.frame.columns)
    ]
    return pl.concat(found) if found else None
