"""A vault whose venues answer what a test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from accounts import vault
from accounts.credentials import Rights, Secret
from accounts.models import StoredKey, User
from arbedge.names import Door

READS = Rights(read=True, trade=False, withdraw=False, ip_bound=False)
TRADES = Rights(read=True, trade=True, withdraw=False, ip_bound=True)
WITHDRAWS = Rights(read=True, trade=True, withdraw=True, note="Untick it there.")
KEY = "a-key-of-somebody-1234"
SECRET = "a-secret-of-somebody"


@dataclass
class Answers:
    """Stands in for venues: gives the next answer, raising errors, and keeps what was asked."""

    says: Rights | Exception = READS
    asked: list[Secret] = field(default_factory=list)

    def __call__(self, secret: Secret) -> Rights:
        self.asked.append(secret)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def add(user: User, venue: str = "binance", key: str = KEY, **more: Any) -> StoredKey:
    """A key added through the web."""
    passphrase = more.pop("passphrase", "")
    secret = more.pop("secret", SECRET)
    return vault.add_exchange(user, venue, key, secret, passphrase, door=Door.WEB, **more)
