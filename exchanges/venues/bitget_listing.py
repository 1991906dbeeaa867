"""Bitget's lists: USDT-margined contracts, spot pairs, and coins with their networks (no key)."""

from __future__ import annotations

from typing import Final

import msgspec
import polars as pl

from arbedge.names import Market
from exchanges.columns import Parsed
from exchanges.rows import Vocabulary, Words
from exchanges.venues.lists import always_text, filled, listing, one_each
from exchanges.venues.parts import decode, networks_frame, optional_float
from exchanges.wire import Envelope, Shape

CONTRACT_STATUSES: Final[Vocabulary] = {
    "listed": "pre_market",
    "normal": "trading",
    "maintain": "halted",
    "limit_open": "halted",
    "restrictedAPI": "halted",
    "off": "closed",
}
SPOT_STATUSES: Final[Vocabulary] = {
    "online": "trading",
    "gray": "pre_market",
    "halt": "halted",
    "offline": "closed",
}
LIST: Final = Envelope(rows="data", ok="00000", time="requestTime")
COINS: Final = {"symbol": "symbol", "base": "baseCoin", "quote": "quoteCoin"}
CONTRACTS: Final = Shape(
    LIST,
    texts=COINS,
    words={
        "market": Words("symbolType", {"delivery": Market.DATED.value}, Market.PERP.value),
        "status": Words("symbolStatus", CONTRACT_STATUSES, "unknown"),
    },
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
    texts=COINS,
    words={"status": Words("status", SPOT_STATUSES, "unknown")},
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
    frame = CONTRACTS.frame(answer.rows)
    delivery_ms = frame.get_column("delivery_ms")
    listed = listing(
        frame,
        frame.get_column("quote").alias("settle"),
        one_each(frame),
        _step("tick", frame.get_column("price_places"), frame.get_column("price_step")),
        filled(frame.get_column("offline_at_ms"), delivery_ms.set(delivery_ms <= 0, None)),
    )
    return CONTRACTS.tidy(listed, answer)


def parse_pairs(body: bytes) -> Parsed:
    """INSTRUMENT columns of spot pairs."""
    answer = PAIRS.decode(body)
    frame = PAIRS.frame(answer.rows)
    listed = listing(
        frame,
        always_text("market", Market.SPOT.value, frame),
        frame.get_column("quote").alias("settle"),
        one_each(frame),
        _step("tick", frame.get_column("price_places")),
        _step("lot", frame.get_column("size_places")),
    )
    return PAIRS.tidy(listed, answer)


def _step(name: str, places: pl.Series, units: pl.Series | None = None) -> pl.Series:
    """So many units of the last of so many decimal places."""
    steps = [None if digits is None else 10.0**-digits for digits in places.to_list()]
    step = pl.Series(name, steps, dtype=pl.Float64)
    return step if units is None else step * units


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
