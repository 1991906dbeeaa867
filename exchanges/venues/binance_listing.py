"""Binance's exchangeInfo: what spot and USD-margined futures list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import polars as pl

from arbedge.names import Market
from exchanges.columns import Parsed
from exchanges.rows import Vocabulary, Words
from exchanges.venues.lists import filled, known_contracts, listing, one_each
from exchanges.wire import Envelope, Shape

NO_DELIVERY_MS: Final = 4133404800000.0  # 2100-12-25, the venue's date for "never"
STATUSES: Final[Vocabulary] = {
    "TRADING": "trading",
    "PENDING_TRADING": "pre_market",
    "PRE_TRADING": "pre_market",
    "BREAK": "halted",
    "HALT": "halted",
    "AUCTION_MATCH": "halted",
    "END_OF_DAY": "halted",
    "POST_TRADING": "closed",
    "PRE_DELIVERING": "settling",
    "DELIVERING": "settling",
    "PRE_SETTLE": "settling",
    "SETTLING": "settling",
    "DELIVERED": "closed",
    "CLOSE": "closed",
}
# Spot has no contract type. Equities and indices come as types of their own and are left out.
CONTRACTS: Final[Vocabulary] = {
    None: Market.SPOT.value,
    "PERPETUAL": Market.PERP.value,
    "CURRENT_MONTH": Market.DATED.value,
    "NEXT_MONTH": Market.DATED.value,
    "CURRENT_QUARTER": Market.DATED.value,
    "NEXT_QUARTER": Market.DATED.value,
    "CURRENT_QUARTER DELIVERING": Market.DATED.value,
    "NEXT_QUARTER DELIVERING": Market.DATED.value,
}


class Rule(msgspec.Struct, gc=False):
    """One trading rule of a symbol; only the steps are read."""

    filterType: str  # noqa: N815 - the venue's key
    tickSize: str | None = None  # noqa: N815
    stepSize: str | None = None  # noqa: N815
    minNotional: str | None = None  # noqa: N815
    notional: str | None = None


LISTING: Final = Shape(
    Envelope(rows="symbols", time="serverTime"),
    texts={
        "symbol": "symbol",
        "base": "baseAsset",
        "quote": "quoteAsset",
        "settle": "marginAsset",
    },
    words={
        "market": Words("contractType", CONTRACTS),
        "status": Words("status", STATUSES, "unknown"),
    },
    numbers={"listed_at_ms": "onboardDate", "offline_at_ms": "deliveryDate"},
    objects={"filters": list[Rule] | None},
)


def parse(body: bytes) -> Parsed:
    """INSTRUMENT columns of exchangeInfo, spot or futures; one contract is one unit of the base.

    A perpetual with a delivery date is being taken off; a dated contract's is its expiry. Contract
    types other than perpetual and dated are dropped as `other_contract`.
    """
    answer = LISTING.decode(body)
    frame = LISTING.frame(answer.rows)
    offline_at_ms = frame.get_column("offline_at_ms")
    listed = listing(
        frame,
        *_steps(answer.rows),
        filled(frame.get_column("settle"), frame.get_column("quote")),
        one_each(frame),
        offline_at_ms.set(offline_at_ms == NO_DELIVERY_MS, None),
    )
    return LISTING.tidy(known_contracts(listed, answer.dropped), answer)


def _steps(rows: Sequence[Any]) -> list[pl.Series]:
    found = [_figures(row.filters or ()) for row in rows]
    texts = zip(*found, strict=True) if found else ((), (), ())
    return [
        pl.Series(name, column, dtype=pl.String).cast(pl.Float64, strict=False)
        for name, column in zip(("tick", "lot", "min_notional"), texts, strict=True)
    ]


def _figures(rules: Sequence[Rule]) -> tuple[str | None, str | None, str | None]:
    """Step of price, step of quantity and least value, as text."""
    tick = lot = least = None
    for rule in rules:
        kind = rule.filterType
        if kind == "PRICE_FILTER":
            tick = rule.tickSize
        elif kind == "LOT_SIZE":
            lot = rule.stepSize
        elif kind == "NOTIONAL" or (kind == "MIN_NOTIONAL" and least is None):
            least = rule.minNotional or rule.notional
    return tick, lot, least
