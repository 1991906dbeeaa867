"""Reasons in words and figures: for one candidate, what each gate saw and where its limit lies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from arbedge.names import Reason
from opportunities.detectors.figures import Figures
from opportunities.gates import measured, threshold
from opportunities.policy import Policy
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
    """One reason of one candidate; `value` and `limit` are in the gate's own unit, None = not a number."""

    code: str
    rejects: bool
    leg: str | None
    value: float | None
    limit: float | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def codes(mask: int) -> list[str]:
    """The reason codes of a mask, rejecting ones first."""
    return [reason.code for reason in Reason if mask >> int(reason) & 1]


def from_mask(mask: int) -> list[Reason]:
    """The reasons of a mask."""
    return [reason for reason in Reason if mask >> int(reason) & 1]


Values = Callable[[Universe], np.ndarray]
# Reason -> (limit's name, what is measured per instrument, whether the higher value is the worse one)
_PER_LEG: Mapping[Reason, tuple[str, Values, bool]] = {
    Reason.STALE: ("max_age", lambda u: u.numbers("age_ms") / 1000, True),
    Reason.FUTURE: ("max_ahead", lambda u: (u.numbers("venue_at_ms") - u.captured_ms) / 1000, True),
    Reason.FROZEN: ("frozen_scans", lambda u: u.numbers("unchanged_scans"), True),
    Reason.IMPLAUSIBLE: ("max_rate", lambda u: np.abs(u.rate), True),
    Reason.THIN_VOLUME: ("min_volume", lambda u: u.numbers("volume_usd"), False),
    Reason.THIN_INTEREST: ("min_interest", lambda u: u.numbers("open_interest_usd"), False),
    Reason.WIDE: ("max_spread", lambda u: u.spread, True),
    Reason.VOLATILE: (
        "max_volatility",
        lambda u: (u.numbers("high") - u.numbers("low")) / u.numbers("low"),
        True,
    ),
}


def explain(figures: Figures, row: int, universe: Universe, policy: Policy) -> list[Finding]:
    """Every reason of the candidate at `row` with the value seen and the limit, worst leg named."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return [
            _finding(reason, figures, row, universe, policy)
            for reason in from_mask(int(figures.reasons[row]))
        ]


def _finding(
    reason: Reason, figures: Figures, row: int, universe: Universe, policy: Policy
) -> Finding:
    long, short = int(figures.long[row]), int(figures.short[row])
    if reason in _PER_LEG:
        name, values, high_is_worse = _PER_LEG[reason]
        column = values(universe)
        pick = np.nanargmax if high_is_worse else np.nanargmin
        both = column[[long, short]]
        worst = int(pick(both)) if np.isfinite(both).any() else 0
        limit = policy.column(name, figures.kind, universe)
        bound = limit if isinstance(limit, float) else np.asarray(limit)[[long, short][worst]]
        return _made(reason, ("long", "short")[worst], both[worst], bound)
    if reason is Reason.LEG_SKEW:
        skew = abs(universe.captured_ms[long] - universe.captured_ms[short]) / 1000
        return _made(reason, None, skew, policy.value("max_leg_skew", figures.kind))
    if reason is Reason.BELOW_THRESHOLD:
        seen = measured(figures, policy)[row]
        return _made(reason, None, seen, threshold(figures, universe, policy)[row])
    return _made(reason, None, None, None)


def _made(reason: Reason, leg: str | None, value: Any, limit: Any) -> Finding:
    return Finding(reason.code, reason.rejects, leg, _number(value), _number(limit))


def _number(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
