"""Bitget v2: spot and USDT-margined contracts.

Source: bitget.com/api-doc (spot market, futures market, error codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import polars as pl

from arbedge.names import Fault, Market
from exchanges.venues import bitget_listing, faults
from exchanges.venues.base import EVERY_TEN_MINUTES, HISTORY_COLUMNS, Ask, Feed, Ladder, Pool, Venue
from exchanges.venues.parts import decode, levels
from exchanges.wire import Envelope, Shape

OK: Final = frozenset({"00000"})
CODES: Final = {
    "429": Fault.RATE_LIMITED,
    "30007": Fault.RATE_LIMITED,
    "30001": Fault.RATE_LIMITED,
    "40018": Fault.FORBIDDEN,
    "40010": Fault.SERVER,
    "40015": Fault.SERVER,
    "40200": Fault.SERVER,
    "40725": Fault.SERVER,
    "45001": Fault.SERVER,
}
FUTURES: Final = {"productType": "USDT-FUTURES"}
LIST: Final = Envelope(rows="data", ok="00000", time="requestTime")
SYMBOL: Final = {"symbol": "symbol"}
# In the order of the answer, in which the decoder looks for them.
PRICES: Final = {
    "last": "lastPr",
    "ask": "askPr",
    "bid": "bidPr",
    "bid_size": "bidSz",
    "ask_size": "askSz",
    "high": "high24h",
    "low": "low24h",
    "venue_at_ms": "ts",
    "volume_quote": "quoteVolume",
}
SPOT: Final = Shape(LIST, texts=SYMBOL, figures=PRICES)
PERP: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={
        **PRICES,
        "index": "indexPrice",
        "open_interest": "holdingAmount",
        "mark": "markPrice",
    },
)
FUNDING: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={
        "rate": "fundingRate",
        "rate_cap": "maxFundingRate",
        "rate_floor": "minFundingRate",
        "interval_hours": "fundingRateInterval",
        "next_settlement_ms": "nextUpdate",
    },
)
HISTORY: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={"rate": "fundingRate", "settled_at_ms": "fundingTime"},
)


class _Time(msgspec.Struct, rename="camel"):
    server_time: float


class _Clock(msgspec.Struct):
    data: _Time


class _Book(msgspec.Struct):
    bids: list[list[Any]]
    asks: list[list[Any]]
    ts: float | None = None


class _Depth(msgspec.Struct):
    data: _Book


def parse_clock(body: bytes) -> float:
    """The venue's time in milliseconds."""
    return decode(body, _Clock).data.server_time


def depth(market: Market, symbol: str) -> Ask:
    """One order book, 50 levels."""
    query = {"symbol": symbol, "limit": "50"}
    if market is Market.SPOT:
        return _spot("market/orderbook", **query)
    return _mix("market/merge-depth", **query)


def parse_depth(body: bytes) -> Ladder:
    """The book's levels and the time it was made."""
    book = decode(body, _Depth).data
    return Ladder(levels(book.bids), levels(book.asks), book.ts)


def history(symbol: str, since_ms: int) -> Ask:  # noqa: ARG001
    """The newest 100 settlements of one perpetual; the venue takes no start."""
    return _mix("market/history-fund-rate", symbol=symbol, pageSize="100")


def parse_history(body: bytes) -> pl.DataFrame:
    """HISTORY_COLUMNS, newest first."""
    return HISTORY.frame(HISTORY.decode(body).rows).select(*HISTORY_COLUMNS)


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Fault | None:  # noqa: ARG001
    """The fault of an answer, by the venue's code where it is a telling one."""
    return faults.classify(status, body, CODES, OK)


def _spot(path: str, pool: str = "market", **query: str) -> Ask:
    return Ask("api", f"/api/v2/spot/{path}", query, pool=pool)


def _mix(path: str, **query: str) -> Ask:
    return Ask("api", f"/api/v2/mix/{path}", {**query, **FUTURES}, pool="market")


FEEDS: Final = (
    Feed("spot", Market.SPOT, _spot("market/tickers"), SPOT.read, essential=True),
    Feed("perp", Market.PERP, _mix("market/tickers"), PERP.read, essential=True),
    Feed(
        "perp_funding",
        Market.PERP,
        _mix("market/current-fund-rate"),
        FUNDING.read,
        essential=True,
    ),
    Feed(
        "spot_instruments",
        Market.SPOT,
        _spot("public/symbols"),
        bitget_listing.parse_pairs,
        EVERY_TEN_MINUTES,
        instruments=True,
    ),
    Feed(
        "perp_instruments",
        Market.PERP,
        _mix("market/contracts"),
        bitget_listing.parse_contracts,
        EVERY_TEN_MINUTES,
        instruments=True,
    ),
)

VENUE: Final = Venue(
    name="bitget",
    title="Bitget",
    monogram="Bg",
    tint="#00B8C4",
    hosts={"api": "https://api.bitget.com"},
    # The limit is 20 a second for each path; one pool for all keeps well below it.
    pools={"market": Pool(20, 1.0), "coins": Pool(3, 1.0)},
    feeds=FEEDS,
    clock=Ask("api", "/api/v2/public/time", pool="market"),
    parse_clock=parse_clock,
    depth=depth,
    parse_depth=parse_depth,
    history=history,
    parse_history=parse_history,
    classify=classify,
    networks=_spot("public/coins", "coins"),
    parse_networks=bitget_listing.parse_networks,
    http2=True,
)
