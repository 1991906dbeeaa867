"""The vault: keys people bring, sealed. It adds, lists, checks and opens them; nobody else does.

A key is asked for its rights when it is added, enabled or checked again; one that may withdraw is
not taken. What leaves the vault is either `Shown`, which has four characters of the key and
nothing of its secret, or `Secret`, which shows itself to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from auditlog.context import disable_auditlog
from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import ai_keys, audit, key_shapes, standing, vault_rows
from accounts.credentials import KeyRefused, Rights, Secret
from accounts.models import KeyKind, KeyState, StoredKey, User
from accounts.vault_rows import Shown
from arbedge import limits
from arbedge.errors import NotFound, TooMany
from arbedge.hidden import Hidden
from arbedge.names import Door

CHECKS: Final = "20/hour"  # questions to venues and providers a person may cause
USED_EVERY: Final = timedelta(minutes=1)
LONGEST_PROBLEM: Final = 200
Validator = Callable[[Secret], Rights]

provider_name = vault_rows.provider_name
_validators: Final[dict[str, Validator]] = {KeyKind.AI: ai_keys.check}


def validator(kind: str, check: Validator) -> None:
    """Names who asks what a key of this kind may do: the floor above does, when it is ready."""
    _validators[KeyKind(kind)] = check


@sensitive_variables("key", "secret", "passphrase")
def add_exchange(
    user: User,
    venue: str,
    key: str,
    secret: str,
    passphrase: str = "",
    *,
    label: str = "",
    testnet: bool = False,
    door: Door,
    by: User | None = None,
) -> StoredKey:
    """Asks the venue what the key may do, then keeps it. Takes up to 10 s; no transaction is open.

    Raises KeyRefused (credentials.py has the codes), Unchecked where the venue cannot be asked,
    TooMany after 20 checks an hour. Nothing is stored then.
    """
    opened = Secret(
        provider=key_shapes.venue(venue),
        key=key_shapes.key(key),
        secret=key_shapes.secret(secret),
        passphrase=key_shapes.passphrase(passphrase),
        testnet=testnet,
    )
    return _add(user, KeyKind.EXCHANGE, opened, key_shapes.label(label), door=door, by=by)


@sensitive_variables("key")
def add_ai(
    user: User,
    provider: str,
    key: str,
    *,
    base_url: str = "",
    label: str = "",
    door: Door,
    by: User | None = None,
) -> StoredKey:
    """Asks the provider for its models with the key, then keeps it. Raises as `add_exchange`.

    Providers are openai, anthropic and compatible, which alone has a `base_url`.
    """
    if provider not in ai_keys.PROVIDERS:
        known = ", ".join(ai_keys.PROVIDERS)
        text = f"There is no AI provider {provider[:32]!r}; there are {known}."
        raise KeyRefused(text, code="provider_unknown", field="provider")
    own = key_shapes.base_url(base_url) if provider == "compatible" else ""
    opened = Secret(provider, key_shapes.key(key), Hidden(""), Hidden(""), base_url=own)
    return _add(user, KeyKind.AI, opened, key_shapes.label(label), door=door, by=by)


def listed(user: User) -> list[Shown]:
    """The person's keys in the order of their slots; nothing sealed is read."""
    return vault_rows.shown(user)


def relabel(
    user: User, key_id: int, label: str, *, door: Door, by: User | None = None
) -> StoredKey:
    """Gives the key another name. Raises NotFound, KeyRefused(label_too_long)."""
    name = key_shapes.label(label)
    with _changing(user, key_id, door, by) as row:
        before, row.label = row.label, name
        row.save(update_fields=["label"])
        _record("key.relabelled", row, {"label": (before, name)}, by)
    return row


def disable(user: User, key_id: int, *, door: Door, by: User | None = None) -> StoredKey:
    """Keeps the key and uses it no more. Raises NotFound."""
    with _changing(user, key_id, door, by) as row:
        before, row.state = row.state, KeyState.DISABLED
        row.save(update_fields=["state"])
        _record("key.disabled", row, {"state": (before, row.state)}, by)
        standing.changed([user.pk])
    return row


def enable(user: User, key_id: int, *, door: Door, by: User | None = None) -> StoredKey:
    """Uses the key again once its venue has said what it may do now.

    Raises NotFound, Unchecked, TooMany; KeyRefused, and then the key is marked as not accepted.
    """
    row, refused = _recheck(user, key_id, door, by, enabling=True)
    if refused is not None:
        raise refused
    return row


def revalidate(user: User, key_id: int, *, door: Door, by: User | None = None) -> StoredKey:
    """Asks again what the key may do, and keeps that; `state` and `problem` tell the outcome.

    Raises NotFound, Unchecked (nothing changed), TooMany.
    """
    return _recheck(user, key_id, door, by, enabling=False)[0]


def delete(user: User, key_id: int, *, door: Door, by: User | None = None) -> None:
    """Removes the key for good. Raises NotFound."""
    with _changing(user, key_id, door, by) as row:
        _record("key.deleted", row, {"key": (vault_rows.named(row), "")}, by)
        row.delete()
        standing.changed([user.pk])


def open_exchange(key_id: int, user: User) -> Secret:
    """The key, open, to be used at once and kept nowhere. Raises NotFound, KeyRefused(key_disabled)
    and sealing.Unsealable."""
    return _open(key_id, user, KeyKind.EXCHANGE)


def open_ai(key_id: int, user: User) -> Secret:
    """As `open_exchange`, for keys of AI providers."""
    return _open(key_id, user, KeyKind.AI)


def _add(
    user: User, kind: KeyKind, opened: Secret, label: str, *, door: Door, by: User | None
) -> StoredKey:
    mark = vault_rows.mark(kind, opened)
    vault_rows.free_slot(user, mark)  # a full vault or a known key is told before anybody is asked
    rights = _rights(user, kind, opened)
    row = StoredKey(
        user=user, kind=kind, provider=opened.provider, base_url=opened.base_url, label=label,
        last4=opened.key.reveal()[-4:], digest=mark, sealed=vault_rows.sealed(opened),
        testnet=opened.testnet, **vault_rows.facts(rights),
    )  # fmt: skip
    with transaction.atomic(), audit.doing(door, by or user), disable_auditlog():
        _lock(user)
        row.slot = vault_rows.free_slot(user, mark)
        row.save()
        _record("key.added", row, {"key": ("", vault_rows.named(row)), "label": ("", label)}, by)
        standing.changed([user.pk])
    return row


def _rights(user: User, kind: str, opened: Secret) -> Rights:
    """What the key may do. Raises KeyRefused where that is too much or too little."""
    allowed = limits.allow("key_checks", str(user.pk), CHECKS, when_gone=True)
    if not allowed.ok:
        text = "You have had many keys checked within an hour. Try again later."
        raise TooMany(text, code="too_many_checks", retry_after_s=allowed.retry_after_s)
    rights = _validators[kind](opened)
    name = vault_rows.provider_name(opened.provider)
    if rights.withdraw:
        text = f"This {name} key may withdraw, so ArbEdge does not take it. {rights.note}"
        raise KeyRefused(text, code="key_withdraws", venue=opened.provider)
    if not rights.read:
        text = f"This {name} key may not read the account. Allow reading there and try again."
        raise KeyRefused(text, code="cannot_read", venue=opened.provider)
    return rights


def _recheck(
    user: User, key_id: int, door: Door, by: User | None, *, enabling: bool
) -> tuple[StoredKey, KeyRefused | None]:
    asked = vault_rows.find(user, key_id)
    refused: KeyRefused | None = None
    facts: dict[str, Any] = {}
    try:
        facts = vault_rows.facts(_rights(user, asked.kind, vault_rows.opened(asked)))
    except KeyRefused as error:
        refused = error
    with _changing(user, key_id, door, by) as row:
        before = row.state
        if refused is not None:
            row.state, row.problem = KeyState.INVALID, refused.message[:LONGEST_PROBLEM]
            row.checked_at = timezone.now()
        else:
            for name, value in facts.items():
                setattr(row, name, value)
            row.problem = ""
            stays_off = before == KeyState.DISABLED and not enabling
            row.state = KeyState.DISABLED if stays_off else KeyState.ACTIVE
        row.save(update_fields=["state", "problem", "checked_at", *facts])
        what = "key.enabled" if enabling and refused is None else "key.checked"
        _record(what, row, {"state": (before, row.state), "problem": row.problem}, by)
        standing.changed([user.pk])
    return row, refused


@contextmanager
def _changing(user: User, key_id: int, door: Door, by: User | None) -> Iterator[StoredKey]:
    with transaction.atomic(), audit.doing(door, by or user), disable_auditlog():
        _lock(user)
        yield vault_rows.find(user, key_id, lock=True)


def _lock(user: User) -> None:
    """Changes of one person's keys happen one after another."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _open(key_id: int, user: User, kind: KeyKind) -> Secret:
    row = vault_rows.find(user, key_id)
    if row.kind != kind:
        raise NotFound("There is no such key.", code="key_unknown")
    if row.state != KeyState.ACTIVE:
        raise KeyRefused(f"The key {row} is {row.get_state_display()}.", code="key_disabled")
    now = timezone.now()
    if row.used_at is None or row.used_at < now - USED_EVERY:
        StoredKey.objects.filter(pk=row.pk).update(used_at=now)
    return vault_rows.opened(row)


def _record(what: str, row: StoredKey, changes: Mapping[str, Any], by: User | None) -> None:
    audit.record(what, row, whom=row.user_id, changes=changes, security=True, by=by or row.user)
