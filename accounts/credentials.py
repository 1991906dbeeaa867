"""What a key is made of while it is open, what it may do, and why one is not taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from arbedge.errors import ArbEdgeError, BadInput
from arbedge.hidden import Hidden


@dataclass(frozen=True, slots=True)
class Secret:
    """A key, open. Its repr tells the provider and nothing of the key."""

    provider: str
    key: Hidden
    secret: Hidden
    passphrase: Hidden
    testnet: bool = False
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a key may do, as its venue tells. `ip_bound` is None where the venue does not tell.

    `note` is for its owner: what to switch off where it may withdraw, else what is worth knowing.
    """

    read: bool
    trade: bool
    withdraw: bool
    ip_bound: bool | None = None
    expires_at: datetime | None = None
    note: str = ""


class KeyRefused(BadInput):
    """A key that is not taken; the code says why. Nothing was stored.

    key_withdraws, key_wrong, secret_wrong, passphrase_wrong, passphrase_needed, key_expired,
    ip_not_allowed, wrong_network, cannot_read, rights_unknown, venue_unknown, provider_unknown,
    key_known, too_many_keys, key_disabled, label_too_long, address_refused.
    """

    code = "key_refused"


class Unchecked(ArbEdgeError):
    """A key could not be checked now, so nothing was stored or changed.

    venue_unreachable, clock_skew, not_installed.
    """

    code = "venue_unreachable"
    status = 503
