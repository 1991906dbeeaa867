"""OKX v5: spot and linear swaps.

Source: okx.com/docs-v5 (public data, market data, error codes). Each path has a bucket of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import polars as pl

from arbedge.names import Fault, Market
from exchanges.columns import Parsed
from exchanges.venues import faults, okx_listing, okx_wallet
from exchanges.venues.base import (
    EVERY_MINUTE,
    EVERY_TEN_MINUTES,
    HISTORY_COLUMNS,
    Ask,
    Feed,
    Ladder,
    Pool,
    Venue,
)
from exchanges.venues.okx_listing import without_inverse
from exchanges.venues.parts import decode, levels, only
from exchanges.wire import Envelope, Shape

HOUR_MS: Final = 3_600_000.0
OK: Final = frozenset({"0"})
CODES: Final = {
    "50011": Fault.RATE_LIMITED,
    "50040": Fault.RATE_LIMITED,
    "50061": Fault.RATE_LIMITED,
    "50110": Fault.FORBIDDEN,
    "50001": Fault.SERVER,
    "50004": Fault.SERVER,
    "50013": Fault.SERVER,
    "50026": Fault.SERVER,
}
LIST: Final = Envelope(rows="data", ok="0")
SYMBOL: Final = {"symbol": "instId"}
PRICES: Final = {
    "bid": "bidPx",
    "ask": "askPx",
    "bid_size": "bidSz",
    "ask_size": "askSz",
    "last": "last",
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
HISTORY: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={"settled_at_ms": "fundingTime", "rate": "realizedRate"},
)


def parse_swap(body: bytes) -> Parsed:
    """Tickers of linear swaps; sizes are contracts, volume is coins."""
    return without_inverse(SWAP.read(body))


def parse_funding(body: bytes) -> Parsed:
    """Rates of linear swaps. `fundingTime` is the next settlement, `nextFundingTime` the one after:
    their distance is the interval.
    """
    parsed = without_inverse(FUNDING.read(body))
    # Rounded because polars divides by a constant through its reciprocal: 8 h would be 7.99…9.
    hours = ((pl.col("following_ms") - pl.col("next_settlement_ms")) / HOUR_MS).round(6)
    frame = parsed.frame.with_columns(interval_hours=pl.when(hours > 0).then(hours))
    return Parsed(frame.drop("following_ms"), parsed.dropped, parsed.venue_at_ms)


def parse_mark(body: bytes) -> Parsed:
    """Mark prices of linear swaps."""
    return without_inverse(MARK.read(body))


def parse_index(body: bytes) -> Parsed:
    """Index prices under the symbols of the swaps that follow them."""
    parsed = INDEX.read(body)
    frame = parsed.frame.with_columns(pl.col("symbol") + "-SWAP")
    return Parsed(frame, parsed.dropped, parsed.venue_at_ms)


def parse_interest(body: bytes) -> Parsed:
    """Open interest of linear swaps, in contracts and in dollars."""
    return without_inverse(INTEREST.read(body))


class _Time(msgspec.Struct):
    ts: float


class _Clock(msgspec.Struct):
    data: list[_Time]


class _Book(msgspec.Struct):
    bids: list[list[Any]]
    asks: list[list[Any]]
    ts: float | None = None


class _Depth(msgspec.Struct):
    data: list[_Book]


def parse_clock(body: bytes) -> float:
    """The venue's time in milliseconds."""
    return only(decode(body, _Clock).data).ts


def depth(market: Market, symbol: str) -> Ask:  # noqa: ARG001
    """One order book, 50 levels."""
    return Ask("api", "/api/v5/market/books", {"instId": symbol, "sz": "50"}, pool="books")


def parse_depth(body: bytes) -> Ladder:
    """The book's levels; of their four elements only price and size count."""
    book = only(decode(body, _Depth).data)
    return Ladder(levels(book.bids), levels(book.asks), book.ts)


def history(symbol: str, since_ms: int) -> Ask:
    """Settled funding of one swap after a time, at most the newest 100."""
    query = {"instId": symbol, "before": str(since_ms), "limit": "100"}
    return Ask("api", "/api/v5/public/funding-rate-history", query, pool="history")


def parse_history(body: bytes) -> pl.DataFrame:
    """HISTORY_COLUMNS of what was really paid (`realizedRate`), newest first."""
    return HISTORY.frame(HISTORY.decode(body).rows).select(*HISTORY_COLUMNS)


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Fault | None:  # noqa: ARG001
    """The fault of an answer: 50011 is too many requests, whatever the status."""
    return faults.classify(status, body, CODES, OK)


def _public(path: str, pool: str, **query: str) -> Ask:
    return Ask("api", f"/api/v5/public/{path}", query, pool=pool)


def _tickers(kind: str) -> Ask:
    return Ask("api", "/api/v5/market/tickers", {"instType": kind}, pool="tickers")


def _listing(name: str, market: Market, kind: str) -> Feed:
    ask = _public("instruments", "instruments", instType=kind)
    return Feed(name, market, ask, okx_listing.parse, EVERY_TEN_MINUTES, instruments=True)


INDEX_ASK: Final = Ask("api", "/api/v5/market/index-tickers", {"quoteCcy": "USDT"}, pool="index")
FEEDS: Final = (
    Feed("spot", Market.SPOT, _tickers("SPOT"), SPOT.read, essential=True),
    Feed("perp", Market.PERP, _tickers("SWAP"), parse_swap, essential=True),
    Feed(
        "perp_funding",
        Market.PERP,
        _public("funding-rate", "funding", instId="ANY"),
        parse_funding,
        essential=True,
    ),
    Feed(
        "perp_mark",
        Market.PERP,
        _public("mark-price", "mark", instType="SWAP"),
        parse_mark,
        EVERY_MINUTE,
    ),
    Feed("perp_index", Market.PERP, INDEX_ASK, parse_index, EVERY_MINUTE),
    Feed(
        "perp_interest",
        Market.PERP,
        _public("open-interest", "interest", instType="SWAP"),
        parse_interest,
        EVERY_MINUTE,
    ),
    _listing("spot_instruments", Market.SPOT, "SPOT"),
    _listing("perp_instruments", Market.PERP, "SWAP"),
)

VENUE: Final = Venue(
    name="okx",
    title="OKX",
    monogram="Ox",
    tint="#6B7280",
    hosts={"api": "https://www.okx.com"},
    pools={
        "tickers": Pool(20, 2.0),
        "funding": Pool(10, 2.0),
        "mark": Pool(10, 2.0),
        "index": Pool(20, 2.0),
        "interest": Pool(20, 2.0),
        "instruments": Pool(20, 2.0),
        "books": Pool(40, 2.0),
        "history": Pool(10, 2.0),
        "time": Pool(10, 2.0),
        "wallet": Pool(6, 1.0),
    },
    feeds=FEEDS,
    clock=_public("time", "time"),
    parse_clock=parse_clock,
    depth=depth,
    parse_depth=parse_depth,
    history=history,
    parse_history=parse_history,
    classify=classify,
    networks=Ask("api", "/api/v5/asset/currencies", pool="wallet", signed=True),
    parse_networks=okx_wallet.parse_networks,
    sign=okx_wallet.sign,
    http2=True,
)
