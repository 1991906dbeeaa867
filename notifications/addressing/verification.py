"""Proof that whoever adds an address reads what is sent there, before anything else is sent.

A code of six digits, or a signed link that carries it: ten minutes, five tries, used once. Only
its keyed digest is kept, so it goes straight to the channel and never into the queue. A webhook
proves itself by saying back the challenge it is sent.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from auditlog.context import disable_auditlog
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import audit
from accounts.acting import actor
from accounts.models import User
from arbedge import limits, sealing
from arbedge.errors import ArbEdgeError, BadInput, NotFound, TooMany
from arbedge.names import Channel, Door
from notifications.addressing import addresses, order, proofs
from notifications.models import Address, Verification
from notifications.names import AddressState, Recipient

LIFE: Final = timedelta(minutes=10)
MOST_TRIES: Final = 5
DIGITS: Final = 6
SENT: Final = "5/hour"  # to one address
SENT_BY: Final = "15/hour"  # by one person, whatever the address
GUESSED: Final = "30/hour"
SALT: Final = "notifications.verification"


@dataclass(frozen=True)
class Started:
    """How a proof goes on: `done` where the address has proven itself already."""

    address: Address
    done: bool
    by_link: bool


def start(user: User, address_id: int, *, door: Door, now: datetime | None = None) -> Started:
    """Sends a new code to the address; earlier ones are over. Takes up to 15 s.

    Raises NotFound, BadInput (address_verified, address_disabled), TooMany, and Unproven where the
    channel could not take it: then nothing is waited for.
    """
    at = now or timezone.now()
    row = addresses.find(user.pk, address_id)
    _refuse(row)
    _count("address_codes", str(row.pk), SENT, when_gone=False)
    _count("address_codes_by", str(user.pk), SENT_BY, when_gone=False)
    code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    made = _made(row, code, at)
    try:
        done = proofs.send(user, row, proofs.Proof(made.pk, code, link(made, code)), at)
    except ArbEdgeError:
        made.delete()
        raise
    if done:
        _use(made, at)
        row = _prove(user, row.pk, door, at)
    return Started(row, done, by_link=row.channel == Channel.EMAIL.value)


@sensitive_variables("code")
def confirm(
    user: User, address_id: int, code: str, *, door: Door, now: datetime | None = None
) -> Address:
    """Takes the code that came. Raises NotFound, TooMany, BadInput: code_form, code_none,
    code_old, code_used, code_spent, code_wrong (details: `left`)."""
    at = now or timezone.now()
    row = addresses.find(user.pk, address_id)
    _count("address_guesses", str(user.pk), GUESSED, when_gone=False)
    plain = "".join(code.split()).replace("-", "")
    if len(plain) != DIGITS or not (plain.isascii() and plain.isdigit()):
        raise BadInput("The code has six digits.", code="code_form", field="code")
    held = row.verifications.order_by("-id").first()
    if held is None:
        raise BadInput("Ask for a code first.", code="code_none", field="code")
    _try(held, plain, at)
    return _prove(user, row.pk, door, at)


def link(made: Verification, code: str) -> str:
    """The address that proves by being opened and pressed; it carries the code.

    Logs hide whatever is called token in an address.
    """
    query = urlencode({"token": signing.dumps([made.pk, code], salt=SALT)})
    path = reverse("notifications:prove_by_link")
    return f"{str(settings.SITE_URL).rstrip('/')}{path}?{query}"


def look(token: str) -> tuple[Verification, str]:
    """What a link says, without using it. Raises BadInput (link_forged, link_old)."""
    try:
        made_id, code = signing.loads(token, salt=SALT, max_age=LIFE)
    except signing.SignatureExpired:
        text = "This link is older than ten minutes. Ask for a new one on your channels' page."
        raise BadInput(text, code="link_old") from None
    except (signing.BadSignature, ValueError):
        text = "This link is not one of ours, or was cut short on its way."
        raise BadInput(text, code="link_forged") from None
    made = Verification.objects.select_related("address").filter(pk=made_id).first()
    if made is None:
        raise BadInput("The address of this link was removed.", code="link_old")
    return made, code


def confirm_by_link(token: str, *, now: datetime | None = None) -> Address:
    """Takes the code a link carries; its reader need not be logged in, for it came by mail.

    Raises BadInput as `look` and `confirm` do.
    """
    at = now or timezone.now()
    made, code = look(token)
    user = User.objects.filter(pk=made.address.recipient_id).first()
    if user is None or made.address.recipient != Recipient.USER.value:
        raise NotFound("There is no such account any more.", code="user_unknown")
    _try(made, code, at)
    return _prove(user, made.address_id, Door.WEB, at)


def forget_old(now: datetime) -> int:
    """Deletes proofs a day after their end. Returns how many."""
    old = Verification.objects.filter(expires_at__lt=now - timedelta(days=1))
    return old.delete()[0]


def _refuse(row: Address) -> None:
    if row.state == AddressState.ACTIVE.value:
        raise BadInput("This address is verified already.", code="address_verified")
    if row.state == AddressState.DISABLED.value:
        raise BadInput("Enable the address first.", code="address_disabled")


def _count(name: str, who: str, rate: str, *, when_gone: bool) -> None:
    allowed = limits.allow(name, who, rate, when_gone=when_gone)
    if not allowed.ok:
        minutes = -(-allowed.retry_after_s // 60)
        text = f"That was often. Try again in {minutes} min."
        raise TooMany(text, code="too_many_codes", retry_after_s=allowed.retry_after_s)


@sensitive_variables("code")
def _made(row: Address, code: str, now: datetime) -> Verification:
    with disable_auditlog():
        row.verifications.filter(used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
        return Verification.objects.create(
            address=row, digest=_digest(row.pk, code), created_at=now, expires_at=now + LIFE
        )


@sensitive_variables("code")
def _digest(address_id: int, code: str) -> bytes:
    return sealing.digest("address_code", f"{address_id} {code}")


@sensitive_variables("code")
def _try(held: Verification, code: str, now: datetime) -> None:
    """Uses the proof up, or counts a wrong try; the count is kept whatever follows."""
    if held.used_at is not None:
        raise _used()
    if held.expires_at <= now:
        text = "This code is over: it is older than ten minutes, or a newer one was sent."
        raise BadInput(text, code="code_old", field="code")
    free = Verification.objects.filter(pk=held.pk, tries__lt=MOST_TRIES, used_at__isnull=True)
    if not free.update(tries=F("tries") + 1):
        held.refresh_from_db()
        if held.used_at is not None:
            raise _used()
        text = "This code was tried five times. Ask for a new one."
        raise BadInput(text, code="code_spent", field="code")
    if not sealing.same(_digest(held.address_id, code), bytes(held.digest)):
        left = max(0, MOST_TRIES - held.tries - 1)
        text = f"This is not the code that was sent. {left} tries are left."
        raise BadInput(text, code="code_wrong", field="code", left=left)
    _use(held, now)


def _use(held: Verification, now: datetime) -> None:
    """Of two at once exactly one gets through."""
    if not Verification.objects.filter(pk=held.pk, used_at__isnull=True).update(used_at=now):
        raise _used()


def _used() -> BadInput:
    return BadInput("This code was used. Ask for a new one.", code="code_used", field="code")


def _prove(user: User, address_id: int, door: Door, now: datetime) -> Address:
    with transaction.atomic(), audit.doing(door, actor(user, door, None)), disable_auditlog():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        row = addresses.find(user.pk, address_id)
        before, row.state = row.state, AddressState.ACTIVE.value
        row.problem, row.failures, row.disabled_at, row.verified_at = "", 0, None, now
        row.save()
        changes = {"state": (before, row.state)}
        audit.record("address.verified", row, whom=user, changes=changes, by=user)
        order.use(user, Channel(row.channel), door=door)
    return row
