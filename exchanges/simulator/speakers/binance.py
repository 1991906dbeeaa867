"""Binance: spot (`/api/v3`) and USD-margined futures (`/fapi/v1`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from exchanges.simulator.listing import DAY_MS, LISTED_MS, Leg, Sort, Standing, offline_ms
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

VENUE: Final = "binance"
FOREVER_MS: Final = 4_133_404_800_000  # Binance's delivery date of a perpetual
FUTURES: Final = (Sort.PERP, Sort.DATED)
_STATUS: Final = {
    Standing.TRADING: "TRADING",
    Standing.PRE_MARKET: "PENDING_TRADING",
    Standing.HALTED: "BREAK",
}
SPOT_BUDGET: Final = Budget(6000, 60_000, 429, 60, "X-MBX-USED-WEIGHT-1M")
FUTURES_BUDGET: Final = Budget(2400, 60_000, 429, 60, "X-MBX-USED-WEIGHT-1M")


def refuse(status: int, path: str) -> dict[str, Any]:
    """The body Binance sends with an HTTP error."""
    if status in (418, 429):
        return {"code": -1003, "msg": "Too many requests; current limit of IP is exceeded."}
    if status == 451:
        return {"code": 0, "msg": "Service unavailable from a restricted location."}
    return {"code": -1000, "msg": f"An unknown error occurred while processing {path}."}


def _symbol(leg: Leg, at_ms: int) -> str:
    plain_name = leg.base + leg.quote
    if leg.sort is not Sort.DATED:
        return plain_name
    ends = datetime.fromtimestamp((offline_ms(leg, at_ms) or 0) / 1000, UTC)
    return f"{plain_name}_{ends:%y%m%d}"


def _pick(ask: Question, *sorts: Sort) -> list[Row]:
    rows = ask.rows(VENUE, *sorts)
    wanted = ask.query.get("symbol")
    if wanted is None:
        return rows
    found = one(rows, wanted, lambda leg: _symbol(leg, ask.at_ms))
    if found is None:
        raise Refusal(400, {"code": -1121, "msg": "Invalid symbol."})
    return [found]


def _answer(ask: Question, rows: list[dict[str, Any]]) -> Any:
    """A list, or the one object when a symbol was named."""
    return rows[0] if "symbol" in ask.query else rows


def _ping(_: Question) -> Any:
    return {}


def _time(ask: Question) -> Any:
    return {"serverTime": int(ask.world.clock())}


def _book_ticker(*sorts: Sort) -> Any:
    def speak(ask: Question) -> Any:
        rows = [
            {
                "symbol": _symbol(row.leg, ask.at_ms), "bidPrice": row.bid, "bidQty": row.bid_size,
                "askPrice": row.ask, "askQty": row.ask_size,
                **({} if row.leg.sort is Sort.SPOT else {"time": row.at_ms}),
            }
            for row in _pick(ask, *sorts)
        ]  # fmt: skip
        return _answer(ask, rows)

    return speak


def _day(*sorts: Sort) -> Any:
    def speak(ask: Question) -> Any:
        return _answer(ask, [_day_row(row, ask.at_ms) for row in _pick(ask, *sorts)])

    return speak


def _day_row(row: Row, at_ms: int) -> dict[str, Any]:
    fixed = row.fixed
    quotes: dict[str, Any] = {}
    if row.leg.sort is Sort.SPOT:
        quotes = {
            "prevClosePrice": fixed.open, "bidPrice": row.bid, "bidQty": row.bid_size,
            "askPrice": row.ask, "askQty": row.ask_size,
        }  # fmt: skip
    return {
        "symbol": _symbol(row.leg, at_ms), "priceChange": "0.0", "priceChangePercent": "0.0",
        "weightedAvgPrice": row.last, "lastPrice": row.last, "lastQty": "1.0",
        "openPrice": fixed.open, "highPrice": fixed.high, "lowPrice": fixed.low,
        "volume": fixed.volume, "quoteVolume": fixed.turnover, **quotes,
        "openTime": at_ms - DAY_MS, "closeTime": row.at_ms,
        "firstId": 1, "lastId": 1001, "count": 1000,
    }  # fmt: skip


def _premium(ask: Question) -> Any:
    rows = [
        {
            "symbol": _symbol(row.leg, ask.at_ms), "markPrice": row.mark,
            "indexPrice": row.index_price,
            "estimatedSettlePrice": row.index_price, "lastFundingRate": row.fixed.rate,
            "interestRate": "0.00010000", "nextFundingTime": row.next_ms, "time": row.at_ms,
        }
        for row in _pick(ask, *FUTURES)
    ]  # fmt: skip
    return _answer(ask, rows)


def _funding_info(ask: Question) -> Any:
    return [
        {
            "symbol": _symbol(row.leg, ask.at_ms), "adjustedFundingRateCap": row.fixed.cap,
            "adjustedFundingRateFloor": f"-{row.fixed.cap}",
            "fundingIntervalHours": row.leg.interval_at(ask.at_ms), "disclaimer": False,
        }
        for row in ask.rows(VENUE, Sort.PERP)
        if row.leg.in_funding_info
    ]  # fmt: skip


def _funding_history(ask: Question) -> Any:
    if "symbol" not in ask.query:
        raise Refusal(400, {"code": -1102, "msg": "Mandatory parameter 'symbol' was not sent."})
    (row,) = _pick(ask, Sort.PERP)
    since, limit = ask.number("startTime", 0), ask.number("limit", 100)
    past = ask.world.settlements(row.leg, ask.at_ms, since, min(limit, 1000))
    name = ask.query["symbol"]
    return [
        {"symbol": name, "fundingTime": at, "fundingRate": rate, "markPrice": row.mark}
        for at, rate in reversed(past)
    ]


def _depth(*sorts: Sort) -> Any:
    def speak(ask: Question) -> Any:
        if "symbol" not in ask.query:
            raise Refusal(400, {"code": -1102, "msg": "Mandatory parameter 'symbol' was not sent."})
        (row,) = _pick(ask, *sorts)
        bids, asks = book(row, ask.number("limit", 100))
        times = {} if row.leg.sort is Sort.SPOT else {"E": ask.at_ms, "T": ask.at_ms}
        return {"lastUpdateId": ask.at_ms, **times, "bids": bids, "asks": asks}

    return speak


def _open_interest(ask: Question) -> Any:
    (row,) = _pick(ask, *FUTURES)
    name = _symbol(row.leg, ask.at_ms)
    return {"openInterest": row.fixed.interest, "symbol": name, "time": ask.at_ms}


def _spot_info(ask: Question) -> Any:
    symbols = [
        {
            "symbol": _symbol(row.leg, ask.at_ms), "status": _STATUS[row.leg.standing],
            "baseAsset": row.leg.base, "baseAssetPrecision": 8, "quoteAsset": row.leg.quote,
            "quotePrecision": 8, "quoteAssetPrecision": 8, **terms.BINANCE_SPOT,
            "filters": terms.binance_spot_filters(row.fixed.tick),
        }
        for row in _pick(ask, Sort.SPOT)
    ]  # fmt: skip
    return {**_head(ask, 6000), "symbols": symbols}


def _futures_info(ask: Question) -> Any:
    return {**_head(ask, 2400), "futuresType": "U_MARGINED", "assets": [],
            "symbols": [_contract(row, ask.at_ms) for row in _pick(ask, *FUTURES)]}  # fmt: skip


def _contract(row: Row, at_ms: int) -> dict[str, Any]:
    leg = row.leg
    dated = leg.sort is Sort.DATED
    return {
        "symbol": _symbol(leg, at_ms), "pair": leg.base + leg.quote,
        "contractType": "CURRENT_QUARTER" if dated else "PERPETUAL",
        "deliveryDate": offline_ms(leg, at_ms) or FOREVER_MS, "onboardDate": LISTED_MS,
        "status": _STATUS[leg.standing], "baseAsset": leg.base, "quoteAsset": leg.quote,
        "marginAsset": leg.quote, "pricePrecision": row.fixed.decimals, "quantityPrecision": 3,
        **terms.BINANCE_FUTURES, "filters": terms.binance_futures_filters(row.fixed.tick),
    }  # fmt: skip


def _head(ask: Question, limit: int) -> dict[str, Any]:
    grant = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
    return {"timezone": "UTC", "serverTime": ask.at_ms, "exchangeFilters": [],
            "rateLimits": [{**grant, "limit": limit}]}  # fmt: skip


def _costs(all_symbols: int, single: int) -> Any:
    def weight(query: Mapping[str, str]) -> int:
        return single if "symbol" in query else all_symbols

    return weight


def _depth_cost(query: Mapping[str, str]) -> int:
    """Futures: the price of a book grows with its levels."""
    levels = int(query.get("limit", "500"))
    return next((cost for most, cost in ((50, 2), (100, 5), (500, 10)) if levels <= most), 20)


SPOT_ROUTES: Final[Mapping[str, Route]] = {
    "/api/v3/ping": Route(_ping),
    "/api/v3/time": Route(_time, fresh=True),
    "/api/v3/ticker/bookTicker": Route(_book_ticker(Sort.SPOT), _costs(4, 2)),
    "/api/v3/ticker/24hr": Route(_day(Sort.SPOT), _costs(80, 2)),
    "/api/v3/exchangeInfo": Route(_spot_info, _costs(20, 20)),
    "/api/v3/depth": Route(_depth(Sort.SPOT), _costs(5, 5)),
}
FUTURES_ROUTES: Final[Mapping[str, Route]] = {
    "/fapi/v1/ping": Route(_ping),
    "/fapi/v1/time": Route(_time, fresh=True),
    "/fapi/v1/premiumIndex": Route(_premium, _costs(10, 1)),
    "/fapi/v1/fundingInfo": Route(_funding_info, _costs(0, 0)),
    "/fapi/v1/fundingRate": Route(_funding_history, _costs(0, 0)),
    "/fapi/v1/ticker/bookTicker": Route(_book_ticker(*FUTURES), _costs(5, 2)),
    "/fapi/v1/ticker/24hr": Route(_day(*FUTURES), _costs(40, 1)),
    "/fapi/v1/exchangeInfo": Route(_futures_info, _costs(1, 1)),
    "/fapi/v1/openInterest": Route(_open_interest, _costs(1, 1)),
    "/fapi/v1/depth": Route(_depth(*FUTURES), _depth_cost),
}
