"""Coins, venues and markets as numbers, so that a whole scan is addressed without a search.

Instruments change every few minutes, prices every few seconds: what follows from names alone is
computed once and kept as long as the frames name the same instruments in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arbedge.names import Market
from exchanges.pegs import PEGGED

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MARKETS: Final = ("", Market.SPOT.value, Market.PERP.value, Market.DATED.value)
EVERY, SPOT, PERP, DATED = range(4)
MARKET_ENUM: Final = pl.Enum(MARKETS)
DOLLARS: Final = ("USDT", "USD", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "USDP", "USD1", "USDE")
NAMING: Final = ["instrument_id", "venue", "asset", "market", "quote", "multiplier"]


@dataclass(frozen=True, slots=True)
class Names:
    """Dense numbers for texts: the same text has the same number in every column read."""

    places: Ints
    size: int

    @classmethod
    def of(cls, *codes: Ints) -> Names:
        """Numbers for every text whose code is in these columns."""
        every = np.concatenate(codes)
        places = np.full(int(every.max(initial=0)) + 1, -1, dtype=np.int64)
        used = np.flatnonzero(np.bincount(every))
        places[used] = np.arange(len(used))
        return cls(places, len(used))

    def number(self, codes: Ints) -> Ints:
        """The number of each text by its code, -1 where it is none of ours."""
        inside = np.minimum(codes, len(self.places) - 1)
        return np.where(codes < len(self.places), self.places[inside], -1)


def codes(column: pl.Series) -> Ints:
    """A code for each text, the same in every column of this process."""
    if column.dtype != pl.Categorical:
        column = column.fill_null("").cast(pl.Categorical)
    return column.to_physical().to_numpy().astype(np.int64)


def market_codes(column: pl.Series) -> Ints:
    """The place of each market in MARKETS."""
    return column.cast(MARKET_ENUM).to_physical().to_numpy().astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Rows are instruments; keys are the (coin, venue, market) they belong to."""

    named: tuple[pl.DataFrame, ...]  # what this layout was made from
    assets: Names
    venues: Names
    row_coin: Ints
    row_venue: Ints
    row_market: Ints
    row_quote: Ints  # which of the coins that prices are quoted in
    yardsticks: Ints  # rows that price a quote coin in USDT
    yardstick_quote: Ints
    quotes: int
    row_rank: Ints  # as a yardstick: 2 = quoted in USDT, 1 = in another dollar, 0 = in other coins
    row_slot: Ints
    row_key: Ints
    row_scaled: Flags  # a multiplier is claimed
    slots: Ints
    coin: Ints
    venue: Ints
    market: Ints
    asset_names: pl.Series
    venue_names: pl.Series
    market_names: pl.Series
    pegged: Flags
    ids: pl.Series

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many coins, venues and markets there are places for."""
        return self.assets.size, self.venues.size, len(MARKETS)

    def find(self, asset: pl.Series, venue: pl.Series) -> tuple[Ints, Ints, Ints]:
        """Which rows name a coin and venue of ours, and the numbers of both."""
        coin, where = self.assets.number(codes(asset)), self.venues.number(codes(venue))
        rows = np.flatnonzero((coin >= 0) & (where >= 0))
        return rows, coin[rows], where[rows]


_last: list[Layout] = []


def lay_out(*frames: pl.DataFrame) -> Layout:
    """The layout of these frames (NAMING columns), remembered while they name the same."""
    # Taken by name: it wakes no query engine, as `select` does.
    named = tuple(frame[NAMING] for frame in frames)
    for layout in _last:
        if len(layout.named) == len(named) and all(
            one.equals(other) for one, other in zip(layout.named, named, strict=True)
        ):
            return layout
    layout = _made(named)
    _last[:] = [layout]
    return layout


def _made(named: tuple[pl.DataFrame, ...]) -> Layout:
    rows = pl.concat(named, rechunk=True)
    asset, quote, venue = (codes(rows[name]) for name in ("asset", "quote", "venue"))
    assets, venues = Names.of(asset, quote), Names.of(venue)
    coin, where, priced_in = assets.number(asset), venues.number(venue), assets.number(quote)
    market = market_codes(rows["market"])
    dollars = assets.number(codes(pl.Series(DOLLARS)))
    rank = np.isin(priced_in, dollars[dollars >= 0]).astype(np.int64)
    rank[(priced_in == dollars[0]) & (dollars[0] >= 0)] = 2
    quotes, row_quote = np.unique(priced_in, return_inverse=True)
    yardsticks = np.flatnonzero((rank == 2) & (market == SPOT) & np.isin(coin, quotes))
    slot = (coin * venues.size + where) * len(MARKETS) + market
    slots, first, row_key = np.unique(slot, return_index=True, return_inverse=True)
    return Layout(
        named=named,
        assets=assets,
        venues=venues,
        row_coin=coin,
        row_venue=where,
        row_market=market,
        row_quote=row_quote,
        yardsticks=yardsticks,
        yardstick_quote=np.searchsorted(quotes, coin[yardsticks]),
        quotes=len(quotes),
        row_rank=rank,
        row_slot=slot,
        row_key=row_key,
        row_scaled=rows["multiplier"].cast(pl.Float64).fill_null(1.0).to_numpy() != 1.0,
        slots=slots,
        coin=coin[first],
        venue=where[first],
        market=market[first],
        asset_names=rows["asset"].gather(first).cast(pl.Categorical),
        venue_names=rows["venue"].gather(first).cast(pl.Categorical),
        market_names=rows["market"].gather(first).cast(MARKET_ENUM),
        pegged=rows["asset"].gather(first).is_in(PEGGED).to_numpy(),
        ids=rows["instrument_id"],
    )
