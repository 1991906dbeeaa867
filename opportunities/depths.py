"""What order books make of a net: the cost of depth at a size, per leg of a candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arbedge.names import Kind
from exchanges.venues.base import Ladder
from opportunities import costs
from opportunities.detectors.figures import Figures
from opportunities.settlements import Numbers
from opportunities.universe import Index, Universe

Levels = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Slippage:
    """Average prices against the top of the book, per size: fractions, NaN = the book is too thin.

    `buying` is vwap_ask / ask - 1, `selling` 1 - vwap_bid / bid, `round_trip` the cost of both against
    the middle: (vwap_ask / mid - 1) + (1 - vwap_bid / mid).
    """

    buying: Numbers
    selling: Numbers
    round_trip: Numbers


def walk(levels: Levels, notionals_usd: Sequence[float], contract_size: float) -> Numbers:
    """Volume-weighted average price of filling each notional; NaN where the levels do not suffice.

    A notional is filled in money: the last level is taken in part.
    """
    sizes = np.asarray(notionals_usd, dtype=np.float64)
    if not levels:
        return np.full(sizes.shape, np.nan)
    price, amount = np.array(levels, dtype=np.float64)[:, :2].T
    coins = amount * contract_size
    money = np.cumsum(price * coins)
    before = np.concatenate([[0.0], money[:-1]])
    bought = np.concatenate([[0.0], np.cumsum(coins)[:-1]])
    level = np.searchsorted(money, sizes * (1 - 1e-12))
    inside = np.minimum(level, len(price) - 1)
    filled = bought[inside] + (sizes - before[inside]) / price[inside]
    return np.where(level < len(price), sizes / filled, np.nan)


def slippage(ladder: Ladder, notionals_usd: Sequence[float], contract_size: float) -> Slippage:
    """Slippage of one book at each size."""
    asks = walk(ladder.asks, notionals_usd, contract_size)
    bids = walk(ladder.bids, notionals_usd, contract_size)
    if not ladder.asks or not ladder.bids:
        return Slippage(asks * np.nan, bids * np.nan, asks * np.nan)
    ask, bid = ladder.asks[0][0], ladder.bids[0][0]
    middle = costs.mid(bid, ask)
    return Slippage(asks / ask - 1, 1 - bids / bid, (asks / middle - 1) + (1 - bids / middle))


def of_candidates(
    figures: Figures, books: Mapping[int, Slippage], sizes: int
) -> tuple[Slippage, Slippage, Numbers]:
    """(long leg, short leg, known) of candidates; `books` by position in the universe.

    The arrays have the axes (candidate, size); `known` says which candidates have both books.
    """
    nothing = np.full(sizes, np.nan)
    unknown = Slippage(nothing, nothing, nothing)
    legs = []
    for rows in (figures.long, figures.short):
        found = [books.get(int(row), unknown) for row in rows]
        legs.append(
            Slippage(
                *(
                    np.array([getattr(one, name) for one in found]).reshape(len(found), sizes)
                    for name in Slippage.__slots__
                )
            )
        )
    known = np.array(
        [
            int(left) in books and int(right) in books
            for left, right in zip(figures.long, figures.short, strict=True)
        ],
        dtype=bool,
    )
    return legs[0], legs[1], known


def net_at_sizes(figures: Figures, universe: Universe, long: Slippage, short: Slippage) -> Numbers:
    """The candidates' net with depth in place of the spread, by size; NaN where a book is too thin."""
    if figures.kind == Kind.SPOT:
        return _spot_net(figures, universe, long, short)
    return figures.net[:, None] - extra_cost(figures, universe, long, short)


def extra_cost(figures: Figures, universe: Universe, long: Slippage, short: Slippage) -> Numbers:
    """What depth costs a carry trade beyond its spreads; depth is never taken below the spread."""
    total = np.zeros_like(long.round_trip)
    for leg, rows in ((long, figures.long), (short, figures.short)):
        width = universe.spread[rows][:, None]
        total = total + np.where(
            np.isnan(leg.round_trip), np.nan, np.maximum(leg.round_trip, width) - width
        )
    return total


def _spot_net(figures: Figures, universe: Universe, long: Slippage, short: Slippage) -> Numbers:
    """A spot gap is taken once: bought at the average ask, sold at the average bid."""
    fees = universe.fees[0]
    ask = universe.ask[figures.long][:, None] * (1 + long.buying)
    bid = universe.bid[figures.short][:, None] * (1 - short.selling)
    inventory = costs.spot_inventory(
        bid, ask, fees[figures.short][:, None], fees[figures.long][:, None]
    )
    moving = figures.net - figures.net_announced
    return np.asarray(inventory + moving[:, None])


def book_positions(figures: Figures, rows: Index) -> list[int]:
    """Positions of the instruments whose books these candidates need, each once, in their order."""
    ordered: dict[int, None] = {}
    for row in rows:
        ordered[int(figures.long[row])] = None
        ordered[int(figures.short[row])] = None
    return list(ordered)
