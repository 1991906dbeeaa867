"""Bybit's coin list: which networks a coin can move on. Needs a read-only key.

Source: bybit-exchange.github.io/docs/v5/asset/coin-info.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
import polars as pl

from exchanges.venues.base import Ask
from exchanges.venues.parts import decode, networks_frame, optional_float


class _Chain(msgspec.Struct, rename="camel"):
    chain: str
    chain_deposit: str | None = None
    chain_withdraw: str | None = None
    withdraw_fee: str | None = None
    contract_address: str | None = None


class _Coin(msgspec.Struct):
    coin: str
    chains: list[_Chain] = []


class _Coins(msgspec.Struct):
    rows: list[_Coin]


class _Networks(msgspec.Struct):
    result: _Coins


def parse_networks(body: bytes) -> pl.DataFrame:
    """NETWORK_COLUMNS; an empty fee means withdrawals are not supported."""
    switch = {"1": True, "0": False}
    return networks_frame(
        (
            coin.coin,
            net.chain,
            net.contract_address or None,
            switch.get(net.chain_deposit or ""),
            switch.get(net.chain_withdraw or ""),
            optional_float(net.withdraw_fee),
        )
        for coin in decode(body, _Networks).result.rows
        for net in coin.chains
    )


def sign(ask: Ask, keys: Mapping[str, str], now_ms: float) -> Mapping[str, Any]:
    """Headers of a signed request: HMAC-SHA256 of time, key, window and query, in hex."""
    stamp, window = str(int(now_ms)), "5000"
    text = stamp + keys["key"] + window + urlencode(ask.query)
    digest = hmac.new(keys["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
    headers = {"X-BAPI-API-KEY": keys["key"], "X-BAPI-TIMESTAMP": stamp}
    headers |= {"X-BAPI-RECV-WINDOW": window, "X-BAPI-SIGN": digest}
    return {"params": dict(ask.query), "headers": headers}
