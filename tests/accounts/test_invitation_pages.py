"""The pages of invitations, referrals and affiliates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import (
    Affiliate,
    Invitation,
    ReferralCode,
    User,
)
from tests.accounts.factories import UserFactory
from tests.accounts.web import SCRIPT, body, fresh_cache, log_in, wrong

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    fresh_cache()


@pytest.fixture
def ada(client: Client) -> User:
    """Somebody who is logged in."""
    user = UserFactory(name="Ada")
    log_in(client, user)
    return user


def test_a_code_is_made_shown_and_withdrawn(client: Client, ada: User) -> None:
    page = body(client.post("/account/invitations/make", follow=True))
    row = Invitation.objects.get()
    assert row.inviter == ada
    assert f"/login?code={row.start}" in page
    address = f"/account/invitations/{row.pk}/revoke"
    assert "Withdraw the code" in body(client.get(address))
    client.post(address)
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_nobody_withdraws_anothers_code(client: Client, ada: User) -> None:
    stranger = Client()
    log_in(stranger, UserFactory())
    stranger.post("/account/invitations/make")
    address = f"/account/invitations/{Invitation.objects.get().pk}/revoke"
    assert client.get(address).status_code == client.post(address).status_code == 404


def test_the_referral_code_can_be_chosen(client: Client, ada: User) -> None:
    client.post("/account/invitations/code", {"code": "ada2026"})
    assert ReferralCode.objects.get(user=ada).code == "ADA2026"


@pytest.mark.parametrize("code", ["", "ADA", "A" * 13, "🦊🦊🦊🦊🦊🦊", "SUPPORT1", SCRIPT])
def test_a_bad_referral_code_is_refused_beside_its_field(
    client: Client, ada: User, code: str
) -> None:
    response = client.post("/account/invitations/code", {"code": code})
    assert wrong(response)
    assert SCRIPT not in body(response)


def test_a_code_that_is_taken_is_refused(client: Client, ada: User) -> None:
    ReferralCode.objects.create(user=UserFactory(), code="TAKEN123")
    response = client.post("/account/invitations/code", {"code": "TAKEN123"})
    assert "Somebody has this code" in wrong(response)


def test_an_invitation_can_be_redeemed_later(client: Client, ada: User) -> None:
    giver = Client()
    log_in(giver, UserFactory(date_joined=datetime(2026, 1, 1, tzinfo=UTC)))
    page = body(giver.post("/account/invitations/make", follow=True))
    code = page.partition("/login?code=")[2][:8]
    answered = body(client.post("/account/invitations/redeem", {"code": code}, follow=True))
    assert "The code is accepted" in answered
    assert "Were you given a code?" not in answered


def test_ones_own_code_is_refused(client: Client, ada: User) -> None:
    page = body(client.post("/account/invitations/make", follow=True))
    code = page.partition("/login?code=")[2][:8]
    assert "your own" in wrong(client.post("/account/invitations/redeem", {"code": code}))


def test_the_bot_is_named_in_links_where_there_is_one(
    client: Client, ada: User, settings: Settings
) -> None:
    settings.BOT_NAME = "arbedge_bot"
    assert "https://t.me/arbedge_bot?start=ref_" in body(client.get("/account/invitations"))


PITCH = "I write a newsletter about funding rates for four thousand people."


def test_somebody_applies_and_sees_where_it_stands(client: Client, ada: User) -> None:
    told = {"site": "https://ada.example.org", "pitch": PITCH}
    page = body(client.post("/account/affiliate", told, follow=True))
    assert "waits for its review" in page
    assert Affiliate.objects.get().user == ada


@pytest.mark.parametrize(
    "changed", [{"pitch": ""}, {"pitch": "x" * 2001}, {"site": "javascript:alert(1)"}]
)
def test_a_bad_application_is_refused(client: Client, ada: User, changed: dict[str, str]) -> None:
    told = {"site": "https://ada.example.org", "pitch": PITCH} | changed
    assert wrong(client.post("/account/affiliate", told))
    assert not Affiliate.objects.exists()


def test_an_affiliate_sees_real_figures(client: Client, ada: User) -> None:
    Affiliate.objects.create(user=ada, pitch=PITCH, standing="approved", grade="silver")
    page = body(client.get("/account/affiliate"))
    assert "15\u2009%" in page
    assert page.count('data-label="yours">$0.00') == 6
    assert "● yours" in page
