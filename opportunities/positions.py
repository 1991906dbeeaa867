"""What a trade looks like as a position: equal coins in whole lots, and how far liquidation is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arbedge.names import Kind, Market
from exchanges.models import Instrument
from opportunities import costs
from opportunities.models import Opportunity
from opportunities.policy import Policy


@dataclass(frozen=True, slots=True)
class Position:
    """Both legs at a size: coins per leg, their worth at the long leg's ask, and the margin's room.

    `step_coins` is the coarser lot of the two legs (None: a venue does not tell); `liquidation` the
    adverse price move, as a fraction, that exhausts a perpetual leg's margin (None: no such leg).
    """

    asked_usd: float
    coins: float
    worth_usd: float
    step_coins: float | None
    leverage: float
    liquidation: float | None

    @property
    def coins_text(self) -> str:
        """The coins for people, eight digits at most."""
        return f"{self.coins:,.8g}"

    @property
    def step_text(self) -> str:
        """The lot for people."""
        return "unknown" if self.step_coins is None else f"{self.step_coins:,.8g}"

    @property
    def fits(self) -> bool:
        """Whether at least one lot fits into the size asked for."""
        return self.coins > 0


def of(one: Opportunity, policy: Policy) -> Position | None:
    """The position of the default size; None where the long leg has no price."""
    kind = Kind(one.kind)
    if not one.long_ask:
        return None
    asked_usd, leverage = policy.value("notional", kind), policy.value("leverage", kind)
    legs = [leg for leg in (one.long, one.short) if leg is not None]
    steps = [step for leg in legs if (step := lot_coins(leg)) is not None]
    step = max(steps) if len(steps) == len(legs) else None
    coins = float(costs.whole_lots(asked_usd, one.long_ask, np.float64(step or np.nan)))
    margined = any(leg.market != Market.SPOT for leg in legs)
    return Position(
        asked_usd=asked_usd,
        coins=coins,
        worth_usd=coins * one.long_ask,
        step_coins=step,
        leverage=leverage,
        liquidation=costs.liquidation_distance(leverage) if margined else None,
    )


def lot_coins(instrument: Instrument) -> float | None:
    """The smallest step of quantity in coins, None where lot or contract is unknown."""
    if instrument.lot is None or instrument.contract_size is None:
        return None
    return float(instrument.lot * instrument.contract_size * instrument.multiplier)
