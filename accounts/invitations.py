"""Invitation codes: making, redeeming and revoking them.

A code is kept as a keyed digest, by which it is found, and sealed, so that its link can be shown
again; the sealed text goes when the code can be used no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts import audit, permissions, standing
from accounts.invitation_codes import (
    CodeState,
    Shown,
    csv_of,
    deep_link,
    digest,
    fresh,
    normal,
    open_at,
    own,
    shown,
    state_of,
)
from accounts.models import Invitation, InvitationBatch, Purpose, User
from accounts.permissions import Permission
from accounts.redeeming import Redeemed, locked, needs_code, redeem
from arbedge import sealing
from arbedge.errors import BadInput, Forbidden
from arbedge.names import Door

__all__ = [
    "CodeState", "Made", "Redeemed", "Shown", "csv_of", "deep_link", "make", "make_own",
    "needs_code", "normal", "own", "redeem", "revoke", "shown", "state_of", "tidy",
]  # fmt: skip

LIFE: Final = timedelta(days=30)
LONGEST_LIFE: Final = timedelta(days=365)
MOST_AT_ONCE: Final = 100
MOST_USES: Final = 10_000
MOST_OPEN_OF_ONE: Final = 10
NOTE_LENGTH: Final = 200
TIDY_BATCH: Final = 1_000


@dataclass(frozen=True)
class Made:
    """A code, told now, and its row."""

    code: str
    invitation: Invitation


def make(
    purpose: Purpose,
    number: int = 1,
    *,
    door: Door,
    by: User | None = None,
    inviter: User | None = None,
    max_uses: int = 1,
    expires_at: datetime | None = None,
    note: str = "",
    now: datetime | None = None,
) -> list[Made]:
    """Makes a batch of codes, good for 30 days where nothing else is said, and returns them.

    Staff (`by`, with users.manage) makes any; people make their own through `make_own`. Raises
    BadInput naming field and limit, and Forbidden.
    """
    now = now or timezone.now()
    expires_at = expires_at or now + LIFE
    if by is None and door is not Door.TASK:
        raise Forbidden("Codes are made by somebody: name who.", code="missing_role")
    if by is not None and by != inviter:
        permissions.need(standing.known(by.pk), Permission.USERS_MANAGE, now=now)
    _within("number", "A batch has", number, MOST_AT_ONCE)
    _within("max_uses", "A code has", max_uses, MOST_USES, "uses")
    _check(purpose, inviter, expires_at - now, note)
    with transaction.atomic(), audit.doing(door, by):
        batch = InvitationBatch(
            purpose=purpose, number=number, note=note, made_at=now, made_by=by
        )  # fmt: skip
        InvitationBatch.objects.bulk_create([batch])
        made = [
            Made(code, Invitation(
                batch=batch, digest=digest(code), start=code[:3], sealed=sealing.seal(code),
                purpose=purpose, inviter=inviter, max_uses=max_uses, made_at=now,
                expires_at=expires_at,
            ))
            for code in fresh(number)
        ]  # fmt: skip
        Invitation.objects.bulk_create([one.invitation for one in made])
        changes = {"purpose": purpose.value, "number": number, "uses": max_uses, "note": note}
        audit.record("invitations.made", batch, whom=inviter, changes=changes, by=by)
    return made


def make_own(user: User, *, door: Door, now: datetime | None = None) -> Made:
    """Makes a code by which `user` invites one other person.

    Raises BadInput (too_many_open) beyond ten that still can be used, Forbidden.
    """
    now = now or timezone.now()
    with transaction.atomic():
        person = locked(user)
        if Invitation.objects.filter(open_at(now), inviter=person).count() >= MOST_OPEN_OF_ONE:
            raise BadInput(
                f"{MOST_OPEN_OF_ONE} of your codes still wait to be used. Give those away, or "
                "revoke some.",
                code="too_many_open", limit=MOST_OPEN_OF_ONE,
            )  # fmt: skip
        return make(Purpose.REFERRAL, door=door, by=person, inviter=person, now=now)[0]


def revoke(ids: Iterable[int], *, door: Door, by: User, now: datetime | None = None) -> int:
    """Makes these codes unusable and returns how many were not before.

    Staff with users.manage revokes any, others their own. Raises Forbidden.
    """
    now = now or timezone.now()
    wanted = Invitation.objects.filter(pk__in=list(ids), revoked_at=None)
    if wanted.exclude(inviter=by).exists():
        permissions.need(standing.known(by.pk), Permission.USERS_MANAGE, now=now)
    with transaction.atomic(), audit.doing(door, by):
        rows = list(wanted.select_for_update().order_by("pk"))
        Invitation.objects.filter(pk__in=[row.pk for row in rows]).update(
            revoked_at=now, revoked_by=by, sealed=""
        )
        for row in rows:
            changes = {"uses": row.uses, "revoked_at": now}
            audit.record("invitation.revoked", row, whom=row.inviter_id, changes=changes, by=by)
    return len(rows)


def tidy(now: datetime, batch: int = TIDY_BATCH) -> int:
    """Empties the sealed text of codes that can be used no more, and returns of how many."""
    over = Q(expires_at__lte=now) | Q(revoked_at__isnull=False) | Q(uses__gte=F("max_uses"))
    total = 0
    while True:
        some = Invitation.objects.filter(over).exclude(sealed="").values("pk")[:batch]
        emptied = Invitation.objects.filter(pk__in=some).update(sealed="")
        total += emptied
        if emptied < batch:
            return total


def _check(purpose: Purpose, inviter: User | None, life: timedelta, note: str) -> None:
    if not timedelta(0) < life <= LONGEST_LIFE:
        raise BadInput(
            f"A code must end in the future, within {LONGEST_LIFE.days} days.",
            code="bad_end", field="expires_at", limit=LONGEST_LIFE.days,
        )  # fmt: skip
    if len(note) > NOTE_LENGTH:
        message = f"A note has at most {NOTE_LENGTH} characters, this one has {len(note)}."
        raise BadInput(message, code="bad_note", field="note", limit=NOTE_LENGTH)
    if (purpose == Purpose.REFERRAL) != (inviter is not None):
        raise BadInput(
            "Codes of a person's own name their inviter, others have none.", field="inviter"
        )


def _within(field: str, what: str, number: int, most: int, of: str = "codes") -> None:
    if not 1 <= number <= most:
        message = f"{what} from 1 to {most:,} {of}, not {number:,}."
        raise BadInput(message, code="out_of_range", field=field, limit=most)
