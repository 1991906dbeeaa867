"""Bybit's instruments-info: what spot and linear list, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

import msgspec

from arbedge.names import Market
from exchanges.columns import Parsed
from exchanges.rows import Vocabulary, Words
from exchanges.venues.lists import filled, known_contracts, listing, one_each
from exchanges.venues.parts import decode
from exchanges.wire import Envelope, Shape

LIST: Final = Envelope(rows="result.list", code="retCode", message="retMsg", ok="0", time="time")
STATUSES: Final[Vocabulary] = {
    "Trading": "trading",
    "PreLaunch": "pre_market",
    "Delivering": "settling",
    "Settling": "settling",
    "Closed": "closed",
}
CONTRACTS: Final[Vocabulary] = {
    None: Market.SPOT.value,
    "LinearPerpetual": Market.PERP.value,
    "LinearFutures": Market.DATED.value,
}
LISTING: Final = Shape(
    LIST,
    texts={
        "symbol": "symbol",
        "base": "baseCoin",
        "quote": "quoteCoin",
        "settle": "settleCoin",
    },
    words={
        "market": Words("contractType", CONTRACTS),
        "status": Words("status", STATUSES, "unknown"),
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
    listed = listing(
        frame,
        one_each(frame),
        *(
            filled(frame.get_column(name), frame.get_column(other))
            for name, other in (
                ("settle", "quote"),
                ("lot", "spot_lot"),
                ("min_notional", "spot_min_notional"),
            )
        ),
    )
    return LISTING.tidy(known_contracts(listed, answer.dropped), answer)


class _Page(msgspec.Struct, rename="camel"):
    next_page_cursor: str = ""


class _Listing(msgspec.Struct):
    result: _Page


def next_page(body: bytes) -> Mapping[str, str] | None:
    """The next page's cursor. It comes percent-encoded and is given back decoded."""
    cursor = decode(body, _Listing).result.next_page_cursor
    return {"cursor": unquote(cursor)} if cursor else None
