"""The simulated market at a moment: same seed and time, same figures, in any order of asking."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from exchanges.simulator import coins, planted, traps
from exchanges.simulator.listing import (
    HOUR_MS,
    Coin,
    Leg,
    Motion,
    Quirk,
    Sort,
    next_settlement,
    plain,
)

STEP_MS: Final = 300_000  # how long a planted coin's price stands
QUIET_MS: Final = 900_000
SWIFT_MS: Final = 600_000
WEEK_HOURS: Final = 8 * 24
# Seconds until a venue shows the next settlement after one has passed.
LAGS_S: Final[Mapping[str, float]] = {"binance": 1.0, "bybit": 2.0, "okx": 4.0, "bitget": 3.0}
# Waves of an ordinary price: amplitude as a fraction, period in seconds.
_WAVES: Final = ((0.006, 3571.0), (0.003, 577.0), (0.0004, 47.0))


Quotes = tuple[str, str, str, str, str, str, str]  # bid, ask, sizes, last, mark, index


class Fixed(NamedTuple):
    """What of a listing does not move, as the venues write it."""

    high: str
    low: str
    open: str
    volume: str  # 24 h, units of `base`
    turnover: str  # 24 h, quote currency
    interest: str  # contracts
    interest_coins: str
    interest_usd: str
    rate: str
    cap: str
    tick: str
    decimals: int


class Row(NamedTuple):
    """One listing at one moment; every number as the text a venue would send."""

    leg: Leg
    fixed: Fixed
    bid: str
    ask: str
    bid_size: str  # contracts for perpetuals, units of `base` for spot
    ask_size: str
    last: str
    mark: str
    index_price: str
    next_ms: int
    after_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The listings of one venue and sort with what is needed to move them."""

    items: tuple[tuple[Coin, Leg, Fixed], ...]
    walkers: npt.NDArray[np.float64]  # anchor prices times level and multiplier
    phases: npt.NDArray[np.float64]


class World:
    """Every coin of the simulation; `clock` tells milliseconds since 1970, tests turn it."""

    def __init__(
        self,
        seed: int = 7,
        instruments: int | None = None,
        *,
        clock: Callable[[], float] | None = None,
        tick_ms: int = 500,
        lags_s: Mapping[str, float] = LAGS_S,
    ) -> None:
        self.seed = seed
        self.clock = clock or _wall_ms
        self.tick_ms = tick_ms
        self.lags_s = lags_s
        hidden = [case.coin for case in planted.PLANTED] + [trap.coin for trap in traps.TRAPS]
        self.coins = (*coins.ordinary(seed, instruments), *coins.pegged(), *hidden)
        self._shelves = self._arrange()
        self._seen: dict[tuple[str, Sort], tuple[int, list[Row]]] = {}

    def now_ms(self) -> int:
        """The start of the current tick: the time all bodies of this tick carry."""
        return int(self.clock()) // self.tick_ms * self.tick_ms

    def rows(self, venue: str, sort: Sort, now_ms: int) -> list[Row]:
        """All listings of a venue at `now_ms`, in listing order."""
        seen = self._seen.get((venue, sort))
        if seen is None or seen[0] != now_ms:
            seen = (now_ms, self._compute(self._shelves[venue, sort], now_ms))
            self._seen[venue, sort] = seen
        return seen[1]

    def coins_on(self, venue: str) -> list[Coin]:
        """The coins a venue holds, each once."""
        return [coin for coin in self.coins if any(leg.venue == venue for leg in coin.legs)]

    def settlements(
        self, leg: Leg, now_ms: int, since_ms: int, limit: int
    ) -> list[tuple[int, str]]:
        """The newest settlements of a leg, newest first: time and rate. None kept, none told."""
        if leg.settled is None:
            return []
        step = leg.interval_h * HOUR_MS
        newest = int(now_ms - 1000 * self.lags_s[leg.venue]) // step * step
        oldest = max(since_ms, newest - WEEK_HOURS * HOUR_MS)
        times = range(newest, oldest - 1, -step)[:limit]
        return [(at, plain(leg.settled)) for at in times]

    def _arrange(self) -> dict[tuple[str, Sort], _Shelf]:
        found: dict[tuple[str, Sort], list[tuple[Coin, Leg, Fixed]]] = {}
        for coin in self.coins:
            for leg in coin.legs:
                found.setdefault((leg.venue, leg.sort), []).append((coin, leg, _fixed(coin, leg)))
        return {key: self._shelf(items) for key, items in found.items()}

    def _shelf(self, items: list[tuple[Coin, Leg, Fixed]]) -> _Shelf:
        prices = [float(coin.anchor * leg.level * leg.multiplier) for coin, leg, _ in items]
        phases = [
            [_draw(self.seed, coin.name, wave) * math.tau for coin, _, _ in items]
            for wave in range(len(_WAVES))
        ]
        return _Shelf(tuple(items), np.array(prices), np.array(phases))

    def _compute(self, shelf: _Shelf, now_ms: int) -> list[Row]:
        seconds = now_ms / 1000
        waves = sum(
            size * np.sin(math.tau * (seconds % period) / period + phase)
            for (size, period), phase in zip(_WAVES, shelf.phases, strict=True)
        )
        walked = shelf.walkers * (1 + waves)
        flicker = 1 + (now_ms // self.tick_ms * 37 % 101) / 1000
        rows: list[Row] = []
        for (coin, leg, fixed), price in zip(shelf.items, walked.tolist(), strict=True):
            if coin.motion is Motion.WALK:
                quote = _walking(leg, fixed, price, flicker)
            else:
                quote = _stepping(leg, self._anchor(coin, leg, now_ms), flicker)
            shown = int(now_ms - 1000 * self.lags_s[leg.venue])
            due = next_settlement(leg, shown)
            after = due + leg.interval_at(shown) * HOUR_MS if due else 0
            seen_at = now_ms - QUIET_MS if leg.quirk is Quirk.QUIET else now_ms
            rows.append(Row(leg, fixed, *quote, due, after, seen_at))
        return rows

    def _anchor(self, coin: Coin, leg: Leg, now_ms: int) -> Decimal:
        """The exact price of a planted coin: whole basis points around its anchor."""
        if leg.quirk is Quirk.FROZEN:
            return coin.anchor
        if coin.motion is Motion.SWIFT:
            place = now_ms % SWIFT_MS / SWIFT_MS
            points = round(800 * (0.5 - abs(0.5 - place)) - 200)
        else:
            points = round(4 * _draw(self.seed, coin.name, now_ms // STEP_MS) - 2)
        return coin.anchor * (1 + Decimal(points) / 10_000)


def _wall_ms() -> float:
    return time.time() * 1000


def _draw(seed: int, name: str, number: int) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    return zlib.crc32(f"{seed}/{name}/{number}".encode()) / 2**32


def _walking(leg: Leg, fixed: Fixed, mid: float, flicker: float) -> Quotes:
    """Quotes of an ordinary coin, on its tick."""
    tick = 10.0**-fixed.decimals
    half = max(mid * float(leg.half), 0.5 * tick)
    bid, ask = mid - half, mid + half
    size = leg.top_usd / (mid * float(leg.contract)) * flicker
    middle = f"{mid:.{fixed.decimals}f}"
    if round(ask / tick) <= round(bid / tick):
        ask = bid + tick
    return (
        f"{bid:.{fixed.decimals}f}", f"{ask:.{fixed.decimals}f}",
        f"{size:.4f}", f"{size * 1.1:.4f}", middle, middle, middle,
    )  # fmt: skip


def _stepping(leg: Leg, anchor: Decimal, flicker: float) -> Quotes:
    """Quotes of a planted coin: exact, so that its gaps and spreads are."""
    mid = anchor * leg.level * leg.multiplier
    bid, ask = plain(mid * (1 - leg.half)), plain(mid * (1 + leg.half))
    amount = leg.top_usd / float(mid * leg.contract)
    if leg.quirk is not Quirk.FROZEN:
        amount *= flicker
    size, middle = f"{amount:.4f}", plain(mid)
    if leg.quirk is Quirk.DEAD:
        return "0", "0", "0", "0", middle, middle, middle
    if leg.quirk is Quirk.CROSSED:
        bid, ask = ask, bid
    if leg.quirk is Quirk.NO_ASK:
        ask = "0"
    return bid, ask, size, size, middle, middle, middle


def _fixed(coin: Coin, leg: Leg) -> Fixed:
    unit = coin.anchor * leg.level * leg.multiplier
    decimals = 5 - math.floor(math.log10(unit)) if coin.motion is Motion.WALK else 18
    decimals = max(decimals, 0)
    spread = leg.swing if coin.motion is not Motion.SWIFT else leg.swing * 2
    units = Decimal(leg.interest_usd) / unit
    return Fixed(
        high=f"{unit * (1 + spread):.12f}",
        low=f"{unit * (1 - spread):.12f}",
        open=f"{unit * (1 - spread / 2):.12f}",
        volume=f"{leg.volume_usd / unit:.4f}",
        turnover=f"{leg.volume_usd}.0",
        interest=f"{units / leg.contract:.4f}",
        interest_coins=f"{units:.4f}",
        interest_usd=f"{leg.interest_usd}.0",
        rate=plain(leg.rate),
        cap=plain(leg.cap),
        tick=plain(Decimal(1).scaleb(-decimals)),
        decimals=decimals,
    )
