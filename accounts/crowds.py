"""Tiers, betas and ends of sessions for many people at once: in batches, set-based.

What each person gets is what accounts/subscriptions.py and sessions.py give one: a dated row, the
columns that repeat it, an audit line, and the news that the tier changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Q

from accounts import audit, session_rows, standing
from accounts.models import Outcome, Session, SessionState, Subscription, TierSource, User
from accounts.signals import TierChange, tier_changed
from accounts.subscriptions import check_terms, tier_at
from arbedge.errors import BadInput
from arbedge.names import Door, Tier

BATCH: Final = 500


def grant(
    user_ids: Iterable[int],
    tier: Tier,
    *,
    ends_at: datetime | None,
    by: User,
    door: Door,
    note: str,
    price_usd: Decimal,
    now: datetime,
) -> int:
    """These people have `tier` from `now` on, until `ends_at` (None: for good). Returns how many.

    Each batch is a transaction. Raises as subscriptions.grant, before any write.
    """
    check_terms(ends_at, price_usd, note, now)
    source = TierSource.PAID if price_usd else TierSource.GRANT
    columns = {"tier": tier, "tier_source": source, "tier_since": now, "tier_until": ends_at}
    count = 0
    for some in _batches(user_ids):
        with transaction.atomic(), audit.doing(door, by):
            people = _locked(some)
            rows = Subscription.objects.bulk_create([
                Subscription(
                    user=person, tier=tier, starts_at=now, ends_at=ends_at, source=source,
                    note=note, price_usd=price_usd, made_at=now, made_by=by,
                )
                for person in people
            ])  # fmt: skip
            ids = [person.pk for person in people]
            User.objects.filter(pk__in=ids).update(**columns)
            standing.changed(ids)
            audit.record_all(
                audit.line(
                    "tier.granted", row, whom=person, security=True, by=by,
                    changes={"tier": (person.tier, tier), "until": (person.tier_until, ends_at)},
                )
                for person, row in zip(people, rows, strict=True)
            )  # fmt: skip
            _tell(people, now, "granted", tier=tier, until=ends_at)
        count += len(people)
    return count


def grant_beta(
    user_ids: Iterable[int], until: datetime, *, by: User, door: Door, note: str, now: datetime
) -> int:
    """These people have premium features until then; a beta that runs longer is left as it is.

    Returns how many got something. Raises BadInput(bad_end).
    """
    if until <= now:
        raise BadInput("The beta must end in the future.", code="bad_end", field="until")
    count = 0
    for some in _batches(user_ids):
        with transaction.atomic(), audit.doing(door, by):
            shorter = Q(beta_until__isnull=True) | Q(beta_until__lt=until)
            people = _locked(some, shorter)
            ids = [person.pk for person in people]
            User.objects.filter(pk__in=ids).update(beta_until=until, beta_closed_at=None)
            standing.changed(ids)
            audit.record_all(
                audit.line(
                    "beta.granted", person, whom=person, security=True, by=by,
                    changes={"beta_until": (person.beta_until, until), "reason": note},
                )
                for person in people
            )  # fmt: skip
            _tell(people, now, "beta_granted", beta_until=until)
        count += len(people)
    return count


def end_sessions(
    user_ids: Iterable[int], *, by: User, door: Door, reason: str, now: datetime
) -> int:
    """Ends every session of these people. Returns how many sessions that were."""
    number = 0
    for some in _batches(user_ids):
        with transaction.atomic(), audit.doing(door, by):
            held = Session.objects.filter(user_id__in=some, state=SessionState.ACTIVE)
            owners = sorted(set(held.values_list("user_id", flat=True)))
            number += session_rows.end(owners, Outcome.BY_STAFF, now, by)
            audit.record_all(
                audit.line(
                    "sessions.ended", person, whom=person, security=True, by=by,
                    changes={"reason": reason},
                )
                for person in User.objects.filter(pk__in=owners).order_by("pk")
            )  # fmt: skip
    return number


def _batches(user_ids: Iterable[int]) -> Iterator[list[int]]:
    ids = sorted(set(user_ids))
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _locked(ids: list[int], also: Q | None = None) -> list[User]:
    """The people, held until the batch is written, in the order every writer locks them in."""
    rows = User.objects.select_for_update(no_key=True).filter(also or Q(), pk__in=ids)
    return list(rows.order_by("pk"))


def _tell(
    people: list[User],
    now: datetime,
    why: str,
    *,
    tier: Tier | None = None,
    until: datetime | None = None,
    beta_until: datetime | None = None,
) -> None:
    changes = []
    for person in people:
        before = tier_at(person, now)
        person.tier, person.tier_until = (tier, until) if tier else (person.tier, person.tier_until)
        person.beta_until = beta_until or person.beta_until
        after = tier_at(person, now)
        if before is not after:
            changes.append(TierChange(person.pk, before, after, beta_until or until, why))
    if changes:
        tier_changed.send(sender=User, changes=changes)
