"""Finding people: every way of searching finds, and none reads the whole table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.test import RequestFactory
from django.utils import timezone

from accounts.admin import finding
from accounts.invitation_codes import digest
from accounts.models import (
    Invitation,
    InvitationBatch,
    Purpose,
    Redemption,
    ReferralCode,
    Session,
    User,
)
from arbedge.names import AccountState, Door, Role, Tier
from tests.accounts.factories import SessionFactory, UserFactory

pytestmark = pytest.mark.django_db
CODE = "QX7K2M9P"
CROWD = 20_000

_MAKE_A_CROWD = """
INSERT INTO accounts_user (
    password, is_superuser, username, email, is_staff, is_active, date_joined, name, telegram_id,
    telegram_name, role, state, state_reason, tier, tier_source, language, time_zone, country,
    onboarding, version)
SELECT '', false, 'crowd' || n, 'crowd' || n || '@example.org', false, true, now(),
       'Crowd ' || n, 9000000 + n, 'crowd_' || n, 'user', 'active', '', 'free', 'sign_up', 'en',
       'UTC', '', '', 1
FROM generate_series(1, %s) n
"""


def found(text: str) -> set[str]:
    """The names of the people a text finds."""
    return set(finding.search(User.objects.all(), text).values_list("name", flat=True))


def redeem(person: User, code: str = CODE) -> None:
    """The person came by this code."""
    batch = InvitationBatch.objects.create(purpose=Purpose.BETA, number=1)
    invitation = Invitation.objects.create(
        batch=batch, digest=digest(code), start=code[:3], purpose=Purpose.BETA, uses=1,
        expires_at=timezone.now(),
    )  # fmt: skip
    Redemption.objects.create(user=person, invitation=invitation, door=Door.TELEGRAM)


@pytest.fixture
def ada() -> User:
    """Somebody who can be found in every way, beside somebody else."""
    UserFactory(name="Bob", email="bob@example.org", telegram_name="bobby", telegram_id=555)
    ada: User = UserFactory(
        name="Ada Lovelace", email="countess@example.org", telegram_name="ada_l",
        username="tg424242", telegram_id=424242,
    )  # fmt: skip
    redeem(ada)
    ReferralCode.objects.create(user=ada, code="ENGINE1843")
    return ada


@pytest.mark.parametrize(
    "text",
    [
        "Ada", "ada lov", "  ADA ", "countess@", "COUNTESS@EXAMPLE.org", "@ada", "@ADA_L", "ada_l",
        "4242", "424242", "tg4242", CODE, CODE.lower(), CODE[:3], "engine1843",
    ],
)  # fmt: skip
def test_a_person_is_found_in_every_way(ada: User, text: str) -> None:
    assert found(text) == {"Ada Lovelace"}


@pytest.mark.parametrize(
    "text", ["lovelace", "xyz", "999", "@xyz", "QX7K2M9Q", "ENGINE184", "a%", "_da", "\\", "%"]
)
def test_what_nobody_begins_with_finds_nobody(ada: User, text: str) -> None:
    assert found(text) == set()


def test_signs_of_patterns_are_letters_like_others() -> None:
    UserFactory(name="100%_sure\\yes")
    UserFactory(name="100 others")
    assert found("100%_s") == {"100%_sure\\yes"}
    assert found("100%_sure\\") == {"100%_sure\\yes"}


def test_an_empty_search_hides_nobody(ada: User) -> None:
    assert len(found("   ")) == 2


@pytest.mark.parametrize("name", ["Zoë 🚀", "مريم", "'; DROP TABLE accounts_user; --", "İpek"])
def test_names_of_any_script_are_found(name: str) -> None:
    UserFactory(name=name)
    assert found(name[:2]) == {name}


def test_one_letter_brings_no_more_than_a_page_can_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "FOUND_AT_MOST", 3)
    for n in range(5):
        UserFactory(name=f"Many {n}")
    assert len(found("many")) == 3


def test_a_search_keeps_to_the_filters(ada: User) -> None:
    rows = User.objects.filter(state=AccountState.BANNED)
    assert not finding.search(rows, "Ada").exists()


@pytest.fixture
def crowd() -> None:
    """So many people that reading all of them would be dearer than any index."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_A_CROWD, [CROWD])
        cursor.execute("ANALYZE accounts_user")


def plan(rows: QuerySet[Any]) -> str:
    """How the database would bring one page."""
    return rows.order_by("-pk")[:50].explain()


@pytest.mark.parametrize(
    "text", ["crowd 12", "@crowd_12", "crowd12@", "90001", "nobody", CODE, "QX7"]
)
def test_no_search_reads_the_whole_table(crowd: None, text: str) -> None:
    told = plan(finding.search(User.objects.all(), text))
    assert "Seq Scan on accounts_user" not in told, told
    assert "user_begins_" in told


def narrowed(filter_class: type[finding.ChoiceFilter], chosen: str) -> QuerySet[User]:
    """The people a filter leaves."""
    request = RequestFactory().get("/")
    desk = admin.site.get_model_admin(User)
    asked = filter_class(request, {filter_class.parameter_name or "": [chosen]}, User, desk)
    rows: QuerySet[User] = asked.queryset(request, User.objects.all())
    return rows


@pytest.mark.parametrize(
    ("filter_class", "chosen"),
    [
        (finding.RoleFilter, "admin"),
        (finding.StateFilter, "banned"),
        (finding.TierFilter, "enterprise"),
        (finding.BetaFilter, "on"),
        (finding.ActiveFilter, "now"),
    ],
)
def test_no_filter_reads_the_whole_table_for_a_few(
    crowd: None, filter_class: type[finding.ChoiceFilter], chosen: str
) -> None:
    told = plan(narrowed(filter_class, chosen))
    assert "Seq Scan on accounts_user" not in told, told


@pytest.mark.parametrize(
    ("filter_class", "chosen", "made"),
    [
        (finding.RoleFilter, "admin", {"role": Role.ADMIN}),
        (finding.StateFilter, "banned", {"state": AccountState.BANNED}),
        (finding.TierFilter, "pro", {"tier": Tier.PRO}),
    ],
)
def test_a_filter_leaves_those_that_match(
    filter_class: type[finding.ChoiceFilter], chosen: str, made: dict[str, Any]
) -> None:
    UserFactory()
    match = UserFactory(**made)
    assert list(narrowed(filter_class, chosen)) == [match]


def test_the_beta_filter_leaves_those_whose_beta_runs() -> None:
    now = timezone.now()
    UserFactory()
    UserFactory(beta_until=now - timedelta(days=1))
    running = UserFactory(beta_until=now + timedelta(days=1))
    assert list(narrowed(finding.BetaFilter, "on")) == [running]


@pytest.mark.parametrize(("chosen", "names"), [("now", {"now"}), ("day", {"now", "today"})])
def test_the_active_filter_goes_by_the_last_word_of_a_living_session(
    chosen: str, names: set[str]
) -> None:
    now = timezone.now()
    for name, ago in (("now", 1), ("today", 60), ("yesterday", 60 * 30)):
        SessionFactory(user__name=name, seen_at=now - timedelta(minutes=ago), started_at=now)
    ended = SessionFactory(user__name="ended", seen_at=now)
    Session.objects.filter(pk=ended.pk).update(state="expired", outcome="expired", ended_at=now)
    left = narrowed(finding.ActiveFilter, chosen)
    assert set(left.values_list("name", flat=True)) == names


@pytest.mark.parametrize("make", [finding.RoleFilter, finding.TierFilter])
def test_a_choice_nobody_offered_is_no_filter(make: Callable[..., Any]) -> None:
    UserFactory()
    assert narrowed(make, "nonsense").count() == 1  # type: ignore[arg-type]
