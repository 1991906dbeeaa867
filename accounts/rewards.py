"""Points: earned by referrals, spent for days of a tier; the leaderboard and people's figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Count, F, Q, Sum, Window
from django.db.models.functions import Rank
from django.utils import timezone

from accounts import audit, permissions, referrals, standing, subscriptions
from accounts.acting import actor
from accounts.models import Points, Referral, ReferralCode, Stage, Subscription, TierSource, User
from accounts.permissions import Permission
from arbedge.choices import PublicName
from arbedge.errors import BadInput, Conflict, Forbidden
from arbedge.names import AccountState, Door, Tier

POINTS_A_DAY: Final = {Tier.BASIC: 5, Tier.PREMIUM: 15, Tier.PRO: 25}
FEWEST_DAYS: Final = 7
MOST_DAYS: Final = 365
FIRST_DISCOUNT: Final = Decimal("0.10")
MOST_PLACES: Final = 100
MOST_POINTS: Final = 100_000
NAMELESS: Final = "Someone"


@dataclass(frozen=True)
class Place:
    """A line of the leaderboard; equal points share a rank."""

    rank: int
    user_id: int
    name: str
    points: int
    registered: int
    subscribed: int


@dataclass(frozen=True)
class Figures:
    """What came of a person's referrals; `code` is "" where none was made yet."""

    code: str
    registered: int
    traded: int
    subscribed: int
    active: int
    earned: int
    spent: int

    @property
    def balance(self) -> int:
        """Points that can be spent."""
        return self.earned - self.spent


def balance(user_id: int) -> int:
    """Points that can be spent."""
    return Points.objects.filter(user_id=user_id).aggregate(sum=Sum("points"))["sum"] or 0


def cost(tier: Tier, days: int) -> int:
    """Points for so many days. Raises BadInput where points do not buy this."""
    if tier not in POINTS_A_DAY:
        listed = ", ".join(POINTS_A_DAY)
        raise BadInput(
            f"Points buy days of {listed}.", code="not_a_choice", field="tier",
            limit=list(POINTS_A_DAY),
        )  # fmt: skip
    if not FEWEST_DAYS <= days <= MOST_DAYS:
        raise BadInput(
            f"Points buy {FEWEST_DAYS} to {MOST_DAYS} days.", code="out_of_range", field="days",
            limit=[FEWEST_DAYS, MOST_DAYS],
        )  # fmt: skip
    return POINTS_A_DAY[tier] * days


def redeem_points(
    user: User, tier: Tier, days: int, *, door: Door, now: datetime | None = None
) -> Subscription:
    """Spends points for days of `tier`, after what the person has of it already; the new row.

    Raises BadInput (short_of_points with `balance` and `cost`), Conflict (tier_is_higher,
    tier_is_for_good).
    """
    now = now or timezone.now()
    price = cost(tier, days)
    with transaction.atomic(), audit.doing(door):
        person = _locked(user)
        _spend(person, price, f"{days} days of {tier.value}", now)
        held = subscriptions.current(person.pk, now)
        begins = now
        if held is not None and held.tier == tier:
            if held.ends_at is None:
                raise Conflict(
                    f"You have {tier.value} without an end; keep your points.",
                    code="tier_is_for_good",
                )
            begins = max(now, held.ends_at)
        row = subscriptions.grant(
            user, tier, ends_at=begins + timedelta(days=days), source=TierSource.REFERRAL,
            door=door, note=f"{price} points", now=now,
        )  # fmt: skip
        _record(person, -price, row.note, door, None)
    return row


def adjust(user: User, points: int, note: str, *, door: Door, by: User) -> int:
    """Staff gives points or takes some; returns the balance, which never falls below zero.

    Raises BadInput, Forbidden (missing_role, own_affair).
    """
    if not points or abs(points) > MOST_POINTS:
        raise BadInput(
            f"From 1 to {MOST_POINTS:,} points, given or taken.", code="out_of_range",
            field="points", limit=MOST_POINTS,
        )  # fmt: skip
    if not note.strip() or len(note) > 200:
        raise BadInput("Say why, in 200 characters at most.", field="note", limit=200)
    permissions.need(standing.known(by.pk), Permission.USERS_MANAGE, now=timezone.now())
    if by.pk == user.pk:
        raise Forbidden("Somebody else must decide about your own points.", code="own_affair")
    with transaction.atomic(), audit.doing(door, by):
        person = _locked(user)
        if points < 0:
            _spend(person, -points, note, timezone.now())
        else:
            Points.objects.bulk_create([Points(user=person, points=points, note=note)])
        _record(person, points, note, door, by)
        return balance(person.pk)


def discount(user_id: int) -> Decimal:
    """The fraction off a person's first payment: whoever was referred and has not yet paid."""
    waiting = Referral.objects.filter(referred_id=user_id, subscribed_at=None)
    return FIRST_DISCOUNT if waiting.exists() else Decimal(0)


def figures(user_id: int) -> Figures:
    """The person's referrals and points, in three queries."""
    reached = {
        stage.value: Count("pk", filter=Q(**{f"{stage.value}_at__isnull": False}))
        for stage in Stage
    }
    came = Referral.objects.filter(referrer_id=user_id).aggregate(**reached)
    points = Points.objects.filter(user_id=user_id).aggregate(
        earned=Sum("points", filter=Q(points__gt=0), default=0),
        spent=Sum("points", filter=Q(points__lt=0), default=0),
    )
    code = ReferralCode.objects.filter(user_id=user_id).values_list("code", flat=True).first()
    return Figures(code or "", **came, earned=points["earned"], spent=-points["spent"])


def leaderboard(since: datetime, limit: int = 10) -> list[Place]:
    """Who earned most by referrals since then, of people whose account is active. One query.

    Equal points share a rank and stand in the order they joined. Everybody is named as he chose.
    """
    earned = Points.objects.filter(
        made_at__gte=since, points__gt=0, referral__isnull=False, user__state=AccountState.ACTIVE
    )
    rows = (
        earned.values("user_id", "user__name", "user__preferences__public_name")
        .annotate(
            total=Sum("points"),
            registered=Count("pk", filter=Q(stage=Stage.REGISTERED)),
            subscribed=Count("pk", filter=Q(stage=Stage.SUBSCRIBED)),
        )
        .annotate(rank=Window(Rank(), order_by=F("total").desc()))
        .order_by("rank", "user_id")[: min(max(limit, 0), MOST_PLACES)]
    )
    return [
        Place(
            row["rank"], row["user_id"],
            public(row["user__name"], row["user__preferences__public_name"] or PublicName.SHORT),
            row["total"], row["registered"], row["subscribed"],
        )
        for row in rows
    ]  # fmt: skip


def public(name: str, chosen: str = PublicName.SHORT) -> str:
    """A name as strangers may see it: "An…" for "Ann Smith" where nothing else was chosen, and
    never an address or a number."""
    told = name.strip()
    if chosen == PublicName.HIDDEN or not told or "@" in told or not told[0].isalpha():
        return NAMELESS
    return told if chosen == PublicName.FULL else f"{told.partition(' ')[0][:2]}…"


def _locked(user: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _spend(person: User, points: int, note: str, now: datetime) -> None:
    """The caller holds the person, so that no two spend the same points."""
    held = balance(person.pk)
    if held < points:
        raise BadInput(
            f"This costs {points:,} points and you have {held:,}. Invite others by your code "
            f"for more: {referrals.POINTS[Stage.SUBSCRIBED]} for each who subscribes.",
            code="short_of_points", field="points", balance=held, cost=points,
        )  # fmt: skip
    Points.objects.bulk_create([Points(user=person, points=-points, note=note, made_at=now)])


def _record(person: User, points: int, note: str, door: Door, by: User | None) -> None:
    what = "points.spent" if points < 0 else "points.given"
    changes = {"points": points, "note": note}
    audit.record(what, person, whom=person, changes=changes, by=actor(person, door, by))
