"""What a trade costs and what is left of it: the money rules as pure formulas.

Every function takes numbers or numpy arrays alike and returns fractions of the long leg's entry
value, unless its name says otherwise.
"""

from __future__ import annotations

import numpy as np

from opportunities.settlements import Flags, Numbers, Value

HOURS_PER_YEAR = 8760.0
K_WITHOUT_HISTORY = 0.5
NOTHING_HOURLY = 1e-12  # rates an hour closer than this differ only by the rounding of floats


def mid(bid: Value, ask: Value) -> Value:
    """Middle of the book's top."""
    return (bid + ask) / 2


def spread(bid: Value, ask: Value) -> Value:
    """Width of the book's top as a fraction of its middle."""
    return (ask - bid) / mid(bid, ask)


def gap(mid_long: Value, mid_short: Value) -> Value:
    """How far the short leg stands above the long leg; favourable when positive."""
    return mid_short / mid_long - 1


def hourly(rate: Value, interval_hours: Value) -> Value:
    """A rate per settlement as a rate per hour."""
    return rate / interval_hours


def apr(rate: Value, interval_hours: Value) -> Value:
    """A rate per settlement as a simple yearly rate: one economics, one APR at any interval."""
    return hourly(rate, interval_hours) * HOURS_PER_YEAR


def carry_cost(
    fee_long: Value, fee_short: Value, width_long: Value, width_short: Value, price_gap: Value
) -> Value:
    """Cost of opening and closing both legs: four taker fees, both widths, an adverse price gap.

    `width` is the spread, or the depth cost at a size. A favourable gap is no income.
    """
    return 2 * (fee_long + fee_short) + width_long + width_short + np.maximum(0.0, -price_gap)


def confidence_k(
    later: Value, announced_hourly: Value, mean_hourly: Value, *, capped: Flags | None = None
) -> Numbers:
    """How much of the later payments to believe: min(1, mean / announced) hourly difference.

    `mean_hourly` is what really settled over the last 7 days (NaN = no history: 0.5). Later
    payments that cost count in full. Where the announced difference does not pay, or a rate is
    `capped` (only the first payment counts), nothing later is believed.
    """
    announced = np.asarray(announced_hourly, dtype=np.float64)
    mean = np.asarray(mean_hourly, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        measured = np.where(announced > NOTHING_HOURLY, np.minimum(1.0, mean / announced), 0.0)
    believed = np.where(np.isnan(mean), K_WITHOUT_HISTORY, measured)
    if capped is not None:
        believed = np.where(capped, 0.0, believed)
    return np.where(np.asarray(later) < 0, 1.0, believed)


def net_carry(first: Value, later: Value, k: Value, cost: Value) -> Value:
    """What is left: the announced payment, later ones as far as believed, less the cost."""
    return first + k * later - cost


def spot_inventory(bid_sell: Value, ask_buy: Value, fee_sell: Value, fee_buy: Value) -> Value:
    """Net of selling at one venue and buying at another with coins already on both."""
    paid = ask_buy * (1 + fee_buy)
    return (bid_sell * (1 - fee_sell) - paid) / paid


def spot_transfer(
    inventory: Value, ask_buy: Value, withdraw_fee_coins: Value, notional_usd: float
) -> Value:
    """Net of buying, moving and selling: inventory net less the network's fee at this size."""
    return inventory - withdraw_fee_coins * ask_buy / notional_usd


def apr_net(net: Value, horizon_hours: float) -> Value:
    """Net over the horizon as a simple yearly rate."""
    return net * HOURS_PER_YEAR / horizon_hours


def return_on_capital(net: Value, leverage_long: Value, leverage_short: Value) -> Value:
    """Net over the capital both legs tie up; a spot leg has leverage 1."""
    return net / (1 / leverage_long + 1 / leverage_short)


def liquidation_distance(leverage: float, maintenance_margin: float = 0.005) -> float:
    """Adverse price move, as a fraction, that exhausts the margin of a leg."""
    return 1 / leverage - maintenance_margin


def whole_lots(notional_usd: Value, price: Value, lot_coins: Value) -> Value:
    """Coins that fit into the notional in whole lots; an unknown lot rounds nothing."""
    coins = notional_usd / price
    step = np.where(np.isfinite(lot_coins) & (np.asarray(lot_coins) > 0), lot_coins, np.nan)
    # A hair of tolerance: 0.3 / 0.1 must be three lots.
    whole = np.floor(coins / step + 1e-9) * step
    return np.where(np.isnan(step), coins, whole)
