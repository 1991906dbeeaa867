"""Keys, tokens and subscriptions in the console, and who reaches which page at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import ApiToken, StoredKey, User
from arbedge.names import Door, Role, Tier
from tests.accounts.console import audited, choose, desk, page, statements, told
from tests.accounts.factories import SubscriptionFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
CANARY = "CANARY-sealed-text-of-a-key"
STAFF = (Role.SUPPORT, Role.ADMIN, Role.SUPER_ADMIN)
OURS = sorted(
    model._meta.model_name or ""
    for model in admin.site._registry
    if model._meta.app_label == "accounts"
)


def a_key(person: User, slot: int = 1, **more: Any) -> StoredKey:
    """A sealed key."""
    made = {"kind": "exchange", "provider": "okx", "last4": "WXYZ", "label": "main"} | more
    return StoredKey.objects.create(
        user=person, slot=slot, sealed=CANARY, digest=slot.to_bytes(32, "big"), **made
    )


def a_token(person: User, name: str = "script") -> tokens.Made:
    """A token of the person."""
    return tokens.make(person, name, ["read"], None, door=Door.WEB, now=timezone.now(), by=person)


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("model", OURS)
def test_every_page_opens_for_staff_and_for_nobody_else(model: str, role: Role) -> None:
    client, _ = desk(role)
    assert client.get(f"/console/accounts/{model}/").status_code == 200
    user, _ = desk(Role.USER)
    for outside in (user, Client()):
        assert outside.get(f"/console/accounts/{model}/").status_code == 302


@pytest.mark.parametrize("model", OURS)
def test_support_adds_and_deletes_nothing_anywhere(model: str) -> None:
    client, _ = desk(Role.SUPPORT)
    assert client.get(f"/console/accounts/{model}/add/").status_code in {403, 404}
    answer = choose(client, model, "delete_selected", [UserFactory()], post="yes")
    assert answer.status_code in {200, 403, 405}
    assert User.objects.count() == 2


@pytest.mark.parametrize("model", OURS)
def test_nobody_deletes_anything_of_people_by_the_lists_own_action(model: str) -> None:
    page_of_model = admin.site._registry[
        next(one for one in admin.site._registry if one._meta.model_name == model)
    ]
    client, _ = desk()
    request = client.get(f"/console/accounts/{model}/").wsgi_request
    assert "delete_selected" not in page_of_model.get_actions(request)


def test_keys_are_shown_by_their_last_four_characters() -> None:
    client, _ = desk()
    key = a_key(UserFactory(name="Ada"), can_read=True, can_trade=True, ip_bound=False)
    text = page(client, "storedkey/")
    for words in ("okx …WXYZ", "Ada", "read, trade, from any address", "active"):
        assert words in text
    detail = page(client, f"storedkey/{key.pk}/change/")
    assert "…WXYZ" in detail
    assert CANARY not in text + detail


def test_what_opens_a_key_is_not_even_read() -> None:
    client, _ = desk()
    key = a_key(UserFactory())
    for path in ("storedkey/", f"storedkey/{key.pk}/change/"):
        for sql in statements(client, path):
            assert '"sealed"' not in sql
            assert '"digest"' not in sql


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("?kind=ai", False), ("?kind=exchange", True), ("?state=invalid", False), ("?q=ada", True),
     ("?q=bob", False)],
)  # fmt: skip
def test_keys_are_filtered_and_found_by_their_owner(asked: str, shown: bool) -> None:
    client, _ = desk()
    a_key(UserFactory(name="Ada"))
    assert ("okx …WXYZ" in page(client, f"storedkey/{asked}")) is shown


@pytest.mark.parametrize("role", STAFF)
def test_nobody_edits_a_key_in_the_console(role: Role) -> None:
    client, _ = desk(role)
    key = a_key(UserFactory())
    client.post(f"/console/accounts/storedkey/{key.pk}/change/", {"label": "changed"})
    key.refresh_from_db()
    assert key.label == "main"


def test_tokens_are_shown_by_their_prefix() -> None:
    client, _ = desk()
    made = a_token(UserFactory(name="Ada"))
    text = page(client, "apitoken/") + page(client, f"apitoken/{made.row.pk}/change/")
    assert f"ae_{made.row.prefix}" in text
    assert made.token not in text
    assert made.token.rpartition("_")[2] not in text


def test_a_token_is_revoked_after_a_yes_and_opens_nothing(
    django_capture_on_commit_callbacks: Any,
) -> None:
    client, operator = desk()
    owner = UserFactory(name="Ada")
    made = a_token(owner)
    path = f"apitoken/{made.row.pk}/do/revoke/"
    assert "of Ada?" in page(client, path)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"/console/accounts/{path}", {"sure": "1"}, follow=True)
    assert "Revoked 1 token." in told(answer)
    assert tokens.check(made.token, timezone.now()) is None
    assert audited(owner, "token.revoked").actor == operator


def test_chosen_tokens_are_revoked_together() -> None:
    client, _ = desk()
    rows = [a_token(UserFactory(), f"script {n}").row for n in range(3)]
    choose(client, "apitoken", "revoke", rows[:2], sure="2")
    assert ApiToken.objects.filter(revoked_at__isnull=True).get() == rows[2]


def test_support_revokes_nothing() -> None:
    client, _ = desk(Role.SUPPORT)
    row = a_token(UserFactory()).row
    url = f"/console/accounts/apitoken/{row.pk}/do/revoke/"
    assert client.post(url, {"sure": "1"}).status_code == 403
    assert ApiToken.objects.filter(revoked_at__isnull=True).exists()


def test_a_token_says_whether_it_still_opens_anything() -> None:
    client, _ = desk()
    person = UserFactory()
    for name, columns in (
        ("old", {"expires_at": timezone.now() - timedelta(days=1)}),
        ("gone", {"revoked_at": timezone.now()}),
    ):
        ApiToken.objects.filter(pk=a_token(person, name).row.pk).update(**columns)
    text = page(client, f"user/{person.pk}/change/")
    assert "expired" in text
    assert "revoked" in text


def test_subscriptions_tell_what_was_given_and_for_how_much() -> None:
    client, _ = desk()
    row = SubscriptionFactory(user__name="Ada", tier=Tier.PRO, price_usd="49.00", note="invoice 7")
    for path in ("subscription/", "subscription/?source=paid", "subscription/?q=ada"):
        assert "$49.00" in page(client, path)
    assert "invoice 7" in page(client, f"subscription/{row.pk}/change/")
    assert "$49.00" not in page(client, "subscription/?source=grant")


@pytest.mark.parametrize("model", ["storedkey", "apitoken", "subscription"])
def test_the_queries_of_a_list_do_not_grow(model: str) -> None:
    client, _ = desk()

    def more() -> None:
        person = UserFactory()
        a_key(person)
        a_token(person)
        SubscriptionFactory(user=person)

    more()
    few = len(statements(client, f"{model}/"))
    for _ in range(4):
        more()
    assert len(statements(client, f"{model}/")) == few <= 8
