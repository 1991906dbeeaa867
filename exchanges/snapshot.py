"""What a scan reads: the pieces of the book, and the markets joined from them, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from arbedge.names import Market
from exchanges.columns import INSTRUMENT, MARKET, NUMBER, TEXT, Parsed, Schema, empty
from exchanges.venues.base import NETWORK_COLUMNS, Feed

# What is known of an instrument: what its venue lists, what its coin is, and its number with us.
KNOWN: Schema = {
    "instrument_id": pl.Int64,
    "venue": TEXT,
    **INSTRUMENT,
    "asset": TEXT,
    "multiplier": NUMBER,
    "inferred": pl.Boolean,
}

# Settled funding of the last seven days, per instrument.
MEANS: Schema = {
    "instrument_id": pl.Int64,
    "mean_hourly": NUMBER,
    "prints": pl.Int64,
    "first_at_ms": NUMBER,
}

NETWORKS: Schema = {"venue": TEXT, **NETWORK_COLUMNS, "captured_at_ms": NUMBER}


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One feed's last answer as columns, with its times (ours, the venue's) and what was dropped.

    `absent` says what a symbol missing from this answer means, e.g. {"interval_hours": 8.0}.
    """

    venue: str
    feed: str
    market: Market
    frame: pl.DataFrame
    captured_at_ms: float
    venue_at_ms: float | None = None
    offset_ms: float = 0.0  # the venue's clock minus ours
    took_ms: float = 0.0
    dropped: Mapping[str, int] = field(default_factory=dict)
    essential: bool = False
    instruments: bool = False
    absent: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        venue: str,
        feed: Feed,
        parsed: Parsed,
        captured_at_ms: float,
        *,
        took_ms: float = 0.0,
        offset_ms: float = 0.0,
    ) -> Piece:
        """What `parsed` says, as an answer of that feed."""
        return cls(
            venue,
            feed.name,
            feed.market,
            parsed.frame,
            captured_at_ms,
            parsed.venue_at_ms,
            offset_ms,
            took_ms,
            parsed.dropped,
            feed.essential,
            feed.instruments,
            {}
            if feed.absent_interval_hours is None
            else {"interval_hours": feed.absent_interval_hours},
        )

    @property
    def told_at_ms(self) -> float:
        """When the figures were true at the latest: our capture, or the venue's earlier time."""
        if self.venue_at_ms is None:
            return self.captured_at_ms
        return min(self.captured_at_ms, self.venue_at_ms - self.offset_ms)


Pieces = Mapping[str, Mapping[str, Piece]]  # venue -> feed -> piece


@dataclass(frozen=True, slots=True)
class VenueState:
    """How a venue stands at the moment of a snapshot."""

    name: str
    answered: bool = False
    breaker_open: bool = False  # any market below is cut off
    blocked_markets: frozenset[str] = frozenset()
    breaker_reason: str = ""
    breaker_until_ms: float | None = None
    paused: bool = False
    reliability: float | None = None  # answers in time / all, last 24 h; null before the first
    offset_ms: float | None = None
    captured_at_ms: float | None = None  # oldest essential answer


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All markets as one reader sees them at `now_ms`; frames have columns.MARKET."""

    now_ms: float
    spot: pl.DataFrame = field(default_factory=lambda: empty(MARKET))
    perp: pl.DataFrame = field(default_factory=lambda: empty(MARKET))
    dated: pl.DataFrame = field(default_factory=lambda: empty(MARKET))
    answered: Mapping[str, bool] = field(default_factory=dict)
    answered_markets: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    dropped: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    networks: pl.DataFrame = field(default_factory=lambda: empty(NETWORKS))
    history: pl.DataFrame = field(default_factory=lambda: empty(MEANS))
    venues: Mapping[str, VenueState] = field(default_factory=dict)

    def unknown_symbols(self) -> dict[str, int]:
        """Venues that sent symbols which no instrument list knows, with how many."""
        found = {
            venue: sum(reasons.get("unknown_symbol", 0) for reasons in feeds.values())
            for venue, feeds in self.dropped.items()
        }
        return {venue: count for venue, count in found.items() if count}
