"""The console of people in a real browser: what an operator sees and presses, light and dark."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from accounts.models import Affiliate, StoredKey, User
from arbedge.names import AccountState, Tier
from tests.accounts.factories import SessionFactory, SubscriptionFactory, UserFactory
from tests.browser.test_pages import PASSWORD, expect, overflow, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
PAGES = (
    "user/", "session/", "session/analytics/", "subscription/", "tiersetting/",
    "tiersetting/pro/api_per_hour/edit/", "invitationbatch/", "invitationbatch/add/",
    "invitation/", "referral/", "referral/leaderboard/", "affiliate/", "payout/", "storedkey/",
    "apitoken/",
)  # fmt: skip


@pytest.fixture
def operator() -> User:
    """Somebody who may do everything in the console."""
    return User.objects.create_superuser("operator", "operator@example.org", PASSWORD)


@pytest.fixture
def people() -> list[User]:
    """A few people of every standing, with what belongs to them."""
    now = timezone.now()
    made: list[User] = []
    for n, (name, tier, state) in enumerate((
        ("Ada Lovelace", Tier.PRO, AccountState.ACTIVE),
        ("Zoë 🚀 del Río", Tier.FREE, AccountState.SUSPENDED),
        ("مريم الإسطرلابية", Tier.PREMIUM, AccountState.ACTIVE),
        ("A rather long name that somebody chose to see what would happen to the table", Tier.BASIC,
         AccountState.BANNED),
    )):  # fmt: skip
        person = UserFactory(
            name=name, tier=tier, state=state, telegram_name=f"person_{n}", tier_since=now,
            tier_until=now + timedelta(days=20), seen_at=now - timedelta(minutes=n * 7),
            date_joined=now - timedelta(days=n),
        )  # fmt: skip
        SubscriptionFactory(user=person, tier=tier, note="first month")
        SessionFactory(
            user=person, started_at=now - timedelta(days=n), seen_at=now,
            expires_at=now + timedelta(days=7), interactions=12,
        )  # fmt: skip
        made.append(person)
    StoredKey.objects.create(
        user=made[0], slot=1, kind="exchange", provider="okx", last4="WXYZ", sealed="sealed",
        digest=bytes(32), can_read=True, can_trade=True, label="main account",
    )  # fmt: skip
    Affiliate.objects.create(user=made[2], pitch="A channel about funding rates. " * 3)
    return made


def test_every_page_of_people_shows_without_an_error(
    desk: Page, operator: User, people: list[User]
) -> None:
    sign_in(desk)
    said: list[str] = []
    desk.on("console", lambda told: said.append(told.text) if told.type == "error" else None)
    desk.on("pageerror", lambda error: said.append(str(error)))
    for path in (*PAGES, f"user/{people[0].pk}/change/", f"user/{people[0].pk}/do/tier/"):
        answer = desk.goto(f"/console/accounts/{path}")
        assert answer is not None
        assert answer.status == 200, path
    assert said == []


def test_no_page_of_people_is_wider_than_a_phone(
    phone: Page, operator: User, people: list[User]
) -> None:
    sign_in(phone)
    for path in (f"user/{people[0].pk}/change/", f"user/{people[0].pk}/do/tier/", "tiersetting/",
                 "session/analytics/", "referral/leaderboard/"):  # fmt: skip
        phone.goto(f"/console/accounts/{path}")
        assert overflow(phone) <= 0, path


def test_an_operator_searches_and_suspends_somebody(
    desk: Page, operator: User, people: list[User]
) -> None:
    sign_in(desk)
    desk.goto("/console/accounts/user/?q=ada")
    desk.locator("#result_list a", has_text="Ada").first.click()
    desk.locator(".desk-deeds a", has_text="Suspend").click()
    expect(desk, "body", "Suspend Ada Lovelace?")
    desk.fill("[name=reason]", "spam in groups")
    desk.locator(".desk-danger").click()
    expect(desk, "body", "Suspended 1 person.")
    people[0].refresh_from_db()
    assert people[0].state == AccountState.SUSPENDED


def test_an_operator_chooses_many_in_the_list(
    desk: Page, operator: User, people: list[User]
) -> None:
    sign_in(desk)
    desk.goto("/console/accounts/user/?q=person")
    for box in desk.locator("input[name=_selected_action]").all()[:3]:
        box.check()
    desk.select_option("select[name=action]", "beta")
    desk.locator("button[name=index]").first.click()
    expect(desk, "body", "Grant the beta to 3 people?")
    desk.fill("[name=reason]", "thanks")
    desk.locator(".desk-go").click()
    expect(desk, "body", "Beta for 3 people.")
    assert User.objects.filter(beta_until__isnull=False).count() == 3


def test_codes_are_made_and_shown(desk: Page, operator: User) -> None:
    sign_in(desk)
    desk.goto("/console/accounts/invitationbatch/add/")
    desk.fill("[name=number]", "4")
    desk.fill("[name=note]", "for the meeting")
    desk.locator(".desk-go").click()
    expect(desk, "body", "Made 4 codes.")
    assert desk.locator(".desk-table code").count() == 4
    with desk.expect_download() as taken:
        desk.locator(".desk-deeds a", has_text="Download CSV").click()
    assert taken.value.suggested_filename.endswith(".csv")


def test_a_figure_of_a_tier_is_changed_and_marked(desk: Page, operator: User) -> None:
    sign_in(desk)
    desk.goto("/console/accounts/tiersetting/pro/api_per_hour/edit/")
    desk.fill("[name=value]", "1234")
    desk.locator(".desk-go").click()
    expect(desk, ".desk-changed", "1,234")
    expect(desk, ".desk-changed", "default 1,000")
