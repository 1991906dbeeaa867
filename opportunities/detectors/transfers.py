"""How coins can move between venues: which chains are open at both ends, and what they charge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from opportunities.settlements import Flags, Numbers
from opportunities.universe import Index, Universe

UNKNOWN, OPEN, CLOSED = 0, 1, 2
_YES, _NO = 1, 0  # a switch of a chain; anything else is not told


@dataclass(frozen=True, slots=True)
class Routes:
    """Chains of the coins that venues have told of, one row per (venue, coin, chain), in order.

    `position` leads from an instrument to its (venue, coin), -1 = nothing told. Per (venue, coin):
    `start` and `count` of its chains, and whether all of them are shut for coins out or in.
    """

    position: Index
    start: Index
    count: Index
    shut_out: Flags
    shut_in: Flags
    key: Index  # (venue, coin) * chains + chain, ascending
    chain: Index
    chains: int
    can_out: Index
    can_in: Index
    fee_coins: Numbers

    @classmethod
    def of(cls, universe: Universe, networks: pl.DataFrame) -> Routes:
        """Routes for the instruments of a universe.

        `networks`: venue, coin, chain, can_deposit, can_withdraw, withdraw_fee (coins); a switch
        that is null has not been told.
        """
        if networks.is_empty():
            return cls.nothing()
        names = pl.concat(
            [
                networks.select("venue", pl.col("coin").alias("base")),
                universe.frame.select("venue", "base"),
            ]
        )
        owners, owner = np.unique(_codes(names, "venue", "base"), return_inverse=True)
        chains, chain = np.unique(_codes(networks, "chain"), return_inverse=True)
        told = _Told(owner[: networks.height], chain, len(chains), networks)
        count = np.bincount(told.owner, minlength=len(owners))
        start = np.cumsum(count) - count
        return cls(
            position=np.where(count > 0, np.arange(len(owners)), -1)[owner[networks.height :]],
            start=start,
            count=count,
            shut_out=np.bincount(told.owner, told.can_out == _NO, len(owners)) == count,
            shut_in=np.bincount(told.owner, told.can_in == _NO, len(owners)) == count,
            key=told.key,
            chain=told.chain,
            chains=len(chains),
            can_out=told.can_out,
            can_in=told.can_in,
            fee_coins=told.fee_coins,
        )

    @classmethod
    def nothing(cls) -> Routes:
        """Routes where no venue has told anything."""
        none, no = np.empty(0, dtype=np.int64), np.empty(0, dtype=bool)
        return cls(none, none, none, no, no, none, none, 1, none, none, np.empty(0))

    def between(self, long: Index, short: Index) -> tuple[Index, Numbers]:
        """(status, cheapest withdrawal fee in coins) from the long leg's venue to the short leg's.

        Open needs one chain that is open at both ends and names its fee. Closed needs a venue that
        shuts every chain, or chains known to both of which none is open; all else is unknown.
        """
        status, fee = np.full(len(long), UNKNOWN), np.full(len(long), np.nan)
        if not len(self.key):
            return status, fee
        out, into = self.position[long], self.position[short]
        shut = ((out >= 0) & self.shut_out[out]) | ((into >= 0) & self.shut_in[into])
        both = np.flatnonzero((out >= 0) & (into >= 0))
        if both.size:
            cheapest, doubtful, shared = self._common(out[both], into[both])
            known = np.isfinite(cheapest)
            fee[both[known]] = cheapest[known]
            status[both[known]] = OPEN
            shut[both[~known & ~doubtful & shared]] = True
        return np.where(shut, CLOSED, status), fee

    def _common(self, out: Index, into: Index) -> tuple[Numbers, Flags, Flags]:
        """(cheapest open fee or infinity, whether a chain is in doubt, whether one is shared)."""
        count = self.count[out]
        pair = np.repeat(np.arange(len(out)), count)
        offset = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
        here = self.start[out][pair] + offset
        wanted = into[pair] * self.chains + self.chain[here]
        there = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        met = self.key[there] == wanted
        pair, here, there = pair[met], here[met], there[met]
        leaves, arrives = self.can_out[here], self.can_in[there]
        passes = (leaves == _YES) & (arrives == _YES) & np.isfinite(self.fee_coins[here])
        doubtful = (leaves != _NO) & (arrives != _NO) & ~passes
        cheapest = np.full(len(out), np.inf)
        np.minimum.at(cheapest, pair[passes], self.fee_coins[here[passes]])
        return cheapest, _any(pair[doubtful], len(out)), _any(pair, len(out))


class _Told:
    """Chains as arrays, in order of (venue, coin) and chain; of one told twice the last."""

    def __init__(self, owner: Index, chain: Index, chains: int, networks: pl.DataFrame) -> None:
        key = owner * chains + chain
        order = np.argsort(key, kind="stable")
        last = np.append(key[order][1:] != key[order][:-1], True)
        rows = order[last]
        self.key, self.owner, self.chain = key[rows], owner[rows], chain[rows]
        self.can_out = _switch(networks, "can_withdraw")[rows]
        self.can_in = _switch(networks, "can_deposit")[rows]
        self.fee_coins = networks["withdraw_fee"].cast(pl.Float64).to_numpy()[rows]


def _switch(networks: pl.DataFrame, name: str) -> Index:
    return networks[name].cast(pl.Int64).fill_null(-1).to_numpy()


def _codes(frame: pl.DataFrame, *names: str) -> Index:
    """Whole numbers that tell equal names from different ones."""
    joined = pl.concat_str(*(pl.col(name).fill_null("") for name in names), separator="\n")
    codes = frame.select(joined.cast(pl.Categorical).to_physical().cast(pl.Int64).alias("code"))
    return codes["code"].to_numpy()


def _any(rows: Index, number: int) -> Flags:
    return np.bincount(rows, minlength=number) > 0
