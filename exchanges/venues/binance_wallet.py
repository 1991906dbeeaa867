"""Binance's wallet list: which networks a coin can move on. Needs a read-only key.

Source: developers.binance.com, wallet, "All Coins' Information".
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


class _Network(msgspec.Struct, rename="camel"):
    network: str
    deposit_enable: bool | None = None
    withdraw_enable: bool | None = None
    withdraw_fee: str | None = None
    contract_address: str | None = None


class _Coin(msgspec.Struct, rename="camel"):
    coin: str
    network_list: list[_Network] = []


def parse_networks(body: bytes) -> pl.DataFrame:
    """NETWORK_COLUMNS of the wallet's list of all coins."""
    return networks_frame(
        (
            coin.coin,
            net.network,
            net.contract_address or None,
            net.deposit_enable,
            net.withdraw_enable,
            optional_float(net.withdraw_fee),
        )
        for coin in decode(body, list[_Coin])
        for net in coin.network_list
    )


def sign(ask: Ask, keys: Mapping[str, str], now_ms: float) -> Mapping[str, Any]:
    """Query and headers of a signed request: HMAC-SHA256 of the query, in hex."""
    query = {**ask.query, "recvWindow": "5000", "timestamp": str(int(now_ms))}
    digest = hmac.new(keys["secret"].encode(), urlencode(query).encode(), hashlib.sha256)
    signed = {**query, "signature": digest.hexdigest()}
    return {"params": signed, "headers": {"X-MBX-APIKEY": keys["key"]}}
