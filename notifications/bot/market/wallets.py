"""What a person's accounts hold, read with his keys, and what it is worth in USDT.

Coins are valued at the median prices of the book. What has no price there is told and not counted;
accounts of test networks are told and never added to real ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from accounts import vault
from accounts.credentials import KeyRefused, Secret, Unchecked
from accounts.models import KeyKind, KeyState, User
from accounts.vault_rows import Shown
from arbedge import sealing
from arbedge.errors import ArbEdgeError, NoData
from exchanges import balances, book
from exchanges.balances import Holdings
from notifications.alerts import trigger_sources

UNIT: Final = trigger_sources.UNIT


@dataclass(frozen=True, slots=True)
class Prices:
    """USDT for one coin, by coin; the age of the oldest in seconds, None where there are none."""

    usdt: Mapping[str, float]
    age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Coin:
    """What is held of one coin; `usdt` is None where nobody has a price of it."""

    name: str
    amount: float
    usdt: float | None


@dataclass(frozen=True, slots=True)
class Wallet:
    """An account: its coins, dearest first, or why they are not known."""

    key: Shown
    coins: Sequence[Coin] = ()
    problem: ArbEdgeError | None = None

    @property
    def usdt(self) -> float | None:
        """What its coins with a price come to; None where it could not be read."""
        if self.problem is not None:
            return None
        return sum(coin.usdt for coin in self.coins if coin.usdt is not None)

    @property
    def unpriced(self) -> list[str]:
        """Coins that are not counted."""
        return [coin.name for coin in self.coins if coin.usdt is None]


@dataclass(frozen=True, slots=True)
class Wallets:
    """All accounts of a person, and how old the prices are."""

    each: Sequence[Wallet]
    prices_age_s: float | None

    @property
    def usdt(self) -> float | None:
        """What the real accounts come to; None where none of them could be read."""
        known = [one.usdt for one in self.each if one.usdt is not None and not one.key.testnet]
        return sum(known) if known else None

    @property
    def whole(self) -> bool:
        """Whether nothing of the real accounts is unknown."""
        real = [one for one in self.each if not one.key.testnet]
        return all(one.problem is None and not one.unpriced for one in real)


def readable(user: User) -> list[Shown]:
    """The person's keys that may read an account now."""
    return [key for key in vault.listed(user) if key.kind == KeyKind.EXCHANGE
            and key.state == KeyState.ACTIVE and key.can_read]  # fmt: skip


def read(user: User, keys: Sequence[Shown]) -> Wallets:
    """Asks the venues of these keys side by side, up to 20 s; no transaction may be open.

    Raises Unchecked where no venue can be asked on this installation.
    """
    prices = _prices()
    opened = [_open(user, key) for key in keys]
    told = iter(balances.of([one for one in opened if isinstance(one, Secret)]))
    said = [next(told) if isinstance(one, Secret) else one for one in opened]
    wallets = [_wallet(key, one, prices) for key, one in zip(keys, said, strict=True)]
    return Wallets(wallets, prices.age_s)


def _open(user: User, key: Shown) -> Secret | ArbEdgeError:
    try:
        return vault.open_exchange(key.id, user)
    except (KeyRefused, sealing.Unsealable, Unchecked) as error:
        return error


def _wallet(key: Shown, said: Holdings | ArbEdgeError, prices: Prices) -> Wallet:
    if isinstance(said, ArbEdgeError):
        return Wallet(key, problem=said)
    return Wallet(key, sorted(_coins(said, prices), key=lambda one: -abs(one.usdt or 0.0)))


def _coins(held: Holdings, prices: Prices) -> Iterable[Coin]:
    for name, amount in held.items():
        price = 1.0 if name == UNIT else prices.usdt.get(name)
        yield Coin(name, amount, None if price is None else amount * price)


def _prices() -> Prices:
    """The median price of every coin in USDT; none where there is no book."""
    try:
        found = trigger_sources.in_usdt(book.load())
    except NoData:
        return Prices({})
    oldest_ms = max((float(one.more["age_ms"]) for one in found.values()), default=None)
    usdt = {coin: one.value for coin, one in found.items()}
    return Prices(usdt, None if oldest_ms is None else oldest_ms / 1000)
