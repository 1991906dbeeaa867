"""The page of API tokens: made, shown once, revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import (
    ApiToken,
    User,
)
from arbedge.names import Role
from tests.accounts.factories import UserFactory
from tests.accounts.web import body, fresh_cache, log_in, wrong

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


def make_token(client: Client, **changed: Any) -> Any:
    """Makes a token by the form."""
    return client.post(
        "/account/tokens", {"name": "laptop", "scopes": ["read"], "life": "90"} | changed
    )


def test_a_token_is_shown_once(client: Client, ada: User) -> None:
    page = body(make_token(client))
    row = ApiToken.objects.get()
    token = page.partition(f"ae_{row.prefix}_")[2].partition("<")[0]
    assert tokens.check(f"ae_{row.prefix}_{token}", datetime.now(UTC)) is not None
    assert token not in body(client.get("/account/tokens"))


def test_a_token_expires_after_90_days_unless_asked_otherwise(client: Client, ada: User) -> None:
    make_token(client)
    row = ApiToken.objects.get()
    assert row.expires_at is not None
    assert row.expires_at - row.made_at == timedelta(days=90)


def test_a_token_without_end_is_warned_about(client: Client, ada: User) -> None:
    make_token(client, life="never")
    assert "never expires" in body(client.get("/account/tokens"))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "Give the token a name"),
        ({"name": "n" * 41}, "at most 40"),
        ({"scopes": []}, "Choose what"),
        ({"scopes": ["admin"]}, "not one of the available choices"),
        ({"life": "36500"}, "not one of the available choices"),
    ],
)
def test_a_bad_token_is_refused(
    client: Client, ada: User, changed: dict[str, Any], words: str
) -> None:
    assert words in wrong(make_token(client, **changed))
    assert not ApiToken.objects.exists()


def test_a_second_token_of_a_name_is_refused_beside_it(client: Client, ada: User) -> None:
    make_token(client)
    assert "You have a token named laptop" in wrong(make_token(client))


def test_a_token_is_revoked_after_a_question(client: Client, ada: User) -> None:
    make_token(client)
    row = ApiToken.objects.get()
    address = f"/account/tokens/{row.pk}/revoke"
    assert "Revoke laptop?" in body(client.get(address))
    assert "laptop is revoked" in body(client.post(address, follow=True))
    assert client.post(address).status_code == 404


def test_nobody_revokes_anothers_token(client: Client, ada: User) -> None:
    make_token(client)
    stranger = Client()
    log_in(stranger, UserFactory())
    address = f"/account/tokens/{ApiToken.objects.get().pk}/revoke"
    assert stranger.get(address).status_code == stranger.post(address).status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_staff_may_give_the_scope_to_administer(client: Client) -> None:
    log_in(client, UserFactory(role=Role.ADMIN))
    make_token(client, scopes=["admin"])
    assert ApiToken.objects.get().scopes == ["admin"]
