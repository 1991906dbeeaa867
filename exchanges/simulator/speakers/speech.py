"""What the speakers share: question, refusal, route, and the one order book behind all formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from exchanges.simulator.listing import Leg, Quirk, Sort, plain
from exchanges.simulator.world import Row, World

Side = list[list[str]]
FAR_STEP: Final = Decimal("0.02")  # distance of the levels behind a shallow best price
DATED_BY: Final = ("binance", "bybit")


@dataclass(frozen=True, slots=True)
class Question:
    """One request to a venue."""

    world: World
    query: Mapping[str, str]
    at_ms: int

    def rows(self, venue: str, *sorts: Sort) -> list[Row]:
        """The listings of these sorts; a venue without such listings has none."""
        known = [sort for sort in sorts if sort is not Sort.DATED or venue in DATED_BY]
        return [row for sort in known for row in self.world.rows(venue, sort, self.at_ms)]

    def number(self, name: str, default: int) -> int:
        """A whole number of the query."""
        text = self.query.get(name, "")
        return int(text) if text.lstrip("-").isdigit() else default


def one_unit(_: Mapping[str, str]) -> int:
    """The weight of a request where the venue counts requests."""
    return 1


@dataclass(frozen=True, slots=True)
class Route:
    """How one path is answered, and what it costs in the venue's own weight."""

    speak: Callable[[Question], Any]
    weight: Callable[[Mapping[str, str]], int] = one_unit
    fresh: bool = False  # computed for every request, never kept for the tick


@dataclass(frozen=True, slots=True)
class Budget:
    """The weight a venue grants per address and period; what it says and for how long beyond it."""

    limit: int
    period_ms: int
    status: int
    retry_after_s: int | None = None
    used_header: str | None = None
    per_path: bool = False


class Refusal(Exception):
    """The venue answers with an error of its own."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.body = body


def one(rows: list[Row], symbol: str, name: Callable[[Leg], str]) -> Row | None:
    """The row of that symbol, if the venue lists it."""
    return next((row for row in rows if name(row.leg) == symbol), None)


def book(row: Row, levels: int) -> tuple[Side, Side]:
    """Bids and asks, best first: deep at the best price, or nearly empty behind a shallow one."""
    best_bid, best_ask = Decimal(row.bid), Decimal(row.ask)
    shallow = row.leg.quirk is Quirk.SHALLOW
    step = FAR_STEP if shallow else max(row.leg.half, Decimal("0.0001"))
    return _side(best_bid, row.bid_size, -step, levels), _side(best_ask, row.ask_size, step, levels)


def _side(best: Decimal, size: str, step: Decimal, levels: int) -> Side:
    if best == 0:
        return []
    if levels * abs(step) >= 1:
        levels = 20
    return [[plain(best * (1 + step * i)), size] for i in range(max(levels, 1))]
