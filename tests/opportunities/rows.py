"""Scans against the database: candidates whose legs exist, and the lifecycle that stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from exchanges.models import Instrument
from opportunities import lifecycle
from opportunities.lifecycle import Advance
from opportunities.models import Opportunity
from tests.factories import InstrumentFactory
from tests.opportunities.stories import ALL_ANSWERED, NOON_MS, candidate, frame


def at(seconds: float) -> datetime:
    """That many seconds after the noon of the stories."""
    return datetime.fromtimestamp(NOON_MS / 1000 + seconds, UTC)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two perpetuals of one coin, and scans that see them."""

    long: Instrument
    short: Instrument

    @classmethod
    def make(cls, asset: str = "WIF") -> Pair:
        """WIF on Bybit and on Binance."""
        return cls(
            InstrumentFactory(venue="bybit", asset=asset),
            InstrumentFactory(venue="binance", asset=asset),
        )

    def seen(self, bp: float = 20.0, **changes: Any) -> dict[str, Any]:
        """A candidate of these legs."""
        return candidate(
            self.long.asset, bp, long_id=self.long.pk, short_id=self.short.pk, **changes
        )

    def open(self, *, start_s: float = 0.0, **changes: Any) -> Opportunity:
        """Show it three times over half a minute; returns the row that opened."""
        for step in (0, 15, 30):
            scan(start_s + step, self.seen(**changes))
        return Opportunity.objects.get(live_key__isnull=False, asset=self.long.asset)


def scan(
    at_s: float,
    *rows: Mapping[str, Any],
    blind: tuple[str, ...] = (),
    near: pl.DataFrame | None = None,
    **more: Any,
) -> Advance:
    """One scan stored, `at_s` seconds after noon."""
    return lifecycle.advance(
        frame(*rows),
        as_of_ms=NOON_MS + at_s * 1000,
        answered={venue: venue not in blind for venue in ALL_ANSWERED},
        fee_version="2026-01",
        near_misses=near,
        **more,
    )
