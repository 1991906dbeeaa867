"""OKX's bulk answers: prices of spot and linear swaps, funding, marks and open interest."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from exchanges.columns import Parsed
from exchanges.venues.okx_listing import without_inverse
from exchanges.wire import Envelope, Shape

HOUR_MS: Final = 3_600_000.0
LIST: Final = Envelope(rows="data", ok="0")
SYMBOL: Final = {"symbol": "instId"}
# In the order of the answer, in which the decoder looks for them.
PRICES: Final = {
    "last": "last",
    "ask": "askPx",
    "ask_size": "askSz",
    "bid": "bidPx",
    "bid_size": "bidSz",
    "high": "high24h",
    "low": "low24h",
    "venue_at_ms": "ts",
}
# The same key is quote currency for spot and coins for swaps.
SPOT: Final = Shape(LIST, texts=SYMBOL, figures={**PRICES, "volume_quote": "volCcy24h"})
SWAP: Final = Shape(LIST, texts=SYMBOL, figures={**PRICES, "volume_coins": "volCcy24h"})
FUNDING: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={
        "rate": "fundingRate",
        "rate_cap": "maxFundingRate",
        "rate_floor": "minFundingRate",
        "next_settlement_ms": "fundingTime",
        "following_ms": "nextFundingTime",
        "venue_at_ms": "ts",
    },
)
MARK: Final = Shape(LIST, texts=SYMBOL, figures={"mark": "markPx", "venue_at_ms": "ts"})
INDEX: Final = Shape(LIST, texts=SYMBOL, figures={"index": "idxPx", "venue_at_ms": "ts"})
INTEREST: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={"open_interest": "oi", "open_interest_usd": "oiUsd", "venue_at_ms": "ts"},
)


def parse_swap(body: bytes) -> Parsed:
    """Tickers of linear swaps; sizes are contracts, volume is coins."""
    return without_inverse(SWAP.read(body))


def parse_funding(body: bytes) -> Parsed:
    """Rates of linear swaps. `fundingTime` is the next settlement, `nextFundingTime` the one after:
    their distance is the interval.
    """
    parsed = without_inverse(FUNDING.read(body))
    columns = {column.name: column for column in parsed.frame}
    following_ms = columns.pop("following_ms").to_numpy()
    hours = (following_ms - columns["next_settlement_ms"].to_numpy()) / HOUR_MS
    known = np.where(hours > 0, hours, np.nan)
    interval = pl.Series("interval_hours", known, nan_to_null=True)
    frame = pl.DataFrame([*columns.values(), interval])
    return Parsed(frame, parsed.dropped, parsed.venue_at_ms)


def parse_mark(body: bytes) -> Parsed:
    """Mark prices of linear swaps."""
    return without_inverse(MARK.read(body))


def parse_index(body: bytes) -> Parsed:
    """Index prices under the symbols of the swaps that follow them."""
    parsed = INDEX.read(body)
    symbol, *figures = parsed.frame.get_columns()
    frame = pl.DataFrame([symbol + "-SWAP", *figures])
    return Parsed(frame, parsed.dropped, parsed.venue_at_ms)


def parse_interest(body: bytes) -> Parsed:
    """Open interest of linear swaps, in contracts and in dollars."""
    return without_inverse(INTEREST.read(body))
