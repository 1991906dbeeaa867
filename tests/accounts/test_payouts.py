"""Payouts: an affiliate's real figures by month, made once a month and marked once as paid."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from auditlog.models import LogEntry

from accounts import payouts, referrals
from accounts.models import Affiliate, Payout, Stage, User
from arbedge.errors import BadInput, Conflict, Forbidden
from arbedge.names import Door, Role
from tests.accounts.factories import NOON, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
IN_DECEMBER = datetime(2026, 12, 5, tzinfo=UTC)
IN_JANUARY = datetime(2027, 1, 1, 0, 0, tzinfo=UTC)


def person(**facts: Any) -> User:
    made: User = UserFactory.create(**facts)
    return made


@pytest.fixture
def operator() -> User:
    return person(role=Role.ADMIN)


@pytest.fixture
def affiliate() -> Affiliate:
    return Affiliate.objects.create(
        user=person(), standing="approved", grade="silver", applied_at=NOON - timedelta(days=30)
    )


def customer(row: Affiliate) -> User:
    user = person()
    referrals.referred(user, referrals.code_of(row.user), door=Door.WEB, now=NOON)
    return user


def pays(user: User, usd: str, at: datetime = NOON) -> None:
    SubscriptionFactory.create(user=user, price_usd=Decimal(usd), made_at=at)


def made(affiliate: Affiliate) -> Payout:
    pays(customer(affiliate), "29.00")
    payouts.make_payouts(IN_DECEMBER)
    return affiliate.payouts.get()


def test_a_month_pays_the_grades_share_of_what_was_paid_in_it(affiliate: Affiliate) -> None:
    user = customer(affiliate)
    pays(user, "29.00")
    pays(user, "9.99", NOON + timedelta(days=9))
    pays(user, "99.00", IN_DECEMBER)

    assert payouts.make_payouts(IN_DECEMBER) == 1

    [row] = affiliate.payouts.all()
    assert (row.month, row.revenue_usd, row.commission) == (
        NOVEMBER, Decimal("38.99"), Decimal("0.1500"),
    )  # fmt: skip
    assert row.amount_usd == Decimal("5.85")


def test_months_begin_and_end_at_midnight_utc(affiliate: Affiliate) -> None:
    user = customer(affiliate)
    midnight = datetime(2026, 12, 1, tzinfo=UTC)
    pays(user, "10.00", midnight - timedelta(microseconds=1))
    pays(user, "20.00", midnight)

    payouts.make_payouts(IN_JANUARY)

    told = dict(affiliate.payouts.values_list("month", "revenue_usd"))
    assert told == {NOVEMBER: Decimal("10.00"), DECEMBER: Decimal("20.00")}


def test_the_running_month_is_not_paid_out(affiliate: Affiliate) -> None:
    pays(customer(affiliate), "29.00")

    assert payouts.make_payouts(NOON + timedelta(days=5)) == 0


def test_making_payouts_again_makes_none(affiliate: Affiliate) -> None:
    made(affiliate)

    assert payouts.make_payouts(IN_DECEMBER) == 0
    assert Payout.objects.count() == 1


def test_a_run_that_was_missed_is_made_up_for(affiliate: Affiliate) -> None:
    pays(customer(affiliate), "29.00")

    assert payouts.make_payouts(datetime(2027, 2, 27, tzinfo=UTC)) == 1
    assert affiliate.payouts.get().month == NOVEMBER


def test_a_month_without_revenue_or_below_half_a_cent_has_no_payout(affiliate: Affiliate) -> None:
    pays(customer(affiliate), "0.03")

    assert payouts.make_payouts(IN_DECEMBER) == 0


@pytest.mark.parametrize("standing", ["applied", "rejected", "suspended"])
def test_only_approved_affiliates_are_paid(affiliate: Affiliate, standing: str) -> None:
    pays(customer(affiliate), "29.00")
    Affiliate.objects.update(standing=standing)

    assert payouts.make_payouts(IN_DECEMBER) == 0


def test_a_payout_is_audited_as_made_by_a_task(affiliate: Affiliate) -> None:
    made(affiliate)

    line = LogEntry.objects.get(additional_data__what="payout.made")
    assert (line.additional_data["door"], line.changes["amount_usd"]) == ("task", ["", "4.35"])


def test_a_payout_is_marked_as_paid_by_its_reference(affiliate: Affiliate, operator: User) -> None:
    row = made(affiliate)

    payouts.mark_paid(row, " TX-2026-1 ", by=operator, door=Door.CONSOLE, now=IN_DECEMBER)

    held = Payout.objects.get()
    assert (held.reference, held.paid_by, held.paid_at) == ("TX-2026-1", operator, IN_DECEMBER)
    line = LogEntry.objects.get(additional_data__what="payout.paid")
    assert (line.actor, line.additional_data["security"]) == (operator, True)


def test_a_payout_is_paid_once(affiliate: Affiliate, operator: User) -> None:
    row = made(affiliate)
    payouts.mark_paid(row, "TX-1", by=operator, door=Door.CONSOLE)

    with pytest.raises(Conflict, match="already") as caught:
        payouts.mark_paid(row, "TX-2", by=operator, door=Door.CONSOLE)

    assert caught.value.code == "already_paid"
    assert Payout.objects.get().reference == "TX-1"


@pytest.mark.parametrize("reference", ["", "  ", "TX", "x" * 101])
def test_a_payment_can_be_found_again(affiliate: Affiliate, operator: User, reference: str) -> None:
    with pytest.raises(BadInput) as caught:
        payouts.mark_paid(made(affiliate), reference, by=operator, door=Door.CONSOLE)

    assert caught.value.details == {"field": "reference", "limit": [3, 100]}
    assert Payout.objects.get().paid_at is None


def test_only_administrators_pay_and_never_themselves(affiliate: Affiliate) -> None:
    row = made(affiliate)

    with pytest.raises(Forbidden):
        payouts.mark_paid(row, "TX-1", by=person(role=Role.SUPPORT), door=Door.CONSOLE)
    User.objects.filter(pk=affiliate.user_id).update(role=Role.ADMIN, is_staff=True)
    with pytest.raises(Forbidden):
        payouts.mark_paid(row, "TX-1", by=affiliate.user, door=Door.CONSOLE)

    assert Payout.objects.get().paid_at is None


def test_figures_come_from_the_tables_by_month(
    affiliate: Affiliate, django_assert_num_queries: Any
) -> None:
    first, _ = customer(affiliate), customer(affiliate)
    pays(first, "29.00")
    pays(first, "10.00", IN_DECEMBER)
    referrals.progress(first, Stage.SUBSCRIBED, now=IN_DECEMBER)

    with django_assert_num_queries(4):
        months = payouts.figures(affiliate, 3, now=IN_DECEMBER)

    assert [
        (one.month, one.registered, one.subscribed, one.revenue_usd, one.commission_usd)
        for one in months
    ] == [
        (DECEMBER, 0, 1, Decimal("10.00"), Decimal("1.50")),
        (NOVEMBER, 2, 0, Decimal("29.00"), Decimal("4.35")),
        (date(2026, 10, 1), 0, 0, Decimal("0.00"), Decimal("0.00")),
    ]


def test_figures_show_what_the_payout_was_whatever_the_grade_is_now(
    affiliate: Affiliate, operator: User
) -> None:
    row = made(affiliate)
    payouts.mark_paid(row, "TX-1", by=operator, door=Door.CONSOLE, now=IN_DECEMBER)
    affiliate.grade = "gold"

    [_, november] = payouts.figures(affiliate, 2, now=IN_DECEMBER)

    assert november.commission_usd == Decimal("4.35")
    assert (november.payout_id, november.paid_at) == (row.pk, IN_DECEMBER)


def test_figures_are_the_affiliates_own(affiliate: Affiliate) -> None:
    other = Affiliate.objects.create(user=person(), standing="approved", applied_at=NOON)
    pays(customer(other), "99.00", IN_DECEMBER)

    [december] = payouts.figures(affiliate, 1, now=IN_DECEMBER)

    assert (december.registered, december.revenue_usd) == (0, Decimal("0.00"))


@pytest.mark.parametrize(("wanted", "shown"), [(0, 1), (12, 12), (500, 36)])
def test_figures_go_back_three_years_at_most(affiliate: Affiliate, wanted: int, shown: int) -> None:
    assert len(payouts.figures(affiliate, wanted, now=NOON)) == shown
