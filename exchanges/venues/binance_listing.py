"""Binance's exchangeInfo: what spot and USD-margined futures list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import polars as pl

from arbedge.names import Market
from exchanges.columns import INSTRUMENT, Parsed, conform
from exchanges.venues.parts import OTHER_CONTRACT
from exchanges.wire import Envelope, Shape

NO_DELIVERY_MS: Final = 4133404800000.0  # 2100-12-25, the venue's date for "never"
STATUSES: Final = {
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
# Equities and indices come as contract types of their own and are left out.
CONTRACTS: Final = {
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
        "contract": "contractType",
        "status": "status",
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
    frame = LISTING.frame(answer.rows).with_columns(_steps(answer.rows))
    contract = pl.col("contract")
    frame = frame.with_columns(
        market=pl.when(contract.is_null())
        .then(pl.lit(Market.SPOT.value))
        .otherwise(contract.replace_strict(CONTRACTS, default=None, return_dtype=pl.String)),
        settle=pl.coalesce("settle", "quote"),
        status=pl.col("status").replace_strict(STATUSES, default="unknown"),
        contract_size=pl.lit(1.0),
        offline_at_ms=pl.col("offline_at_ms").replace(NO_DELIVERY_MS, None),
    )
    known = frame.filter(pl.col("market").is_not_null())
    answer.dropped[OTHER_CONTRACT] += frame.height - known.height
    return LISTING.tidy(conform(known, INSTRUMENT), answer)


def _steps(rows: Sequence[Any]) -> list[pl.Series]:
    rules = [{rule.filterType: rule for rule in row.filters or ()} for row in rows]
    nothing = Rule("")
    least = [rule.get("NOTIONAL") or rule.get("MIN_NOTIONAL") or nothing for rule in rules]
    texts = {
        "tick": [rule.get("PRICE_FILTER", nothing).tickSize for rule in rules],
        "lot": [rule.get("LOT_SIZE", nothing).stepSize for rule in rules],
        "min_notional": [rule.minNotional or rule.notional for rule in least],
    }
    return [
        pl.Series(name, column, dtype=pl.String).cast(pl.Float64, strict=False)
        for name, column in texts.items()
    ]
