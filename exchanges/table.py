"""The part of a joined market that does not change between scans, and its way back to a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from exchanges.columns import MARKET
from exchanges.matching import Block, Floats, Rows, Universe

NAN = float("nan")
STATIC = tuple(MARKET)[: tuple(MARKET).index("inferred") + 1]
COMPUTED = tuple(name for name in MARKET if name not in STATIC)
LATER = ("unchanged_scans", "unchanged_move")  # known only to who has seen the scans before

# Quotes that count as one dollar where only the size of a market is asked for.
DOLLARS = frozenset(
    {"USD", "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "USDP", "PYUSD"}
    | {"USDE", "USDS", "USD1", "RLUSD", "USDG"}
)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All blocks of one market type, one after another, with what is known of their instruments."""

    universe: Universe
    static: pl.DataFrame
    blocks: tuple[tuple[Block, int, int], ...]  # block, first row, row after the last
    multiplier: Floats
    coins_per_lot: Floats
    scaled: Rows  # where the multiplier is not 1
    sized: Rows  # where sizes are not coins already
    quote_of: Rows  # row -> place in the universe's quotes
    dollar_markets: Mapping[str, Rows]  # coin -> rows of its own dollar markets

    @classmethod
    def of(cls, universe: Universe, blocks: Sequence[Block]) -> Table:
        """The table of these blocks."""
        placed, first = [], 0
        for block in blocks:
            placed.append((block, first, first + len(block.positions)))
            first += len(block.positions)
        positions = np.concatenate([block.positions for block in blocks])
        static = universe.frame.select(STATIC)[positions]
        multiplier = static["multiplier"].fill_null(1.0).to_numpy()
        lot = multiplier * static["contract_size"].to_numpy()
        lot = np.where(static["market"].to_numpy() == "spot", multiplier, lot)
        return cls(
            universe,
            static,
            tuple(placed),
            multiplier,
            lot,
            np.flatnonzero(multiplier != 1.0),
            np.flatnonzero(lot != 1.0),
            universe.quote_of[positions],
            _dollar_markets(static, universe.quotes),
        )

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.static.height

    def still_fits(self, universe: Universe, blocks: Sequence[Block]) -> bool:
        """Whether this is the table of exactly these blocks."""
        return (
            self.universe is universe
            and len(blocks) == len(self.blocks)
            and all(mine[0] is theirs for mine, theirs in zip(self.blocks, blocks, strict=True))
        )

    def usd(self, rates: Mapping[str, float]) -> Floats:
        """What one unit of each row's quote coin is worth in USD; NaN where nobody says."""
        known = [1.0 if one in DOLLARS else rates.get(one, NAN) for one in self.universe.quotes]
        return np.array([*known, NAN])[self.quote_of]

    def with_numbers(self, columns: Mapping[str, Floats]) -> pl.DataFrame:
        """The frame with columns.MARKET; NaN becomes null."""
        nothing = pl.Series("nothing", [None], dtype=pl.Float64).new_from_index(0, self.height)
        return pl.DataFrame(
            [
                *self.static.get_columns(),
                *(
                    nothing.alias(name)
                    if name in LATER
                    else pl.Series(name, columns[name], nan_to_null=True)
                    for name in COMPUTED
                ),
            ]
        )


def quote_rates(table: Table, bid: Floats, ask: Floats) -> dict[str, float]:
    """Returns what each other quote coin costs in USD: the median mid of its dollar markets."""
    rates = {}
    for coin, rows in table.dollar_markets.items():
        mids = (bid[rows] + ask[rows]) / 2
        mids = mids[mids > 0]
        if len(mids):
            rates[coin] = float(np.median(mids))
    return rates


def _dollar_markets(static: pl.DataFrame, quotes: Sequence[str]) -> dict[str, Rows]:
    coins = [quote for quote in quotes if quote not in DOLLARS]
    found = static.with_row_index("row").filter(
        pl.col("asset").is_in(coins) & (pl.col("quote") == "USDT") & (pl.col("market") == "spot")
    )
    return {
        str(coin): rows["row"].to_numpy().astype(np.intp)
        for (coin,), rows in found.group_by("asset", maintain_order=True)
    }
