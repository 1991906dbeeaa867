"""Rows of the vault: sealing what goes in, opening what comes out, and what owners may see."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import msgspec
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import ai_keys
from accounts.credentials import KeyRefused, Rights, Secret
from accounts.models import MOST_KEYS, StoredKey, User
from arbedge import sealing
from arbedge.errors import NotFound
from arbedge.hidden import Hidden


@dataclass(frozen=True, slots=True)
class Shown:
    """A stored key as its owner may see it; `last4` are the last characters of the key."""

    id: int
    kind: str
    provider: str
    base_url: str
    label: str
    last4: str
    testnet: bool
    can_read: bool
    can_trade: bool
    ip_bound: bool | None
    state: str
    problem: str
    made_at: datetime
    checked_at: datetime | None
    used_at: datetime | None
    expires_at: datetime | None


COLUMNS: Final = tuple(field.name for field in fields(Shown))


def shown(user: User) -> list[Shown]:
    """The person's keys in the order of their slots; the sealed text is not read."""
    rows = StoredKey.objects.filter(user=user).order_by("slot").values_list(*COLUMNS)
    return [Shown(*row) for row in rows]


def find(user: User, key_id: int, *, lock: bool = False) -> StoredKey:
    """The person's key of that id. Raises NotFound."""
    rows = StoredKey.objects.select_for_update() if lock else StoredKey.objects.all()
    row = rows.filter(user=user, pk=key_id).first()
    if row is None:
        raise NotFound("There is no such key.", code="key_unknown")
    return row


def free_slot(user: User, mark: bytes) -> int:
    """The lowest free slot. Raises KeyRefused(too_many_keys | key_known)."""
    held = dict(StoredKey.objects.filter(user=user).values_list("slot", "digest"))
    if any(sealing.same(bytes(digest), mark) for digest in held.values()):
        raise KeyRefused("You have added this key already.", code="key_known", field="key")
    free = next((slot for slot in range(1, MOST_KEYS + 1) if slot not in held), None)
    if free is None:
        text = f"You have {MOST_KEYS} keys, which is as many as there may be. Delete one first."
        raise KeyRefused(text, code="too_many_keys", limit=MOST_KEYS)
    return free


@sensitive_variables("parts")
def sealed(opened: Secret) -> str:
    """The three texts of a key, sealed as one."""
    parts = [one.reveal() for one in (opened.key, opened.secret, opened.passphrase)]
    return sealing.seal(msgspec.json.encode(parts))


def opened(row: StoredKey) -> Secret:
    """What was sealed. Raises sealing.Unsealable."""
    parts = map(Hidden, msgspec.json.decode(sealing.unseal(row.sealed), type=list[str]))
    key, secret, passphrase = parts
    return Secret(row.provider, key, secret, passphrase, testnet=row.testnet, base_url=row.base_url)


def mark(kind: str, opened: Secret) -> bytes:
    """The digest that tells a key the person has added before."""
    where = f"{kind} {opened.provider} {opened.base_url}"
    return sealing.digest("stored_key", f"{where} {opened.key.reveal()}")


def facts(rights: Rights) -> dict[str, Any]:
    """The columns that keep what a key may do, as of now."""
    return {
        "can_read": rights.read, "can_trade": rights.trade, "ip_bound": rights.ip_bound,
        "expires_at": rights.expires_at, "checked_at": timezone.now(),
    }  # fmt: skip


def provider_name(provider: str) -> str:
    """The provider as it writes itself."""
    known = ai_keys.PROVIDERS.get(provider)
    special = {"okx": "OKX", "compatible": "AI service"}
    return special.get(provider) or (known.name if known else provider.capitalize())


def named(row: StoredKey) -> str:
    """The key as people are told of it."""
    return f"{provider_name(row.provider)} …{row.last4}"
