"""Which venues' coins are one token: the same contract address on the same chain."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import polars as pl

from exchanges.columns import Schema, empty

# Venues write one chain in many ways; compared without case, spaces and marks.
CHAINS: Final = {
    "ERC20": "ETH",
    "ETHEREUM": "ETH",
    "ETHEREUMERC20": "ETH",
    "BEP20": "BSC",
    "BEP20BSC": "BSC",
    "BNBSMARTCHAIN": "BSC",
    "BSCBNB": "BSC",
    "TRC20": "TRX",
    "TRON": "TRX",
    "TRONTRC20": "TRX",
    "SPL": "SOL",
    "SOLANA": "SOL",
    "POLYGON": "MATIC",
    "POLYGONPOS": "MATIC",
    "POL": "MATIC",
    "ARBITRUMONE": "ARB",
    "ARBITRUM": "ARB",
    "ARBI": "ARB",
    "ARBONE": "ARB",
    "OPTIMISM": "OP",
    "OPTIMISMV2": "OP",
    "OPETH": "OP",
    "AVALANCHEC": "AVAXC",
    "AVALANCHECCHAIN": "AVAXC",
    "AVAXCCHAIN": "AVAXC",
    "CAVAX": "AVAXC",
    "CCHAIN": "AVAXC",
    "BASEEVM": "BASE",
    "ZKSYNC": "ZKSYNCERA",
    "TONCOIN": "TON",
    "APTOS": "APT",
}
REMEMBERED: Final = 8
PAIRS: Final[Schema] = {"venue": pl.Categorical(), "coin": pl.Categorical()}

_remembered: OrderedDict[tuple[int, int], pl.DataFrame] = OrderedDict()


def same_contracts(networks: pl.DataFrame) -> pl.DataFrame:
    """Pairs of venue and coin (PAIRS) that share a contract with another venue.

    `networks` has at least venue, coin, chain and contract. Where the venues of one name fall into
    groups with different contracts, only the larger group is believed, and none if they are
    equally large. An answer seen before is remembered by its content.
    """
    if networks["venue"].n_unique() < 2:
        return empty(PAIRS)
    rows = networks.select("venue", "coin", "chain", "contract").filter(
        pl.col("contract").is_not_null() & (pl.col("contract") != "")
    )
    seen = (rows.height, int(rows.hash_rows(seed=7).sum()))
    if seen not in _remembered:
        _remembered[seen] = _proven(rows)
        while len(_remembered) > REMEMBERED:
            _remembered.popitem(last=False)
    return _remembered[seen]


def _proven(rows: pl.DataFrame) -> pl.DataFrame:
    shared = (
        rows.group_by("coin", _chain(), _contract())
        .agg(pl.col("venue").unique())
        .filter(pl.col("venue").list.len() > 1)
    )
    groups: dict[str, list[set[str]]] = {}
    for coin, venues in shared.select("coin", "venue").iter_rows():
        groups[coin] = _joined(groups.get(coin, []), set(venues))
    pairs = [(venue, coin) for coin, apart in groups.items() for venue in _largest(apart)]
    return pl.DataFrame(sorted(pairs), schema=dict(PAIRS), orient="row")


def _chain() -> pl.Expr:
    """The chain's common name, without the coin that some venues put before it."""
    plain = (
        pl.col("chain")
        .str.to_uppercase()
        .str.strip_prefix(pl.col("coin").str.to_uppercase() + "-")
        .str.replace_all(r"[^A-Z0-9]", "")
    )
    return plain.replace(CHAINS).alias("chain")


def _contract() -> pl.Expr:
    """Hexadecimal addresses are compared without case; others, such as Solana's, have case."""
    written = pl.col("contract").str.strip_chars()
    lowered = written.str.to_lowercase()
    return pl.when(lowered.str.starts_with("0x")).then(lowered).otherwise(written).alias("contract")


def _joined(groups: list[set[str]], venues: set[str]) -> list[set[str]]:
    """The groups with one more, those that share a venue made one."""
    apart = [group for group in groups if not group & venues]
    return [*apart, venues.union(*(group for group in groups if group & venues))]


def _largest(groups: list[set[str]]) -> set[str]:
    best = max(groups, key=len)
    rivals = [group for group in groups if len(group) == len(best)]
    return best if len(rivals) == 1 else set()
