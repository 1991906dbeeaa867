"""An opportunity's figures as a recipient's own cohort sees them, from a message's facts.

The board, the matching of recipients and the texts of messages must name the same figures: this is
what they mean. `facts["cohorts"]` is the opportunity's table of nets by horizon, VIP level and
size. A cohort that is not in it gets the opportunity's own figures, as on the board.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from arbedge.choices import HORIZONS_HOURS, NOTIONALS_USD, VENUE_BITS, VIP_LEVELS
from arbedge.names import Kind, Market
from opportunities.costs import HOURS_PER_YEAR
from opportunities.settlements import break_even_ms

LEVEL_BITS: Final = 4
VENUES_WITH_LEVELS: Final = 15  # as many as the audience's 64 bits hold; the others are at level 0
SIDES: Final = ("long", "short")
ROUNDING: Final = 1e-7  # stored nets have eight decimals


@dataclass(frozen=True, slots=True)
class Figures:
    """What a trade pays a cohort; fractions of the long leg's entry value.

    `net` is over `horizon_hours` with spreads, `net_at_size` with the order books at
    `notional_usd` (None: no fresh book fills it). `gross` is what is expected before costs:
    gross - cost = net. `apr_net` is None for spot, `cost` and `gross` where the table does not
    tell them. `own` says whether these are the cohort's figures or the opportunity's.
    """

    net: float
    net_at_size: float | None
    apr_net: float | None
    return_on_capital: float | None
    cost: float | None
    horizon_hours: float | None
    notional_usd: float
    own: bool

    @property
    def pays(self) -> float:
        """The figure a recipient's own limit is held against: at size where that is known."""
        return self.net if self.net_at_size is None else self.net_at_size

    @property
    def gross(self) -> float | None:
        """Expected before costs."""
        return None if self.cost is None else self.net + self.cost


@dataclass(frozen=True, slots=True)
class Cell:
    """The figures of one cohort, for comparing them with a crowd's limits by a join."""

    horizon_hours: int
    level: int
    notional_usd: int
    net: float
    net_at_size: float | None
    apr_net: float | None

    @property
    def pays(self) -> float:
        """The figure a recipient's own limit is held against: at size where that is known."""
        return self.net if self.net_at_size is None else self.net_at_size


def level_of(vip_levels: int, venue: str) -> int:
    """The VIP level held at a venue, from the audience's four bits per venue."""
    place = VENUE_BITS.get(venue, VENUES_WITH_LEVELS)
    return (vip_levels >> LEVEL_BITS * place) & 15 if place < VENUES_WITH_LEVELS else 0


def venues_of(facts: Mapping[str, Any]) -> list[str]:
    """The venues of the legs, the long one first, each once."""
    legs = [facts[side] for side in SIDES if facts.get(side)]
    return list(dict.fromkeys(leg["venue"] for leg in legs))


def level_held(facts: Mapping[str, Any], vip_levels: int) -> int:
    """Of the levels held at both venues the lower one counts."""
    return min((level_of(vip_levels, venue) for venue in venues_of(facts)), default=0)


def figures_for(
    facts: Mapping[str, Any],
    notional_usd: float,
    horizon_hours: float,
    vip_levels: int,
    leverage: float,
) -> Figures:
    """The figures of a recipient's cohort; `vip_levels` are the audience's bits.

    Margined legs tie up 1/leverage of the position, spot legs all of it.
    """
    return _figures(facts, notional_usd, horizon_hours, level_held(facts, vip_levels), leverage)


def even_at(facts: Mapping[str, Any], figures: Figures, at: datetime) -> datetime | None:
    """When receipts reach the cohort's own costs, from the calendars as they stood at `at`.

    None: not within four horizons, or a spot gap, which pays at once.
    """
    horizon = figures.horizon_hours
    if facts.get("kind") == Kind.SPOT or not horizon or figures.cost is None:
        return None
    if horizon == facts.get("horizon_hours") and abs(figures.cost - facts["cost"]) < ROUNDING:
        return _moment(facts.get("break_even_at"))
    legs = [(1.0 if side == "short" else -1.0, facts[side]) for side in SIDES if facts.get(side)]
    paying = [(sign, leg) for sign, leg in legs if leg.get("rate") and leg.get("next_at")]
    if not paying:
        return None
    found = break_even_ms(
        tuple(np.array([sign * leg["rate"]]) for sign, leg in paying),  # type: ignore[arg-type]
        tuple(np.array([_ms(leg["next_at"])]) for _, leg in paying),  # type: ignore[arg-type]
        tuple(np.array([leg["interval_hours"]]) for _, leg in paying),  # type: ignore[arg-type]
        np.array([1.0 if facts.get("k") is None else facts["k"]]),
        np.array([figures.cost]),
        now_ms=at.timestamp() * 1000,
        horizon_hours=horizon,
    )[0]
    return None if np.isnan(found) else datetime.fromtimestamp(float(found) / 1000, UTC)


def cells(facts: Mapping[str, Any], levels: Iterable[int] = VIP_LEVELS) -> Iterator[Cell]:
    """The figures of every cohort people can choose: horizon, VIP level held, size.

    `level` is the level a recipient holds at both venues, not a row of the fee schedule: every
    level that can be held has its cells; `levels` names fewer.
    """
    for horizon in HORIZONS_HOURS:
        for level in levels:
            for notional in NOTIONALS_USD:
                net, at_size, hours = _look_up(facts, notional, horizon, level) or _stored(facts)
                yield Cell(horizon, level, notional, net, at_size, _yearly(facts, net, hours))


def _figures(
    facts: Mapping[str, Any], notional: float, horizon: float, level: int, leverage: float
) -> Figures:
    found = _look_up(facts, notional, horizon, level)
    net, at_size, hours = found or _stored(facts)
    return Figures(
        net=net,
        net_at_size=at_size,
        apr_net=_yearly(facts, net, hours),
        return_on_capital=net / _capital(facts, leverage),
        cost=_cost(facts, net, notional, level) if found else facts.get("cost"),
        horizon_hours=hours,
        notional_usd=notional,
        own=found is not None,
    )


def _look_up(
    facts: Mapping[str, Any], notional: float, horizon: float, level: int
) -> tuple[float, float | None, float] | None:
    """Net, net at size and horizon of a cohort; None where the table does not know it."""
    table: Mapping[str, Any] = facts.get("cohorts") or {}
    try:
        at = table["horizons_hours"].index(horizon)
        size = table["notionals_usd"].index(notional)
        row = _row(table["vip_levels"], level)
        net = table["net"][at][row][size]
    except (KeyError, ValueError, IndexError):
        return None
    if net is None:
        return None
    sized = table["net_at_size"][at][row][size] if "net_at_size" in table else None
    return net, sized, horizon


def _row(levels: Sequence[int], held: int) -> int:
    """The place of the highest level that is held. Raises ValueError where none is."""
    return max(place for place, level in enumerate(levels) if level <= held)


def _stored(facts: Mapping[str, Any]) -> tuple[float, float | None, float | None]:
    return facts["net"], facts.get("net_at_size"), facts.get("horizon_hours")


def _yearly(facts: Mapping[str, Any], net: float, horizon_hours: float | None) -> float | None:
    if facts.get("kind") == Kind.SPOT or not horizon_hours:
        return None
    return net * HOURS_PER_YEAR / horizon_hours


def _capital(facts: Mapping[str, Any], leverage: float) -> float:
    """What the legs tie up, in parts of the position."""
    legs = [facts[side] for side in SIDES if facts.get(side)]
    return sum(1.0 if leg.get("market") == Market.SPOT else 1 / leverage for leg in legs) or 1.0


def _cost(facts: Mapping[str, Any], net: float, notional: float, level: int) -> float | None:
    """The cohort's own costs, from what the table's nets differ by.

    A spot gap is the same for everybody, so costs are what is missing to the net. Of a carry the
    horizon changes the payments only: costs differ by as much as the nets of one horizon do.
    """
    cost: float | None = facts.get("cost")
    if cost is None:
        return None
    if facts.get("kind") == Kind.SPOT:
        return float(facts["net"] + cost - net)
    same = _look_up(facts, notional, facts.get("horizon_hours") or 0.0, level)
    return None if same is None else float(cost + facts["net"] - same[0])


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000
