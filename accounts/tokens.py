"""API tokens: made once, shown once, known ever after by the SHA-256 of 256 random bits.

A check looks into the cache first. What is found there lives a minute at most, and a revoked token
leaves a tombstone that no late reader can overwrite, so that it stops working at once everywhere.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
from auditlog.context import disable_auditlog
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import audit, memory, names_of_people, permissions, standing, token_use
from accounts.models import ApiToken, User
from accounts.permissions import Permission
from accounts.standing import Standing
from arbedge import cache, sealing
from arbedge.errors import BadInput, Conflict, Forbidden, NotFound
from arbedge.names import AccountState, Door, Role

MOST_TOKENS: Final = 20
LONGEST_NAME: Final = 40
DEFAULT_LIFE: Final = timedelta(days=90)
PREFIX_CHARACTERS: Final = 8
KNOWN_FOR_S: Final = 60
UNKNOWN_FOR_S: Final = 5
TOMBSTONE_S: Final = 120  # outlives every reader that saw the row before it was revoked

_FORM: Final = re.compile(r"ae_([A-Za-z0-9_-]{8})_[A-Za-z0-9_-]{43}", re.ASCII)
_NONE: Final = b"-"


class Scope(StrEnum):
    """What a token may be used for; each is the limit of what its owner may do anyway."""

    READ = "read"
    ACCOUNT = "account"
    KEYS = "keys"
    TRADE = "trade"
    AI = "ai"
    ADMIN = "admin"


SCOPE_HELP: Final[Mapping[Scope, str]] = {
    Scope.READ: "Opportunities, markets, history, analytics and the live stream.",
    Scope.ACCOUNT: "Your profile, preferences, sessions, channels, alerts and invitations: "
    "read and change.",
    Scope.KEYS: "Your exchange and AI keys: list, add, disable, delete. Secrets never come back.",
    Scope.TRADE: "Balances, orders and positions, and executing opportunities.",
    Scope.AI: "AI analyses; they count against your daily limit.",
    Scope.ADMIN: "What your role lets you administer.",
}


@dataclass(frozen=True)
class Made:
    """A new token: its text, to be shown this once, and its row."""

    token: str = field(repr=False)
    row: ApiToken


@dataclass(frozen=True)
class Known:
    """Whose token was presented, and what it may be used for."""

    token_id: int
    standing: Standing
    scopes: frozenset[Scope]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """A token as the cache keeps it."""

    token_id: int
    user_id: int
    digest: bytes
    scopes: tuple[str, ...]
    expires_ms: float | None


_read = msgspec.msgpack.Decoder(_Kept).decode


def scopes_for(role: Role | str) -> list[Scope]:
    """The scopes a person of this role may give a token."""
    return [one for one in Scope if one is not Scope.ADMIN or role != Role.USER]


def listed(user_id: int) -> QuerySet[ApiToken]:
    """A person's tokens that are not revoked, newest first; digests are left in the database."""
    return (
        ApiToken.objects.filter(user_id=user_id, revoked_at__isnull=True)
        .defer("digest")
        .order_by("-id")
    )


def make(
    user: User,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    *,
    door: Door,
    now: datetime,
    by: User | None = None,
) -> Made:
    """Makes a token for a person; None as `expires_at` never expires.

    Raises BadInput (name_missing, name_too_long, scope_missing, scope_unknown, expiry_past,
    too_many_tokens) or Conflict (name_taken).
    """
    wanted = _wanted_scopes(scopes, user)
    name = _wanted_name(name)
    if expires_at is not None and expires_at <= now:
        raise BadInput("The token would have expired already.", code="expiry_past", field="expires")
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(PREFIX_CHARACTERS))
    token = f"ae_{prefix}_{secrets.token_urlsafe(32)}"
    with transaction.atomic(), audit.doing(door=door, actor=by or user), disable_auditlog():
        User.objects.select_for_update(no_key=True).only("id").get(pk=user.pk)
        _refuse_too_many(user.pk, name, now)
        row = ApiToken.objects.create(
            user=user, name=name, prefix=prefix, digest=sealing.sha256(token),
            scopes=[scope.value for scope in wanted], made_at=now, expires_at=expires_at,
        )  # fmt: skip
        changes = {"name": name, "scopes": ", ".join(wanted), "expires_at": expires_at or "never"}
        audit.record("token.made", row, whom=user, changes=changes, security=True)
    return Made(token, row)


_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _wanted_scopes(scopes: Iterable[str], user: User) -> list[Scope]:
    allowed = scopes_for(user.role)
    asked = set(scopes)
    if not asked:
        raise BadInput("Choose what the token may do.", code="scope_missing", field="scopes")
    if unknown := sorted(asked - set(allowed)):
        raise BadInput(
            f"A token of yours cannot have the scope {unknown[0][:32]!r}.",
            code="scope_unknown", field="scopes", limit=[one.value for one in allowed],
        )  # fmt: skip
    return [one for one in Scope if one in asked]


def _wanted_name(name: str) -> str:
    name = names_of_people.cleaned(name)
    if not name:
        raise BadInput("Give the token a name.", code="name_missing", field="name")
    if len(name) > LONGEST_NAME:
        raise BadInput(
            f"A name has at most {LONGEST_NAME} characters.",
            code="name_too_long", field="name", limit=LONGEST_NAME,
        )  # fmt: skip
    return name


def _refuse_too_many(user_id: int, name: str, now: datetime) -> None:
    """The person's row is locked, so that what is counted here still holds at the insert."""
    mine = listed(user_id)
    if mine.filter(name=name).exists():
        raise Conflict(
            f"You have a token named {name}. Revoke it or choose another name.",
            code="name_taken", field="name",
        )  # fmt: skip
    if mine.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now)).count() >= MOST_TOKENS:
        raise BadInput(
            f"You have {MOST_TOKENS} tokens, the most there can be. Revoke one first.",
            code="too_many_tokens", limit=MOST_TOKENS,
        )  # fmt: skip


def revoke(
    user_id: int, token_id: int, *, door: Door, now: datetime, by: User | None = None
) -> ApiToken:
    """Ends a token of this person; it is refused everywhere from then on. Raises NotFound."""
    with transaction.atomic(), audit.doing(door=door, actor=by), disable_auditlog():
        row = listed(user_id).filter(pk=token_id).select_for_update().first()
        if row is None:
            raise NotFound("You have no such token.", code="token_unknown")
        ApiToken.objects.filter(pk=row.pk).update(revoked_at=now)
        audit.record(
            "token.revoked", row, whom=user_id, changes={"revoked_at": now}, security=True, by=by
        )
        digest = ApiToken.objects.values_list("digest", flat=True).get(pk=row.pk)
        transaction.on_commit(lambda: _bury(bytes(digest)), robust=True)
    row.revoked_at = now
    return row


def _bury(digest: bytes) -> None:
    """A cache that is gone now disowns what it knew once it is back (accounts/memory.py)."""
    buried = memory.ask("token", lambda client: client.set(_name(digest), _NONE, ex=TOMBSTONE_S))
    if buried is None:
        memory.missed()


def check(token: str, now: datetime) -> Known | None:
    """Tells whose token this is: one look into the cache for it, one for its owner's standing.

    None for a token that is unknown, revoked or expired. Raises Forbidden where the owner's account
    is not active; its code is the account's state.
    """
    form = _FORM.fullmatch(token)
    if form is None:
        return None
    digest = sealing.sha256(token)
    kept = _find(form[1], digest, now)
    if kept is None or not sealing.same(kept.digest, digest):
        return None
    if kept.expires_ms is not None and kept.expires_ms <= now.timestamp() * 1000:
        return None
    who = standing.known(kept.user_id)
    if who.state != AccountState.ACTIVE:
        refusal = permissions.may(who, Permission.OPPORTUNITIES_VIEW, now=now)
        raise Forbidden(refusal.message, code=who.state.value)
    token_use.note(kept.token_id, now)
    return Known(kept.token_id, who, frozenset(Scope(name) for name in kept.scopes))


def _name(digest: bytes) -> str:
    return cache.key("token", digest.hex())


def _find(prefix: str, digest: bytes, now: datetime) -> _Kept | None:
    """The cache's answer, else the database's, which the cache then keeps for a while."""
    name = _name(digest)
    told: Any = memory.ask("token", lambda client: client.mget(name, memory.epoch_key()))
    if told is None:
        return _stored(prefix, digest, now)
    held, epoch = told[0], memory.epoch_of(told[1])
    if held == _NONE:
        return None
    if held is not None and held[: len(epoch)] == epoch:
        return _read(memoryview(held)[len(epoch) :])
    found = _stored(prefix, digest, now)
    entry = _NONE if found is None else epoch + msgspec.msgpack.encode(found)
    life_s = UNKNOWN_FOR_S if found is None else KNOWN_FOR_S
    memory.ask("token", lambda client: client.set(name, entry, ex=life_s, nx=True))
    return found


def _stored(prefix: str, digest: bytes, now: datetime) -> _Kept | None:
    row = ApiToken.objects.filter(prefix=prefix, revoked_at__isnull=True).first()
    if row is None or not sealing.same(bytes(row.digest), digest):
        return None
    if row.expires_at is not None and row.expires_at <= now:
        return None
    ends = None if row.expires_at is None else row.expires_at.timestamp() * 1000
    return _Kept(row.pk, row.user_id, bytes(row.digest), tuple(row.scopes), ends)
