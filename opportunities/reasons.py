"""Reasons in words and figures: what each gate saw of a candidate and where its limit lies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from arbedge.names import Reason
from opportunities.detectors.figures import Figures
from opportunities.gates import measured, stays_until, threshold, volatility
from opportunities.policy import Policy
from opportunities.settlements import GUARD_BEFORE_MS, HOUR_MS, Numbers
from opportunities.universe import Universe

MEANING: Mapping[Reason, str] = {
    Reason.STALE: "data of a leg too old, or its settlement overdue",
    Reason.LEG_SKEW: "the legs were read too far apart in time",
    Reason.FUTURE: "the venue's time runs ahead of ours",
    Reason.NO_PRICE: "a price is missing or not positive",
    Reason.CROSSED: "bid at or above ask",
    Reason.NO_RATE: "no funding rate, or none scheduled",
    Reason.INTERVAL_UNKNOWN: "the venue has not told how often this contract settles",
    Reason.NO_FEE: "no fee in the schedule",
    Reason.QUOTE_MISMATCH: "the legs are not quoted and settled in the same allowed currency",
    Reason.FROZEN: "the quote stands still while its peers moved",
    Reason.IMPLAUSIBLE: "funding rate held for review",
    Reason.THIN_VOLUME: "24 h turnover too small",
    Reason.THIN_INTEREST: "open interest too small",
    Reason.WIDE: "spread too wide",
    Reason.THIN_DEPTH: "the order book does not carry the size",
    Reason.NOT_TRADING: "the instrument is not trading",
    Reason.DELISTING: "the instrument goes off line within the horizon",
    Reason.BREAKER: "the venue's circuit breaker is open",
    Reason.PAUSED: "the venue is paused",
    Reason.SETTLING: "a settlement is under way",
    Reason.DEPEG: "the quote coin is off its peg",
    Reason.BELOW_THRESHOLD: "does not pay enough after costs",
    Reason.NEEDS_BORROW: "needs borrowed coins at a rate nobody has told",
    Reason.NETWORK_CLOSED: "deposits or withdrawals are closed",
    Reason.LEVERAGED: "leveraged token",
    Reason.DIVERGENT: "price too far from the other venues, identity not verified",
    Reason.QUARANTINED: "probably another coin of the same name",
    Reason.VOLATILE: "24 h range too wide",
    Reason.HISTORY: "earlier ones like this did not keep their promise",
    Reason.RATE_AT_CAP: "rate at the venue's cap: only the first payment counts",
    Reason.NO_HISTORY: "no settled history: half of the later payments is believed",
    Reason.NETWORK_UNKNOWN: "transfer networks unknown",
    Reason.PROVISIONAL: "identity provisional",
    Reason.INSTRUMENT_INFERRED: "instrument read from its name, the venue sent no list",
    Reason.GAP_EXCURSION: "verified coin, prices apart: closed deposits look like this",
    Reason.VOLUME_UNKNOWN: "24 h turnover unknown",
    Reason.INTEREST_UNKNOWN: "open interest unknown",
    Reason.DEPTH_UNKNOWN: "no fresh order book",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason of one candidate; `value` and `limit` in the gate's unit, None = not a number."""

    code: str
    rejects: bool
    leg: str | None = None
    value: float | None = None
    limit: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def codes(mask: int) -> list[str]:
    """The reason codes of a mask, rejecting ones first."""
    return [reason.code for reason in from_mask(mask)]


def from_mask(mask: int) -> list[Reason]:
    """The reasons of a mask."""
    return [reason for reason in Reason if mask >> int(reason) & 1]


# Reason -> the name of its limit, and whether the higher value is the worse one.
_BY_LEG: Mapping[Reason, tuple[str, bool]] = {
    Reason.STALE: ("max_age", True),
    Reason.FUTURE: ("max_ahead", True),
    Reason.FROZEN: ("frozen_scans", True),
    Reason.IMPLAUSIBLE: ("max_rate", True),
    Reason.THIN_VOLUME: ("min_volume", False),
    Reason.THIN_INTEREST: ("min_interest", False),
    Reason.WIDE: ("max_spread", True),
    Reason.VOLATILE: ("max_volatility", True),
    Reason.RATE_AT_CAP: ("cap_share", True),
    Reason.DELISTING: ("", False),
    Reason.SETTLING: ("", False),
}


@dataclass
class Explainer:
    """Says of the candidates of one part what each of their gates saw; columns are read once."""

    figures: Figures
    universe: Universe
    policy: Policy
    _seen: dict[Reason, Numbers] = field(default_factory=dict)
    _limits: dict[Reason, Numbers] = field(default_factory=dict)

    def findings(self, row: int) -> list[Finding]:
        """Every reason of the candidate at `row` with the value seen and the limit, leg named."""
        return [self._finding(reason, row) for reason in from_mask(int(self.figures.reasons[row]))]

    def _finding(self, reason: Reason, row: int) -> Finding:
        if reason in _BY_LEG:
            return self._of_leg(reason, row)
        if reason in {Reason.LEG_SKEW, Reason.BELOW_THRESHOLD}:
            if reason not in self._seen:
                self._seen[reason], self._limits[reason] = self._of_pairs(reason)
            value, limit = self._seen[reason][row], self._limits[reason][row]
            return Finding(reason.code, reason.rejects, None, _number(value), _number(limit))
        return Finding(reason.code, reason.rejects)

    def _of_leg(self, reason: Reason, row: int) -> Finding:
        if reason not in self._seen:
            with np.errstate(divide="ignore", invalid="ignore"):
                self._seen[reason] = self._values(reason)
                self._limits[reason] = self._bounds(reason)
        legs = [int(self.figures.long[row]), int(self.figures.short[row])]
        both = self._seen[reason][legs]
        if not np.isfinite(both).any():
            return Finding(reason.code, reason.rejects)
        limits = self._limits[reason][legs]
        beyond = both - limits if _BY_LEG[reason][1] else limits - both
        worst = int(np.nanargmax(beyond))
        side = ("long", "short")[worst]
        return Finding(
            reason.code, reason.rejects, side, _number(both[worst]), _number(limits[worst])
        )

    def _values(self, reason: Reason) -> Numbers:
        """What is measured per instrument, in the limit's unit (hours for listing, s for time)."""
        universe = self.universe
        cap, floor = universe.numbers("rate_cap"), universe.numbers("rate_floor")
        values: Mapping[Reason, Callable[[], Numbers]] = {
            Reason.STALE: lambda: universe.numbers("age_ms") / 1000,
            Reason.FUTURE: lambda: (universe.numbers("venue_at_ms") - universe.captured_ms) / 1000,
            Reason.FROZEN: lambda: universe.numbers("unchanged_scans"),
            Reason.IMPLAUSIBLE: lambda: np.abs(universe.rate),
            Reason.THIN_VOLUME: lambda: universe.numbers("volume_usd"),
            Reason.THIN_INTEREST: lambda: universe.numbers("open_interest_usd"),
            Reason.WIDE: lambda: universe.spread,
            Reason.VOLATILE: lambda: volatility(universe),
            Reason.RATE_AT_CAP: lambda: np.fmax(universe.rate / cap, universe.rate / floor),
            Reason.DELISTING: lambda: self._hours_to(universe.numbers("offline_at_ms")),
            Reason.SETTLING: lambda: self._hours_to(universe.next_ms) * 3600,
        }
        return values[reason]()

    def _bounds(self, reason: Reason) -> Numbers:
        """The limit per instrument."""
        kind, universe = self.figures.kind, self.universe
        if reason is Reason.DELISTING:
            bound = self._hours_to(stays_until(kind, universe, self.policy))
        elif reason is Reason.SETTLING:
            bound = np.asarray(GUARD_BEFORE_MS / 1000)
        else:
            bound = np.asarray(self.policy.column(_BY_LEG[reason][0], kind, universe))
        return np.broadcast_to(bound, (universe.size,))

    def _of_pairs(self, reason: Reason) -> tuple[Numbers, Numbers]:
        """(value, limit) per candidate of what concerns the pair."""
        figures, universe = self.figures, self.universe
        if reason is Reason.BELOW_THRESHOLD:
            return measured(figures, self.policy), threshold(figures, universe, self.policy)
        captured = universe.captured_ms
        limit = self.policy.of_pairs("max_leg_skew", figures.kind, universe, figures.pair)
        return (
            np.abs(captured[figures.long] - captured[figures.short]) / 1000,
            np.broadcast_to(limit, (figures.size,)),
        )

    def _hours_to(self, at_ms: Numbers | float) -> Numbers:
        return (np.asarray(at_ms) - self.universe.now_ms) / HOUR_MS


def explain(figures: Figures, row: int, universe: Universe, policy: Policy) -> list[Finding]:
    """Every reason of one candidate; for many of them keep an Explainer."""
    return Explainer(figures, universe, policy).findings(row)


def _number(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
