"""Snapshots of small markets: a line per instrument, as the book would give them."""

from __future__ import annotations

from exchanges.snapshot import Snapshot
from tests.opportunities.markets import NOW_MS, Row, frames


def snapshot(*rows: Row) -> Snapshot:
    """All markets of these instruments, seen at NOW_MS."""
    spots, perps = frames(rows)
    return Snapshot(NOW_MS, spot=spots, perp=perps)
