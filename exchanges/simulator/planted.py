"""The opportunities hidden in the simulated market, and what each must be worth at any time."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from exchanges.simulator import expected
from exchanges.simulator.listing import Chain, Coin, Leg, Motion, Sort

D: Final = Decimal

NOTIONAL_USD: Final = D(1000)


@dataclass(frozen=True, slots=True)
class Case:
    """One planted opportunity: buy or go long `long`, sell or go short `short`."""

    kind: str  # funding | spot | basis
    coin: Coin
    long: Leg
    short: Leg
    why: str
    notes: tuple[str, ...] = ()  # reason codes that mark, not reject

    def expected(self, now_ms: int, horizon_h: int = 72) -> expected.Figures:
        """The figures this opportunity must show at `now_ms`."""
        if self.kind == "spot":
            return expected.crossing(self.long, self.short)
        return expected.carry(self.long, self.short, now_ms, horizon_h)

    def after_transfer(self) -> Decimal:
        """Spot only: the net when coins travel over the cheapest network, 1,000 USD at a time."""
        fee = min(chain.fee for chain in self.coin.chains if chain.withdraw)
        return expected.after_transfer(self.long, self.short, self.coin.anchor, fee, NOTIONAL_USD)


def perp(venue: str, base: str, rate: str, hours: int = 8, **odd: Any) -> Leg:
    """A perpetual that announces `rate` and has always settled at `odd["settled"]`, if given."""
    settled = odd.pop("settled", None)
    past = None if settled is None else D(settled)
    return Leg(venue, Sort.PERP, base, rate=D(rate), interval_h=hours, settled=past, **odd)


def spot(venue: str, base: str, **odd: Any) -> Leg:
    """A spot market against USDT."""
    return Leg(venue, Sort.SPOT, base, **odd)


def _case(kind: str, name: str, anchor: str, legs: tuple[Leg, Leg], why: str, **rest: Any) -> Case:
    chains, notes = rest.pop("chains", ()), rest.pop("notes", ())
    coin = Coin(name, D(anchor), legs, Motion.STEP, chains)
    return Case(kind, coin, *legs, why=why, notes=notes)


def _funding(name: str, anchor: str, long: Leg, short: Leg, why: str, **rest: Any) -> Case:
    return _case("funding", name, anchor, (long, short), why, **rest)


NO_HISTORY: Final = ("no_history",)
NETWORK_UNKNOWN: Final = ("network_unknown",)

_INTERVALS = (
    _funding(
        "AVEN",
        "2.5",
        perp("binance", "AVEN", "0.0001", 8, settled="0.0001", in_funding_info=False),
        perp("bybit", "AVEN", "0.0009", 8, settled="0.0009", level=D("1.0004")),
        "8 h and 8 h, favourable gap, history as announced; absent from fundingInfo means 8 h",
    ),
    _funding(
        "BRIO",
        "0.84",
        perp("bybit", "BRIO", "-0.0004", 4, settled="-0.0002"),
        perp("binance", "BRIO", "0.0010", 8, settled="0.0006", level=D("0.9992")),
        "4 h and 8 h, adverse gap, history weaker than announced (k = 25 / 45)",
    ),
    _funding(
        "CASK",
        "14.2",
        perp("okx", "CASK", "0.0002", 8, contract=D(10)),
        perp("bitget", "CASK", "0.0003", 1),
        "8 h and 1 h, no settled history: k = 0.5",
        notes=NO_HISTORY,
    ),
    _funding(
        "DELF",
        "0.051",
        perp("bitget", "DELF", "0.0001", 2, settled="0.000125", half=D("0.0002")),
        perp("okx", "DELF", "0.0090", 8, settled="0.00007", contract=D(100)),
        "2 h and 8 h, the past says the opposite: k is negative",
    ),
    _funding(
        "EMBR",
        "33",
        perp("binance", "EMBR", "0.0001", 4, settled="0.0001"),
        perp("okx", "EMBR", "0.0008", 4, settled="0.0012", contract=D("0.1")),
        "4 h and 4 h, the past paid more than announced: k stays 1",
    ),
    _funding(
        "FJOR",
        "7.7",
        perp("bybit", "FJOR", "0.0000125", 1, settled="0.0000125"),
        perp("bitget", "FJOR", "0.00015", 1, settled="0.0001125", level=D("1.0010")),
        "1 h and 1 h, k = 8 / 11",
    ),
    _funding(
        "GLYF",
        "1.28",
        perp("okx", "GLYF", "-0.0001", 1, settled="-0.0001", contract=D(1)),
        perp("binance", "GLYF", "0.0004", 4, settled="0.0004"),
        "1 h and 4 h, both legs receive",
    ),
    _funding(
        "HAZL",
        "0.0625",
        perp("bitget", "HAZL", "0.00005", 1, settled="0.00005"),
        perp("bybit", "HAZL", "0.0004", 2, settled="0.0004", level=D("0.9985")),
        "1 h and 2 h, adverse gap of 15 bp",
    ),
    _funding(
        "IVOR",
        "120",
        perp("okx", "IVOR", "0.00002", 2, settled="0.00002", contract=D("0.01")),
        perp("bybit", "IVOR", "0.0003", 2, settled="0.00015"),
        "2 h and 2 h, k = 13 / 28",
    ),
    _funding(
        "JADO",
        "4.4",
        perp("binance", "JADO", "-0.0002", 2, settled="-0.0002"),
        perp("bitget", "JADO", "0.0002", 4, settled="0.0002"),
        "2 h and 4 h",
    ),
)
_EDGES = (
    _funding(
        "KELF", "0.37",
        perp("binance", "KELF", "0.0001", 8, settled="0.0001"),
        perp("bybit", "KELF", "0.0195", 8, settled="0.0010", cap=D("0.02")),
        "the short leg's rate is at its cap: only the first payment counts",
        notes=("rate_at_cap",),
    ),
    _funding(
        "LARQ", "19",
        perp("bybit", "LARQ", "0.0011", 1, settled="0.0011"),
        perp("okx", "LARQ", "0.0120", 8, settled="0.0120", contract=D(1)),
        "pays every hour, receives every eight: what is due by a horizon is no flat yearly rate",
    ),
    _funding(
        "MORF", "0.92",
        perp("bitget", "MORF", "0.0001", 8),
        perp("binance", "MORF", "0.0016", 8, fast_from_h=16),
        "the short leg settles every 8 h, from 16:00 UTC until midnight every 4 h",
        notes=NO_HISTORY,
    ),
    _funding(
        "PEPE", "0.0000112",
        perp("okx", "PEPE", "0.0001", 8, settled="0.0001", contract=D(10_000_000)),
        perp(
            "binance", "1000PEPE", "0.0010", 8, settled="0.0010", multiplier=D(1000),
            level=D("1.0002"),
        ),
        "1000PEPE against PEPE, and contracts of ten million coins",
    ),
    _funding(
        "SHIB", "0.0000244",
        perp("bitget", "SHIB", "0.0001", 8, settled="0.0001"),
        perp("bybit", "SHIB1000", "0.0011", 8, settled="0.0011", multiplier=D(1000)),
        "the multiplier as a suffix",
    ),
)  # fmt: skip
_SPOT = (
    _case(
        "spot", "NOVU", "1.75",
        (spot("okx", "NOVU"), spot("binance", "NOVU", level=D("1.0055"))),
        "bought on OKX, sold on Binance; neither tells its networks without a key",
        notes=NETWORK_UNKNOWN,
    ),
    _case(
        "spot", "OSMA", "0.33",
        (spot("bitget", "OSMA"), spot("bybit", "OSMA", level=D("1.0062"))),
        "bought on Bitget, where withdrawals are known to be open; Bybit's deposits are unknown",
        chains=(Chain("ERC20", fee=D("1.5")), Chain("BEP20", fee=D("0.2"))),
        notes=NETWORK_UNKNOWN,
    ),
    _case(
        "spot", "PYRE", "48",
        (spot("bybit", "PYRE"), spot("bitget", "PYRE", level=D("1.0048"))),
        "sold on Bitget, where deposits are known to be open",
        chains=(Chain("ERC20", withdraw=False, fee=D("0.01")),),
        notes=NETWORK_UNKNOWN,
    ),
)  # fmt: skip
_BASIS = (
    _case(
        "basis", "RUNO", "5.6",
        (spot("bybit", "RUNO"), perp("bybit", "RUNO", "0.0012", 8, settled="0.0012")),
        "spot and perpetual on one venue",
    ),
    _case(
        "basis", "SOLV", "0.71",
        (
            spot("okx", "SOLV"),
            perp("binance", "SOLV", "0.0007", 4, settled="0.00035", level=D("0.9994")),
        ),
        "spot and perpetual on two venues, adverse gap, k = 0.5",
    ),
    _case(
        "basis", "BABYDOGE", "0.0000000013",
        (
            spot("okx", "BABYDOGE"),
            perp(
                "binance", "1MBABYDOGE", "0.0011", 8, settled="0.0011", multiplier=D(1_000_000)
            ),
        ),
        "one million coins per contract",
    ),
)  # fmt: skip

PLANTED: Final[tuple[Case, ...]] = (*_INTERVALS, *_EDGES, *_SPOT, *_BASIS)
