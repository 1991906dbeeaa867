"""Spot: buy at the ask of one venue, sell at the bid of another."""

from __future__ import annotations

import numpy as np
import polars as pl

from arbedge.names import Kind, Reason
from opportunities import costs
from opportunities.detectors import pairs
from opportunities.detectors.figures import Figures, Terms, mark
from opportunities.detectors.transfers import CLOSED, OPEN, UNKNOWN, Routes
from opportunities.settlements import Numbers
from opportunities.universe import Universe


def find(universe: Universe) -> pairs.Pair:
    """All pairs of spot instruments of one coin on two venues, both directions."""
    spots = ~universe.perp
    return universe.of_names(
        "spot pairs", lambda: pairs.across(universe, spots, spots, same_venue=False)
    )


def figures(universe: Universe, terms: Terms, networks: pl.DataFrame) -> Figures:
    """Figures of buying at `long` and selling at `short`.

    `first` is the executable gap before fees, `cost` the rest; `net_announced` is the inventory net
    (what others print), `net` the transfer net where the networks at both ends are known.
    """
    pair = long, short = find(universe)
    inventory = inventory_net(universe, pair, terms.vip_level)
    status, fee_coins = Routes.of(universe, networks).between(long, short)
    coins = fee_coins * np.nan_to_num(universe.numbers("multiplier"), nan=1.0)[long]
    moved = costs.spot_transfer(inventory, universe.ask[long], coins, terms.notional_usd)
    net = np.where(status == OPEN, moved, inventory)
    with np.errstate(divide="ignore", invalid="ignore"):
        gross = universe.bid[short] / universe.ask[long] - 1
        gap = np.asarray(costs.gap(universe.mid[long], universe.mid[short]))
    return Figures(
        kind=Kind.SPOT,
        terms=terms,
        long=long,
        short=short,
        first=gross,
        later=np.zeros(len(long)),
        k=np.ones(len(long)),
        cost=gross - net,
        gap=gap,
        net_announced=inventory,
        net=net,
        reasons=mark(Reason.NETWORK_UNKNOWN, status == UNKNOWN)
        | mark(Reason.NETWORK_CLOSED, status == CLOSED),
    )


def inventory_net(universe: Universe, pair: pairs.Pair, vip_level: int = 0) -> Numbers:
    """Net with coins already on both venues, at a row of the universe's fees."""
    long, short = pair
    fees = universe.fees[vip_level]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            costs.spot_inventory(universe.bid[short], universe.ask[long], fees[short], fees[long])
        )


def moving_cost(figures: Figures, notional_usd: Numbers) -> Numbers:
    """What moving the coins costs at each size, axes (candidate, size); 0 where nothing is moved.

    The network asks the same coins for any size, so the share falls as the size grows.
    """
    own = figures.net_announced - figures.net
    shares: Numbers = own[:, None] * (figures.terms.notional_usd / notional_usd)
    return shares
