"""The opportunity page in plain data: its sentence, legs, gates, past and risks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from arbedge import writing
from arbedge.names import Kind, Market, Reason, Risk, State
from opportunities.board import Row
from opportunities.breakdown import Leg, legs
from opportunities.models import Followed, Opportunity, Outcome
from opportunities.policy import Policy
from opportunities.reasons import MEANING, from_mask

EARLIER_SHOWN: Final = 8
VENUES: Final = {"okx": "OKX"}
COHORT_LEVEL: Final = 0  # the standard VIP level
SAME: Final = 0.5e-4  # nets closer than half a basis point read alike


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: what was seen, where the limit lies, and whether it held.

    `code` names it for readers of other languages, `leg` whose it is, where it is one leg's.
    """

    label: str
    value: str
    limit: str
    passed: bool
    code: str = ""
    leg: Leg | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What became of earlier ones of the same coin and kind: rows to show, counts over all."""

    rows: Sequence[Outcome]
    successes: int
    judged: int

    @property
    def share(self) -> float | None:
        """Successes of all judged, None before the first."""
        return self.successes / self.judged if self.judged else None


def venue(name: str) -> str:
    """A venue's name as people write it."""
    return VENUES.get(name, name.capitalize())


def sentence(one: Opportunity) -> str:
    """The whole trade in one sentence."""
    net, cost = writing.percent(one.net), writing.share(one.cost)
    if one.kind == Kind.SPOT:
        return (
            f"Buy {one.asset} on {venue(one.long_venue)}, sell on {venue(one.short_venue)}: "
            f"{net} at executable prices after {cost} costs."
        )
    buy = "Buy" if one.long_market == Market.SPOT else "Long"
    horizon = one.horizon_hours or 0
    text = (
        f"{buy} {one.asset} on {venue(one.long_venue)}, short on {venue(one.short_venue)}: "
        f"{net} expected in {horizon:g} h after {cost} costs"
    )
    if one.break_even_at is None:
        return f"{text}; it does not pay for itself within {4 * horizon:g} h."
    hours = math.ceil((one.break_even_at - one.as_of).total_seconds() / 3600)
    return f"{text}; pays for itself after {max(1, hours)} h."  # by then, not before


def economics(one: Opportunity, own: Row, policy: Policy, *, known: bool) -> str:
    """For which size and horizon the page's figures are, and what the reader's own make of it.

    `own` is the row by the reader's economics, `known` whether he is somebody.
    """
    usual = writing.money(policy.value("notional", Kind(one.kind)))
    over = "" if one.kind == Kind.SPOT else f" over {writing.hours(one.horizon_hours)}"
    text = f"Figures for {usual}{over}, as everybody sees them."
    if abs(own.net - one.net) < SAME:
        return text if known else f"{text} A message may tell yours, for your size and horizon."
    apr = "" if own.apr is None else f" ({writing.percent(own.apr)} APR)"
    over = "" if own.apr is None else f" over {writing.hours(own.horizon_hours)}"
    return f"{text} By your own{over}: {writing.percent(own.net)} net{apr}."


def standing(one: Opportunity, now: datetime) -> tuple[str, str]:
    """Where it stands: a tone (good, warn, bad, soft) and the words."""
    if one.state == State.CLOSED:
        lived = (one.closed_at or now) - one.opened_at
        return "bad", f"closed after {writing.duration(lived.total_seconds())}"
    if one.state == State.HELD:
        return "warn", "held: a venue is silent, the figures are the last trusted ones"
    if one.settling:
        return (
            "soft",
            "a settlement is under way: figures stand still until both venues show the next",
        )
    if one.state == State.FADING:
        return "warn", "fading: below the threshold, not closed yet"
    return "good", "open"


def sizes(one: Opportunity, horizon_hours: float) -> list[tuple[float, float | None]]:
    """Net at each size for the horizon; None where the books known do not fill it. Nothing where no
    book is known."""
    if Reason.DEPTH_UNKNOWN in from_mask(one.reasons):
        return []
    table: Mapping[str, Sequence[float]] = one.cohorts or {}
    nets: Sequence[Sequence[Sequence[float | None]]] = (one.cohorts or {}).get("net_at_size", [])
    horizons = list(table.get("horizons_hours", []))
    if horizon_hours not in horizons or not nets:
        return []
    of_size = nets[horizons.index(horizon_hours)][COHORT_LEVEL]
    return list(zip(table["notionals_usd"], of_size, strict=True))


def gates(one: Opportunity, policy: Policy) -> list[Gate]:
    """The gates a stored row can be held against again, with value and limit.

    Gates whose figures are not kept with the row (turnover, open interest, range) are listed by
    their verdict alone.
    """
    kind = Kind(one.kind)
    told = [gate for leg in legs(one) for gate in _leg_gates(leg, kind, policy)]
    told.append(
        Gate(
            f"pays enough ({policy.measured(kind).replace('_', ' ')})",
            writing.percent(one.measured, 3),
            f"≥ {writing.share(one.threshold, 3)}",
            one.measured >= one.threshold,
            "pays",
        )
    )
    if one.net_at_size is not None:
        usd = writing.money(policy.value("notional", kind))
        told.append(
            Gate(
                f"order books carry {usd}",
                writing.percent(one.net_at_size, 3),
                f"≥ {writing.share(one.threshold, 3)}",
                one.net_at_size >= one.threshold,
                "depth",
            )
        )
    return told + _by_verdict(one, policy)


def _leg_gates(leg: Leg, kind: Kind, policy: Policy) -> list[Gate]:
    def limit(name: str) -> float:
        return limit_for(policy, name, kind, leg)

    who = f"{venue(leg.venue)} {leg.market}"
    age_s = None if leg.age_ms is None else leg.age_ms / 1000
    told = [
        Gate(
            f"{who}: data age",
            writing.age(age_s),
            f"≤ {limit('max_age'):g}{writing.THIN}s",
            age_s is not None and age_s <= limit("max_age"),
            "age",
            leg,
        ),
        Gate(
            f"{who}: spread",
            writing.share(leg.spread, 3),
            f"≤ {writing.share(limit('max_spread'))}",
            leg.spread <= limit("max_spread"),
            "spread",
            leg,
        ),
    ]
    if leg.rate is not None:
        told.append(
            Gate(
                f"{who}: funding per settlement",
                writing.percent(leg.rate, 4),
                f"± {writing.share(limit('max_rate'))}",
                abs(leg.rate) <= limit("max_rate"),
                "rate",
                leg,
            )
        )
    return told


def _by_verdict(one: Opportunity, policy: Policy) -> list[Gate]:
    kind = Kind(one.kind)
    seen = set(from_mask(one.reasons))
    asked = (
        ("24 h turnover", Reason.THIN_VOLUME, writing.money(policy.value("min_volume", kind))),
        ("open interest", Reason.THIN_INTEREST, writing.money(policy.value("min_interest", kind))),
        ("24 h range", Reason.VOLATILE, writing.share(policy.value("max_volatility", kind), 0)),
    )
    unknown = {
        Reason.THIN_VOLUME: Reason.VOLUME_UNKNOWN,
        Reason.THIN_INTEREST: Reason.INTEREST_UNKNOWN,
    }
    told = []
    for label, reason, limit in asked:
        if kind == Kind.SPOT and reason is Reason.THIN_INTEREST:
            continue
        word = "beyond" if reason in seen else "within"
        if unknown.get(reason) in seen:
            word = writing.UNKNOWN
        sign = "≤" if reason is Reason.VOLATILE else "≥"
        told.append(Gate(label, word, f"{sign} {limit}", reason not in seen, reason.code))
    return told


def limit_for(policy: Policy, name: str, kind: Kind, leg: Leg) -> float:
    """The limit that holds for one leg, overrides for its venue and symbol included."""
    chosen = policy.value(name, kind)
    aimed = [
        one
        for one in policy.overrides
        if one.name == name
        and one.kind in (None, kind)
        and (one.venue or one.symbol)
        and one.venue in (None, leg.venue)
        and one.symbol in (None, leg.symbol)
    ]
    return max(aimed, key=lambda one: one.rank).value if aimed else chosen


def earlier(one: Opportunity) -> Past:
    """Followed trades of the same family before this one: the newest judged outcome of each."""
    judged = (
        Outcome.objects.filter(
            followed__family=one.family,
            followed__opened_at__lt=one.opened_at,
            success__isnull=False,
        )
        .select_related("followed")
        .order_by("followed_id", "-due_at")
        .distinct("followed_id")
    )
    rows = sorted(judged[:500], key=lambda outcome: outcome.due_at, reverse=True)
    return Past(rows[:EARLIER_SHOWN], sum(bool(row.success) for row in rows), len(rows))


def own_outcomes(one: Opportunity) -> list[Outcome]:
    """What this very trade has paid on paper so far, checkpoint by checkpoint."""
    followed = Followed.objects.filter(opportunity=one, shadow=False)
    return list(Outcome.objects.filter(followed__in=followed).order_by("due_at"))


def risks(one: Opportunity) -> list[str]:
    """What could go wrong, in words: what is known of this row, then what holds for every trade."""
    told = [
        f"{MEANING[reason][0].upper()}{MEANING[reason][1:]}." for reason in from_mask(one.reasons)
    ]
    told += _figures_at_risk(one)
    if one.kind == Kind.SPOT:
        told.append(
            "The gap may close before both trades are done. With coins on both venues there is no"
            " transfer to wait for; with a transfer the price may move against you meanwhile."
        )
    else:
        told.append(
            "Only the next payment of each leg is announced. Later ones are an estimate: rates may"
            " fall, change sign, or settle more often."
        )
        told.append(
            "Both legs must be held at once. A fast move can liquidate one leg while the other"
            " gains; keep margin on both venues."
        )
    return told


def _figures_at_risk(one: Opportunity) -> list[str]:
    told = []
    if one.gap is not None and abs(one.gap) > 0.003:
        told.append(
            f"The legs' prices stand {writing.percent(one.gap)} apart; if that widens, leaving"
            " costs more than entering."
        )
    widest = max(leg.spread for leg in legs(one))
    if widest > 0.001:
        told.append(f"A spread of {writing.share(widest)} makes leaving in a hurry dear.")
    if one.risk == Risk.HIGH:
        told.append("Rated high risk: use a small size, or none.")
    if one.ends_at is not None:
        told.append(f"An instrument goes off line on {writing.moment(one.ends_at)}.")
    return told
