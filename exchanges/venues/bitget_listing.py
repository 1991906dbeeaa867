"""Bitget's lists: USDT-margined contracts, spot pairs, and coins with their networks (no key)."""

from __future__ import annotations

from typing import Final

import msgspec
import polars as pl

from arbedge.names import Market
from exchanges.columns import INSTRUMENT, Parsed, conform
from exchanges.venues.parts import decode, networks_frame, optional_float
from exchanges.wire import Envelope, Shape

CONTRACT_STATUSES: Final = {
    "listed": "pre_market",
    "normal": "trading",
    "maintain": "halted",
    "limit_open": "halted",
    "restrictedAPI": "halted",
    "off": "closed",
}
SPOT_STATUSES: Final = {
    "online": "trading",
    "gray": "pre_market",
    "halt": "halted",
    "offline": "closed",
}
LIST: Final = Envelope(rows="data", ok="00000", time="requestTime")
COINS: Final = {"symbol": "symbol", "base": "baseCoin", "quote": "quoteCoin"}
CONTRACTS: Final = Shape(
    LIST,
    texts={**COINS, "kind": "symbolType", "status": "symbolStatus"},
    figures={
        "lot": "sizeMultiplier",
        "min_notional": "minTradeUSDT",
        "price_places": "pricePlace",
        "price_step": "priceEndStep",
        "listed_at_ms": "launchTime",
        "offline_at_ms": "offTime",
        "delivery_ms": "deliveryTime",
    },
)
PAIRS: Final = Shape(
    LIST,
    texts={**COINS, "status": "status"},
    figures={
        "min_notional": "minTradeUSDT",
        "price_places": "pricePrecision",
        "size_places": "quantityPrecision",
        "listed_at_ms": "openTime",
        "offline_at_ms": "offTime",
    },
)


def parse_contracts(body: bytes) -> Parsed:
    """INSTRUMENT columns of USDT-margined contracts; sizes are coins."""
    answer = CONTRACTS.decode(body)
    perpetual = (pl.col("kind") != "delivery") | pl.col("kind").is_null()
    frame = CONTRACTS.frame(answer.rows).with_columns(
        market=pl.when(perpetual)
        .then(pl.lit(Market.PERP.value))
        .otherwise(pl.lit(Market.DATED.value)),
        settle=pl.col("quote"),
        status=pl.col("status").replace_strict(CONTRACT_STATUSES, default="unknown"),
        contract_size=pl.lit(1.0),
        tick=pl.col("price_step") * 10.0 ** -pl.col("price_places"),
        offline_at_ms=pl.coalesce("offline_at_ms", _later("delivery_ms")),
    )
    return CONTRACTS.tidy(conform(frame, INSTRUMENT), answer)


def parse_pairs(body: bytes) -> Parsed:
    """INSTRUMENT columns of spot pairs."""
    answer = PAIRS.decode(body)
    frame = PAIRS.frame(answer.rows).with_columns(
        market=pl.lit(Market.SPOT.value),
        settle=pl.col("quote"),
        status=pl.col("status").replace_strict(SPOT_STATUSES, default="unknown"),
        contract_size=pl.lit(1.0),
        tick=10.0 ** -pl.col("price_places"),
        lot=10.0 ** -pl.col("size_places"),
    )
    return PAIRS.tidy(conform(frame, INSTRUMENT), answer)


def _later(column: str) -> pl.Expr:
    return pl.when(pl.col(column) > 0).then(pl.col(column))


class _Chain(msgspec.Struct, rename="camel"):
    chain: str
    rechargeable: bool | None = None
    withdrawable: bool | None = None
    withdraw_fee: str | None = None
    contract_address: str | None = None


class _Coin(msgspec.Struct):
    coin: str
    chains: list[_Chain] = []


class _Coins(msgspec.Struct):
    data: list[_Coin]


def parse_networks(body: bytes) -> pl.DataFrame:
    """NETWORK_COLUMNS of all coins; switches come as the texts "true" and "false"."""
    return networks_frame(
        (
            coin.coin,
            net.chain,
            net.contract_address or None,
            net.rechargeable,
            net.withdrawable,
            optional_float(net.withdraw_fee),
        )
        for coin in decode(body, _Coins).data
        for net in coin.chains
    )
