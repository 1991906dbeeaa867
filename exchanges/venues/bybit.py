"""Bybit v5: spot and linear (USDT- and USDC-settled) contracts.

Sources: bybit-exchange.github.io/docs/v5 (market, rate limit, error codes). One tickers call per
category carries prices, volumes, mark, index, funding and open interest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import polars as pl

from arbedge.names import Fault, Market
from exchanges.columns import Parsed
from exchanges.venues import bybit_listing, bybit_wallet, faults
from exchanges.venues.base import EVERY_TEN_MINUTES, HISTORY_COLUMNS, Ask, Feed, Ladder, Pool, Venue
from exchanges.venues.parts import decode, levels
from exchanges.wire import Envelope, Shape

CODES: Final = {
    "10006": Fault.RATE_LIMITED,
    "10018": Fault.RATE_LIMITED,
    "10009": Fault.BANNED,
    "10010": Fault.FORBIDDEN,
    "10024": Fault.LOCATION,
    "10000": Fault.SERVER,
    "10016": Fault.SERVER,
}
OK: Final = frozenset({"0"})
LIST: Final = Envelope(rows="result.list", code="retCode", message="retMsg", ok="0", time="time")
SYMBOL: Final = {"symbol": "symbol"}
# In the order of the answer, in which the decoder looks for them.
PRICES: Final = {
    "bid": "bid1Price",
    "bid_size": "bid1Size",
    "ask": "ask1Price",
    "ask_size": "ask1Size",
    "last": "lastPrice",
    "high": "highPrice24h",
    "low": "lowPrice24h",
    "volume_quote": "turnover24h",
}
SPOT: Final = Shape(LIST, texts=SYMBOL, figures=PRICES)
LINEAR: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={
        "last": "lastPrice",
        "index": "indexPrice",
        "mark": "markPrice",
        "high": "highPrice24h",
        "low": "lowPrice24h",
        "open_interest": "openInterest",
        "open_interest_usd": "openInterestValue",
        "volume_quote": "turnover24h",
        "rate": "fundingRate",
        "next_settlement_ms": "nextFundingTime",
        "ask_size": "ask1Size",
        "bid": "bid1Price",
        "ask": "ask1Price",
        "bid_size": "bid1Size",
        "interval_hours": "fundingIntervalHour",
        "rate_cap": "fundingCap",
    },
)
HISTORY: Final = Shape(
    LIST,
    texts=SYMBOL,
    figures={"rate": "fundingRate", "settled_at_ms": "fundingRateTimestamp"},
)


def parse_linear(body: bytes) -> Parsed:
    """Tickers of perpetuals and dated contracts; `fundingCap` bounds the rate on both sides."""
    parsed = LINEAR.read(body)
    floor = (parsed.frame.get_column("rate_cap") * -1.0).alias("rate_floor")
    return Parsed(parsed.frame.hstack([floor]), parsed.dropped, parsed.venue_at_ms)


class _Clock(msgspec.Struct):
    time: float


class _Book(msgspec.Struct):
    b: list[Any]
    a: list[Any]
    ts: float | None = None


class _Depth(msgspec.Struct):
    result: _Book


def parse_clock(body: bytes) -> float:
    """The venue's time in milliseconds."""
    return decode(body, _Clock).time


def depth(market: Market, symbol: str) -> Ask:
    """One order book, 50 levels."""
    category = "spot" if market is Market.SPOT else "linear"
    query = {"category": category, "symbol": symbol, "limit": "50"}
    return Ask("api", "/v5/market/orderbook", query)


def parse_depth(body: bytes) -> Ladder:
    """The book's levels and the time it was made."""
    book = decode(body, _Depth).result
    return Ladder(levels(book.b), levels(book.a), book.ts)


def history(symbol: str, since_ms: int) -> Ask:  # noqa: ARG001
    """The newest 200 settlements: a start alone is refused, and 200 cover 8 days even hourly."""
    query = {"category": "linear", "symbol": symbol, "limit": "200"}
    return Ask("api", "/v5/market/funding/history", query)


def parse_history(body: bytes) -> pl.DataFrame:
    """HISTORY_COLUMNS, newest first."""
    return HISTORY.frame(HISTORY.decode(body).rows).select(*HISTORY_COLUMNS)


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Fault | None:  # noqa: ARG001
    """The fault of an answer. A 403 is the address limit, or by its text a blocked country."""
    if status == 403 and b"from your country" in body:
        return Fault.LOCATION
    return faults.classify(status, body, CODES, OK)


def _market(path: str, **query: str) -> Ask:
    return Ask("api", f"/v5/market/{path}", query)


def _listing(name: str, market: Market, **query: str) -> Feed:
    return Feed(
        name,
        market,
        _market("instruments-info", limit="1000", **query),
        bybit_listing.parse,
        EVERY_TEN_MINUTES,
        instruments=True,
        follow=bybit_listing.next_page,
    )


FEEDS: Final = (
    Feed("spot", Market.SPOT, _market("tickers", category="spot"), SPOT.read, essential=True),
    Feed("perp", Market.PERP, _market("tickers", category="linear"), parse_linear, essential=True),
    _listing("spot_instruments", Market.SPOT, category="spot"),
    _listing("perp_instruments", Market.PERP, category="linear"),
    _listing("perp_pre_launch", Market.PERP, category="linear", status="PreLaunch"),
)

VENUE: Final = Venue(
    name="bybit",
    title="Bybit",
    monogram="By",
    tint="#F7931A",
    hosts={"api": "https://api.bybit.com"},
    pools={"ip": Pool(600, 5.0)},
    feeds=FEEDS,
    clock=_market("time"),
    parse_clock=parse_clock,
    depth=depth,
    parse_depth=parse_depth,
    history=history,
    parse_history=parse_history,
    classify=classify,
    networks=Ask("api", "/v5/asset/coin/query-info", signed=True),
    parse_networks=bybit_wallet.parse_networks,
    sign=bybit_wallet.sign,
    http2=True,
)
