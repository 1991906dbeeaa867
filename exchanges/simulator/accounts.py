"""The simulated venues' customers: every venue has the same seven accounts, with keys of its own.

| account | its key may | special |
|---|---|---|
| reader | read | works from any address |
| trader | read, trade | bound to this machine's address |
| withdrawer | read, trade, withdraw | |
| expired | read | no longer accepted |
| elsewhere | read, trade | bound to an address that is not ours |
| odd | read, and something nobody has heard of | |
| paper | read, trade | belongs to the test network or demo account |

Keys, secrets and passphrases follow from venue and name, so they are the same on every machine.
`GET /_accounts` of a running simulator lists them. They open nothing but the simulator.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

HERE: Final = ("127.0.0.1", "::1")
ELSEWHERE: Final = ("203.0.113.7",)
WITH_PASSPHRASE: Final = ("okx", "bitget")


@dataclass(frozen=True, slots=True)
class Role:
    """What a venue knows of one customer's key."""

    trade: bool = False
    withdraw: bool = False
    odd: bool = False
    expired: bool = False
    paper: bool = False
    addresses: tuple[str, ...] = ()


ROLES: Final[Mapping[str, Role]] = {
    "reader": Role(),
    "trader": Role(trade=True, addresses=HERE),
    "withdrawer": Role(trade=True, withdraw=True),
    "expired": Role(expired=True),
    "elsewhere": Role(trade=True, addresses=ELSEWHERE),
    "odd": Role(odd=True),
    "paper": Role(trade=True, paper=True),
}


# What each account holds, by name: spot coins, and the equity of its perpetuals in USDT.
SPOT: Final[Mapping[str, Mapping[str, float]]] = {
    "reader": {"USDT": 1_000.0, "BTC": 0.05},
    "trader": {"USDT": 5_000.0, "ETH": 2.5, "BTC": 0.0},
}
PERPETUALS: Final[Mapping[str, float]] = {"reader": 250.0, "trader": 1_200.0}


@dataclass(frozen=True, slots=True)
class Account:
    """One customer of one venue."""

    venue: str
    name: str
    key: str
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    may: Role

    def lets_in(self, address: str) -> bool:
        """Whether a request may come from this address."""
        return not self.may.addresses or address in self.may.addresses

    @property
    def spot(self) -> Mapping[str, float]:
        """Coins on the spot side."""
        return SPOT.get(self.name, {})

    @property
    def perpetuals_usdt(self) -> float:
        """Equity of the perpetuals' side, unrealised profit included."""
        return PERPETUALS.get(self.name, 0.0)

    def together(self) -> dict[str, float]:
        """Both sides as one, as venues with one account have it."""
        usdt = self.spot.get("USDT", 0.0) + self.perpetuals_usdt
        return {**self.spot, "USDT": usdt}

    def describe(self) -> dict[str, Any]:
        """Everything one needs to use it."""
        names = ("venue", "name", "key", "secret", "passphrase")
        return {name: getattr(self, name) for name in names}


def account(venue: str, name: str) -> Account:
    """The account of that name. Raises KeyError."""
    return ACCOUNTS[venue][name]


def of_key(venue: str, key: str) -> Account | None:
    """Whose key this is."""
    return next((one for one in ACCOUNTS[venue].values() if one.key == key), None)


def _text(*parts: str) -> str:
    return hashlib.sha256(" ".join(("arbedge simulator", *parts)).encode()).hexdigest()


def _key(venue: str, text: str) -> str:
    """A key as that venue writes them."""
    if venue == "binance":
        return text
    if venue == "bybit":
        return text[:18]
    return str(UUID(text[:32])) if venue == "okx" else f"bg_{text[:32]}"


def _open(venue: str, name: str) -> Account:
    key = _key(venue, _text(venue, name, "key"))
    passphrase = _text(venue, name, "passphrase")[:16] if venue in WITH_PASSPHRASE else ""
    return Account(venue, name, key, _text(venue, name, "secret"), passphrase, ROLES[name])


ACCOUNTS: Final[Mapping[str, Mapping[str, Account]]] = {
    venue: {name: _open(venue, name) for name in ROLES}
    for venue in ("binance", "bybit", "okx", "bitget")
}
