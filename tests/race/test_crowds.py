"""Operators who act on the same people at once: everybody gets both, nobody waits for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts import crowds, people, subscriptions
from accounts.models import Subscription, User
from arbedge.names import AccountState, Door, Role, Tier
from tests.accounts.factories import SessionFactory, UserFactory
from tests.accounts.memories import forget
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 20


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def boss() -> User:
    """Who decides."""
    boss: User = UserFactory(role=Role.SUPER_ADMIN)
    return boss


def give(ids: list[int], tier: Tier, by: User) -> int:
    """A tier for a month."""
    now = timezone.now()
    terms: dict[str, Any] = {"note": "race", "price_usd": Decimal(0), "door": Door.CONSOLE}
    return crowds.grant(ids, tier, ends_at=now + timedelta(days=30), by=by, now=now, **terms)


def test_two_tiers_for_one_crowd_are_two_rows_each_and_the_later_counts(boss: User) -> None:
    ids = [person.pk for person in UserFactory.create_batch(CROWD)]
    given = at_once(
        lambda: give(ids, Tier.BASIC, boss), lambda: give(list(reversed(ids)), Tier.PRO, boss)
    )
    assert given == [CROWD, CROWD]
    assert Subscription.objects.count() == 2 * CROWD
    now = timezone.now()
    for person in User.objects.filter(pk__in=ids):
        held = subscriptions.current(person.pk, now)
        assert held is not None
        assert person.tier == held.tier


def test_a_crowd_that_is_suspended_while_it_gets_a_tier_gets_both(boss: User) -> None:
    later = timezone.now() + timedelta(days=7)
    ids = [SessionFactory(expires_at=later).user_id for _ in range(CROWD)]
    at_once(
        lambda: give(ids, Tier.PRO, boss),
        lambda: people.set_state(
            list(reversed(ids)), AccountState.SUSPENDED, "spam", door=Door.CONSOLE, by=boss
        ),
        lambda: crowds.end_sessions(
            ids, by=boss, door=Door.CONSOLE, reason="leak", now=timezone.now()
        ),
    )
    held = User.objects.filter(pk__in=ids).values_list("tier", "state").distinct()
    assert list(held) == [(Tier.PRO, AccountState.SUSPENDED)]
    assert not User.objects.filter(pk__in=ids, sessions__state="active").exists()


def test_of_two_betas_the_longer_stays_whoever_is_last(boss: User) -> None:
    ids = [person.pk for person in UserFactory.create_batch(CROWD)]
    now = timezone.now()
    terms: dict[str, Any] = {"by": boss, "door": Door.CONSOLE, "note": "", "now": now}
    short, long = now + timedelta(days=30), now + timedelta(days=90)
    at_once(
        lambda: crowds.grant_beta(ids, long, **terms),
        lambda: crowds.grant_beta(ids, short, **terms),
    )
    assert set(User.objects.filter(pk__in=ids).values_list("beta_until", flat=True)) == {long}
