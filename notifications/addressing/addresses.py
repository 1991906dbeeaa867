"""The addresses of recipients: found for sending, added, used again, removed.

A person's Telegram chat and his account's verified e-mail are addresses without a row; they get
one when something is wrong with them. Everything else is a row: sealed, and proven before use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from auditlog.context import disable_auditlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import audit
from accounts.acting import actor
from accounts.models import User
from arbedge import aio, limits
from arbedge.errors import BadInput, NotFound, TooMany
from arbedge.http import RefusedAddress
from arbedge.names import Channel, Door
from notifications import signing
from notifications.addressing import address_rows, order, suppressions
from notifications.addressing.address_troubles import count, disable, moved
from notifications.addressing.reaching import Reach, Reachable, reach
from notifications.channels import targets
from notifications.channels.base import sender
from notifications.models import Address
from notifications.names import AddressState, Recipient

__all__ = [
    "Reach", "Reachable", "add", "count", "disable", "enable", "find", "held", "listed", "moved",
    "new_secret", "reach", "remove",
]  # fmt: skip

MOST: Final = 10
CHANGES: Final = "20/hour"
LOOKED_UP_WITHIN_S: Final = 5.0


def listed(user_id: int) -> list[Address]:
    """The rows of a person, oldest first."""
    return list(_rows(user_id).order_by("id"))


def find(user_id: int, address_id: int) -> Address:
    """The person's address of that id. Raises NotFound for everybody else's."""
    row = _rows(user_id).filter(pk=address_id).first()
    if row is None:
        raise _unknown()
    return row


def held(user_id: int, channel: Channel, raw: Mapping[str, Any]) -> Address | None:
    """The person's row for this very address, where he has one. Raises BadInput."""
    mark = address_rows.digest(channel, sender(channel).take(raw))
    return _rows(user_id).filter(channel=channel.value, digest=mark).first()


@sensitive_variables("raw", "address")
def add(
    user: User,
    channel: Channel,
    raw: Mapping[str, Any],
    *,
    door: Door,
    by: User | None = None,
    now: datetime | None = None,
) -> Address:
    """Keeps an address, not yet verified unless the channel's addresses prove themselves.

    Looks up where it leads first, which may take seconds: no transaction is open then. Raises
    BadInput (the channel's own words; channel_given, address_known, channel_taken, too_many,
    suppressed), RefusedAddress, TooMany.
    """
    if channel is Channel.TELEGRAM:
        text = "Telegram comes with your log-in there: open the bot and press Start."
        raise BadInput(text, code="channel_given", field="channel")
    _count_try(user)
    address = _taken(channel, raw)
    mark = address_rows.digest(channel, address)
    proven = not sender(channel).verified_by
    row = Address(
        recipient=Recipient.USER.value, recipient_id=user.pk, channel=channel.value,
        sealed=address_rows.sealed(address), digest=mark,
        shown=sender(channel).shown(address),
        state=(AddressState.ACTIVE if proven else AddressState.UNVERIFIED).value,
        verified_at=(now or timezone.now()) if proven else None,
    )  # fmt: skip
    with _changing(user, door, by):
        _refuse(user, channel, address, mark)
        row.save()
        _record("address.added", row, {"address": ("", str(row))}, by)
    return row


def remove(user: User, address_id: int, *, door: Door, by: User | None = None) -> Address:
    """Forgets an address for good, and its channel where it was the last there. Raises NotFound."""
    with _changing(user, door, by):
        row = _locked(user.pk, address_id)
        _record("address.removed", row, {"address": (str(row), "")}, by)
        row.delete()
        channel = Channel(row.channel)
        others = _rows(user.pk).filter(channel=channel.value).exists()
        if not others and channel not in address_rows.of_account(user):
            order.leave(user, channel, door=door, by=by)
    return row


@sensitive_variables("address")
def new_secret(user: User, address_id: int, *, door: Door, by: User | None = None) -> Address:
    """Signs a webhook's messages with a new secret from now on. Raises NotFound."""
    with _changing(user, door, by):
        row = _locked(user.pk, address_id)
        address = address_rows.opened(row)
        if "secret" not in address:
            raise _unknown()
        row.sealed = address_rows.sealed({**address, "secret": signing.new_secret()})
        row.save(update_fields=["sealed"])
        _record("address.secret_replaced", row, {"secret": ("old", "new")}, by)
    return row


def enable(
    user: User,
    address_id: int,
    *,
    door: Door,
    by: User | None = None,
    now: datetime | None = None,
) -> Address:
    """Uses a disabled address again; one that was never verified has to be. Raises NotFound,
    RefusedAddress, TooMany."""
    _count_try(user)
    _look_up(address_rows.opened(find(user.pk, address_id)))
    with _changing(user, door, by):
        row = _locked(user.pk, address_id)
        proven = row.verified_at is not None or _is_own(user, row)
        before = row.state
        row.state = (AddressState.ACTIVE if proven else AddressState.UNVERIFIED).value
        row.problem, row.failures, row.disabled_at = "", 0, None
        if proven and row.verified_at is None:
            row.verified_at = now or timezone.now()
        row.save()
        _record("address.enabled", row, {"state": (before, row.state)}, by)
    return row


def _rows(user_id: int) -> QuerySet[Address]:
    return Address.objects.filter(recipient=Recipient.USER.value, recipient_id=user_id)


def _locked(user_id: int, address_id: int) -> Address:
    row = _rows(user_id).select_for_update().filter(pk=address_id).first()
    if row is None:
        raise _unknown()
    return row


def _unknown() -> NotFound:
    return NotFound("You have no such address.", code="address_unknown")


def _count_try(user: User) -> None:
    allowed = limits.allow("addresses", str(user.pk), CHANGES, when_gone=True)
    if not allowed.ok:
        text = "You have changed many addresses within an hour. Try again later."
        raise TooMany(text, code="too_many_changes", retry_after_s=allowed.retry_after_s)


@sensitive_variables("raw", "address")
def _taken(channel: Channel, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the channel makes of what was typed, and where that leads."""
    try:
        address = sender(channel).take(raw)
        _look_up(address)
    except RefusedAddress as error:
        raise RefusedAddress(error.message, **{"field": "url", **error.details}) from None
    return address


def _look_up(address: Mapping[str, Any]) -> None:
    """Raises RefusedAddress where a web address leads anywhere but to the public internet."""
    for name in ("url", "endpoint"):
        url = str(address.get(name) or "")
        if url.startswith(("http://", "https://")):
            try:
                aio.run(targets.check(url), LOOKED_UP_WITHIN_S)
            except TimeoutError:
                text = "Nobody told us in time where this address leads. Try again."
                raise RefusedAddress(text) from None


def _refuse(user: User, channel: Channel, address: Mapping[str, Any], mark: bytes) -> None:
    own = channel is Channel.EMAIL and user.email_verified_at is not None
    if own and address == address_rows.email(user.email):
        raise BadInput("This is your account's e-mail already.", code="address_known",
                       field="email")  # fmt: skip
    there = list(_rows(user.pk).values_list("channel", "digest"))
    if any(name == channel.value and bytes(digest) == mark for name, digest in there):
        raise BadInput("You have this address already.", code="address_known")
    if channel is not Channel.WEB_PUSH and any(name == channel.value for name, _ in there):
        raise BadInput("You have one already: remove it first.", code="channel_taken")
    if len(there) >= MOST:
        text = f"You have {MOST} addresses, which is as many as there may be. Remove one first."
        raise BadInput(text, code="too_many", limit=MOST)
    if suppressions.reason(channel, mark):
        text = "Whoever has this address asked us not to write to it."
        raise BadInput(text, code="suppressed")


@contextmanager
def _changing(user: User, door: Door, by: User | None) -> Iterator[None]:
    """Changes of one person's addresses happen one after another, audited."""
    with transaction.atomic(), audit.doing(door, actor(user, door, by)), disable_auditlog():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        yield


def _is_own(user: User, row: Address) -> bool:
    """Whether this is the row of what the account proves: its Telegram chat or its e-mail."""
    return any(
        bytes(row.digest) == address_rows.digest(channel, address)
        for channel, address in address_rows.of_account(user).items()
    )


def _record(what: str, row: Address, changes: Mapping[str, Any], by: User | None) -> None:
    audit.record(what, row, whom=row.recipient_id, changes=changes, by=by)
