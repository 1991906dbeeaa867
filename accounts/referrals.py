"""Referrals: everybody's own code, who came by it, and how far they got.

A stage that is reached is noted when it happens; its points come when all stages before it are
reached too, once. Points and what they buy: accounts/rewards.py.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts import audit
from accounts.acting import actor
from accounts.models import Points, Referral, ReferralCode, Stage, Subscription, TierSource, User
from arbedge import limits
from arbedge.choices import VENUES
from arbedge.errors import BadInput, Conflict, TooMany
from arbedge.names import Door

MADE_LENGTH: Final = 8
WITHOUT_LOOK_ALIKES: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
EDITS: Final = "3/day"
NEW_FOR: Final = timedelta(days=7)
ACTIVE_AFTER: Final = timedelta(days=30)
POINTS: Final = {
    Stage.REGISTERED: 5,
    Stage.TRADED: 20,
    Stage.SUBSCRIBED: 100,
    Stage.ACTIVE: 50,
}
RESERVED: Final = (
    "ADMIN", "ARBEDGE", "FREEMONEY", "HELPDESK", "MODERATOR", "OFFICIAL", "REFUND", "STAFF",
    "SUPPORT", "SYSTEM", "TELEGRAM", *(name.upper() for name in VENUES if len(name) >= 5),
)  # fmt: skip
START: Final = "ref_"
BATCH: Final = 500
_FORM: Final = re.compile(r"[A-Z0-9]{6,12}")
_LOOK_LIKE: Final = str.maketrans("01345", "OIEAS")


def code_of(user: User) -> str:
    """Returns the person's code, made at the first call."""
    found = ReferralCode.objects.filter(user=user).first()
    while found is None:
        made = "".join(secrets.choice(WITHOUT_LOOK_ALIKES) for _ in range(MADE_LENGTH))
        if not _is_reserved(made):
            row = ReferralCode(user=user, code=made)
            ReferralCode.objects.bulk_create([row], ignore_conflicts=True)
        found = ReferralCode.objects.filter(user=user).first()
    return found.code


def deep_link(code: str) -> str:
    """The address that opens the bot with this code, or the web's log-in where there is no bot."""
    if settings.BOT_NAME:
        return f"https://t.me/{settings.BOT_NAME}?start={START}{code}"
    return f"{str(settings.SITE_URL).rstrip('/')}/login?ref={code}"


def normal(code: str) -> str:
    """The code in capitals, without the start of a deep link. Raises BadInput(bad_code)."""
    told = code.strip().removeprefix(START).upper()
    if not _FORM.fullmatch(told):
        raise BadInput(
            "A referral code has 6 to 12 letters A–Z and digits, nothing else.",
            code="bad_code", field="code", limit=[6, 12],
        )  # fmt: skip
    return told


def edit(user: User, code: str, *, door: Door, by: User | None = None) -> str:
    """Gives the person the code he chose and returns it; the one before is free for others.

    Raises BadInput (bad_code, code_reserved), Conflict (code_taken), TooMany after three a day.
    """
    told = normal(code)
    if _is_reserved(told):
        raise BadInput(
            "This code could be taken for ArbEdge's own or an exchange's. Choose another.",
            code="code_reserved", field="code",
        )  # fmt: skip
    with transaction.atomic(), audit.doing(door, by):
        person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        before = code_of(person)
        if told == before:
            return told
        _take(person, told)
        _count_edit(person)
        row = ReferralCode(user=person, code=told)
        audit.record(
            "referral.code_changed", row, whom=person, changes={"code": (before, told)},
            by=actor(person, door, by),
        )  # fmt: skip
    return told


def referred(new_user: User, code: str, *, door: Door, now: datetime | None = None) -> Referral:
    """Notes that somebody new came by this code; its owner becomes his inviter, if he has none.

    Raises BadInput (bad_code, code_unknown, own_code) and Conflict (already_referred, too_late: who
    is here for a week, or longer than the code's owner, came by himself).
    """
    now = now or timezone.now()
    owner = User.objects.filter(referral_code__code=normal(code)).first()
    if owner is None:
        raise BadInput(
            "Nobody has this referral code. Compare it with the one you were given.",
            code="code_unknown", field="code",
        )  # fmt: skip
    if owner.pk == new_user.pk:
        raise BadInput(
            "This code is your own. It is for those you invite.", code="own_code", field="code"
        )
    if not _is_new(new_user, owner, now):
        raise Conflict(
            f"Referral codes are for new people, within {NEW_FOR.days} days.", code="too_late"
        )
    with transaction.atomic(), audit.doing(door):
        made = credit(new_user, owner, now=now)
        if made is None:
            raise Conflict("You came by another's code already.", code="already_referred")
        by = actor(new_user, door, None)
        changes = {"code": made.code, "referrer": owner.pk}
        audit.record("referral.made", made, whom=new_user, changes=changes, by=by)
    return made


def credit(new_user: User, referrer: User, *, now: datetime) -> Referral | None:
    """Notes who brought this person, with the points for it; None where somebody has already, or
    where the person is not new."""
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).get(pk=new_user.pk)
        if not _is_new(person, referrer, now) or Referral.objects.filter(referred=person).exists():
            return None
        code = code_of(referrer)
        row = Referral(referrer=referrer, referred=person, code=code, registered_at=now)
        Referral.objects.bulk_create([row])
        if person.invited_by_id is None:
            User.objects.filter(pk=person.pk).update(invited_by=referrer)
            new_user.invited_by_id = referrer.pk
        _reward(row, now)
    return row


def progress(user: User | int, stage: Stage, *, now: datetime | None = None) -> list[Stage]:
    """Notes that somebody who was referred reached a stage; nothing for whoever was not.

    Returns the stages points were given for by this: several, where an earlier one was missing.
    """
    now = now or timezone.now()
    user_id = user.pk if isinstance(user, User) else user
    with transaction.atomic():
        row = Referral.objects.select_for_update().filter(referred_id=user_id).first()
        if row is None:
            return []
        if getattr(row, _column(stage)) is None:
            setattr(row, _column(stage), now)
            Referral.objects.filter(pk=row.pk).update(**{_column(stage): now})
        return _reward(row, now)


def follow(now: datetime, batch: int = BATCH) -> int:
    """Finds who has paid, and who is still here a month after that; returns how many went on."""
    paid = Subscription.objects.filter(
        user=OuterRef("referred"), source=TierSource.PAID, price_usd__gt=0
    )
    month_ago = now - ACTIVE_AFTER
    stayed = Q(subscribed_at__lte=month_ago, referred__seen_at__gte=month_ago)
    return _advance(Stage.SUBSCRIBED, Q(Exists(paid)), now, batch) + _advance(
        Stage.ACTIVE, stayed, now, batch
    )


def _advance(stage: Stage, reached: Q, now: datetime, batch: int) -> int:
    total = 0
    waiting = Referral.objects.filter(reached, **{f"{_column(stage)}__isnull": True})
    while True:
        people = list(waiting.order_by("pk").values_list("referred_id", flat=True)[:batch])
        for user_id in people:
            progress(user_id, stage, now=now)
        total += len(people)
        if len(people) < batch:
            return total


def _reward(row: Referral, now: datetime) -> list[Stage]:
    """Points for every stage up to the first that is not reached. The caller holds the row."""
    had = set(Points.objects.filter(referral=row).values_list("stage", flat=True))
    due: list[Stage] = []
    for stage in Stage:
        if getattr(row, _column(stage)) is None:
            break
        if stage not in had:
            due.append(stage)
    Points.objects.bulk_create([
        Points(
            user_id=row.referrer_id, points=POINTS[stage], referral=row, stage=stage, made_at=now
        )
        for stage in due
    ])  # fmt: skip
    return due


def _column(stage: Stage) -> str:
    return f"{stage.value}_at"


def _is_new(person: User, referrer: User, now: datetime) -> bool:
    """Nobody refers whoever was here before him, so that no two refer each other."""
    came_later = (referrer.date_joined, referrer.pk) < (person.date_joined, person.pk)
    return came_later and person.date_joined >= now - NEW_FOR


def _is_reserved(code: str) -> bool:
    """Whether a reserved word stands in it, also written with digits that look like letters."""
    return any(word in told for told in (code, code.translate(_LOOK_LIKE)) for word in RESERVED)


def _take(person: User, code: str) -> None:
    try:
        with transaction.atomic():
            rows = ReferralCode.objects.filter(user=person)
            rows.update(code=code, edited_at=timezone.now())
    except IntegrityError:
        raise Conflict(
            "Somebody has this code already. Choose another.", code="code_taken", field="code"
        ) from None


def _count_edit(person: User) -> None:
    edits = limits.allow("referral-edit", str(person.pk), EDITS, when_gone=True)
    if not edits.ok:
        hours = -(-edits.retry_after_s // 3600)
        raise TooMany(
            f"A code can be changed three times a day. Try again in {hours} h.",
            retry_after_s=edits.retry_after_s,
        )
