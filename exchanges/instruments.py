"""What the venues list: coins told apart from units, every listing kept with its date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from django.db import connection, transaction

from arbedge.names import Market
from exchanges import listings as statements
from exchanges import symbols, verdicts
from exchanges.columns import INSTRUMENT, conform, empty
from exchanges.models import STATUSES, VenueRecord
from exchanges.snapshot import KNOWN, Pieces

LOCK: Final = 4_207_001


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """What one venue lists: a frame with columns.INSTRUMENT.

    `complete`: what is absent from it is gone, within the market types it has rows of.
    `inferred`: read from the symbols' text, because the venue sent no list.
    """

    venue: str
    frame: pl.DataFrame
    complete: bool = True
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a sync did, in instruments."""

    known: pl.DataFrame
    listed: int = 0
    relisted: int = 0
    renamed: int = 0
    gone: int = 0


def of_pieces(pieces: Pieces) -> list[Listing]:
    """The listings among the book's pieces; a piece is there only if its answer came whole."""
    return [
        Listing(venue, piece.frame)
        for venue, feeds in pieces.items()
        for piece in feeds.values()
        if piece.instruments
    ]


def in_memory(listings: Sequence[Listing], prices: pl.DataFrame | None = None) -> pl.DataFrame:
    """The instruments of these listings (snapshot.KNOWN), numbered by name, without a database.

    `prices` (venue, market, symbol, price) lets multiplied names be checked against prices.
    """
    rows = _read(_rows(listings), prices).sort("venue", "market", "symbol")
    return conform(rows.with_row_index("instrument_id", offset=1), KNOWN)


def known() -> pl.DataFrame:
    """The current listing of every instrument in the database, as snapshot.KNOWN."""
    with connection.cursor() as cursor:
        return statements.read(cursor)


def sync(listings: Sequence[Listing], now_ms: float, prices: pl.DataFrame | None = None) -> Change:
    """Writes what the venues list, in one transaction, and returns all instruments with their ids.

    A symbol whose listing date moved on, or that comes back after more than a day, is a new row;
    what is gone from a complete list is closed with an off-line date; a base that changed under its
    symbol is a rename. Relisting and rename reset the verdicts on the coin.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        rows = _named(_rows(listings), statements.read(cursor), prices)
        statements.stage_rows(cursor, rows)
        venues = [VenueRecord(name=name) for name in rows["venue"].unique().sort()]
        VenueRecord.objects.bulk_create(venues, ignore_conflicts=True)
        relisted = statements.close_relisted(cursor, now_ms)
        renamed = statements.renamed(cursor)
        statements.upsert(cursor, now_ms)
        gone = statements.close_gone(cursor, _complete(listings), now_ms)
        verdicts.reset([*relisted, *renamed], now_ms)
        return Change(statements.read(cursor), rows.height, len(relisted), len(renamed), gone)


def _rows(listings: Iterable[Listing]) -> pl.DataFrame:
    """All usable rows with their venue, each instrument once, without senseless numbers."""
    frames = [
        conform(listing.frame, INSTRUMENT).with_columns(
            venue=pl.lit(listing.venue),
            inferred=pl.lit(listing.inferred) | (pl.col("status") == "unknown"),
        )
        for listing in listings
    ]
    if not frames:
        return empty(KNOWN).drop("instrument_id", "asset", "multiplier")
    sizes = ("contract_size", "tick", "lot")
    sane = [pl.when(pl.col(name) > 0, pl.col(name).is_finite()).then(name) for name in sizes]
    return (
        pl.concat(frames)
        .filter(*(pl.col(name).fill_null("") != "" for name in ("symbol", "base", "quote")))
        .filter(pl.col("market").is_in([market.value for market in Market]))
        .with_columns(
            *sane,
            pl.col("settle").fill_null(""),
            min_notional=pl.when(pl.col("min_notional") >= 0).then("min_notional"),
            status=pl.when(pl.col("status").is_in(STATUSES))
            .then("status")
            .otherwise(pl.lit("unknown")),
            inferred=pl.col("inferred").fill_null(value=True),
            offline_at_ms=pl.when(
                pl.col("listed_at_ms").is_null()
                | (pl.col("offline_at_ms") > pl.col("listed_at_ms"))
            ).then("offline_at_ms"),
        )
        .unique(["venue", "market", "symbol"], keep="first", maintain_order=True)
    )


def _named(rows: pl.DataFrame, before: pl.DataFrame, prices: pl.DataFrame | None) -> pl.DataFrame:
    """The rows with coin and multiplier, read in the light of everything listed anywhere."""
    keys = ["venue", "market", "symbol"]
    others = before.join(rows, on=keys, how="anti").select(rows.columns)
    return _read(pl.concat([rows, others]), prices).head(rows.height)


def _read(rows: pl.DataFrame, prices: pl.DataFrame | None) -> pl.DataFrame:
    """The rows with what their names say: coin, multiplier, and whether it is a leveraged token."""
    bases = rows.get_column("base")
    flagged = pl.col("leveraged").fill_null(value=False)
    return symbols.normalise(rows, prices).with_columns(
        leveraged=flagged | symbols.leveraged(bases, set(bases))
    )


def _complete(listings: Iterable[Listing]) -> list[tuple[str, str]]:
    """Venue and market of every list that is whole."""
    return sorted(
        {
            (listing.venue, market)
            for listing in listings
            if listing.complete and not listing.inferred
            for market in listing.frame["market"].drop_nulls().unique()
        }
    )
