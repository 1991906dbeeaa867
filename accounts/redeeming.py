"""Redeeming an invitation code, and who needs one.

A redeem is one transaction: of the last use exactly one person gets it, nobody is invited twice,
and what is refused leaves nothing behind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit, referrals, subscriptions
from accounts.acting import actor
from accounts.invitation_codes import CodeState, digest, normal, state_of
from accounts.models import Invitation, Purpose, Redemption, User
from arbedge import limits, sealing
from arbedge.errors import BadInput, Conflict, Forbidden, TooMany
from arbedge.names import AccountState, Door, Role

BETA: Final = timedelta(days=90)
TRIES: Final = "5/hour"
WITH_BETA: Final = frozenset({Purpose.BETA, Purpose.REFERRAL})

_USE: Final = """
UPDATE accounts_invitation
SET uses = uses + 1, sealed = CASE WHEN uses + 1 >= max_uses THEN '' ELSE sealed END
WHERE digest = %(digest)s AND revoked_at IS NULL AND expires_at > %(now)s AND uses < max_uses
  AND inviter_id IS DISTINCT FROM %(user)s
RETURNING id
"""


@dataclass(frozen=True)
class Redeemed:
    """What a code gave."""

    invitation_id: int
    purpose: Purpose
    beta_until: datetime | None
    inviter_id: int | None


def redeem(
    user: User, code: str, door: Door, *, who: str = "", now: datetime | None = None
) -> Redeemed:
    """Redeems a code for `user`: beta, inviter and use together, or nothing at all.

    `who` is what tries are counted by, where the user is made in the same breath. Raises BadInput
    (code_unknown, code_expired, code_used_up, code_revoked, own_code), Conflict (already_invited),
    Forbidden (suspended …), TooMany (too_many_tries); its `left` says how many tries remain.
    """
    now = now or timezone.now()
    code = normal(code)
    left = _count_try(who or _who(user))
    with transaction.atomic(), audit.doing(door):
        person = locked(user)
        if Redemption.objects.filter(user=person).exists():
            raise Conflict(
                "You have redeemed an invitation already. One is all it takes; go on with /help.",
                code="already_invited",
            )
        found = _use(code, person, left, now)
        given = _give(found, person, door, now)
        changes = {"purpose": given.purpose.value, "beta_until": given.beta_until or ""}
        by = actor(person, door, None)
        audit.record("invitation.redeemed", found, whom=person, changes=changes, by=by)
    user.beta_until, user.invited_by_id = person.beta_until, person.invited_by_id
    return given


def needs_code(user: User | None = None) -> bool:
    """Whether this person, or somebody without account, must bring a code before anything else.

    Staff, and whoever had finished the first steps before codes were asked for, need none.
    """
    if not settings.INVITE_ONLY:
        return False
    if user is None:
        return True
    if user.role != Role.USER or user.onboarded_at is not None:
        return False
    return not Redemption.objects.filter(user=user).exists()


def _who(user: User) -> str:
    """What is the same for one person even where the row is not kept."""
    if user.telegram_id is not None:
        return f"telegram:{user.telegram_id}"
    if user.email:
        return f"mail:{sealing.digest('tries', user.email.lower()).hex()[:32]}"
    return f"user:{user.pk}"


def _count_try(who: str) -> int:
    """Counts a try before the database is asked, and returns how many are left."""
    tries = limits.allow("invitation", who, TRIES, when_gone=False)
    if tries.ok:
        return limits.left("invitation", who, TRIES)
    if not tries.counted:
        raise TooMany(
            "Codes cannot be checked at this moment. Try again in a minute.",
            code="too_many_tries", retry_after_s=60, left=0,
        )  # fmt: skip
    minutes = math.ceil(tries.retry_after_s / 60)
    raise TooMany(
        f"That was one code too many for an hour. Try again in {minutes} min.",
        code="too_many_tries", retry_after_s=tries.retry_after_s, left=0,
    )  # fmt: skip


def locked(user: User) -> User:
    """The person, for whom nothing else is redeemed meanwhile."""
    person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if person.state != AccountState.ACTIVE:
        raise Forbidden(
            f"This account is {person.state}, so invitations are closed to it. Ask support.",
            code=person.state,
        )
    return person


def _use(code: str, person: User, left: int, now: datetime) -> Invitation:
    """Takes one use of the code; who waits here for another's last use finds none left."""
    values: dict[str, Any] = {"digest": digest(code), "now": now, "user": person.pk}
    with connection.cursor() as cursor:
        cursor.execute(_USE, values)
        row = cursor.fetchone()
    if row is None:
        raise _refusal(code, person, left, now)
    return Invitation.objects.select_related("inviter").get(pk=row[0])


def _refusal(code: str, person: User, left: int, now: datetime) -> BadInput:
    """Why the code was not taken, and what to do now."""
    row = Invitation.objects.filter(digest=digest(code)).first()
    tries = f"{left} more {'try' if left == 1 else 'tries'} this hour."
    if row is None:
        told = ("code_unknown", "This code is not known. Compare it with the one you were given.")
    elif row.inviter_id == person.pk:
        told = ("own_code", "This code is your own. Give it to somebody else.")
    else:
        told = _OVER[state_of(row, now)]
    return BadInput(f"{told[1]} {tries}", code=told[0], field="code", left=left)


_OVER: Final = {
    CodeState.REVOKED: ("code_revoked", "This code was withdrawn. Ask for another."),
    CodeState.USED_UP: ("code_used_up", "This code has been used. Ask for another."),
    CodeState.EXPIRED: ("code_expired", "This code's time is over. Ask for another."),
    # Between our try and this look somebody's redeem was undone: trying again may succeed.
    CodeState.OPEN: ("code_used_up", "This code was being used. Try it once more."),
}


def _give(found: Invitation, person: User, door: Door, now: datetime) -> Redeemed:
    purpose = Purpose(found.purpose)
    if purpose in WITH_BETA:
        subscriptions.grant_beta(person, now + BETA, door=door, now=now)
    beta_until = person.beta_until if purpose in WITH_BETA else None
    redemption = Redemption(
        user=person, invitation=found, redeemed_at=now, door=door, beta_until=beta_until
    )
    Redemption.objects.bulk_create([redemption])
    if found.inviter is not None:
        _name_inviter(person, found.inviter, now)
    return Redeemed(found.pk, purpose, beta_until, found.inviter_id)


def _name_inviter(person: User, inviter: User, now: datetime) -> None:
    """The first inviter stays; who brought somebody new is credited as by his referral code."""
    if User.objects.filter(pk=person.pk, invited_by=None).update(invited_by=inviter):
        person.invited_by = inviter
    referrals.credit(person, inviter, now=now)
