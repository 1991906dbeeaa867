"""Bybit's instruments-info: what spot and linear list, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

import msgspec
import polars as pl

from arbedge.names import Market
from exchanges.columns import INSTRUMENT, Parsed, conform
from exchanges.venues.parts import OTHER_CONTRACT, decode
from exchanges.wire import Envelope, Shape

LIST: Final = Envelope(rows="result.list", code="retCode", message="retMsg", ok="0", time="time")
STATUSES: Final = {
    "Trading": "trading",
    "PreLaunch": "pre_market",
    "Delivering": "settling",
    "Settling": "settling",
    "Closed": "closed",
}
CONTRACTS: Final = {"LinearPerpetual": Market.PERP.value, "LinearFutures": Market.DATED.value}
LISTING: Final = Shape(
    LIST,
    texts={
        "symbol": "symbol",
        "base": "baseCoin",
        "quote": "quoteCoin",
        "settle": "settleCoin",
        "contract": "contractType",
        "status": "status",
    },
    figures={
        "tick": "priceFilter.tickSize",
        "lot": "lotSizeFilter.qtyStep",
        "spot_lot": "lotSizeFilter.basePrecision",
        "min_notional": "lotSizeFilter.minNotionalValue",
        "spot_min_notional": "lotSizeFilter.minOrderAmt",
        "listed_at_ms": "launchTime",
        "offline_at_ms": "deliveryTime",
    },
)


def parse(body: bytes) -> Parsed:
    """INSTRUMENT columns of instruments-info, spot or linear; sizes are coins."""
    answer = LISTING.decode(body)
    frame = LISTING.frame(answer.rows)
    contract = pl.col("contract")
    frame = frame.with_columns(
        market=pl.when(contract.is_null())
        .then(pl.lit(Market.SPOT.value))
        .otherwise(contract.replace_strict(CONTRACTS, default=None, return_dtype=pl.String)),
        settle=pl.coalesce("settle", "quote"),
        status=pl.col("status").replace_strict(STATUSES, default="unknown"),
        contract_size=pl.lit(1.0),
        lot=pl.coalesce("lot", "spot_lot"),
        min_notional=pl.coalesce("min_notional", "spot_min_notional"),
    )
    known = frame.filter(pl.col("market").is_not_null())
    answer.dropped[OTHER_CONTRACT] += frame.height - known.height
    return LISTING.tidy(conform(known, INSTRUMENT), answer)


class _Page(msgspec.Struct, rename="camel"):
    next_page_cursor: str = ""


class _Listing(msgspec.Struct):
    result: _Page


def next_page(body: bytes) -> Mapping[str, str] | None:
    """The next page's cursor. It comes percent-encoded and is given back decoded."""
    cursor = decode(body, _Listing).result.next_page_cursor
    return {"cursor": unquote(cursor)} if cursor else None
