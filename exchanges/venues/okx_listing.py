"""OKX's instruments: what spot and swaps list."""

from __future__ import annotations

from typing import Final

import polars as pl

from arbedge.names import Market
from exchanges.columns import INSTRUMENT, Parsed, conform
from exchanges.venues.parts import OTHER_CONTRACT
from exchanges.wire import Envelope, Shape

# Coin-margined swaps: their contracts are dollars, and coin-margined trading is out.
INVERSE_SUFFIX: Final = "-USD-SWAP"
INVERSE: Final = "inverse"
STATUSES: Final = {
    "live": "trading",
    "suspend": "halted",
    "preopen": "pre_market",
    "settlement": "settling",
    "rebase": "halted",
    "post_only": "halted",
    "expired": "closed",
}
MARKETS: Final = {
    "SPOT": Market.SPOT.value,
    "SWAP": Market.PERP.value,
    "FUTURES": Market.DATED.value,
}
LISTING: Final = Shape(
    Envelope(rows="data", ok="0"),
    texts={
        "symbol": "instId",
        "kind": "instType",
        "settle": "settleCcy",
        "status": "state",
        "rule": "ruleType",
    },
    figures={
        "contract_size": "ctVal",
        "contract_multiplier": "ctMult",
        "tick": "tickSz",
        "lot": "lotSz",
        "listed_at_ms": "listTime",
        "offline_at_ms": "expTime",
    },
)


def parse(body: bytes) -> Parsed:
    """INSTRUMENT columns of SPOT or SWAP instruments; `ctVal` scales sizes, never prices.

    Base and quote are read from the symbol, the only place a contract not yet open has them.
    Coin-margined contracts are dropped as `inverse`. `expTime` of spot or swap is the delisting.
    """
    answer = LISTING.decode(body)
    frame = without_inverse(LISTING.tidy(LISTING.frame(answer.rows), answer))
    parts = pl.col("symbol").str.split("-")
    spot = pl.col("kind") == "SPOT"
    listed = frame.frame.with_columns(
        market=pl.col("kind").replace_strict(MARKETS, default=None, return_dtype=pl.String),
        base=parts.list.get(0, null_on_oob=True),
        # A dollar-margined swap writes its quote as USD_UM.
        quote=parts.list.get(1, null_on_oob=True).str.strip_suffix("_UM"),
        status=pl.when(pl.col("rule") == "pre_market")
        .then(pl.lit("pre_market"))
        .otherwise(pl.col("status").replace_strict(STATUSES, default="unknown")),
        contract_size=pl.when(spot)
        .then(1.0)
        .otherwise(pl.col("contract_size") * pl.col("contract_multiplier").fill_null(1.0)),
    )
    settle = pl.when(pl.col("settle").is_in(["", None])).then(None).otherwise(pl.col("settle"))
    known = listed.with_columns(settle=pl.coalesce(settle, "quote")).filter(
        pl.col("market").is_not_null()
    )
    dropped = dict(frame.dropped)
    if known.height < listed.height:
        dropped[OTHER_CONTRACT] = listed.height - known.height
    return Parsed(conform(known, INSTRUMENT), dropped, frame.venue_at_ms)


def without_inverse(parsed: Parsed) -> Parsed:
    """The answer without coin-margined swaps, which are counted as `inverse`."""
    symbols = parsed.frame.get_column("symbol").to_list()
    linear = [not symbol.endswith(INVERSE_SUFFIX) for symbol in symbols]
    count = linear.count(False)
    if not count:
        return parsed
    dropped = {**parsed.dropped, INVERSE: count}
    return Parsed(parsed.frame.filter(linear), dropped, parsed.venue_at_ms)
