"""Alerts in words: what each waits for, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from accounts import vault
from arbedge import writing
from arbedge.choices import VENUES
from notifications.alerts.trigger_firing import AN_HOUR, COOLDOWN, PER_HOUR
from notifications.alerts.trigger_rules import FRACTIONS, RULES, About, Unit
from notifications.models import AlertTrigger
from notifications.names import TriggerKind

FULL: Final = "told ten times within the hour"
_UNSEEN: Final = "waits for a first look, or until its figure has left the level once"


class State(StrEnum):
    """Where an alert stands."""

    PAUSED = "paused"
    PROBLEM = "problem"
    COOLING = "cooling"
    FULL = "full"
    UNSEEN = "unseen"
    TOLD = "told"
    ARMED = "armed"


@dataclass(frozen=True, slots=True)
class Line:
    """One alert as its owner sees it; `tone` is good, warn, off or bad."""

    id: int
    words: str
    label: str
    tone: str
    state: str
    active: bool
    fired_at: datetime | None
    more: str = ""


def lines(rows: list[AlertTrigger], now: datetime) -> list[Line]:
    """The alerts for their owner's page."""
    return [_line(row, now) for row in rows]


def sentence(row: AlertTrigger) -> str:
    """What it waits for: "BTC/USDT rises to 100,000 on OKX"."""
    return _SENTENCES[TriggerKind(row.kind)](row)


def level(row: AlertTrigger) -> str:
    """Its level in the unit of its kind."""
    unit = RULES[TriggerKind(row.kind)].unit
    if row.level is None or unit is Unit.NONE:
        return ""
    if unit in FRACTIONS:
        return f"{row.level * 100:g}{writing.THIN}%"
    if unit is Unit.USDT:
        return f"{writing.signed(row.level, 2)}{writing.THIN}USDT"
    return f"{row.level:,.12f}".rstrip("0").rstrip(".")


def venue_name(name: str) -> str:
    """A venue as it writes itself."""
    return vault.provider_name(name) if name in VENUES else name


def _where(row: AlertTrigger) -> str:
    return f" on {venue_name(row.venue)}" if row.venue else ""


_SENTENCES: Final[Mapping[TriggerKind, Callable[[AlertTrigger], str]]] = {
    TriggerKind.PRICE_ABOVE: lambda row: f"{row.subject} rises to {level(row)}{_where(row)}",
    TriggerKind.PRICE_BELOW: lambda row: f"{row.subject} falls to {level(row)}{_where(row)}",
    TriggerKind.NET_ABOVE: lambda row: f"An opportunity in {row.subject} pays {level(row)} net",
    TriggerKind.FUNDING_ABOVE: lambda row: (
        f"Funding of {row.subject} reaches {level(row)} per 8{writing.THIN}h{_where(row)}"
    ),
    TriggerKind.VENUE_BLIND: lambda row: f"{venue_name(row.subject)} stops answering",
    TriggerKind.BALANCE_CHANGE: lambda row: (
        f"Your account at {venue_name(row.subject)} changes by {level(row)}"
    ),
    TriggerKind.PROFIT_AND_LOSS: lambda row: (
        f"Your account at {venue_name(row.subject)} comes to {level(row)}"
    ),
}


_STATES: Final[Mapping[State, tuple[str, str]]] = {
    State.PAUSED: ("off", "paused"),
    State.PROBLEM: ("bad", "{problem}"),
    State.COOLING: ("warn", "cooling, tells again in {left} at the earliest"),
    State.FULL: ("warn", FULL),
    State.UNSEEN: ("off", _UNSEEN),
    State.TOLD: ("off", "told; waits until its figure has left the level"),
    State.ARMED: ("good", "armed"),
}


def _line(row: AlertTrigger, now: datetime) -> Line:
    tone, state = _state(row, now)
    return Line(
        row.pk, sentence(row), row.label, tone, state, row.active, row.fired_at, _account(row, now)
    )


def state(row: AlertTrigger, now: datetime) -> State:
    """Where it stands: one that is not armed waits until its figure has left the level."""
    if not row.active:
        return State.PAUSED
    if row.problem:
        return State.PROBLEM
    if cooling_s(row, now) > 0:
        return State.COOLING
    within = row.hour_began is not None and now < row.hour_began + AN_HOUR
    if within and row.fired >= PER_HOUR:
        return State.FULL
    if row.armed:
        return State.ARMED
    return State.UNSEEN if row.fired_at is None else State.TOLD


def cooling_s(row: AlertTrigger, now: datetime) -> float:
    """In how many seconds it may tell again at the earliest; 0 where it may now."""
    if row.fired_at is None:
        return 0.0
    return max((row.fired_at + COOLDOWN - now).total_seconds(), 0.0)


def _state(row: AlertTrigger, now: datetime) -> tuple[str, str]:
    """Its tone and the words for where it stands."""
    found = state(row, now)
    tone, words = _STATES[found]
    left = writing.duration(cooling_s(row, now)) if found is State.COOLING else ""
    return tone, words.format(problem=row.problem, left=left)


def _account(row: AlertTrigger, now: datetime) -> str:
    """What is known of the account an alert is about."""
    if RULES[TriggerKind(row.kind)].about is not About.KEY or row.seen_at is None:
        return ""
    worth = "unknown" if row.seen is None else f"{row.seen:,.2f}{writing.THIN}USDT"
    base = "" if row.base is None else f", compared with {row.base:,.2f}{writing.THIN}USDT"
    return f"worth {worth} {writing.relative(row.seen_at, now)}{base}"
