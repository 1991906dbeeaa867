"""Bybit v5: one path per question, the category in the query."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, unquote

from exchanges.simulator.listing import LISTED_MS, Leg, Sort, Standing, offline_ms
from exchanges.simulator.speakers import terms
from exchanges.simulator.speakers.speech import (
    Budget,
    Question,
    Refusal,
    Route,
    book,
    one,
)
from exchanges.simulator.world import Row

VENUE: Final = "bybit"
BUDGET: Final = Budget(600, 5_000, 403)
_SORTS: Final[Mapping[str, tuple[Sort, ...]]] = {
    "spot": (Sort.SPOT,),
    "linear": (Sort.PERP, Sort.DATED),
    "inverse": (),
}
_STATUS: Final = {
    Standing.TRADING: "Trading",
    Standing.PRE_MARKET: "PreLaunch",
    Standing.HALTED: "Closed",
}


def refuse(status: int, path: str) -> dict[str, Any]:
    """The body Bybit sends with an HTTP error."""
    if status in (403, 429):
        return {"retCode": 10006, "retMsg": "Too many visits. Exceeded the API Rate Limit."}
    return {"retCode": 10016, "retMsg": f"Server error: {path}", "result": {}}


def _symbol(leg: Leg, at_ms: int) -> str:
    if leg.sort is not Sort.DATED:
        return leg.base + leg.quote
    ends = datetime.fromtimestamp((offline_ms(leg, at_ms) or 0) / 1000, UTC)
    return f"{leg.base}{leg.quote}-{ends:%d%b%y}".upper()


def _envelope(ask: Question, result: dict[str, Any]) -> dict[str, Any]:
    head = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}}
    return {**head, "time": ask.at_ms}


def _pick(ask: Question) -> list[Row]:
    category = ask.query.get("category", "")
    if category not in _SORTS:
        raise Refusal(200, {"retCode": 10001, "retMsg": "Illegal category", "result": {}})
    rows = ask.rows(VENUE, *_SORTS[category])
    wanted = ask.query.get("symbol")
    if wanted is None:
        return rows
    found = one(rows, wanted, lambda leg: _symbol(leg, ask.at_ms))
    if found is None:
        raise Refusal(200, {"retCode": 10001, "retMsg": "Not supported symbols", "result": {}})
    return [found]


def _tickers(ask: Question) -> Any:
    category = ask.query.get("category", "")
    speak = _spot_ticker if category == "spot" else _linear_ticker
    rows = [speak(row, ask.at_ms) for row in _pick(ask)]
    return _envelope(ask, {"category": category, "list": rows})


def _spot_ticker(row: Row, at_ms: int) -> dict[str, Any]:
    fixed = row.fixed
    return {
        "symbol": _symbol(row.leg, at_ms), "bid1Price": row.bid, "bid1Size": row.bid_size,
        "ask1Price": row.ask, "ask1Size": row.ask_size, "lastPrice": row.last,
        "prevPrice24h": fixed.open, "price24hPcnt": "0.01", "highPrice24h": fixed.high,
        "lowPrice24h": fixed.low, "turnover24h": fixed.turnover, "volume24h": fixed.volume,
        "usdIndexPrice": row.index_price,
    }  # fmt: skip


def _linear_ticker(row: Row, at_ms: int) -> dict[str, Any]:
    leg, fixed = row.leg, row.fixed
    dated = leg.sort is Sort.DATED
    return {
        "symbol": _symbol(leg, at_ms), "lastPrice": row.last, "indexPrice": row.index_price,
        "markPrice": row.mark, "prevPrice24h": fixed.open, "price24hPcnt": "0.01",
        "highPrice24h": fixed.high, "lowPrice24h": fixed.low, "prevPrice1h": row.last,
        "openInterest": fixed.interest, "openInterestValue": fixed.interest_usd,
        "turnover24h": fixed.turnover, "volume24h": fixed.volume,
        "fundingRate": "" if dated else fixed.rate,
        "nextFundingTime": str(row.next_ms),
        "predictedDeliveryPrice": "", "basisRate": "", "deliveryFeeRate": "0" if dated else "",
        "deliveryTime": str(offline_ms(leg, at_ms) or 0),
        "ask1Size": row.ask_size, "bid1Price": row.bid, "ask1Price": row.ask,
        "bid1Size": row.bid_size, "basis": "", "preOpenPrice": "", "preQty": "",
        "fundingIntervalHour": "" if dated else str(leg.interval_at(at_ms)),
        "fundingCap": "" if dated else fixed.cap,
    }  # fmt: skip


def _instruments(ask: Question) -> Any:
    """One page of at most `limit` instruments; the cursor tells where the next one starts."""
    status = ask.query.get("status", "Trading")  # nothing else is told unless it is asked for
    rows = [row for row in _pick(ask) if _STATUS[row.leg.standing] == status]
    limit = min(ask.number("limit", 500), 1000)
    start = 0
    if ask.query.get("category") == "spot":
        limit = len(rows) or 1  # spot has no pages
    elif cursor := unquote(ask.query.get("cursor", "")):
        start = int(cursor.removeprefix("after="))
    page = rows[start : start + limit]
    more = start + limit < len(rows)
    result = {
        "category": ask.query["category"],
        "list": [_instrument(row, ask.at_ms) for row in page],
        "nextPageCursor": quote(f"after={start + limit}", safe="") if more else "",
    }
    return _envelope(ask, result)


def _instrument(row: Row, at_ms: int) -> dict[str, Any]:
    leg, tick = row.leg, row.fixed.tick
    head = {
        "symbol": _symbol(leg, at_ms), "baseCoin": leg.base, "quoteCoin": leg.quote,
        "status": _STATUS[leg.standing],
    }  # fmt: skip
    if leg.sort is Sort.SPOT:
        return {**head, "priceFilter": {"tickSize": tick}, **terms.BYBIT_SPOT}
    dated = leg.sort is Sort.DATED
    return {
        **head, "contractType": "LinearFutures" if dated else "LinearPerpetual",
        "launchTime": str(LISTED_MS), "deliveryTime": str(offline_ms(leg, at_ms) or 0),
        "deliveryFeeRate": "", "priceScale": str(row.fixed.decimals), **terms.BYBIT_LINEAR,
        "priceFilter": {"minPrice": tick, "maxPrice": "199999", "tickSize": tick},
        "lotSizeFilter": terms.BYBIT_LINEAR_LOTS,
        "unifiedMarginTrade": True, "fundingInterval": leg.interval_at(at_ms) * 60,
        "settleCoin": leg.quote, "upperFundingRate": row.fixed.cap,
        "lowerFundingRate": f"-{row.fixed.cap}",
        "isPreListing": leg.standing is Standing.PRE_MARKET, "preListingInfo": None,
    }  # fmt: skip


def _history(ask: Question) -> Any:
    if "symbol" not in ask.query:
        raise Refusal(200, {"retCode": 10001, "retMsg": "params error: symbol", "result": {}})
    (row,) = _pick(ask)
    since, limit = ask.number("startTime", 0), min(ask.number("limit", 200), 200)
    past = ask.world.settlements(row.leg, ask.at_ms, since, limit)
    rows = [
        {"symbol": ask.query["symbol"], "fundingRate": rate, "fundingRateTimestamp": str(at)}
        for at, rate in past
    ]
    return _envelope(ask, {"category": ask.query["category"], "list": rows})


def _orderbook(ask: Question) -> Any:
    if "symbol" not in ask.query:
        raise Refusal(200, {"retCode": 10001, "retMsg": "params error: symbol", "result": {}})
    (row,) = _pick(ask)
    bids, asks = book(row, ask.number("limit", 25))
    name = ask.query["symbol"]
    return _envelope(ask, {"s": name, "b": bids, "a": asks, "ts": ask.at_ms, "u": 1, "seq": 1})


def _time(ask: Question) -> Any:
    now = int(ask.world.clock())
    result = {"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)}
    return {**_envelope(ask, result), "time": now}


ROUTES: Final[Mapping[str, Route]] = {
    "/v5/market/time": Route(_time, fresh=True),
    "/v5/market/tickers": Route(_tickers),
    "/v5/market/instruments-info": Route(_instruments),
    "/v5/market/funding/history": Route(_history),
    "/v5/market/orderbook": Route(_orderbook),
}
