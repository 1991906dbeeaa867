"""Affiliates, payouts, referrals and points in the console: reviewed, paid, counted."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts import referrals
from accounts.admin.referrals import conversions
from accounts.models import Affiliate, Payout, Referral, Stage, Subscription, TierSource, User
from arbedge.names import Role, Tier
from tests.accounts.console import audited, choose, desk, page, statements, told
from tests.accounts.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


def affiliate(name: str = "Ada", **more: Any) -> Affiliate:
    """Somebody who applied."""
    pitch = "A channel about funding rates, read by eleven thousand traders."
    return Affiliate.objects.create(user=UserFactory(name=name), pitch=pitch, **more)


def payout(row: Affiliate, month: int = 10) -> Payout:
    """A month's commission, not paid yet."""
    return Payout.objects.create(
        affiliate=row, month=date(2026, month, 1), revenue_usd=Decimal(490),
        commission=Decimal("0.1"), amount_usd=Decimal(49),
    )  # fmt: skip


def decide(client: Any, row: Affiliate, deed: str, **given: str) -> Any:
    """Says yes to a decision about an affiliate."""
    url = f"/console/accounts/affiliate/{row.pk}/do/{deed}/"
    return client.post(url, {"sure": "1", "reason": "so", **given}, follow=True)


def came(referrer: User, **more: Any) -> Referral:
    """Somebody who came by another's code."""
    return Referral.objects.create(
        referrer=referrer, referred=UserFactory(), code="ENGINE1843", **more
    )


def test_the_first_page_says_who_waits_for_a_review() -> None:
    client, _ = desk()
    assert "to review" not in told(client.get("/console/"))
    affiliate()
    affiliate("Bob")
    text = told(client.get("/console/"))
    assert "Affiliate applications to review" in text
    assert "affiliate/?standing=applied" in text


def test_the_first_page_says_what_is_owed() -> None:
    client, _ = desk()
    row = affiliate()
    payout(row, 9)
    payout(row, 10)
    text = told(client.get("/console/"))
    assert "Payouts to affiliates to make: 2" in text
    assert "$98.00" in text


@pytest.mark.parametrize(
    ("before", "deed", "after"),
    [
        ("applied", "approve", "approved"),
        ("applied", "reject", "rejected"),
        ("approved", "suspend", "suspended"),
        ("suspended", "approve", "approved"),
    ],
)
def test_an_application_is_decided_with_words(before: str, deed: str, after: str) -> None:
    client, operator = desk(Role.ADMIN)
    row = affiliate(standing=before)
    decide(client, row, deed, reason="because of the figures")
    row.refresh_from_db()
    assert (row.standing, row.review) == (after, "because of the figures")
    assert row.reviewed_by == operator
    assert audited(row.user, f"affiliate.{after}").actor == operator


def test_a_decision_that_leads_nowhere_is_refused_in_words() -> None:
    client, _ = desk()
    row = affiliate(standing="rejected")
    assert "cannot become suspended" in told(decide(client, row, "suspend"))
    row.refresh_from_db()
    assert row.standing == "rejected"


@pytest.mark.parametrize("deed", ["reject", "suspend"])
def test_a_refusal_needs_words(deed: str) -> None:
    client, _ = desk()
    row = affiliate(standing="approved" if deed == "suspend" else "applied")
    assert "This field is required" in told(decide(client, row, deed, reason=""))


def test_nobody_decides_his_own_affair() -> None:
    client, operator = desk()
    row = Affiliate.objects.create(user=operator, pitch="x" * 60)
    assert "Somebody else must decide" in told(decide(client, row, "approve"))


def test_the_page_of_an_affiliate_tells_real_figures_and_what_leads_on() -> None:
    client, _ = desk()
    row = affiliate(standing="approved", applied_at=timezone.now() - timedelta(days=9))
    brought = came(row.user, registered_at=timezone.now() - timedelta(days=5)).referred
    Subscription.objects.create(
        user=brought, tier=Tier.PRO, starts_at=timezone.now(), source=TierSource.PAID,
        price_usd=Decimal(49),
    )  # fmt: skip
    text = page(client, f"affiliate/{row.pk}/change/")
    for words in ("$49.00", "$4.90", "11", "bronze", "/do/suspend/", "eleven thousand"):
        assert words in text
    assert "/do/reject/" not in text


def test_support_reads_and_decides_nothing() -> None:
    client, _ = desk(Role.SUPPORT)
    row = affiliate()
    assert "/do/" not in page(client, f"affiliate/{row.pk}/change/")
    assert decide(client, row, "approve").status_code == 403


@pytest.mark.parametrize(
    ("asked", "names"),
    [("", {"Ada", "Bob"}), ("?standing=applied", {"Ada"}), ("?grade=gold", {"Bob"}),
     ("?q=bo", {"Bob"})],
)  # fmt: skip
def test_applications_are_filtered(asked: str, names: set[str]) -> None:
    client, _ = desk()
    affiliate("Ada")
    affiliate("Bob", standing="approved", grade="gold")
    text = page(client, f"affiliate/{asked}")
    assert {name for name in ("Ada", "Bob") if f">{name}<" in text} == names


def test_a_payout_is_marked_as_paid_with_its_reference() -> None:
    client, operator = desk()
    row = payout(affiliate())
    path = f"payout/{row.pk}/do/paid/"
    assert "Mark Oct 2026 of Ada as paid?" in page(client, path)
    client.post(f"/console/accounts/{path}", {"sure": "1", "reference": "SEPA 7731"})
    row.refresh_from_db()
    assert (row.reference, row.paid_by) == ("SEPA 7731", operator)
    again = client.post(f"/console/accounts/{path}", {"sure": "1", "reference": "again"})
    assert "marked as paid already" in told(again)


def test_several_payouts_are_paid_by_one_transfer_or_none() -> None:
    client, _ = desk()
    row = affiliate()
    first, second = payout(row, 9), payout(row, 10)
    choose(client, "payout", "paid", [first, second], sure="2", reference="SEPA 7732")
    assert Payout.objects.filter(reference="SEPA 7732").count() == 2
    third = payout(row, 8)
    choose(client, "payout", "paid", [first, third], sure="2", reference="SEPA 7733")
    third.refresh_from_db()
    assert third.paid_at is None


@pytest.mark.parametrize(("asked", "shown"), [("?paid=no", True), ("?paid=yes", False)])
def test_payouts_are_filtered_by_whether_they_were_paid(asked: str, shown: bool) -> None:
    client, _ = desk()
    payout(affiliate())
    assert ("Oct 2026" in page(client, f"payout/{asked}")) is shown


def test_the_leaderboard_tells_who_earned_most() -> None:
    client, _ = desk(Role.SUPPORT)
    ada, bob = UserFactory(name="Ada"), UserFactory(name="Bob")
    now = timezone.now()
    for referrer, number in ((bob, 1), (ada, 3)):
        for n in range(number):
            one = UserFactory(date_joined=now + timedelta(seconds=n + 1))
            User.objects.filter(pk=referrer.pk).update(date_joined=now - timedelta(days=1))
            referrer.refresh_from_db()
            assert referrals.credit(one, referrer, now=now)
    text = page(client, "referral/leaderboard/")
    assert text.index(">Ada<") < text.index(">Bob<")
    assert ">15<" in text
    assert "Referrals of 7 days" in page(client, "referral/leaderboard/?days=7")
    assert "Referrals of 30 days" in page(client, "referral/leaderboard/?days=nonsense")


def test_conversions_count_each_stage_and_its_share() -> None:
    ada, now = UserFactory(), timezone.now()
    came(ada, registered_at=now)
    came(ada, registered_at=now, traded_at=now)
    came(ada, registered_at=now, traded_at=now, subscribed_at=now)
    came(ada, registered_at=now - timedelta(days=9))
    steps = {step["name"]: (step["number"], step["share"]) for step in conversions(
        now - timedelta(days=7)
    )}  # fmt: skip
    assert steps[Stage.REGISTERED.label] == ("3", "100.0\u2009%")
    assert steps[Stage.TRADED.label] == ("2", "66.7\u2009%")
    assert steps[Stage.ACTIVE.label] == ("0", "0.0\u2009%")


def test_conversions_of_nobody_are_no_share() -> None:
    assert {step["share"] for step in conversions(timezone.now())} == {"–"}


def test_referrals_are_found_by_who_brought_them() -> None:
    client, _ = desk()
    came(UserFactory(name="Ada"), traded_at=timezone.now())
    came(UserFactory(name="Bob"))
    text = page(client, "referral/?q=ada")
    assert "first trade" in text
    assert ">Bob<" not in text
    assert ">Bob<" not in page(client, "referral/?reached=traded")


@pytest.mark.parametrize("model", ["affiliate", "payout", "referral", "points"])
def test_the_queries_of_a_list_do_not_grow(model: str) -> None:
    client, _ = desk()

    def more() -> None:
        row = affiliate()
        payout(row)
        came(row.user)
        row.user.points.create(points=5, note="welcome")

    more()
    few = len(statements(client, f"{model}/"))
    for _ in range(4):
        more()
    assert len(statements(client, f"{model}/")) == few
