"""The ordinary coins of the simulated market: they move, and nothing about them pays."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count, islice
from typing import Final

from exchanges.simulator.listing import VENUES, Chain, Coin, Leg, Motion, Sort

D: Final = Decimal

# Name and a plausible price in USDT, by falling turnover.
_NAMED: Final = """
BTC 64000, ETH 3100, SOL 152, XRP 1.21, DOGE 0.094, BNB 590, ADA 0.215, AVAX 8.3, LINK 14.4,
SUI 2.9, TON 3.1, TRX 0.27, LTC 88, DOT 4.1, BCH 470, NEAR 2.6, APT 5.2, UNI 7.1, AAVE 182,
FIL 2.4, ARB 0.41, OP 0.72, INJ 13.5, ATOM 4.6, ETC 19.2, XLM 0.24, HBAR 0.17, ICP 5.4,
TIA 2.8, SEI 0.21, LDO 0.95, CRV 0.52, MKR 1650, RUNE 1.3, GRT 0.11, SAND 0.28, MANA 0.31,
AXS 2.7, GALA 0.016, IMX 0.62, ALGO 0.19, FTM 0.6, EOS 0.63, XTZ 0.72, THETA 0.85, CHZ 0.043,
FLOW 0.41, ENJ 0.075, ZIL 0.0118, BAT 0.15, COMP 46, SNX 0.71, KSM 17.3, DASH 22.5, ZEC 44,
YFI 5400, JUP 0.48, SYRUP 0.39, 1INCH 0.21, WIF 0.83
"""
_LETTERS: Final = "BCDFGHKMNRTVWXZ"  # no name made of these looks like a leveraged token
_TOP_VOLUME_USD: Final = 4_000_000_000
_LEAST_VOLUME_USD: Final = 12_000_000


def ordinary(seed: int, instruments: int | None) -> tuple[Coin, ...]:
    """The sixty known coins, or as many as give every venue about `instruments` markets."""
    wanted = 60 if instruments is None else max(1, instruments // 2)
    chance = random.Random(seed)  # noqa: S311 - a market, not a secret
    return tuple(
        _coin(name, price, rank, chance)
        for rank, (name, price) in enumerate(islice(_names(chance), wanted))
    )


def pegged() -> tuple[Coin, ...]:
    """Coins that stand for a dollar: three on their peg, one that has lost it."""
    in_fdusd = replace(_dollar("binance", "USDC"), quote="FDUSD", level=D("1.015"))
    against_usdt = tuple(
        Coin(name, D(price), tuple(_dollar(venue, name) for venue in venues))
        for name, price, venues in (
            ("USDC", "1.0002", VENUES),
            ("DAI", "0.9998", VENUES),
            ("TUSD", "0.9991", ("binance", "okx")),
            ("FDUSD", "0.985", ("binance", "bybit")),
        )
    )
    return (*against_usdt, Coin("USDC", D("1.0002"), (in_fdusd,)))


def _dollar(venue: str, name: str) -> Leg:
    return Leg(venue, Sort.SPOT, name, half=D("0.00005"), volume_usd=900_000_000, swing=D("0.001"))


def _names(chance: random.Random) -> Iterator[tuple[str, Decimal]]:
    for entry in _NAMED.split(","):
        name, price = entry.split()
        yield name, D(price)
    for number in count():
        digits = (number // 15**place % 15 for place in (3, 2, 1, 0))
        name = "Q" + "".join(_LETTERS[digit] for digit in digits)
        yield name, D(str(round(10 ** chance.uniform(-3, 2), 5)))


def _coin(name: str, anchor: Decimal, rank: int, chance: random.Random) -> Coin:
    volume = max(_LEAST_VOLUME_USD, _TOP_VOLUME_USD // (rank + 1))
    half = D("0.00005") if rank < 10 else D("0.00015")
    legs: list[Leg] = []
    for venue in VENUES:
        off = D(chance.randint(-15, 15)) / 100_000
        legs.append(Leg(venue, Sort.SPOT, name, level=1 + off, half=half, volume_usd=volume))
        spot = legs[-1]
        legs.append(_perp(spot, anchor, chance))
    chains = (Chain("ERC20", fee=D("0.5")), Chain("BEP20", fee=D("0.1")))
    return Coin(name, anchor, tuple(legs), Motion.WALK, chains)


def _perp(spot: Leg, anchor: Decimal, chance: random.Random) -> Leg:
    off = D(chance.randint(-15, 15)) / 100_000
    interval = 4 if chance.random() < 0.2 else 8
    rate = D(chance.randint(20, 120)) / 1_000_000 * interval / 8
    contract = D(1)
    if spot.venue == "okx":
        contract = D("0.01") if anchor > 100 else D(1) if anchor > 1 else D(100)
    return replace(
        spot,
        sort=Sort.PERP,
        level=1 + off,
        rate=rate,
        interval_h=interval,
        settled=rate,
        contract=contract,
        volume_usd=2 * spot.volume_usd,
        interest_usd=spot.volume_usd // 2,
    )
