"""Spot: buy at the ask of one venue, sell at the bid of another."""

from __future__ import annotations

import numpy as np
import polars as pl

from arbedge.names import Kind, Network, Reason
from opportunities import costs
from opportunities.detectors import pairs
from opportunities.detectors.figures import Figures, Terms, mark
from opportunities.settlements import Numbers
from opportunities.universe import Index, Universe


def find(universe: Universe) -> pairs.Pair:
    """All pairs of spot instruments of one coin on two venues, both directions."""
    return pairs.across(universe, ~universe.perp, ~universe.perp, same_venue=False)


def figures(universe: Universe, terms: Terms, routes: Routes | None = None) -> Figures:
    """Figures of buying at `long` and selling at `short`.

    `first` is the executable gap before fees, `cost` the rest; `net_announced` is the inventory net (what
    others print), `net` the transfer net where the networks at both ends are known.
    """
    long, short = find(universe)
    fees = universe.fees[terms.vip_level]
    ask_buy, bid_sell = universe.ask[long], universe.bid[short]
    with np.errstate(divide="ignore", invalid="ignore"):
        inventory = np.asarray(
            costs.spot_inventory(bid_sell, ask_buy, fees[short], fees[long]), dtype=np.float64
        )
        gross = bid_sell / ask_buy - 1
    status, fee_coins = np.zeros(len(long), dtype=np.int64), np.full(len(long), np.nan)
    # A pair that loses before the network's fee needs no route.
    paying = np.flatnonzero(inventory > 0)
    if routes is not None and paying.size:
        status[paying], fee_coins[paying] = routes.between(long[paying], short[paying])
    moved = np.asarray(
        costs.spot_transfer(
            inventory, ask_buy, fee_coins * universe.numbers("multiplier")[long], terms.notional_usd
        )
    )
    net = np.where(status == OPEN, moved, inventory)
    reasons = mark(Reason.NETWORK_UNKNOWN, status == UNKNOWN)
    reasons |= mark(Reason.NETWORK_CLOSED, status == CLOSED)
    nothing = np.zeros(len(long))
    return Figures(
        kind=Kind.SPOT,
        long=long,
        short=short,
        first=gross,
        later=nothing,
        k=np.ones(len(long)),
        cost=gross - net,
        gap=np.asarray(costs.gap(universe.mid[long], universe.mid[short])),
        net_announced=inventory,
        net=net,
        reasons=reasons,
    )


UNKNOWN, OPEN, CLOSED = 0, 1, 2
_CODES = {Network.UNKNOWN: UNKNOWN, Network.OPEN: OPEN, Network.CLOSED: CLOSED}


class Routes:
    """How coins can move between instruments' venues.

    Built from a networks frame: venue, coin, chain, can_deposit, can_withdraw, withdraw_fee (coins).
    """

    def __init__(self, position: Index, chains: Numbers, can_in: Numbers, can_out: Numbers) -> None:
        self._position = position  # instrument -> row of the tables below, -1 = nothing known
        self._fee = chains  # withdrawal fee in coins by (row, chain), NaN = chain absent
        self._can_in = can_in
        self._can_out = can_out

    @classmethod
    def of(cls, universe: Universe, networks: pl.DataFrame) -> Routes | None:
        """Routes for the instruments of a universe; None when no venue has told anything."""
        if networks.is_empty():
            return None
        known = networks.with_columns(
            row=pl.struct("venue", "coin").rank("dense").cast(pl.Int64) - 1,
            column=pl.col("chain").rank("dense").cast(pl.Int64) - 1,
        )
        rows, columns = _height(known, "row"), _height(known, "column")
        at = (known.get_column("row").to_numpy(), known.get_column("column").to_numpy())
        fee = np.full((rows, columns), np.nan)
        can_in, can_out = np.zeros((rows, columns)), np.zeros((rows, columns))
        fee[at] = known.get_column("withdraw_fee").to_numpy()
        can_in[at] = known.get_column("can_deposit").fill_null(value=False).to_numpy()
        can_out[at] = known.get_column("can_withdraw").fill_null(value=False).to_numpy()
        places = known.select("venue", "coin", "row").unique()
        position = (
            universe.frame.select("venue", "base")
            .join(
                places,
                left_on=["venue", "base"],
                right_on=["venue", "coin"],
                how="left",
                maintain_order="left",
            )
            .get_column("row")
            .fill_null(-1)
        )
        return cls(position.to_numpy(), fee, can_in, can_out)

    def between(self, long: Index, short: Index) -> tuple[Index, Numbers]:
        """(status, cheapest withdrawal fee in coins) from the long leg's venue to the short leg's.

        Closed when a venue known to us lets nothing out, or nothing in, or no chain is open at both ends.
        """
        out, into = self._position[long], self._position[short]
        nothing_out = (out >= 0) & ~self._can_out.any(axis=1)[out]
        nothing_in = (into >= 0) & ~self._can_in.any(axis=1)[into]
        both = np.flatnonzero((out >= 0) & (into >= 0))
        status = np.where(nothing_out | nothing_in, CLOSED, UNKNOWN)
        fee = np.full(len(long), np.nan)
        if both.size:
            passable = (self._can_out[out[both]] > 0) & (self._can_in[into[both]] > 0)
            priced = np.where(passable, self._fee[out[both]], np.inf)
            cheapest = np.nanmin(np.where(np.isnan(priced), np.inf, priced), axis=1)
            status[both] = np.where(
                np.isfinite(cheapest), OPEN, np.where(passable.any(axis=1), UNKNOWN, CLOSED)
            )
            fee[both] = np.where(np.isfinite(cheapest), cheapest, np.nan)
        return status, fee


def _height(frame: pl.DataFrame, name: str) -> int:
    return int(frame.get_column(name).max() or 0) + 1  # type: ignore[arg-type]
