"""Scans of recorded markets: the whole engine in memory, without database, cache or network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import structlog

from arbedge.errors import ArbEdgeError
from exchanges import fees, frames, identity, instruments, intake, memory
from exchanges.simulator import replay
from exchanges.snapshot import Piece, Snapshot
from exchanges.venues import VENUES
from opportunities import gates, rank, scan
from opportunities.policy import Policy

Pieces = dict[str, dict[str, Piece]]

_RISKS: Final = pl.Enum([str(risk) for risk in rank.RISKS])

log = structlog.get_logger(__name__)


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
        lists, quoted = _apart(pieces)
        listings = instruments.of_pieces(lists) + intake.inferred(lists, quoted)
        known = instruments.in_memory(listings, intake.prices_of(quoted))
        yield frames.assemble(quoted, known, replay=True)


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
    # A cast to numbers wakes no query engine, as comparing texts does.
    asked = judged.get_column("floor_risk").cast(_RISKS, strict=False).to_physical()
    places: np.ndarray = np.nan_to_num(asked.cast(pl.Float64).to_numpy()).astype(np.int64)
    return places


def _pieces(sweep: replay.Sweeps) -> Pieces:
    """The answers of one moment as columns; one that cannot be read counts as not given."""
    pieces: Pieces = {}
    for (name, feed_name), answer in sweep.items():
        if answer.body is None:
            continue
        feed = next(feed for feed in VENUES[name].feeds if feed.name == feed_name)
        try:
            parsed = feed.parse(answer.body)
        except ArbEdgeError as error:
            log.warning("recorded_answer_unreadable", venue=name, feed=feed_name, why=error.message)
            continue
        pieces.setdefault(name, {})[feed_name] = Piece.of(name, feed, parsed, float(answer.at_ms))
    return pieces


def _apart(pieces: Pieces) -> tuple[Pieces, Pieces]:
    """(instrument lists, everything else)."""
    lists: Pieces = {}
    quoted: Pieces = {}
    for venue, feeds in pieces.items():
        for name, piece in feeds.items():
            (lists if piece.instruments else quoted).setdefault(venue, {})[name] = piece
    return lists, quoted
