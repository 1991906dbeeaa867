"""The columns of the market book: the one vocabulary between venue files and everything above.

Prices are in quote currency: in *wire* frames per unit as the venue quotes it, in *market* frames
per coin, multiplier removed. Times are milliseconds since 1970 UTC as float64, null = unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

Schema = Mapping[str, pl.DataType | type[pl.DataType]]

TEXT: Final = pl.String
NUMBER: Final = pl.Float64

# What a venue file may return from a bulk answer: `symbol` and any of these.
WIRE: Final[Schema] = {
    "symbol": TEXT,
    "bid": NUMBER,
    "ask": NUMBER,
    "bid_size": NUMBER,  # contracts (perp) or coins (spot), as quoted
    "ask_size": NUMBER,
    "venue_at_ms": NUMBER,
    "last": NUMBER,
    "volume_quote": NUMBER,  # 24 h turnover in quote currency
    "volume_coins": NUMBER,  # 24 h turnover in coins, where only that is given
    "high": NUMBER,
    "low": NUMBER,
    "mark": NUMBER,
    "index": NUMBER,
    "rate": NUMBER,  # announced for the next settlement, fraction
    "rate_cap": NUMBER,
    "rate_floor": NUMBER,
    "interval_hours": NUMBER,
    "next_settlement_ms": NUMBER,  # 0 = the venue says none is scheduled
    "open_interest": NUMBER,  # contracts or coins, as quoted
    "open_interest_usd": NUMBER,
}

# What a venue file returns for its instruments.
INSTRUMENT: Final[Schema] = {
    "symbol": TEXT,
    "market": TEXT,  # names.Market
    "base": TEXT,  # as the venue writes it, e.g. 1000PEPE
    "quote": TEXT,
    "settle": TEXT,
    "contract_size": NUMBER,  # coins (of `base`) per contract; 1 for spot
    "tick": NUMBER,
    "lot": NUMBER,  # smallest step of quantity, in contracts or coins
    "min_notional": NUMBER,
    "status": TEXT,  # trading | pre_market | halted | settling | closed | unknown
    "listed_at_ms": NUMBER,
    "offline_at_ms": NUMBER,
    "leveraged": pl.Boolean,  # the venue's own flag
}

# One row per instrument of one market type, all venues together.
MARKET: Final[Schema] = {
    "instrument_id": pl.Int64,
    "venue": TEXT,
    "symbol": TEXT,
    "market": TEXT,
    "asset": TEXT,  # coin after removing the multiplier
    "base": TEXT,
    "quote": TEXT,
    "settle": TEXT,
    "multiplier": NUMBER,  # coins of `asset` per unit of `base`
    "contract_size": NUMBER,
    "tick": NUMBER,
    "lot": NUMBER,
    "min_notional": NUMBER,
    "status": TEXT,
    "listed_at_ms": NUMBER,
    "offline_at_ms": NUMBER,
    "leveraged": pl.Boolean,
    "inferred": pl.Boolean,  # read from the symbol's text because the venue sent no list
    "bid": NUMBER,  # per coin of `asset`
    "ask": NUMBER,
    "bid_size": NUMBER,  # coins of `asset`
    "ask_size": NUMBER,
    "last": NUMBER,
    "volume_usd": NUMBER,
    "high": NUMBER,
    "low": NUMBER,
    "mark": NUMBER,
    "index": NUMBER,
    "rate": NUMBER,
    "rate_cap": NUMBER,
    "rate_floor": NUMBER,
    "interval_hours": NUMBER,
    "next_settlement_ms": NUMBER,
    "open_interest_usd": NUMBER,
    "captured_at_ms": NUMBER,  # our clock, when the price answer was received
    "venue_at_ms": NUMBER,  # the venue's clock for that row or answer, offset removed
    "rate_captured_at_ms": NUMBER,
    "age_ms": NUMBER,  # of the older of price and rate, at the reader's now
    "unchanged_scans": NUMBER,  # scans in a row without a change of bid, ask and sizes
    "unchanged_move": NUMBER,  # peers' median move meanwhile, fraction
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of one answer: its columns, the rows dropped by reason, the venue's own time."""

    frame: pl.DataFrame
    dropped: Mapping[str, int] = field(default_factory=dict)
    venue_at_ms: float | None = None


def empty(schema: Schema) -> pl.DataFrame:
    """An empty frame with these columns."""
    return pl.DataFrame(schema=dict(schema))


def conform(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """`frame` with exactly the schema's columns in its order; what is absent becomes null."""
    have = {column.name: column for column in frame.get_columns()}
    return pl.DataFrame(
        [
            have[name].cast(kind) if name in have else constant(name, None, frame.height, kind)
            for name, kind in schema.items()
        ]
    )


def constant(
    name: str, value: str | float | None, height: int, kind: pl.DataType | type[pl.DataType]
) -> pl.Series:
    """A column that says the same in every row."""
    return pl.Series(name, [value], dtype=kind).new_from_index(0, height)
