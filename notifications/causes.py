"""What changed most between two looks at a trade, as one word and the venue it happened on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from arbedge.names import Kind, Market
from opportunities.costs import gap, hourly, mid, spread

SMALLEST: Final = 5e-6  # a change below half a tenth of a basis point explains nothing


def cause(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, str] | None:
    """What took most from the net since `before`: (word of languages.WORDS, venue or "").

    Rates are compared over the horizon, prices and spreads as they stand. None where nothing that
    is known got worse.
    """
    losses: dict[tuple[str, str], float] = {}
    for side, sign, word in (("long", -1, "rate_up"), ("short", 1, "rate_down")):
        then, leg = before.get(side), now.get(side)
        if not then or not leg or leg["venue"] != then["venue"]:
            continue
        lost = sign * (_rate(then) - _rate(leg)) * (now.get("horizon_hours") or 0)
        losses[word, leg["venue"]] = lost
    losses["dearer", ""] = _spreads(now) - _spreads(before)
    losses.update(_of_prices(before, now))
    worst = max(losses, key=lambda one: losses[one])
    return worst if losses[worst] > SMALLEST else None


def _of_prices(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """What the gap took: of a spot trade it is the income, of a carry only an adverse one costs."""
    if not (now.get("short") and before.get("short")):
        return {}
    then, here = _gap(before), _gap(now)
    if now.get("kind") == Kind.SPOT:
        return {("gap", ""): then - here}
    return {("gap_against", ""): max(0.0, -here) - max(0.0, -then)}


def _rate(leg: Mapping[str, Any]) -> float:
    """What the leg's holder of a short is paid an hour; nothing for spot, or where unknown."""
    if leg.get("market") == Market.SPOT or not leg.get("interval_hours"):
        return 0.0
    return float(hourly(leg.get("rate") or 0.0, leg["interval_hours"]))


def _spreads(facts: Mapping[str, Any]) -> float:
    legs = [facts[side] for side in ("long", "short") if facts.get(side)]
    return float(sum(spread(leg["bid"], leg["ask"]) for leg in legs))


def _gap(facts: Mapping[str, Any]) -> float:
    long, short = facts["long"], facts["short"]
    return float(gap(mid(long["bid"], long["ask"]), mid(short["bid"], short["ask"])))
