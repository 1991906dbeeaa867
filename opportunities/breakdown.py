"""Where a stored opportunity's net comes from: its parts, and its calendar of payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

import numpy as np

from arbedge.names import Kind, Market
from opportunities.models import Opportunity
from opportunities.settlements import IMMINENT_MS, due, first_payment, later_payments, upcoming

SMALLEST: Final = 5e-9  # parts below a thousandth of a basis point are rounding
STEPS: Final = ("entry", "exit")
DEFAULT_HORIZON_HOURS: Final = 72.0


@dataclass(frozen=True, slots=True)
class Part:
    """One step of the waterfall: income, cost, doubt (announced, not relied on) or net."""

    label: str
    value: float
    role: str


@dataclass(frozen=True, slots=True)
class Payment:
    """One moment of the calendar: what each leg brings then, and the sum less costs so far."""

    at: datetime
    long: float | None
    short: float | None
    total: float
    estimate: bool
    even: bool = False
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of a stored row."""

    side: str
    venue: str
    symbol: str
    market: str
    bid: float
    ask: float
    rate: float | None
    interval_hours: float | None
    next_at: datetime | None
    fee_bps: float | None
    age_ms: float | None

    @property
    def spread(self) -> float:
        """The spread as a fraction of the middle."""
        return 2 * (self.ask - self.bid) / (self.ask + self.bid)

    @property
    def flow(self) -> float | None:
        """What one settlement brings the holder of this leg, None where there is no rate."""
        if self.market == Market.SPOT or self.rate is None:
            return None
        return self.rate if self.side == "short" else -self.rate

    @property
    def per_eight_hours(self) -> float | None:
        """The announced rate as it would be over 8 hours, for comparing legs."""
        if self.rate is None or not self.interval_hours:
            return None
        return self.rate / self.interval_hours * 8


def legs(one: Opportunity) -> list[Leg]:
    """The legs of a row, the long one first."""
    sides = ("long", "short") if one.short_id is not None else ("long",)
    names = tuple(name for name in Leg.__slots__ if name != "side")
    return [Leg(side, *(getattr(one, f"{side}_{name}") for name in names)) for side in sides]


def waterfall(one: Opportunity) -> list[Part]:
    """Income, doubt, each cost and the net; the parts add up to the net."""
    parts = _spot_income(one) if one.kind == Kind.SPOT else _carry_income(one)
    if one.kind != Kind.SPOT:
        parts += _carry_costs(one)
    missing = one.net - sum(part.value for part in parts)
    if abs(missing) > SMALLEST:
        parts.append(Part("Rounding and slippage", missing, "cost" if missing < 0 else "income"))
    kept = [part for part in parts if abs(part.value) > SMALLEST]
    return [*kept, Part("Net", one.net, "net")]


def _spot_income(one: Opportunity) -> list[Part]:
    """The gap at executable prices, what both trades cost, and the transfer where it is known."""
    gross = one.short_bid / one.long_ask - 1 if one.short_bid else 0.0
    parts = [Part("Gap between bid and ask", gross, "income" if gross > 0 else "cost")]
    if one.net_announced is not None:
        parts.append(Part("Taker fees, both trades", one.net_announced - gross, "cost"))
        parts.append(Part("Withdrawal fee", one.net - one.net_announced, "cost"))
    return parts


def _carry_income(one: Opportunity) -> list[Part]:
    horizon = one.horizon_hours or DEFAULT_HORIZON_HOURS
    now_ms = one.as_of.timestamp() * 1000
    first, later = one.first or 0.0, one.later or 0.0
    parts = []
    told = 0.0
    for leg in legs(one):
        if leg.flow is None:
            continue
        calendar = (_ms(leg.next_at), leg.interval_hours or np.nan, now_ms, horizon)
        paid = float(first_payment(leg.flow, *calendar) + later_payments(leg.flow, *calendar))
        told += paid
        verb = "received" if paid > 0 else "paid"
        parts.append(
            Part(f"Funding {verb}, {leg.side} leg", paid, "income" if paid > 0 else "cost")
        )
    if abs(told - first - later) > SMALLEST:  # the stored calendar has moved on: keep the sums
        parts = [
            Part("First payments", first, "income" if first > 0 else "cost"),
            Part("Later payments", later, "income" if later > 0 else "cost"),
        ]
    doubt = ((one.k if one.k is not None else 1.0) - 1) * later
    return [*parts, Part("Later, not relied on", doubt, "doubt")]


def _carry_costs(one: Opportunity) -> list[Part]:
    parts = []
    for leg in legs(one):
        fee, half = -(leg.fee_bps or 0.0) / 10_000, -leg.spread / 2
        parts += [Part(f"Fee, {leg.side} {step}", fee, "cost") for step in STEPS]
        parts += [Part(f"Half spread, {leg.side} {step}", half, "cost") for step in STEPS]
    return [*parts, Part("Adverse price gap", min(0.0, one.gap or 0.0), "cost")]


def calendar(one: Opportunity) -> list[Payment]:
    """Every payment due within the horizon, and beyond it up to the break-even; empty for spot.

    First payments count as announced, later ones times k; a receipt less than a minute away is
    left out, as in the net.
    """
    horizon = one.horizon_hours or DEFAULT_HORIZON_HOURS
    as_of_ms = one.as_of.timestamp() * 1000
    end = one.as_of + timedelta(hours=horizon)
    until = max(end, one.break_even_at) if one.break_even_at else end
    dues = [event for leg in legs(one) for event in _dues(leg, one, as_of_ms, until)]
    total = -(one.cost or 0.0)
    told: list[Payment] = []
    reached = False
    for at, group in groupby(sorted(dues, key=lambda due: due[0]), key=lambda due: due[0]):
        events = list(group)
        amounts = {side: amount for _, side, amount, _ in events}
        total += sum(amounts.values())
        even = not reached and total >= -1e-15
        reached |= even
        estimate = any(later for *_, later in events)
        told.append(
            Payment(at, amounts.get("long"), amounts.get("short"), total, estimate, even, at > end)
        )
    return told


def _dues(
    leg: Leg, one: Opportunity, as_of_ms: float, until: datetime
) -> Sequence[tuple[datetime, str, float, bool]]:
    if leg.flow is None or leg.next_at is None or not leg.interval_hours:
        return []
    start = float(upcoming(_ms(leg.next_at), leg.interval_hours, as_of_ms))
    if not np.isfinite(start):
        return []
    hours = (until - one.as_of).total_seconds() / 3600
    count = int(due(start, leg.interval_hours, as_of_ms, hours))
    k = 1.0 if one.k is None else one.k
    told = []
    for number in range(count):
        at_ms = start + number * leg.interval_hours * 3_600_000
        amount = leg.flow * (1.0 if number == 0 else k)
        if amount > 0 and at_ms - as_of_ms < IMMINENT_MS:
            continue
        told.append((datetime.fromtimestamp(at_ms / 1000, UTC), leg.side, amount, number > 0))
    return told


def _ms(at: datetime | None) -> float:
    return float("nan") if at is None else at.timestamp() * 1000
