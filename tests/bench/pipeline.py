"""The whole way of a scan in memory: bytes, columns, joined markets, identity, ranked rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from exchanges import fees, frames, identity, instruments, intake, memory
from exchanges.snapshot import Piece, Pieces, Snapshot
from opportunities import gates, offline, scan
from opportunities.policy import Policy
from tests.bench.bodies import AT_MS, Body, markets

CAPTURED_MS: Final = float(AT_MS + 400)
NOW_MS: Final = float(AT_MS + 900)


def pieces_of(bodies: Iterable[Body]) -> dict[str, dict[str, Piece]]:
    """The answers as columns, by venue and feed."""
    found: dict[str, dict[str, Piece]] = {}
    for venue, feed, data in bodies:
        piece = Piece.of(venue.name, feed, feed.parse(data), CAPTURED_MS)
        found.setdefault(venue.name, {})[feed.name] = piece
    return found


def listed(bodies: Sequence[Body], quoted: Pieces) -> pl.DataFrame:
    """The instruments of the venues' lists, and those read from names where a list is missing."""
    lists = pieces_of(body for body in bodies if body.is_list)
    listings = instruments.of_pieces(lists) + intake.inferred(lists, quoted)
    return instruments.in_memory(listings, intake.prices_of(quoted))


@dataclass
class Engine:
    """A process that has scanned these markets before: it knows instruments and verdicts."""

    bodies: Sequence[Body]
    levels: Sequence[int] = (0,)
    known: pl.DataFrame = field(init=False)
    verdicts: pl.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        quoted = pieces_of(markets(self.bodies))
        self.known = listed(self.bodies, quoted)
        first = self.join(quoted)
        judged = identity.judge(first.spot, first.perp, memory.nothing(), first.networks, NOW_MS)
        self.verdicts = judged.changes

    def join(self, quoted: Pieces) -> Snapshot:
        """The markets of these answers."""
        return frames.assemble(quoted, self.known, now_ms=NOW_MS)

    def run(self) -> scan.Result:
        """From bytes to ranked rows."""
        return self.evaluate(self.join(pieces_of(markets(self.bodies))))

    def evaluate(self, snapshot: Snapshot) -> scan.Result:
        """From joined markets to ranked rows."""
        return scan.evaluate(self.reading(snapshot))

    def reading(self, snapshot: Snapshot) -> scan.Reading:
        """What a scan reads, identity judged."""
        judged = identity.judge(
            snapshot.spot, snapshot.perp, self.verdicts, snapshot.networks, snapshot.now_ms
        )
        return scan.Reading(
            snapshot=snapshot,
            schedule=fees.default(),
            policy=Policy(),
            world=gates.World(
                coin_reasons=judged.frame.get_column("reasons").to_numpy(),
                floor_risk=offline.floor_risk(judged.frame),
            ),
            levels=self.levels,
        )
