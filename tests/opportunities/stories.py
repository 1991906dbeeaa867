"""Candidates to write stories with, and a story: the lifecycle's pure rules played through time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import polars as pl

from arbedge.names import Reason
from opportunities import transitions
from opportunities.handover import CANDIDATE, mask
from opportunities.sightings import SIGHTING
from opportunities.transitions import LIVE, PAST, Decision, Rules

NOON_MS = 1_790_000_000_000.0
BP = 1e-4
ALL_ANSWERED = {"binance": True, "bybit": True, "okx": True, "bitget": True}


def fingerprint(text: str) -> str:
    """A stable print for a test's coin."""
    return hashlib.blake2s(text.encode(), digest_size=16).hexdigest()


def candidate(asset: str = "WIF", bp: float = 20.0, **changes: Any) -> dict[str, Any]:
    """A funding candidate with a net of `bp` basis points over a threshold of 15."""
    reasons: tuple[Reason, ...] = changes.pop("reasons", ())
    net = bp * BP
    row: dict[str, Any] = {
        "fingerprint": fingerprint(f"{changes.get('kind', 'funding')}:{asset}"),
        "kind": "funding",
        "family": f"{changes.get('kind', 'funding')}:{asset}",
        "asset": asset,
        "quote": "USDT",
        "long_id": 1,
        "short_id": 2,
        "long_venue": "bybit",
        "short_venue": "binance",
        "long_symbol": f"{asset}USDT",
        "short_symbol": f"{asset}USDT",
        "long_market": "perp",
        "short_market": "perp",
        "long_bid": 0.9999,
        "long_ask": 1.0001,
        "short_bid": 1.0009,
        "short_ask": 1.0011,
        "long_rate": -0.002,
        "short_rate": 0.001,
        "long_interval_hours": 8.0,
        "short_interval_hours": 8.0,
        "long_fee_bps": 5.5,
        "short_fee_bps": 5.0,
        "first": net + 0.002,
        "later": 0.0,
        "k": 0.5,
        "cost": 0.002,
        "gap": 0.001,
        "gross_announced": net + 0.002,
        "net_announced": net,
        "net": net,
        "measured": net,
        "threshold": 15 * BP,
        "horizon_hours": 72.0,
        "risk": "medium",
        "score": 0.8,
        "score_parts": '{"net":0.3}',
        "shelves": 1,
        "reasons": mask(*reasons),
        "settling": False,
        "answered": None,
    }
    return row | changes


def frame(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Candidates as the scan hands them over."""
    return pl.DataFrame([dict(row) for row in rows], schema=dict(CANDIDATE), orient="row")


class Story:
    """A store in memory that applies every decision, so that rules can be told as a story."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.live = pl.DataFrame(schema=dict(LIVE))
        self.past = pl.DataFrame(schema=dict(PAST))
        self.sightings = pl.DataFrame(schema=dict(SIGHTING))
        self.at_s = 0.0
        self.events: list[tuple[float, str, str]] = []
        self.decision: Decision | None = None
        self._next_id = 1

    def scan(
        self,
        at_s: float,
        *rows: Mapping[str, Any],
        blind: tuple[str, ...] = (),
    ) -> list[str]:
        """One scan `at_s` seconds after noon; returns the types of the events it made."""
        answered = {venue: venue not in blind for venue in ALL_ANSWERED}
        return self.take(frame(*rows), NOON_MS + at_s * 1000, answered)

    def take(
        self, candidates: pl.DataFrame, as_of_ms: float, answered: Mapping[str, bool]
    ) -> list[str]:
        """One scan as the engine hands it over; returns the types of the events it made."""
        at_s = (as_of_ms - NOON_MS) / 1000
        decision = transitions.decide(
            self.live,
            self.past,
            self.sightings,
            candidates,
            as_of_ms=as_of_ms,
            answered=answered,
            rules=self.rules,
        )
        self.decision, self.at_s = decision, at_s
        self._keep(decision, as_of_ms)
        types = decision.events["type"].to_list()
        reasons = decision.events["reason"].to_list()
        self.events += [(at_s, *event) for event in zip(types, reasons, strict=True)]
        return types

    def open(self, *rows: Mapping[str, Any]) -> float:
        """Show the rows until they open; returns the second at which they did."""
        start = self.at_s
        for step in (0, 15, 30):
            self.scan(start + step, *rows)
        return start + 30

    def row(self, asset: str = "WIF", kind: str = "funding") -> dict[str, Any]:
        """The live row of a coin."""
        return self.live.row(
            by_predicate=pl.col("fingerprint") == fingerprint(f"{kind}:{asset}"), named=True
        )

    @property
    def state(self) -> str:
        """The state of the only live row, or `closed` when there is none."""
        return str(self.live["state"].item()) if self.live.height else "closed"

    def told(self) -> list[str]:
        """The types of all events so far, in order."""
        return [event for _, event, _ in self.events]

    def why(self) -> str:
        """The reason of the last event."""
        return self.events[-1][2]

    def _keep(self, decision: Decision, as_of_ms: float) -> None:
        moved = decision.live.with_columns(
            state=pl.col("new_state"),
            threshold=pl.col("limit"),
            long_next_ms=pl.when("fresh")
            .then(pl.col("now_long_next_ms"))
            .otherwise(pl.col("long_next_ms")),
        )
        shut = moved.filter(pl.col("state") == "closed")
        number = pl.int_range(self._next_id, self._next_id + decision.opening.height)
        born = decision.opening.with_columns(id=pl.col("id").fill_null(number))
        self._next_id += born.height
        alive = moved.filter(pl.col("state") != "closed")
        self.live = pl.concat([alive.select(*LIVE), born.select(*LIVE)])
        self.past = pl.concat(
            [self.past, shut.with_columns(closed_at_ms=pl.lit(as_of_ms)).select(*PAST)]
        ).filter(~pl.col("id").is_in(self.live["id"].implode()))
        keep = decision.sighted.keep
        gone = pl.concat([decision.sighted.forget, keep["fingerprint"]]).implode()
        self.sightings = pl.concat(
            [self.sightings.filter(~pl.col("fingerprint").is_in(gone)), keep]
        )
