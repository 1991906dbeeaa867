"""Binance: spot and USD-margined futures.

Sources: developers.binance.com (spot REST API, USD-M futures REST API, wallet). Weights and limits
are what those pages say; `manage.py probe binance` measures them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import polars as pl

from arbedge.names import Fault, Market
from exchanges.venues import binance_listing, binance_wallet, faults
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
from exchanges.venues.parts import decode, levels
from exchanges.wire import Envelope, Shape

CODES: Final = {
    "-1003": Fault.RATE_LIMITED,
    "-1001": Fault.SERVER,
    "-1006": Fault.SERVER,
    "-1007": Fault.SERVER,
    "-1008": Fault.SERVER,
    "-1016": Fault.SERVER,
}
LIST: Final = Envelope()
QUOTES: Final = {"bid": "bidPrice", "ask": "askPrice", "bid_size": "bidQty", "ask_size": "askQty"}
SYMBOL: Final = {"symbol": "symbol"}
SPOT_BOOK: Final = Shape(LIST, texts=SYMBOL, figures=QUOTES)
PERP_BOOK: Final = Shape(LIST, texts=SYMBOL, figures=QUOTES, numbers={"venue_at_ms": "time"})
DAY: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={
        "last": "lastPrice",
        "high": "highPrice",
        "low": "lowPrice",
        "volume_quote": "quoteVolume",
    },
)
FUNDING: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={"mark": "markPrice", "index": "indexPrice", "rate": "lastFundingRate"},
    numbers={"next_settlement_ms": "nextFundingTime", "venue_at_ms": "time"},
)
INTERVALS: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={"rate_cap": "adjustedFundingRateCap", "rate_floor": "adjustedFundingRateFloor"},
    numbers={"interval_hours": "fundingIntervalHours"},
)
HISTORY: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={"rate": "fundingRate"},
    numbers={"settled_at_ms": "fundingTime"},
)


class _Clock(msgspec.Struct):
    serverTime: float  # noqa: N815 - the venue's key


class _Depth(msgspec.Struct):
    bids: list[Any]
    asks: list[Any]
    E: float | None = None


def parse_clock(body: bytes) -> float:
    """The venue's time in milliseconds."""
    return decode(body, _Clock).serverTime


def depth(market: Market, symbol: str) -> Ask:
    """One order book: 100 levels of spot, 50 of a perpetual."""
    if market is Market.SPOT:
        query = {"symbol": symbol, "limit": "100"}
        return Ask("spot", "/api/v3/depth", query, weight=5, pool="spot")
    return Ask("usdm", "/fapi/v1/depth", {"symbol": symbol, "limit": "50"}, weight=2, pool="usdm")


def parse_depth(body: bytes) -> Ladder:
    """The book's levels; futures carry their time, spot none."""
    book = decode(body, _Depth)
    return Ladder(levels(book.bids), levels(book.asks), book.E)


def history(symbol: str, since_ms: int) -> Ask:
    """Settled funding of one perpetual since a time, up to 1,000 settlements."""
    query = {"symbol": symbol, "startTime": str(since_ms), "limit": "1000"}
    return Ask("usdm", "/fapi/v1/fundingRate", query, pool="funding")


def parse_history(body: bytes) -> pl.DataFrame:
    """HISTORY_COLUMNS. Times are some milliseconds late, as the venue sends them."""
    return HISTORY.frame(HISTORY.decode(body).rows).select(*HISTORY_COLUMNS)


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Fault | None:  # noqa: ARG001
    """The fault of an answer: 418 is a ban, 451 a forbidden location, -1003 too many requests."""
    return faults.classify(status, body, CODES)


def _spot(path: str, weight: int) -> Ask:
    return Ask("spot", f"/api/v3/{path}", weight=weight, pool="spot")


def _perp(path: str, weight: int, pool: str = "usdm") -> Ask:
    return Ask("usdm", f"/fapi/v1/{path}", weight=weight, pool=pool)


FEEDS: Final = (
    Feed("spot_book", Market.SPOT, _spot("ticker/bookTicker", 4), SPOT_BOOK.read, essential=True),
    Feed("spot_day", Market.SPOT, _spot("ticker/24hr", 80), DAY.read, EVERY_MINUTE),
    Feed(
        "spot_instruments",
        Market.SPOT,
        _spot("exchangeInfo", 20),
        binance_listing.parse,
        EVERY_TEN_MINUTES,
        instruments=True,
    ),
    Feed("perp_book", Market.PERP, _perp("ticker/bookTicker", 5), PERP_BOOK.read, essential=True),
    Feed("perp_funding", Market.PERP, _perp("premiumIndex", 10), FUNDING.read, essential=True),
    Feed("perp_day", Market.PERP, _perp("ticker/24hr", 40), DAY.read, EVERY_MINUTE),
    Feed(
        "perp_intervals",
        Market.PERP,
        _perp("fundingInfo", 1, "funding"),
        INTERVALS.read,
        EVERY_MINUTE,
        absent_interval_hours=8.0,
    ),
    Feed(
        "perp_instruments",
        Market.PERP,
        _perp("exchangeInfo", 1),
        binance_listing.parse,
        EVERY_TEN_MINUTES,
        instruments=True,
    ),
)

VENUE: Final = Venue(
    name="binance",
    title="Binance",
    monogram="Bn",
    tint="#F0B90B",
    hosts={"spot": "https://api.binance.com", "usdm": "https://fapi.binance.com"},
    mirrors={"spot": "https://data-api.binance.vision"},
    pools={
        "spot": Pool(6000, 60.0, "x-mbx-used-weight-1m", clock_aligned=True),
        "usdm": Pool(2400, 60.0, "x-mbx-used-weight-1m", clock_aligned=True),
        "funding": Pool(500, 300.0),
    },
    feeds=FEEDS,
    clock=_spot("time", 1),
    parse_clock=parse_clock,
    depth=depth,
    parse_depth=parse_depth,
    history=history,
    parse_history=parse_history,
    classify=classify,
    networks=Ask("spot", "/sapi/v1/capital/config/getall", weight=10, pool="spot", signed=True),
    parse_networks=binance_wallet.parse_networks,
    sign=binance_wallet.sign,
    http2=True,
)
