"""Bitget v2: spot, USDT futures, and the one public list of networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from exchanges.simulator.listing import LISTED_MS, Coin, Leg, Sort, Standing, offline_ms, plain
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

VENUE: Final = "bitget"
BUDGET: Final = Budget(20, 1_000, 429, per_path=True)
_SPOT_STATUS: Final = {
    Standing.TRADING: "online",
    Standing.PRE_MARKET: "gray",
    Standing.HALTED: "halt",
}
_FUTURES_STATUS: Final = {
    Standing.TRADING: "normal",
    Standing.PRE_MARKET: "listed",
    Standing.HALTED: "maintain",
}


def refuse(status: int, path: str) -> dict[str, Any]:
    """The body Bitget sends with an HTTP error."""
    if status == 429:
        return {"code": "429", "msg": "Too Many Requests", "data": None}
    return {"code": "40725", "msg": f"service return an error: {path}", "data": None}


def _symbol(leg: Leg) -> str:
    return leg.base + leg.quote


def _envelope(ask: Question, data: Any) -> dict[str, Any]:
    return {"code": "00000", "msg": "success", "requestTime": ask.at_ms, "data": data}


def _wrong(code: str, text: str) -> Refusal:
    return Refusal(400, {"code": code, "msg": text, "requestTime": 0, "data": None})


def _pick(ask: Question, sort: Sort) -> list[Row]:
    if sort is Sort.PERP and ask.query.get("productType", "").upper() != "USDT-FUTURES":
        raise _wrong("40019", "Parameter productType cannot be empty")
    rows = [row for row in ask.rows(VENUE, sort) if sort is Sort.SPOT or row.leg.quote == "USDT"]
    wanted = ask.query.get("symbol")
    if wanted is None:
        return rows
    found = one(rows, wanted, _symbol)
    if found is None:
        raise _wrong("40034", f"Parameter {wanted} does not exist")
    return [found]


def _day(row: Row) -> dict[str, Any]:
    fixed = row.fixed
    return {
        "symbol": _symbol(row.leg), "lastPr": row.last, "askPr": row.ask, "bidPr": row.bid,
        "bidSz": row.bid_size, "askSz": row.ask_size, "high24h": fixed.high,
        "low24h": fixed.low, "ts": str(row.at_ms), "change24h": "0.01",
        "baseVolume": fixed.volume, "quoteVolume": fixed.turnover, "usdtVolume": fixed.turnover,
        "openUtc": fixed.open, "changeUtc24h": "0.01",
    }  # fmt: skip


def _spot_tickers(ask: Question) -> Any:
    rows = _pick(ask, Sort.SPOT)
    return _envelope(ask, [{"open": row.fixed.open, **_day(row)} for row in rows])


def _mix_tickers(ask: Question) -> Any:
    return _envelope(ask, [
        {
            **_day(row), "indexPrice": row.index_price, "fundingRate": row.fixed.rate,
            "holdingAmount": row.fixed.interest, "deliveryStartTime": None, "deliveryTime": None,
            "deliveryStatus": "", "open24h": row.fixed.open, "markPrice": row.mark,
        }
        for row in _pick(ask, Sort.PERP)
    ])  # fmt: skip


def _funding(ask: Question) -> Any:
    return _envelope(ask, [
        {
            "symbol": _symbol(row.leg), "fundingRate": row.fixed.rate,
            "fundingRateInterval": str(row.leg.interval_at(ask.at_ms)),
            "nextUpdate": str(row.next_ms), "minFundingRate": f"-{row.fixed.cap}",
            "maxFundingRate": row.fixed.cap,
        }
        for row in _pick(ask, Sort.PERP)
    ])  # fmt: skip


def _history(ask: Question) -> Any:
    if "symbol" not in ask.query:
        raise _wrong("40019", "Parameter symbol cannot be empty")
    (row,) = _pick(ask, Sort.PERP)
    size, page = min(ask.number("pageSize", 20), 100), max(ask.number("pageNo", 1), 1)
    past = ask.world.settlements(row.leg, ask.at_ms, 0, size * page)[size * (page - 1) :]
    rows = [
        {"symbol": ask.query["symbol"], "fundingRate": rate, "fundingTime": str(at)}
        for at, rate in past
    ]
    return _envelope(ask, rows)


def _symbols(ask: Question) -> Any:
    return _envelope(ask, [
        {
            "symbol": _symbol(row.leg), "baseCoin": row.leg.base, "quoteCoin": row.leg.quote,
            "minTradeAmount": "0", "maxTradeAmount": "900000000", "takerFeeRate": "0.001",
            "makerFeeRate": "0.001", "pricePrecision": str(row.fixed.decimals),
            "quantityPrecision": "4", "quotePrecision": "6", "minTradeUSDT": "1",
            "status": _SPOT_STATUS[row.leg.standing], "buyLimitPriceRatio": "0.05",
            "sellLimitPriceRatio": "0.05", "areaSymbol": "no", "orderQuantity": "200",
            "openTime": str(LISTED_MS), "offTime": str(_off(row, ask)),
        }
        for row in _pick(ask, Sort.SPOT)
    ])  # fmt: skip


def _contracts(ask: Question) -> Any:
    return _envelope(ask, [
        {
            "symbol": _symbol(row.leg), "baseCoin": row.leg.base, "quoteCoin": row.leg.quote,
            "supportMarginCoins": ["USDT"], "minTradeNum": "0.001", "priceEndStep": "1",
            "volumePlace": "3", "pricePlace": str(row.fixed.decimals), "sizeMultiplier": "0.001",
            "symbolType": "perpetual", "minTradeUSDT": "5", "maxLever": "50",
            "symbolStatus": _FUTURES_STATUS[row.leg.standing], "offTime": str(_off(row, ask)),
            "limitOpenTime": "-1", "deliveryTime": "", "deliveryStartTime": "",
            "launchTime": str(LISTED_MS), "maintainTime": "",
            "fundInterval": str(row.leg.interval_at(ask.at_ms)), "takerFeeRate": "0.0006",
            "makerFeeRate": "0.0002", **terms.BITGET_CONTRACT,
        }
        for row in _pick(ask, Sort.PERP)
    ])  # fmt: skip


def _off(row: Row, ask: Question) -> int:
    return offline_ms(row.leg, ask.at_ms) or -1


def _coins(ask: Question) -> Any:
    return _envelope(ask, [_coin(coin) for coin in ask.world.coins_on(VENUE) if coin.chains])


def _coin(coin: Coin) -> dict[str, Any]:
    chains = [
        {
            "chain": chain.chain, "needTag": "false", "withdrawable": str(chain.withdraw).lower(),
            "rechargeable": str(chain.deposit).lower(), "withdrawFee": plain(chain.fee),
            "extraWithdrawFee": "0", "depositConfirm": "1", "withdrawConfirm": "1",
            "minDepositAmount": "0.001", "minWithdrawAmount": "0.01",
            "contractAddress": chain.contract, "congestion": "normal",
        }
        for chain in coin.chains
    ]  # fmt: skip
    return {"coinId": "1", "coin": coin.name, "transfer": "true", "chains": chains}


def _depth(sort: Sort) -> Any:
    def speak(ask: Question) -> Any:
        if "symbol" not in ask.query:
            raise _wrong("40019", "Parameter symbol cannot be empty")
        (row,) = _pick(ask, sort)
        limit = ask.query.get("limit", "100")
        bids, asks = book(row, 200 if limit == "max" else int(limit))
        return _envelope(ask, {"asks": asks, "bids": bids, "ts": str(ask.at_ms)})

    return speak


def _time(ask: Question) -> Any:
    now = int(ask.world.clock())
    return {**_envelope(ask, {"serverTime": str(now)}), "requestTime": now}


ROUTES: Final[Mapping[str, Route]] = {
    "/api/v2/public/time": Route(_time, fresh=True),
    "/api/v2/spot/market/tickers": Route(_spot_tickers),
    "/api/v2/spot/market/orderbook": Route(_depth(Sort.SPOT)),
    "/api/v2/spot/public/symbols": Route(_symbols),
    "/api/v2/spot/public/coins": Route(_coins),
    "/api/v2/mix/market/tickers": Route(_mix_tickers),
    "/api/v2/mix/market/contracts": Route(_contracts),
    "/api/v2/mix/market/current-fund-rate": Route(_funding),
    "/api/v2/mix/market/history-fund-rate": Route(_history),
    "/api/v2/mix/market/merge-depth": Route(_depth(Sort.PERP)),
    "/api/v2/mix/market/orderbook": Route(_depth(Sort.PERP)),
}
