"""Affiliates: who applies, who is taken, and by which grade they share in what their people pay.

What they earn is in accounts/payouts.py. Revenue is what people they referred paid since, and since
the affiliate applied; engagement is how many of those people were here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from accounts import audit, permissions, standing
from accounts.acting import actor
from accounts.models import Affiliate, Application, Grade, Subscription, TierSource, User
from accounts.permissions import Permission
from arbedge.errors import BadInput, Conflict, Forbidden
from arbedge.names import AccountState, Door

WINDOW: Final = timedelta(days=90)
AGAIN_AFTER: Final = timedelta(days=30)
SHORTEST_PITCH: Final = 50
LONGEST_PITCH: Final = 2_000
LONGEST_REVIEW: Final = 400
CENT: Final = Decimal("0.01")
OF_AFFILIATE: Final = "user__referred_by__referrer__affiliate"


@dataclass(frozen=True)
class Terms:
    """What a grade shares (a fraction), and what it takes: revenue and people here in 90 days."""

    commission: Decimal
    revenue_usd: Decimal
    engaged: int


GRADES: Final = {
    Grade.BRONZE: Terms(Decimal("0.10"), Decimal(0), 0),
    Grade.SILVER: Terms(Decimal("0.15"), Decimal(500), 5),
    Grade.GOLD: Terms(Decimal("0.20"), Decimal(5_000), 50),
}
# From which standing each decision leads on.
_FROM: Final = {
    Application.APPROVED: (Application.APPLIED, Application.REJECTED, Application.SUSPENDED),
    Application.REJECTED: (Application.APPLIED,),
    Application.SUSPENDED: (Application.APPROVED,),
}
_NOT_AGAIN: Final = {
    Application.APPLIED: "Your application waits for its review. You need do nothing.",
    Application.APPROVED: "You are an affiliate already.",
    Application.SUSPENDED: "Your affiliation is suspended. Ask support why, and what lifts it.",
}


@dataclass(frozen=True)
class Lately:
    """An affiliate's last 90 days, the grade they make, and the next one."""

    revenue_usd: Decimal
    engaged: int
    grade: Grade
    next: Grade | None


def apply(
    user: User, *, pitch: str, site: str = "", door: Door, now: datetime | None = None
) -> Affiliate:
    """Asks to become an affiliate; a rejected person may ask again after 30 days.

    Raises BadInput (pitch, site), Conflict (already_applied), Forbidden.
    """
    now = now or timezone.now()
    pitch, site = _pitch(pitch), _site(site)
    with transaction.atomic(), audit.doing(door):
        person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if person.state != AccountState.ACTIVE:
            raise Forbidden(f"This account is {person.state}. Ask support.", code=person.state)
        row = Affiliate.objects.filter(user=person).first()
        if row is None:
            row = Affiliate(user=person, pitch=pitch, site=site, applied_at=now)
            Affiliate.objects.bulk_create([row])
        else:
            _refuse_again(row, now)
            _write(row, standing=Application.APPLIED, pitch=pitch, site=site, applied_at=now)
        changes = {"site": site, "pitch": pitch}
        by = actor(person, door, None)
        audit.record("affiliate.applied", row, whom=person, changes=changes, by=by)
    return row


def approve(
    row: Affiliate, *, by: User, door: Door, review: str = "", now: datetime | None = None
) -> Affiliate:
    """Takes the applicant, or lets somebody suspended or rejected go on. Raises as `reject`."""
    return _decide(row, Application.APPROVED, by=by, review=review, door=door, now=now)


def reject(
    row: Affiliate, *, by: User, door: Door, review: str, now: datetime | None = None
) -> Affiliate:
    """Refuses an application; `review` is told to the applicant.

    Raises BadInput (review), Forbidden (missing_role, own_affair), Conflict (decided).
    """
    review = _reason(review)
    return _decide(row, Application.REJECTED, by=by, review=review, door=door, now=now)


def suspend(
    row: Affiliate, *, by: User, door: Door, review: str, now: datetime | None = None
) -> Affiliate:
    """Stops an affiliate's payouts until approved again. Raises as `reject`."""
    review = _reason(review)
    return _decide(row, Application.SUSPENDED, by=by, review=review, door=door, now=now)


def lately(row: Affiliate, now: datetime) -> Lately:
    """What the affiliate's last 90 days are worth, in two queries."""
    own = paid(now - WINDOW, now).filter(**{OF_AFFILIATE: row.pk})
    revenue = own.aggregate(sum=Sum("price_usd", default=Decimal(0)))["sum"]
    engaged = _here_lately(now).filter(referred_by__referrer=row.user_id).count()
    grade = grade_for(revenue, engaged)
    rising = list(GRADES)
    higher = rising[rising.index(grade) + 1 :]
    return Lately(revenue, engaged, grade, higher[0] if higher else None)


def grade_for(revenue_usd: Decimal, engaged: int) -> Grade:
    """The highest grade whose revenue and engagement both are reached."""
    reached = [
        grade
        for grade, terms in GRADES.items()
        if revenue_usd >= terms.revenue_usd and engaged >= terms.engaged
    ]
    return reached[-1]


def regrade(now: datetime) -> int:
    """Gives every approved affiliate the grade of the last 90 days; how many changed."""
    revenue, engaged = _revenue(now), _engaged(now)
    changed = 0
    for row in Affiliate.objects.filter(standing=Application.APPROVED).iterator(chunk_size=500):
        grade = grade_for(revenue.get(row.pk, Decimal(0)), engaged.get(row.pk, 0))
        if grade == row.grade:
            continue
        with transaction.atomic(), audit.doing(Door.TASK):
            changes = {"grade": (row.grade, grade)}
            _write(row, grade=grade)
            audit.record("affiliate.graded", row, whom=row.user_id, changes=changes)
        changed += 1
    return changed


def paid(since: datetime, until: datetime) -> QuerySet[Subscription]:
    """The paid subscriptions made in [since, until) that bring an affiliate commission."""
    return Subscription.objects.filter(
        Q(made_at__gte=F("user__referred_by__registered_at")),
        Q(made_at__gte=F(f"{OF_AFFILIATE}__applied_at")),
        source=TierSource.PAID, price_usd__gt=0, made_at__gte=since, made_at__lt=until,
    )  # fmt: skip


def commission(grade: str, revenue_usd: Decimal) -> Decimal:
    """The grade's share of the revenue, in cents."""
    return cents(revenue_usd * GRADES[Grade(grade)].commission)


def cents(usd: Decimal) -> Decimal:
    """The amount rounded to cents, half a cent up."""
    return usd.quantize(CENT, ROUND_HALF_UP)


def need_staff(by: User, row: Affiliate, now: datetime) -> None:
    """Raises Forbidden where `by` may not decide about affiliates, or about this one."""
    permissions.need(standing.known(by.pk), Permission.USERS_MANAGE, now=now)
    if row.user_id == by.pk:
        raise Forbidden("Somebody else must decide about your own affair.", code="own_affair")


def _decide(
    row: Affiliate,
    verdict: Application,
    *,
    by: User,
    review: str,
    door: Door,
    now: datetime | None,
) -> Affiliate:
    now = now or timezone.now()
    need_staff(by, row, now)
    if len(review) > LONGEST_REVIEW:
        raise BadInput(
            f"A review has at most {LONGEST_REVIEW} characters.", field="review",
            limit=LONGEST_REVIEW,
        )  # fmt: skip
    with transaction.atomic(), audit.doing(door, by):
        held = Affiliate.objects.select_for_update(of=("self",)).get(pk=row.pk)
        if held.standing not in _FROM[verdict]:
            raise Conflict(
                f"This affiliate is {held.standing} and cannot become {verdict.value}. Look again.",
                code="decided",
            )
        changes = {"standing": (held.standing, verdict.value), "review": review}
        _write(held, standing=verdict, reviewed_at=now, reviewed_by=by, review=review)
        what = f"affiliate.{verdict.value}"
        audit.record(what, held, whom=held.user_id, changes=changes, security=True, by=by)
    return held


def _write(row: Affiliate, **columns: object) -> None:
    """Past the signals, so that the audit has one line, ours."""
    for name, value in columns.items():
        setattr(row, name, value)
    Affiliate.objects.filter(pk=row.pk).update(**columns)


def _refuse_again(row: Affiliate, now: datetime) -> None:
    held = Application(row.standing)
    if held is Application.SUSPENDED:
        raise Forbidden(_NOT_AGAIN[held], code="suspended")
    if held in _NOT_AGAIN:
        raise Conflict(_NOT_AGAIN[held], code="already_applied")
    again_at = (row.reviewed_at or row.applied_at) + AGAIN_AFTER
    if now < again_at:
        raise Conflict(
            f"Your application was refused: {row.review} You may apply again from "
            f"{again_at:%Y-%m-%d}.",
            code="too_soon",
        )


def _pitch(pitch: str) -> str:
    told = pitch.strip()
    if not SHORTEST_PITCH <= len(told) <= LONGEST_PITCH:
        raise BadInput(
            f"Say in {SHORTEST_PITCH} to {LONGEST_PITCH:,} characters who would hear of us, and "
            f"how; these are {len(told):,}.",
            field="pitch", limit=[SHORTEST_PITCH, LONGEST_PITCH],
        )  # fmt: skip
    return told


def _site(site: str) -> str:
    told = site.strip()
    try:
        if told:
            URLValidator(schemes=["https", "http"])(told)
    except ValidationError:
        told = ""
    if len(told) > 200 or (site.strip() and not told):
        raise BadInput(
            "A site is an address such as https://example.org, of 200 characters at most.",
            field="site", limit=200,
        )  # fmt: skip
    return told


def _reason(review: str) -> str:
    if not review.strip():
        raise BadInput("Say why; the person is told.", field="review", limit=LONGEST_REVIEW)
    return review.strip()


def _revenue(now: datetime) -> dict[int, Decimal]:
    rows = paid(now - WINDOW, now).values_list(OF_AFFILIATE).annotate(sum=Sum("price_usd"))
    return dict(rows)


def _engaged(now: datetime) -> dict[int, int]:
    affiliate = "referred_by__referrer__affiliate"
    brought = _here_lately(now).filter(**{f"{affiliate}__isnull": False})
    return dict(brought.values_list(affiliate).annotate(count=Count("pk")))


def _here_lately(now: datetime) -> QuerySet[User]:
    return User.objects.filter(seen_at__gte=now - WINDOW, seen_at__lte=now)
