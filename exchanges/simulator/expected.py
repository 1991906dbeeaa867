"""What a planted opportunity must be worth: the money rules, one pair at a time, in decimals.

Written apart from the product's own arithmetic on purpose: two ways to one figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from exchanges.simulator.listing import HOUR_MS, Leg, Sort, next_settlement

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
BP: Final = Decimal("0.0001")
NEAR_CAP: Final = Decimal("0.95")
K_WITHOUT_HISTORY: Final = Decimal("0.5")
NEAR_MS: Final = 60_000
Pair = tuple[Leg, Leg]  # long, short

# Standard tier, taker, basis points: (spot, perpetual).
TAKER_BPS: Final[Mapping[str, tuple[Decimal, Decimal]]] = MappingProxyType(
    {
        "binance": (Decimal(10), Decimal(5)),
        "bybit": (Decimal(10), Decimal("5.5")),
        "okx": (Decimal(10), Decimal(5)),
        "bitget": (Decimal(10), Decimal(6)),
    }
)


@dataclass(frozen=True, slots=True)
class Figures:
    """The expected parts of a net, all fractions of the long leg's value."""

    first: Decimal
    later: Decimal
    k: Decimal
    cost: Decimal
    gap: Decimal
    net: Decimal
    net_announced: Decimal
    break_even_at_ms: int | None
    settling: bool  # within a minute of a settlement: nothing may be concluded


def fee(leg: Leg) -> Decimal:
    """The taker fee of one trade on this leg."""
    spot, perp = TAKER_BPS[leg.venue]
    return (spot if leg.sort is Sort.SPOT else perp) * BP


def carry(long: Leg, short: Leg, now_ms: int, horizon_h: int = 72) -> Figures:
    """Funding and basis: long one leg, short a perpetual, hold for `horizon_h` hours."""
    until = now_ms + horizon_h * HOUR_MS
    first_long, later_long = _payments(long, -1, now_ms, until)
    first_short, later_short = _payments(short, 1, now_ms, until)
    first, later = first_long + first_short, later_long + later_short
    gap = short.level / long.level - ONE
    cost = 2 * (fee(long) + fee(short)) + 2 * (long.half + short.half) + max(ZERO, -gap)
    k = _k(long, short, later, now_ms)
    return Figures(
        first=first,
        later=later,
        k=k,
        cost=cost,
        gap=gap,
        net=first + k * later - cost,
        net_announced=first + later - cost,
        break_even_at_ms=_break_even(
            (long, short), k, cost, now_ms, now_ms + 4 * horizon_h * HOUR_MS
        ),
        settling=any(_near(leg, now_ms) for leg in (long, short)),
    )


def crossing(buy: Leg, sell: Leg) -> Figures:
    """Spot: bought at one venue's ask and sold at the other's bid, coins held on both."""
    paid = buy.level * (ONE + buy.half) * (ONE + fee(buy))
    got = sell.level * (ONE - sell.half) * (ONE - fee(sell))
    net = (got - paid) / paid
    gap = sell.level / buy.level - ONE
    cost = fee(buy) + fee(sell)
    return Figures(ZERO, ZERO, ONE, cost, gap, net, net, None, settling=False)


def after_transfer(
    buy: Leg, sell: Leg, anchor: Decimal, fee_coins: Decimal, usd: Decimal
) -> Decimal:
    """The spot net when coins must travel: the withdrawal fee's value over the notional is lost."""
    return crossing(buy, sell).net - fee_coins * anchor * buy.level * (ONE + buy.half) / usd


def _settlements(leg: Leg, now_ms: int, until: int) -> list[int]:
    """The leg's settlements in (now, until] by its own calendar."""
    if leg.sort is not Sort.PERP or (start := next_settlement(leg, now_ms)) == 0:
        return []
    return list(range(start, until + 1, leg.interval_at(now_ms) * HOUR_MS))


def _payments(leg: Leg, side: int, now_ms: int, until: int) -> tuple[Decimal, Decimal]:
    """What the first settlement pays and what all further ones would."""
    times = _settlements(leg, now_ms, until)
    if not times:
        return ZERO, ZERO
    amount = side * leg.rate
    too_late = amount > 0 and times[0] - now_ms < NEAR_MS
    return (ZERO if too_late else amount), amount * (len(times) - 1)


def _hourly(leg: Leg, rate: Decimal, now_ms: int) -> Decimal:
    return rate / leg.interval_at(now_ms) if leg.sort is Sort.PERP else ZERO


def _k(long: Leg, short: Leg, later: Decimal, now_ms: int) -> Decimal:
    """How much of the later payments to believe."""
    if later < 0:
        return ONE
    paying = [leg for leg in (long, short) if leg.sort is Sort.PERP]
    if any(abs(leg.rate) >= NEAR_CAP * leg.cap for leg in paying):
        return ZERO
    if any(leg.settled is None for leg in paying):
        return K_WITHOUT_HISTORY
    announced = _hourly(short, short.rate, now_ms) - _hourly(long, long.rate, now_ms)
    if announced <= 0:
        return ZERO
    mean = _mean_settled(short) - _mean_settled(long)
    return min(ONE, mean / announced)


def _mean_settled(leg: Leg) -> Decimal:
    """The mean settled rate per hour of the last week."""
    return (leg.settled or ZERO) / leg.interval_h if leg.sort is Sort.PERP else ZERO


def _break_even(pair: Pair, k: Decimal, cost: Decimal, now_ms: int, until: int) -> int | None:
    """The first settlement by which the payments cover the cost: each leg's first one as announced,
    further ones as far as they are believed."""
    events = []
    for leg, side in zip(pair, (-1, 1), strict=True):
        for index, at in enumerate(_settlements(leg, now_ms, until)):
            pay = side * leg.rate * (k if index else ONE)
            if pay < 0 or at - now_ms >= NEAR_MS:
                events.append((at, pay))
    total = ZERO
    for at in sorted({at for at, _ in events}):
        total += sum((pay for when, pay in events if when == at), ZERO)
        if total >= cost:
            return at
    return None


def _near(leg: Leg, now_ms: int) -> bool:
    return any(at - now_ms <= NEAR_MS for at in _settlements(leg, now_ms, now_ms + NEAR_MS))
