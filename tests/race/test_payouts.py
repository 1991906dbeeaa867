"""Payouts made, and marked as paid, by several at once: one payout a month, paid once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts import affiliates, payouts, referrals
from accounts.models import Affiliate, Payout
from arbedge.errors import Conflict
from arbedge.names import Door, Role
from tests.accounts.factories import NOON, SubscriptionFactory, UserFactory
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
IN_DECEMBER = datetime(2026, 12, 5, tzinfo=UTC)


@pytest.fixture
def affiliate() -> Affiliate:
    row = Affiliate.objects.create(
        user=UserFactory.create(), standing="approved", applied_at=NOON - timedelta(days=30)
    )
    user = UserFactory.create()
    referrals.referred(user, referrals.code_of(row.user), door=Door.WEB, now=NOON)
    SubscriptionFactory.create(user=user, price_usd=Decimal(29), made_at=NOON)
    return row


def test_two_runs_at_once_make_one_payout(affiliate: Affiliate) -> None:
    made = at_once(*[lambda: payouts.make_payouts(IN_DECEMBER)] * 4)

    assert sorted(made) == [0, 0, 0, 1]
    assert Payout.objects.count() == 1


def test_of_two_operators_paying_one_does(affiliate: Affiliate) -> None:
    payouts.make_payouts(IN_DECEMBER)
    payout = Payout.objects.get()

    def pay(reference: str) -> Callable[[], Any]:
        by = UserFactory.create(role=Role.ADMIN)
        return lambda: payouts.mark_paid(payout, reference, by=by, door=Door.CONSOLE)

    answers = at_once(pay("TX-1"), pay("TX-2"))

    assert sum(isinstance(answer, Conflict) for answer in answers) == 1


def test_applying_twice_at_once_is_one_application() -> None:
    user = UserFactory.create()
    pitch = "I write a letter about funding rates to 12,000 readers every Friday."

    answers = at_once(*[lambda: affiliates.apply(user, pitch=pitch, door=Door.WEB)] * 3)

    assert sum(isinstance(answer, Conflict) for answer in answers) == 2
    assert Affiliate.objects.count() == 1


def test_of_two_rejecting_at_once_one_does(affiliate: Affiliate) -> None:
    Affiliate.objects.update(standing="applied")
    one, other = UserFactory.create_batch(2, role=Role.ADMIN)

    answers = at_once(
        lambda: affiliates.reject(affiliate, by=one, door=Door.CONSOLE, review="no"),
        lambda: affiliates.reject(affiliate, by=other, door=Door.CONSOLE, review="never"),
    )

    assert sum(isinstance(answer, Conflict) for answer in answers) == 1
