"""What looks like an opportunity in the simulated market and is none, with the reason it gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from exchanges.simulator.listing import Chain, Coin, Leg, Motion, Quirk, Sort, Standing
from exchanges.simulator.planted import perp, spot

D: Final = Decimal

FAT: Final = "0.0050"  # pays within a day or two wherever no gate holds it back


class Seen(StrEnum):
    """Where a trap must be stopped."""

    EVERY_PAIR = "every pair"  # every candidate with the leg carries the code
    PAYING_PAIR = "paying pair"  # the direction that would pay carries the code
    ROW = "row"  # the row is dropped when it is read; the code is the counted reason
    ABSENT = "absent"  # no perpetual, and no multiplied coin, of that name comes to be
    PASSES = "passes"  # nothing may be held against the leg: the guard against guards


class When(StrEnum):
    """What must have happened before a trap can be told."""

    AT_ONCE = "at once"
    LATER = "after 20 scans"
    WITH_BOOKS = "with its order books"


@dataclass(frozen=True, slots=True)
class Trap:
    """One trap: the leg `at` of a coin, and the reason code it must get."""

    code: str
    coin: Coin
    at: Leg
    why: str
    seen: Seen = Seen.EVERY_PAIR
    when: When = When.AT_ONCE


@dataclass(frozen=True, slots=True)
class FaultTrap:
    """A trap that exists only while a fault is switched on (faults.py)."""

    code: str
    fault: dict[str, Any] = field(hash=False)
    why: str


def _against(code: str, name: str, odd: Leg, other: Leg, why: str, **rest: Any) -> Trap:
    """A trap of two legs of one coin, of which `odd` is the bad one."""
    seen, when = rest.pop("seen", Seen.EVERY_PAIR), rest.pop("when", When.AT_ONCE)
    coin = Coin(name, D("1.6"), (odd, other), **rest)
    return Trap(code, coin, odd, why, seen, when)


def _funding(code: str, name: str, venues: tuple[str, str], why: str, **odd: Any) -> Trap:
    """A fat funding difference whose receiving leg has the given oddity."""
    good, bad = venues
    rate = odd.pop("rate", FAT)
    placed = {name: odd.pop(name) for name in ("seen", "when") if name in odd}
    return _against(
        code, name,
        perp(bad, name, rate, settled=rate, **odd),
        perp(good, name, "0.0001", settled="0.0001"),
        why, **placed,
    )  # fmt: skip


def _crossing(code: str, name: str, venues: tuple[str, str], why: str, **odd: Any) -> Trap:
    """A spot gap of 80 bp whose selling leg has the given oddity."""
    good, bad = venues
    seen, chains = odd.pop("seen", Seen.EVERY_PAIR), odd.pop("chains", ())
    level = odd.pop("level", D("1.0080"))
    sell = spot(bad, name, level=level, **odd)
    return _against(code, name, sell, spot(good, name), why, seen=seen, chains=chains)


_IDENTITY = (
    _funding("quarantined", "VEXA", ("binance", "bybit"), "one ticker, another coin",
             level=D("0.0061")),
    _funding("divergent", "XENO", ("bybit", "okx"), "12 % apart", level=D("1.12")),
    Trap(
        "quarantined",
        Coin("WRNX", D("3.1"), (
            odd := perp("bitget", "WRNX", FAT, settled=FAT, level=D("40")),
            perp("binance", "WRNX", "0.0001", settled="0.0001"),
            perp("okx", "WRNX", "0.0001", settled="0.0001", contract=D(10)),
        )),
        odd, "three venues: only the one that stands apart is quarantined",
    ),
    _crossing("divergent", "YUCA", ("binance", "okx"), "9 % apart in spot", level=D("1.09")),
    Trap(
        "absent",
        Coin("FLUQ", D("0.52"), (
            odd := perp("binance", "1000FLUQ", FAT, settled=FAT, level=D("0.031")),
            perp("okx", "FLUQ", "0.0001", settled="0.0001", contract=D(10)),
        )),
        odd, "1000FLUQ is no thousand FLUQ: the price does not agree", seen=Seen.ABSENT,
    ),
    _crossing("leveraged", "BTC3L", ("bitget", "bybit"), "a fund's share, not a coin"),
    _crossing("leveraged", "BTC3S", ("bitget", "bybit"), "a fund's share, not a coin"),
    _crossing("leveraged", "ETHUP", ("binance", "bitget"), "a fund's share, not a coin"),
    _crossing("leveraged", "ETHDOWN", ("binance", "bitget"), "a fund's share, not a coin"),
)  # fmt: skip
_QUOTES = (
    _crossing("no_price", "YARN", ("binance", "okx"), "dead pair", seen=Seen.ROW, quirk=Quirk.DEAD),
    _crossing("no_price", "YARO", ("bybit", "binance"), "dead pair", seen=Seen.ROW,
              quirk=Quirk.DEAD),
    _crossing("crossed", "ZINQ", ("okx", "bybit"), "bid above ask", quirk=Quirk.CROSSED),
    _crossing("no_price", "ZORA", ("bybit", "bitget"), "no ask", quirk=Quirk.NO_ASK),
    _funding("wide", "WYDE", ("okx", "binance"), "spread of 1.6 %", half=D("0.008")),
    _funding("thin_volume", "THVO", ("binance", "bitget"), "little traded", volume_usd=60_000),
    _funding("thin_interest", "THIN", ("binance", "bybit"), "few hold it", interest_usd=90_000),
    _funding("thin_depth", "SHAL", ("bybit", "binance"), "a book of one small level",
             rate="0.0012", quirk=Quirk.SHALLOW, top_usd=40,
             seen=Seen.PAYING_PAIR, when=When.WITH_BOOKS),
    _funding("volatile", "VOLT", ("okx", "bybit"), "80 % between low and high", swing=D("0.30")),
    Trap(
        "frozen",
        Coin("FRZN", D("9"), (
            odd := perp("binance", "FRZN", "0.0001", settled="0.0001", quirk=Quirk.FROZEN),
            perp("bybit", "FRZN", "0.0001", settled="0.0001"),
            perp("okx", "FRZN", "0.0001", settled="0.0001", contract=D(1)),
        ), Motion.SWIFT),
        odd, "a quote that stands still while the others move", when=When.LATER,
    ),
    Trap(
        "passes",
        Coin("QUIT", D("2"), (
            odd := spot("okx", "QUIT", quirk=Quirk.QUIET),
            spot("binance", "QUIT"),
        )),
        odd, "a quiet market's own time is old, the answer's is not: never stale", seen=Seen.PASSES,
    ),
)  # fmt: skip
_RATES = (
    _funding("implausible", "IMPL", ("bybit", "okx"), "6 % per settlement", rate="0.06",
             cap=D("0.10")),
    _funding("no_rate", "NORA", ("okx", "binance"), "rate 0, none scheduled", rate="0",
             quirk=Quirk.UNSCHEDULED),
    _against(
        "needs_borrow", "RUSQ",
        perp("bybit", "RUSQ", "-0.0040", settled="-0.0040"), spot("bybit", "RUSQ"),
        "pays only to who is short in spot", seen=Seen.PAYING_PAIR,
    ),
)  # fmt: skip
_STANDING = tuple(
    _funding("delisting", name, (good, bad), "taken off within days", offline_days=2)
    for name, good, bad in (
        ("DLBN", "bybit", "binance"), ("DLBY", "binance", "bybit"),
        ("DLOK", "binance", "okx"), ("DLBG", "binance", "bitget"),
    )
) + tuple(
    _funding("not_trading", name, (good, bad), "before its first trade",
             standing=Standing.PRE_MARKET)
    for name, good, bad in (
        ("PMBN", "bybit", "binance"), ("PMBY", "binance", "bybit"),
        ("PMOK", "binance", "okx"), ("PMBG", "binance", "bitget"),
    )
)  # fmt: skip
_QUOTE_COINS = (
    _against(
        "quote_mismatch", "QMIS",
        perp("binance", "QMIS", FAT, settled=FAT, quote="USDC"),
        perp("okx", "QMIS", "0.0001", settled="0.0001", contract=D(1)),
        "USDC against USDT",
    ),
    _crossing("network_closed", "NCLO", ("binance", "bitget"), "deposits closed at Bitget",
              seen=Seen.PAYING_PAIR, chains=(Chain("ERC20", deposit=False),)),
    _against(
        "network_closed", "NCLW",
        spot("bitget", "NCLW"), spot("okx", "NCLW", level=D("1.0080")),
        "withdrawals closed at Bitget", seen=Seen.PAYING_PAIR,
        chains=(Chain("ERC20", withdraw=False),),
    ),
    _against(
        "depeg", "DPEG",
        spot("binance", "DPEG", quote="FDUSD", level=D("1.0080")),
        spot("bybit", "DPEG", quote="FDUSD"),
        "quoted in a dollar that has lost its peg",
    ),
)  # fmt: skip
_DATED = tuple(
    Trap(
        "absent",
        Coin(name, D(anchor), (
            odd := Leg(venue, Sort.DATED, name, level=D("1.03"), expiry_days=40),
        )),
        odd, "a quarterly is no perpetual", seen=Seen.ABSENT,
    )
    for name, anchor, venue in (
        ("BTC", "64000", "binance"), ("ETH", "3100", "binance"), ("BTC", "64000", "bybit"),
    )
)  # fmt: skip

TRAPS: Final[tuple[Trap, ...]] = (
    *_IDENTITY, *_QUOTES, *_RATES, *_STANDING, *_QUOTE_COINS, *_DATED,
)  # fmt: skip

FAULT_TRAPS: Final = (
    FaultTrap("stale", {"venue": "okx", "kind": "stale", "for_s": 120}, "two minutes old"),
    FaultTrap("future", {"venue": "bybit", "kind": "future", "for_s": 120}, "a minute ahead"),
    FaultTrap(
        "interval_unknown",
        {"venue": "binance", "kind": "server", "for_s": 120, "path": "/fapi/v1/fundingInfo"},
        "without fundingInfo no interval of Binance is known",
    ),
)
