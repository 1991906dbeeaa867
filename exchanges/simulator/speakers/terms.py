"""The trading terms that real instrument lists carry beside names, steps and dates.

Nothing of ours reads them and they are alike for all instruments; with them a list is as wide as
the venue's own, and reading it costs what reading a real one costs. Field names are those of the
venues' documentation, values are made up.
"""

from __future__ import annotations

from typing import Any, Final

Terms = dict[str, Any]

BINANCE_SPOT: Final[Terms] = {
    "baseCommissionPrecision": 8, "quoteCommissionPrecision": 8,
    "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
    "icebergAllowed": True, "ocoAllowed": True,
    "quoteOrderQtyMarketAllowed": True, "allowTrailingStop": True, "cancelReplaceAllowed": True,
    "isSpotTradingAllowed": True, "isMarginTradingAllowed": False,
    "permissions": ["SPOT", *(f"TRD_GRP_{group:03}" for group in range(4, 9))],
    "defaultSelfTradePreventionMode": "NONE",
    "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
}  # fmt: skip
BINANCE_FUTURES: Final[Terms] = {
    "maintMarginPercent": "3.0000", "requiredMarginPercent": "6.0000", "baseAssetPrecision": 8,
    "quotePrecision": 8, "underlyingType": "COIN", "underlyingSubType": ["PoW"],
    "triggerProtect": "0.0600", "liquidationFee": "0.010000", "marketTakeBound": "0.06",
    "maxMoveOrderLimit": 5000,
    "orderTypes": [
        *("LIMIT", "MARKET", "STOP", "STOP_MARKET"),
        *("TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"),
    ],
    "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"], "permissionSets": ["GRID", "COPY"],
}  # fmt: skip
BYBIT_LINEAR: Final[Terms] = {
    "leverageFilter": {"minLeverage": "1", "maxLeverage": "40.00", "leverageStep": "0.01"},
    "copyTrading": "none",
    "riskParameters": {"priceLimitRatioX": "0.04", "priceLimitRatioY": "0.08"},
}
BYBIT_LINEAR_LOTS: Final[Terms] = {
    "maxOrderQty": "9000000", "minOrderQty": "0.001", "qtyStep": "0.001",
    "postOnlyMaxOrderQty": "9000000", "maxMktOrderQty": "2000000",
    "minNotionalValue": "5",
}  # fmt: skip
BYBIT_SPOT: Final[Terms] = {
    "innovation": "0", "marginTrading": "none", "stTag": "0",
    "lotSizeFilter": {
        "basePrecision": "0.001", "quotePrecision": "0.0000001", "minOrderQty": "0.001",
        "maxOrderQty": "9000000", "minOrderAmt": "5", "maxOrderAmt": "4000000",
        "maxLimitOrderQty": "9000000", "maxMarketOrderQty": "4500000",
        "postOnlyMaxLimitOrderSize": "9000000",
    },
    "riskParameters": {"priceLimitRatioX": "0.02", "priceLimitRatioY": "0.02"},
}  # fmt: skip
OKX: Final[Terms] = {
    "auctionEndTime": "", "contTdSwTime": "", "futureSettlement": False, "instIdCode": 20000,
    "maxIcebergSz": "90000000.0000000000000000", "maxLmtAmt": "20000000", "maxLmtSz": "90000000",
    "maxMktAmt": "1000000", "maxMktSz": "90000", "maxStopSz": "90000",
    "maxTriggerSz": "90000000.0000000000000000", "maxTwapSz": "90000000.0000000000000000",
    "openType": "", "optType": "", "preMktSwTime": "", "stk": "", "tradeQuoteCcyList": [],
}  # fmt: skip
BITGET_CONTRACT: Final[Terms] = {
    "feeRateUpRatio": "0.005", "openCostUpRatio": "0.01", "maxSymbolOrderNum": "200",
    "maxProductOrderNum": "400", "maxPositionNum": "150", "posLimit": "0.05", "minLever": "1",
    "buyLimitPriceRatio": "0.05", "sellLimitPriceRatio": "0.05",
}  # fmt: skip


def binance_spot_filters(tick: str) -> list[Terms]:
    """Every rule that a spot pair of Binance trades by."""
    return [
        _range("PRICE_FILTER", "Price", "tickSize", (tick, "900000.00000000", tick)),
        _range("LOT_SIZE", "Qty", "stepSize", ("0.00100000", "9000000.00000000", "0.00100000")),
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        _range(
            "MARKET_LOT_SIZE", "Qty", "stepSize", ("0.00000000", "45000.00000000", "0.00000000")
        ),
        {
            "filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10,
            "maxTrailingAboveDelta": 2000, "minTrailingBelowDelta": 10,
            "maxTrailingBelowDelta": 2000,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5",
            "bidMultiplierDown": "0.2", "askMultiplierUp": "5", "askMultiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True,
            "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]  # fmt: skip


def binance_futures_filters(tick: str) -> list[Terms]:
    """Every rule that a contract of Binance trades by."""
    return [
        _range("PRICE_FILTER", "Price", "tickSize", (tick, "9000000", tick)),
        _range("LOT_SIZE", "Qty", "stepSize", ("0.001", "9000000", "0.001")),
        _range("MARKET_LOT_SIZE", "Qty", "stepSize", ("0.001", "4500", "0.001")),
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
        {
            "filterType": "PERCENT_PRICE", "multiplierUp": "1.0600", "multiplierDown": "0.9400",
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]  # fmt: skip


def _range(kind: str, what: str, step: str, values: tuple[str, str, str]) -> Terms:
    least, most, by = values
    return {"filterType": kind, f"min{what}": least, f"max{what}": most, step: by}
