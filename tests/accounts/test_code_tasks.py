"""The daily work on invitations, referrals and affiliates, as beat sends it; twice is as once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts import invitations, referrals, tasks
from accounts.models import Affiliate, Invitation, Payout, Purpose, Referral, User
from arbedge import schedule
from arbedge.names import Door
from tests.accounts.factories import SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


def twice(task: Callable[[], None]) -> None:
    task()
    task()


def paying_customer(affiliate: Affiliate) -> User:
    """Came two months ago, paid a day later, and was here just now."""
    came = timezone.now() - timedelta(days=62)
    user = UserFactory.create(date_joined=came, seen_at=timezone.now())
    referrals.referred(user, referrals.code_of(affiliate.user), door=Door.WEB, now=came)
    SubscriptionFactory.create(user=user, price_usd=Decimal(600), made_at=came + A_DAY)
    made: User = user
    return made


@pytest.fixture
def affiliate() -> Affiliate:
    long_ago = timezone.now() - timedelta(days=100)
    user = UserFactory.create(date_joined=long_ago)
    return Affiliate.objects.create(user=user, standing="approved", applied_at=long_ago)


@pytest.mark.parametrize(
    "name", ["tidy_invitations", "follow_referrals", "make_payouts", "grade_affiliates"]
)
def test_the_work_is_in_the_schedule_once_a_day(name: str) -> None:
    [entry] = [one for one in schedule.entries.values() if one.task == f"accounts.{name}"]

    assert entry.at


def test_codes_that_are_over_are_emptied() -> None:
    invitations.make(Purpose.BETA, door=Door.TASK, now=timezone.now() - timedelta(days=31))

    twice(tasks.tidy_invitations)

    assert Invitation.objects.get().sealed == ""


def test_people_who_paid_are_found(affiliate: Affiliate) -> None:
    paying_customer(affiliate)

    twice(tasks.follow_referrals)

    assert Referral.objects.get().subscribed_at is not None


def test_payouts_of_complete_months_are_made_once(affiliate: Affiliate) -> None:
    paying_customer(affiliate)

    twice(tasks.make_payouts)

    assert Payout.objects.get().amount_usd == Decimal("60.00")


def test_affiliates_are_graded(affiliate: Affiliate) -> None:
    for _ in range(5):
        paying_customer(affiliate)

    twice(tasks.grade_affiliates)

    assert Affiliate.objects.get().grade == "silver"
