"""Tiers that people pay for or are given: dated rows, and what they make of the person now.

The newest row that covers a moment holds then. The person's own columns repeat what holds now, so
that lists and the audience need not look; `expire` moves them on when a row or a beta ends. The
end itself acts at once: whoever asks for the tier that counts is told by the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, standing
from accounts.models import Subscription, TierSource, User
from accounts.signals import TierChange, tier_changed
from arbedge.errors import BadInput, Conflict
from arbedge.names import Door, Tier

NOTE_LENGTH: Final = 200
MOST_USD: Final = Decimal(100_000)
BATCH: Final = 500


def current(user_id: int, now: datetime) -> Subscription | None:
    """The row that holds at `now`, found by one indexed query; None: free, by no row at all."""
    still = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    rows = Subscription.objects.filter(still, user_id=user_id, starts_at__lte=now)
    return rows.order_by("-id").first()


def grant(
    user: User,
    tier: Tier,
    *,
    ends_at: datetime | None,
    source: TierSource,
    door: Door,
    by: User | None = None,
    note: str = "",
    price_usd: Decimal = Decimal(0),
    now: datetime | None = None,
) -> Subscription:
    """The person has `tier` from `now` until `ends_at` (None: for good). Returns the new row.

    Raises BadInput(bad_end | bad_price | bad_note), and Conflict(tier_is_higher) where a reward
    would lower what the person has.
    """
    now = now or timezone.now()
    check_terms(ends_at, price_usd, note, now)
    with transaction.atomic(), audit.doing(door, by):
        person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        user.beta_until = person.beta_until
        before = tier_at(person, now)
        if source == TierSource.REFERRAL and tier.rank < before.rank:
            raise Conflict(f"A reward of {tier} would take {before} away.", code="tier_is_higher")
        row = Subscription.objects.create(
            user=person, tier=tier, starts_at=now, ends_at=ends_at, source=source, note=note,
            price_usd=price_usd, made_at=now, made_by=by,
        )  # fmt: skip
        _write(user, tier=tier, tier_source=source, tier_since=now, tier_until=ends_at)
        changes = {"tier": (person.tier, tier), "until": (person.tier_until, ends_at)}
        audit.record("tier.granted", row, whom=user, changes=changes, security=True, by=by)
        _tell([TierChange(user.pk, before, tier_at(user, now), ends_at, "granted")])
    return row


def grant_beta(
    user: User, until: datetime, *, door: Door, by: User | None = None, now: datetime | None = None
) -> None:
    """The person has premium features until then; a beta that runs longer is left as it is.

    Raises BadInput(bad_end).
    """
    now = now or timezone.now()
    if until <= now:
        raise BadInput("The beta must end in the future.", code="bad_end", field="until")
    with transaction.atomic(), audit.doing(door, by):
        person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if person.beta_until is not None and person.beta_until >= until:
            user.beta_until = person.beta_until
            return
        before = tier_at(person, now)
        user.tier, user.tier_until = person.tier, person.tier_until
        _write(user, beta_until=until, beta_closed_at=None)
        changes = {"beta_until": (person.beta_until, until)}
        audit.record("beta.granted", user, whom=user, changes=changes, security=True, by=by)
        _tell([TierChange(user.pk, before, tier_at(user, now), until, "beta_granted")])


@dataclass(frozen=True)
class Expired:
    """How many people's paid time and beta were found to be over."""

    tiers: int = 0
    betas: int = 0


def expire(now: datetime, batch: int = BATCH) -> Expired:
    """Moves on everybody whose tier or beta is over, in batches, each a transaction of its own.

    People whom another writer holds are left to the next run; whoever was moved on is not found
    again. The tier falls to the newest other row that still covers `now`, else to free.
    """
    tiers = betas = 0
    while True:
        with transaction.atomic(), audit.doing(Door.TASK):
            ends = _end_some(now, batch)
            standing.changed(end.user_id for end in ends)
            _record(ends)
            _tell([change for end in ends for change in end.changes(now)])
        tiers += sum(end.tier_over for end in ends)
        betas += sum(end.beta_over for end in ends)
        if len(ends) < batch:
            return Expired(tiers, betas)


@dataclass(frozen=True)
class _End:
    """What ended for one person, and what came after."""

    user_id: int
    before: Tier
    after: Tier
    until: datetime | None
    tier_over: bool
    beta_over: bool
    beta_until: datetime | None

    def changes(self, now: datetime) -> list[TierChange]:
        runs = self.beta_until is not None and self.beta_until > now
        before = _lifted(self.before, runs or self.beta_over)
        after = _lifted(self.after, runs)
        why = "tier_ended" if self.tier_over else "beta_ended"
        return [TierChange(self.user_id, before, after, self.until, why)]


_END: Final = """
WITH due AS (
    SELECT id, tier, tier_until <= %(now)s AS tier_over,
           coalesce(beta_until <= %(now)s AND beta_closed_at IS NULL, false) AS beta_over
    FROM accounts_user
    WHERE tier_until <= %(now)s OR (beta_until <= %(now)s AND beta_closed_at IS NULL)
    LIMIT %(batch)s FOR NO KEY UPDATE SKIP LOCKED
), next AS (
    SELECT due.*, row.tier AS next_tier, row.source, row.ends_at
    FROM due LEFT JOIN LATERAL (
        SELECT tier, source, ends_at FROM accounts_subscription
        WHERE user_id = due.id AND starts_at <= %(now)s
          AND (ends_at IS NULL OR ends_at > %(now)s)
        ORDER BY id DESC LIMIT 1
    ) row ON due.tier_over
)
UPDATE accounts_user u SET
    tier = CASE WHEN n.tier_over THEN coalesce(n.next_tier, 'free') ELSE u.tier END,
    tier_source = CASE WHEN n.tier_over THEN coalesce(n.source, 'expiry') ELSE u.tier_source END,
    tier_since = CASE WHEN n.tier_over THEN %(now)s ELSE u.tier_since END,
    tier_until = CASE WHEN n.tier_over THEN n.ends_at ELSE u.tier_until END,
    beta_closed_at = CASE WHEN n.beta_over THEN %(now)s ELSE u.beta_closed_at END
FROM next n WHERE u.id = n.id
RETURNING u.id, n.tier, u.tier, u.tier_until, coalesce(n.tier_over, false), n.beta_over,
          u.beta_until
"""


def _end_some(now: datetime, batch: int) -> list[_End]:
    with connection.cursor() as cursor:
        cursor.execute(_END, {"now": now, "batch": batch})
        rows = cursor.fetchall()
    return [
        _End(user_id, Tier(before), Tier(after), until, tier_over, beta_over, beta_until)
        for user_id, before, after, until, tier_over, beta_over, beta_until in rows
    ]


def _record(ends: list[_End]) -> None:
    people = User.objects.in_bulk([end.user_id for end in ends])
    for end in ends:
        person = people[end.user_id]
        if end.tier_over:
            tiers = {"tier": (end.before, end.after)}
            audit.record("tier.ended", person, whom=person, changes=tiers, security=True)
        if end.beta_over:
            betas = {"beta_until": (end.beta_until, "over")}
            audit.record("beta.ended", person, whom=person, changes=betas, security=True)


def check_terms(ends_at: datetime | None, price_usd: Decimal, note: str, now: datetime) -> None:
    """Raises BadInput(bad_end | bad_price | bad_note)."""
    if ends_at is not None and ends_at <= now:
        raise BadInput("A tier must end in the future.", code="bad_end", field="ends_at")
    if not 0 <= price_usd <= MOST_USD:
        message = f"A price is between 0 and {MOST_USD:,} USD."
        raise BadInput(message, code="bad_price", field="price_usd", limit=MOST_USD)
    if len(note) > NOTE_LENGTH:
        message = f"A note has at most {NOTE_LENGTH} characters, this one has {len(note)}."
        raise BadInput(message, code="bad_note", field="note", limit=NOTE_LENGTH)


def _write(user: User, **columns: Any) -> None:
    """Past the model's save: the audit line is written by hand, once."""
    User.objects.filter(pk=user.pk).update(**columns)
    standing.changed([user.pk])
    for name, value in columns.items():
        setattr(user, name, value)


def tier_at(person: User, now: datetime) -> Tier:
    """The tier that counts, from the row itself."""
    over = person.tier_until is not None and person.tier_until <= now
    runs = person.beta_until is not None and person.beta_until > now
    return _lifted(Tier.FREE if over else Tier(person.tier), runs)


def _lifted(tier: Tier, beta: bool) -> Tier:  # noqa: FBT001  a fact, not a switch
    return max(tier, Tier.PREMIUM, key=lambda one: one.rank) if beta else tier


def _tell(changes: list[TierChange]) -> None:
    real = [change for change in changes if change.before is not change.after]
    if real:
        tier_changed.send(sender=User, changes=real)
