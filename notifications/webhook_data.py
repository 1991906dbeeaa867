"""The `data` of a webhook: figures as numbers with units in their names, for the own cohort.

Version 1. Rates, nets, costs and shares are fractions, times ISO 8601 in UTC, unknown is null.
Fields may be added to a version; none changes its meaning or goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.urls import reverse

from arbedge.choices import unmask
from arbedge.names import Shelf
from notifications.names import Topic
from notifications.writing.cohort_figures import Figures, even_at
from notifications.writing.languages import finite
from notifications.writing.trade_values import Trade
from notifications.writing.values import Reader, Told
from opportunities.reasons import from_mask

VERSION: Final = 1
_ABOUT_ONE: Final = (
    Topic.OPENED, Topic.IMPROVED, Topic.RECOVERED, Topic.FADING, Topic.CLOSED,
)  # fmt: skip
_LEG: Final = (
    "venue", "symbol", "market", "bid", "ask", "rate", "interval_hours", "next_at", "fee_bps",
    "age_ms",
)  # fmt: skip
_SAME: Final = ("fingerprint", "kind", "asset", "quote", "opened_at")


def data_of(topic: Topic, told: Told, reader: Reader) -> dict[str, Any]:
    """What a program gets of a message; {} where its title and text say all there is."""
    if topic in _ABOUT_ONE:
        return {"data_version": VERSION, "at": told.at.isoformat(), **_trade(topic, told, reader)}
    if topic is Topic.DIGEST:
        items = [
            _trade(Topic.OPENED, Told(facts, at, told.now), reader) for at, facts in told.items
        ]
        return {"data_version": VERSION, "at": told.at.isoformat(), "opportunities": items}
    if topic is Topic.ALERT:
        return {"data_version": VERSION, "at": told.at.isoformat(), **_alert(told.facts)}
    if topic is Topic.VENUE_BLIND:
        names = ("venue", "since", "count", "assets")
        figures = {name: told.facts.get(name) for name in names}
        return {"data_version": VERSION, "at": told.at.isoformat(), **figures}
    return {}


def _trade(topic: Topic, told: Told, reader: Reader) -> dict[str, Any]:
    facts, trade = told.facts, Trade(told, reader)
    reasons = facts.get("reasons") or 0
    out = {
        "opportunity_id": facts["opportunity_id"],
        "page": _page(facts["opportunity_id"]),
        **{name: facts.get(name) for name in _SAME},
        "long": _leg(facts["long"]),
        "short": _leg(facts["short"]) if facts.get("short") else None,
        "figures": figures_of(trade.figures) | _even(told, trade.figures),
        "risk": facts["risk"],
        "score": finite(facts.get("score")),
        "shelves": unmask(facts.get("shelves") or 0, Shelf),
        "reasons": [reason.code for reason in from_mask(reasons)],
    }
    announced = trade.announced
    if topic not in {Topic.OPENED, Topic.RECOVERED}:
        out["net_promised"] = announced.net if announced else finite(facts.get("old_net"))
    if topic is Topic.CLOSED:
        out["close_reason"] = facts.get("close_reason") or None
        out["net_on_paper"] = finite(facts.get("paper_net"))
    return out


def _page(number: int) -> str:
    path = reverse("opportunities:opportunity", args=[number])
    return f"{str(settings.SITE_URL).rstrip('/')}{path}"


def figures_of(figures: Figures) -> dict[str, float | None]:
    """A cohort's figures under their own names."""
    return {
        "net": figures.net,
        "net_at_size": figures.net_at_size,
        "gross": figures.gross,
        "cost": figures.cost,
        "apr_net": figures.apr_net,
        "return_on_capital": figures.return_on_capital,
        "horizon_hours": figures.horizon_hours,
        "notional_usd": float(figures.notional_usd),
    }


def _even(told: Told, figures: Figures) -> dict[str, str | None]:
    at = even_at(told.facts, figures, told.at)
    return {"break_even_at": at.isoformat() if at else None}


def _leg(leg: Mapping[str, Any]) -> dict[str, Any]:
    return {name: leg.get(name) for name in _LEG}


def _alert(facts: Mapping[str, Any]) -> dict[str, Any]:
    names = ("value", "opportunity_id", "horizon_hours", "interval_hours", "since", "age_ms")
    trigger = {
        name: facts["trigger"].get(name)
        for name in ("id", "kind", "subject", "venue", "level", "label")
    }
    return {"trigger": trigger, **{name: facts.get(name) for name in names}}
