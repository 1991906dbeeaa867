"""Scans of recorded markets: the whole engine in memory, without database, cache or network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from arbedge.errors import ArbEdgeError
from arbedge.names import Market
from exchanges import fees, frames, identity, memory, symbols
from exchanges.columns import conform
from exchanges.simulator import replay
from exchanges.snapshot import KNOWN, Piece, Snapshot
from exchanges.venues import VENUES
from opportunities import gates, rank, scan
from opportunities.policy import Policy

Pieces = dict[str, dict[str, Piece]]


def results(folder: Path, policy: Policy) -> Iterator[scan.Result]:
    """One result per moment of a recorded set, earliest first; ages count from each answer's time.

    Instruments the set does not list are read from their names and marked so. Nothing of earlier
    moments is known: no settled history, no verified coin. Raises BadSetting for a folder that is
    no recorded set.
    """
    for snapshot in snapshots(folder):
        yield scan.evaluate(reading(snapshot, policy))


def snapshots(folder: Path) -> Iterator[Snapshot]:
    """The joined markets of each moment of a recorded set."""
    for sweep in replay.sweeps(folder, VENUES.values()):
        pieces = _pieces(sweep)
        yield frames.assemble(pieces, instruments(pieces), replay=True)


def reading(snapshot: Snapshot, policy: Policy) -> scan.Reading:
    """What a scan of this snapshot reads when nothing is stored."""
    judged = identity.judge(
        snapshot.spot, snapshot.perp, memory.nothing(), snapshot.networks, snapshot.now_ms
    )
    return scan.Reading(
        snapshot=snapshot,
        schedule=fees.default(),
        policy=policy,
        world=gates.World(
            coin_reasons=judged.frame.get_column("reasons").to_numpy(),
            floor_risk=floor_risk(judged.frame),
        ),
    )


def floor_risk(judged: pl.DataFrame) -> np.ndarray:
    """Least risk class identity asks for, as a position in rank.RISKS."""
    positions = {str(risk): place for place, risk in enumerate(rank.RISKS)}
    return (
        judged.get_column("floor_risk")
        .cast(pl.String)
        .replace_strict(positions, default=0, return_dtype=pl.Int64)
        .to_numpy()
    )


def instruments(pieces: Mapping[str, Mapping[str, Piece]]) -> pl.DataFrame:
    """The instruments these answers list, or name, with numbers of their own (snapshot.KNOWN)."""
    listed = [
        table
        for venue, feeds in pieces.items()
        for market in (Market.SPOT, Market.PERP)
        if (table := _of_market(venue, market, feeds)) is not None
    ]
    if not listed:
        return conform(pl.DataFrame(), KNOWN)
    table = symbols.normalise(pl.concat(listed), _prices(pieces))
    bases = table.get_column("base")
    flagged = symbols.leveraged(bases, set(bases.drop_nulls()))
    table = table.with_columns(
        leveraged=pl.col("leveraged").fill_null(value=False) | flagged,
        instrument_id=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
    )
    return conform(table, KNOWN)


def _pieces(sweep: replay.Sweeps) -> Pieces:
    """The answers of one moment as columns; one that cannot be read counts as not given."""
    pieces: Pieces = {}
    for (name, feed_name), answer in sweep.items():
        if answer.body is None:
            continue
        feed = next(feed for feed in VENUES[name].feeds if feed.name == feed_name)
        try:
            parsed = feed.parse(answer.body)
        except ArbEdgeError:
            continue
        pieces.setdefault(name, {})[feed_name] = Piece.of(name, feed, parsed, float(answer.at_ms))
    return pieces


def _of_market(venue: str, market: Market, feeds: Mapping[str, Piece]) -> pl.DataFrame | None:
    lists = [piece for piece in feeds.values() if piece.instruments and piece.market == market]
    if lists:
        table = pl.concat([piece.frame for piece in lists])
        return table.with_columns(venue=pl.lit(venue), inferred=pl.lit(value=False))
    quoted = [
        piece.frame.get_column("symbol")
        for piece in feeds.values()
        if piece.market == market and not piece.instruments
    ]
    if not quoted:
        return None
    table = symbols.infer(pl.concat(quoted), venue, market)
    return table.with_columns(venue=pl.lit(venue), inferred=pl.lit(value=True))


def _prices(pieces: Mapping[str, Mapping[str, Piece]]) -> pl.DataFrame | None:
    """Middle of the book per instrument, to test multipliers by."""
    found = [
        piece.frame.select(
            pl.lit(venue).alias("venue"),
            pl.lit(piece.market.value).alias("market"),
            "symbol",
            ((pl.col("bid") + pl.col("ask")) / 2).alias("price"),
        )
        for venue, feeds in pieces.items()
        for piece in feeds.values()
        if {"bid", "ask"} <= set(piece.frame.columns)
    ]
    return pl.concat(found) if found else None
