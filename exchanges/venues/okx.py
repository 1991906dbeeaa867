"""OKX v5: spot and linear swaps.

Source: okx.com/docs-v5 (public data, market data, error codes). Each path has a bucket of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import polars as pl

from arbedge.names import Fault, Market
from exchanges.venues import faults, okx_listing, okx_markets, okx_wallet
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
from exchanges.venues.okx_markets import LIST, SYMBOL
from exchanges.venues.parts import decode, levels, only
from exchanges.wire import Shape

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
HISTORY: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={"settled_at_ms": "fundingTime", "rate": "realizedRate"},
)


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
    Feed("spot", Market.SPOT, _tickers("SPOT"), okx_markets.SPOT.read, essential=True),
    Feed("perp", Market.PERP, _tickers("SWAP"), okx_markets.parse_swap, essential=True),
    Feed(
        "perp_funding",
        Market.PERP,
        _public("funding-rate", "funding", instId="ANY"),
        okx_markets.parse_funding,
        essential=True,
    ),
    Feed(
        "perp_mark",
        Market.PERP,
        _public("mark-price", "mark", instType="SWAP"),
        okx_markets.parse_mark,
        EVERY_MINUTE,
    ),
    Feed("perp_index", Market.PERP, INDEX_ASK, okx_markets.parse_index, EVERY_MINUTE),
    Feed(
        "perp_interest",
        Market.PERP,
        _public("open-interest", "interest", instType="SWAP"),
        okx_markets.parse_interest,
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
