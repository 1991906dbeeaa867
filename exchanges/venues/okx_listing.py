"""OKX's instruments: what spot and swaps list."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
import polars as pl

from arbedge.names import Market
from exchanges.columns import TEXT, Parsed
from exchanges.rows import Vocabulary, Words
from exchanges.venues.lists import filled, known_contracts, listing
from exchanges.wire import Envelope, Shape

# Coin-margined swaps: their contracts are dollars, and coin-margined trading is out.
INVERSE_SUFFIX: Final = "-USD-SWAP"
INVERSE: Final = "inverse"
PRE_MARKET: Final = "pre_market"  # the venue's word for a rule, and ours for a status
STATUSES: Final[Vocabulary] = {
    "live": "trading",
    "suspend": "halted",
    "preopen": PRE_MARKET,
    "settlement": "settling",
    "rebase": "halted",
    "post_only": "halted",
    "expired": "closed",
}
MARKETS: Final[Vocabulary] = {
    "SPOT": Market.SPOT.value,
    "SWAP": Market.PERP.value,
    "FUTURES": Market.DATED.value,
}
LISTING: Final = Shape(
    Envelope(rows="data", ok="0"),
    texts={"symbol": "instId", "settle": "settleCcy"},
    words={
        "market": Words("instType", MARKETS),
        "status": Words("state", STATUSES, "unknown"),
        "rule": Words("ruleType", {PRE_MARKET: PRE_MARKET}),
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
    linear = without_inverse(LISTING.tidy(LISTING.frame(answer.rows), answer))
    frame = linear.frame
    base, quote = _coins(frame.get_column("symbol"))
    settle = frame.get_column("settle")
    listed = listing(
        frame,
        base,
        quote,
        filled(settle.set(settle == "", None), quote),
        filled(frame.get_column("rule"), frame.get_column("status")).alias("status"),
        _contract_size(frame),
    )
    dropped = Counter(linear.dropped)
    known = known_contracts(listed, dropped)
    return Parsed(known, {reason: n for reason, n in dropped.items() if n}, linear.venue_at_ms)


def _coins(symbols: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Base and quote. A dollar-margined swap writes its quote as USD_UM."""
    pairs = [symbol.partition("-")[::2] for symbol in symbols.to_list()]
    quotes = [rest.partition("-")[0].removesuffix("_UM") or None for _, rest in pairs]
    bases = [base for base, _ in pairs]
    return pl.Series("base", bases, dtype=TEXT), pl.Series("quote", quotes, dtype=TEXT)


def _contract_size(frame: pl.DataFrame) -> pl.Series:
    """Coins per contract: one for spot, which has none."""
    size, multiplier = (
        frame.get_column(name).to_numpy() for name in ("contract_size", "contract_multiplier")
    )
    markets = frame.get_column("market").to_list()
    spot = np.array([market == Market.SPOT.value for market in markets], dtype=bool)
    coins = np.where(np.isnan(multiplier), size, size * multiplier)
    return pl.Series("contract_size", np.where(spot, 1.0, coins), nan_to_null=True)


def without_inverse(parsed: Parsed) -> Parsed:
    """The answer without coin-margined swaps, which are counted as `inverse`."""
    symbols = parsed.frame.get_column("symbol").to_list()
    linear = [not symbol.endswith(INVERSE_SUFFIX) for symbol in symbols]
    count = linear.count(False)
    if not count:
        return parsed
    dropped = {**parsed.dropped, INVERSE: count}
    return Parsed(parsed.frame.filter(linear), dropped, parsed.venue_at_ms)
