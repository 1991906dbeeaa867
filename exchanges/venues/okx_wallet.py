"""OKX's currency list: which networks a coin can move on. Needs a read-only key.

Source: okx.com/docs-v5, funding account, "Get currencies".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
import polars as pl

from exchanges.venues.base import Ask
from exchanges.venues.parts import decode, networks_frame, optional_float


class _Currency(msgspec.Struct, rename="camel"):
    ccy: str
    chain: str
    can_dep: bool | None = None
    can_wd: bool | None = None
    fee: str | None = None
    min_fee: str | None = None


class _Currencies(msgspec.Struct):
    data: list[_Currency]


def parse_networks(body: bytes) -> pl.DataFrame:
    """NETWORK_COLUMNS. No contract: the venue tells its last six characters only, which prove
    nothing. The chain comes as COIN-chain.
    """
    return networks_frame(
        (
            row.ccy,
            row.chain.removeprefix(f"{row.ccy}-"),
            None,
            row.can_dep,
            row.can_wd,
            optional_float(row.fee or row.min_fee),
        )
        for row in decode(body, _Currencies).data
    )


def sign(ask: Ask, keys: Mapping[str, str], now_ms: float) -> Mapping[str, Any]:
    """Headers of a signed request: HMAC-SHA256 of time, method and path with query, in base64."""
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    path = f"{ask.path}?{urlencode(ask.query)}" if ask.query else ask.path
    digest = hmac.new(keys["secret"].encode(), f"{stamp}GET{path}".encode(), hashlib.sha256)
    headers = {
        "OK-ACCESS-KEY": keys["key"],
        "OK-ACCESS-SIGN": base64.b64encode(digest.digest()).decode(),
        "OK-ACCESS-TIMESTAMP": stamp,
        "OK-ACCESS-PASSPHRASE": keys["passphrase"],
    }
    return {"params": dict(ask.query), "headers": headers}
