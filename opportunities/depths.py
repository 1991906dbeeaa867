"""What order books make of a net: the cost of depth at a size, per leg of a candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arbedge.names import Kind
from exchanges.venues.base import Ladder
from opportunities import costs
from opportunities.detectors import spot
from opportunities.detectors.figures import Figures
from opportunities.settlements import Flags, Numbers
from opportunities.universe import Index, Universe

NOTIONALS_USD = (100.0, 1_000.0, 5_000.0, 10_000.0, 50_000.0)  # sizes of the cohorts
Levels = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Slippage:
    """Average prices against the top of the book, per size: fractions, NaN = the book is too thin.

    `buying` is vwap_ask / ask - 1, `selling` 1 - vwap_bid / bid, `round_trip` the cost of both
    against the middle: (vwap_ask / mid - 1) + (1 - vwap_bid / mid).
    """

    buying: Numbers
    selling: Numbers
    round_trip: Numbers

    def take(self, rows: Index) -> Slippage:
        """These rows only."""
        return Slippage(*(getattr(self, name)[rows] for name in Slippage.__slots__))


@dataclass(frozen=True, slots=True)
class Books:
    """What both legs' books say of candidates, arrays with the axes (candidate, size).

    `known` tells which candidates have a book for both legs.
    """

    long: Slippage
    short: Slippage
    known: Flags
    notionals_usd: tuple[float, ...]

    def take(self, rows: Index) -> Books:
        """These candidates only."""
        return Books(
            self.long.take(rows), self.short.take(rows), self.known[rows], self.notionals_usd
        )


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
    figures: Figures,
    books: Mapping[int, Slippage],
    notionals_usd: tuple[float, ...] = NOTIONALS_USD,
) -> Books:
    """The books of candidates' legs; `books` by position in the universe, at these sizes."""
    held = np.array(list(books), dtype=np.int64)
    known = np.isin(figures.long, held) & np.isin(figures.short, held)
    sizes = len(notionals_usd)
    return Books(
        _gathered(books, figures.long, sizes),
        _gathered(books, figures.short, sizes),
        known,
        notionals_usd,
    )


def net_at_sizes(
    figures: Figures, universe: Universe, books: Books, vip_level: int | None = None
) -> Numbers:
    """The candidates' net with depth in place of the spread, by size; NaN where a book is too thin.

    At the figures' own VIP level unless another one is named.
    """
    level = figures.terms.vip_level if vip_level is None else vip_level
    if figures.kind is Kind.SPOT:
        return _spot_net(figures, universe, books, level)
    fees = universe.fees
    long, short = figures.pair
    rebate = 2 * (fees[figures.terms.vip_level] - fees[level])
    net: Numbers = figures.net + rebate[long] + rebate[short]
    at_sizes: Numbers = net[:, None] - extra_cost(figures, universe, books)
    return at_sizes


def extra_cost(figures: Figures, universe: Universe, books: Books) -> Numbers:
    """What depth costs a carry trade beyond its spreads; depth is never taken below the spread."""
    total: Numbers = np.zeros_like(books.long.round_trip)
    for leg, rows in ((books.long, figures.long), (books.short, figures.short)):
        width = universe.spread[rows][:, None]
        total = total + np.maximum(leg.round_trip, width) - width
    return total


def book_positions(figures: Figures, rows: Index) -> list[int]:
    """Positions of the instruments whose books these candidates need, each once, in their order."""
    legs = np.stack([figures.long[rows], figures.short[rows]], axis=1).ravel()
    return list(dict.fromkeys(legs.tolist()))


def _gathered(books: Mapping[int, Slippage], legs: Index, sizes: int) -> Slippage:
    """Each leg's slippage by size; NaN for legs without a book."""
    found = Slippage(*(np.full((len(legs), sizes), np.nan) for _ in Slippage.__slots__))
    for position, book in books.items():
        rows = np.flatnonzero(legs == position)
        for name in Slippage.__slots__:
            getattr(found, name)[rows] = getattr(book, name)
    return found


def _spot_net(figures: Figures, universe: Universe, books: Books, level: int) -> Numbers:
    """A spot gap is taken once: bought at the average ask, sold at the average bid."""
    fees = universe.fees[level]
    ask = universe.ask[figures.long][:, None] * (1 + books.long.buying)
    bid = universe.bid[figures.short][:, None] * (1 - books.short.selling)
    inventory = costs.spot_inventory(
        bid, ask, fees[figures.short][:, None], fees[figures.long][:, None]
    )
    return np.asarray(inventory - spot.moving_cost(figures, np.array(books.notionals_usd)))
