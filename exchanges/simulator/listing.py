"""What the simulated venues list: coins and their markets, as exact decimals."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
LISTED_MS: Final = 1_609_459_200_000  # 2021-01-01

VENUES: Final = ("binance", "bybit", "okx", "bitget")


class Sort(StrEnum):
    """What kind of market a listing is; the simulator's own word for it."""

    SPOT = "spot"
    PERP = "perp"
    DATED = "dated"


class Quirk(StrEnum):
    """What is odd about a listing's quotes."""

    NONE = ""
    DEAD = "dead"  # bid and ask both zero, volume still there
    CROSSED = "crossed"  # bid above ask
    NO_ASK = "no_ask"  # one side quoted at zero
    FROZEN = "frozen"  # bid, ask and sizes never change
    UNSCHEDULED = "unscheduled"  # rate 0 and no next settlement
    SHALLOW = "shallow"  # little at the best price, the rest far away
    QUIET = "quiet"  # the row's own time lies far behind its answer's


class Standing(StrEnum):
    """Where a listing is in its life."""

    TRADING = "trading"
    PRE_MARKET = "pre_market"
    HALTED = "halted"


class Motion(StrEnum):
    """How a coin's price moves."""

    STEP = "step"  # at most 2 bp, every five minutes, on all venues at once
    SWIFT = "swift"  # up and down 2 % within ten minutes
    WALK = "walk"  # sums of slow waves


@dataclass(frozen=True, slots=True)
class Leg:
    """One market of one coin on one venue; rates and fractions are exact."""

    venue: str
    sort: Sort
    base: str  # as the venue writes it, e.g. 1000PEPE
    quote: str = "USDT"
    level: Decimal = Decimal(1)  # mid per coin over the coin's anchor price
    half: Decimal = Decimal("0.0001")  # half the spread over mid
    rate: Decimal = Decimal(0)  # announced for the next settlement
    interval_h: int = 8
    settled: Decimal | None = None  # what each past settlement paid; None = no history kept
    cap: Decimal = Decimal("0.03")
    multiplier: Decimal = Decimal(1)  # coins per unit of `base`
    contract: Decimal = Decimal(1)  # units of `base` per contract
    volume_usd: int = 50_000_000
    interest_usd: int = 20_000_000
    top_usd: int = 120_000  # value at the best price on each side
    swing: Decimal = Decimal("0.03")  # 24 h high and low, away from the anchor
    standing: Standing = Standing.TRADING
    offline_days: int | None = None  # taken off at the midnight that many days ahead
    expiry_days: int | None = None  # dated futures only
    fast_from_h: int | None = None  # from this hour of the day on the interval is four hours
    in_funding_info: bool = True
    quirk: Quirk = Quirk.NONE

    def interval_at(self, now_ms: float) -> int:
        """Hours between settlements in force at `now_ms`."""
        if self.fast_from_h is not None and (now_ms % DAY_MS) // HOUR_MS >= self.fast_from_h:
            return 4
        return self.interval_h


@dataclass(frozen=True, slots=True)
class Chain:
    """One network of a coin on Bitget, the venue that tells without a key."""

    chain: str
    withdraw: bool = True
    deposit: bool = True
    fee: Decimal = Decimal("0.1")
    contract: str = ""


@dataclass(frozen=True, slots=True)
class Coin:
    """A coin with one true price and its listings."""

    name: str
    anchor: Decimal
    legs: tuple[Leg, ...]
    motion: Motion = Motion.STEP
    chains: tuple[Chain, ...] = field(default_factory=tuple)


def plain(number: Decimal) -> str:
    """A decimal without exponent and without idle zeros, as venues write numbers."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def next_settlement(leg: Leg, now_ms: float) -> int:
    """The first settlement after `now_ms` on the leg's UTC grid; 0 when none is scheduled."""
    if leg.quirk is Quirk.UNSCHEDULED or leg.sort is not Sort.PERP:
        return 0
    step = leg.interval_at(now_ms) * HOUR_MS
    return (int(now_ms) // step + 1) * step


def offline_ms(leg: Leg, now_ms: float) -> int | None:
    """When the listing ends: its off-line date or, for a dated future, its expiry."""
    days = leg.expiry_days if leg.sort is Sort.DATED else leg.offline_days
    return None if days is None else (int(now_ms) // DAY_MS + days) * DAY_MS
