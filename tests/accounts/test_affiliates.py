"""Affiliates: applications, their review, and the grade that revenue and engagement make."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from auditlog.models import LogEntry

from accounts import affiliates, referrals
from accounts.models import Affiliate, Application, Grade, TierSource, User
from arbedge.errors import ArbEdgeError, BadInput, Conflict, Forbidden
from arbedge.names import AccountState, Door, Role
from tests.accounts.factories import NOON, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
PITCH = "I write a letter about funding rates to 12,000 readers every Friday."
LATER = NOON + timedelta(days=40)


def person(**facts: Any) -> User:
    made: User = UserFactory.create(**facts)
    return made


@pytest.fixture
def operator() -> User:
    return person(role=Role.ADMIN)


def apply(user: User, **more: Any) -> Affiliate:
    wanted: dict[str, Any] = {"pitch": PITCH, "door": Door.WEB, "now": NOON} | more
    return affiliates.apply(user, **wanted)


def approved(operator: User) -> Affiliate:
    return affiliates.approve(apply(person()), by=operator, door=Door.CONSOLE, now=NOON)


def customer(row: Affiliate, price_usd: float = 0, **facts: Any) -> User:
    """Somebody new who came by the affiliate's code and paid, a day after the application."""
    user = person(**facts)
    code = referrals.code_of(row.user)
    referrals.referred(user, code, door=Door.WEB, now=NOON)
    if price_usd:
        at = NOON + timedelta(days=1)
        SubscriptionFactory.create(user=user, price_usd=Decimal(str(price_usd)), made_at=at)
    return user


def test_an_application_waits_for_its_review() -> None:
    user = person()

    row = apply(user, site=" https://letters.example.org ")

    assert (row.standing, row.site, row.pitch) == (
        Application.APPLIED, "https://letters.example.org", PITCH,
    )  # fmt: skip
    line = LogEntry.objects.get(additional_data__what="affiliate.applied")
    assert (line.actor, line.additional_data["whom"]) == (user, user.pk)


@pytest.mark.parametrize("pitch", ["", "too short", " " * 60, "x" * 2_001])
def test_a_pitch_has_limits(pitch: str) -> None:
    with pytest.raises(BadInput) as caught:
        apply(person(), pitch=pitch)

    assert caught.value.details == {"field": "pitch", "limit": [50, 2_000]}


@pytest.mark.parametrize(
    "site", ["letters", "javascript:alert(1)", "ftp://example.org", f"https://e.org/{'x' * 200}"]
)
def test_a_site_is_a_web_address(site: str) -> None:
    with pytest.raises(BadInput) as caught:
        apply(person(), site=site)

    assert caught.value.details["field"] == "site"


@pytest.mark.parametrize("standing", [Application.APPLIED, Application.APPROVED])
def test_nobody_applies_twice(standing: Application) -> None:
    user = person()
    apply(user)
    Affiliate.objects.update(standing=standing)

    with pytest.raises(Conflict) as caught:
        apply(user)

    assert caught.value.code == "already_applied"


def test_a_closed_account_and_a_suspended_affiliate_cannot_apply() -> None:
    with pytest.raises(Forbidden, match="banned"):
        apply(person(state=AccountState.BANNED))

    user = person()
    apply(user)
    Affiliate.objects.update(standing=Application.SUSPENDED)
    with pytest.raises(Forbidden, match="suspended"):
        apply(user)


def test_the_rejected_are_told_why_and_may_apply_again_after_30_days(operator: User) -> None:
    user = person()
    affiliates.reject(
        apply(user), by=operator, door=Door.CONSOLE, review="No readers yet.", now=NOON
    )

    with pytest.raises(Conflict, match=r"No readers yet.*again from 2026-12-21"):
        apply(user, now=NOON + timedelta(days=29))

    assert apply(user, now=NOON + timedelta(days=30)).standing == Application.APPLIED


def test_a_decision_is_noted_and_audited(operator: User) -> None:
    row = approved(operator)

    held = Affiliate.objects.get(pk=row.pk)
    assert (held.standing, held.reviewed_by, held.reviewed_at) == ("approved", operator, NOON)
    line = LogEntry.objects.get(additional_data__what="affiliate.approved")
    assert (line.actor, line.additional_data["security"]) == (operator, True)
    assert line.changes["standing"] == ["applied", "approved"]


@pytest.mark.parametrize(
    ("standing", "decision", "possible"),
    [
        ("applied", "approve", True), ("rejected", "approve", True),
        ("suspended", "approve", True), ("approved", "approve", False),
        ("applied", "reject", True), ("approved", "reject", False),
        ("approved", "suspend", True), ("applied", "suspend", False),
    ],
)  # fmt: skip
def test_decisions_follow_the_standing(
    operator: User, standing: str, decision: str, possible: bool
) -> None:
    row = apply(person())
    Affiliate.objects.update(standing=standing)
    decide = getattr(affiliates, decision)

    try:
        decide(row, by=operator, door=Door.CONSOLE, review="because")
    except Conflict as refused:
        done, code = False, refused.code
    else:
        done, code = True, "decided"

    assert (done, code) == (possible, "decided")


@pytest.mark.parametrize("decide", [affiliates.reject, affiliates.suspend])
def test_what_hurts_needs_a_reason(operator: User, decide: Any) -> None:
    with pytest.raises(BadInput, match="Say why"):
        decide(apply(person()), by=operator, door=Door.CONSOLE, review="  ")


def test_a_review_has_an_end(operator: User) -> None:
    with pytest.raises(BadInput) as caught:
        affiliates.approve(apply(person()), by=operator, door=Door.CONSOLE, review="x" * 401)

    assert caught.value.details == {"field": "review", "limit": 400}


def test_only_administrators_decide_and_never_for_themselves(operator: User) -> None:
    def refusal(row: Affiliate, by: User) -> ArbEdgeError:
        with pytest.raises(Forbidden) as caught:
            affiliates.approve(row, by=by, door=Door.CONSOLE)
        return caught.value

    assert refusal(apply(person()), person(role=Role.SUPPORT)).code == "missing_role"
    assert refusal(apply(operator), operator).code == "own_affair"


@pytest.mark.parametrize(
    ("revenue", "engaged", "grade"),
    [
        (0, 0, Grade.BRONZE), ("499.99", 100, Grade.BRONZE), (500, 4, Grade.BRONZE),
        (500, 5, Grade.SILVER), (5_000, 49, Grade.SILVER), (5_000, 50, Grade.GOLD),
    ],
)  # fmt: skip
def test_a_grade_takes_both_revenue_and_engagement(
    revenue: str, engaged: int, grade: Grade
) -> None:
    assert affiliates.grade_for(Decimal(revenue), engaged) == grade


def test_grades_rise_in_what_they_ask_and_in_what_they_share() -> None:
    terms = list(affiliates.GRADES.values())

    assert sorted(terms, key=lambda one: (one.revenue_usd, one.engaged)) == terms
    assert sorted({one.commission for one in terms}) == [one.commission for one in terms]


def test_what_an_affiliates_people_paid_and_who_was_here_makes_the_last_90_days(
    operator: User,
) -> None:
    row, other = approved(operator), approved(operator)
    customer(row, 29, seen_at=NOON)
    customer(row, 0, seen_at=NOON - timedelta(days=60))
    customer(other, 99, seen_at=NOON)

    told = affiliates.lately(row, LATER)

    assert (told.revenue_usd, told.engaged) == (Decimal("29.00"), 1)
    assert (told.grade, told.next) == (Grade.BRONZE, Grade.SILVER)


def test_grants_and_what_was_paid_before_are_no_revenue(operator: User) -> None:
    row = approved(operator)
    user = customer(row)
    day = timedelta(days=1)
    SubscriptionFactory.create(user=user, price_usd=9, made_at=NOON - day)
    SubscriptionFactory.create(
        user=user, price_usd=9, made_at=NOON + day, source=TierSource.GRANT
    )  # fmt: skip

    assert affiliates.lately(row, LATER).revenue_usd == 0


def test_what_was_paid_more_than_90_days_ago_counts_no_more(operator: User) -> None:
    row = approved(operator)
    customer(row, 29)

    assert affiliates.lately(row, NOON + timedelta(days=91)).revenue_usd == Decimal("29.00")
    assert affiliates.lately(row, NOON + timedelta(days=92)).revenue_usd == 0


def test_grades_are_given_by_the_last_90_days_and_taken_again(operator: User) -> None:
    row = approved(operator)
    for _ in range(5):
        customer(row, 100, seen_at=NOON)

    assert affiliates.regrade(LATER) == 1
    assert Affiliate.objects.get(pk=row.pk).grade == Grade.SILVER
    assert affiliates.regrade(LATER) == 0

    assert affiliates.regrade(NOON + timedelta(days=92)) == 1
    assert Affiliate.objects.get(pk=row.pk).grade == Grade.BRONZE


def test_a_new_grade_is_audited(operator: User) -> None:
    row = approved(operator)
    for _ in range(5):
        customer(row, 100, seen_at=NOON)

    affiliates.regrade(LATER)

    line = LogEntry.objects.get(additional_data__what="affiliate.graded")
    assert line.changes == {"grade": ["bronze", "silver"]}


@pytest.mark.parametrize(
    ("grade", "revenue", "due"),
    [("bronze", "29.00", "2.90"), ("silver", "9.99", "1.50"), ("gold", "0.03", "0.01")],
)
def test_commission_is_the_grades_share_in_cents(grade: str, revenue: str, due: str) -> None:
    assert affiliates.commission(grade, Decimal(revenue)) == Decimal(due)
