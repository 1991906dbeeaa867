"""Roles in the console: deny by default, and no query to tell."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Permission
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from accounts.backends import ADMIN_MAY, RoleBackend, granted
from accounts.models import User
from arbedge.names import AccountState, Role
from tests.accounts.factories import UserFactory

STAFF = (Role.SUPPORT, Role.ADMIN, Role.SUPER_ADMIN)
ACTIONS = ("view", "add", "change", "delete")
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def expected(role: str, action: str, label: str, name: str) -> bool:
    """Product §3 in one line for each role."""
    if role == Role.USER or (action, name) == ("delete", "user"):
        return False
    if action == "view" or role == Role.SUPER_ADMIN:
        return True
    return role == Role.ADMIN and f"{label}.{action}_{name}" in ADMIN_MAY


def of(role: Role, **more: Any) -> User:
    """Somebody of this role, with the flags that follow from it."""
    flags = {"is_staff": role != Role.USER, "is_superuser": role == Role.SUPER_ADMIN}
    return User(role=role, **flags, **more)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_page_of_the_console_asks_the_role(model: type, action: str, role: Role) -> None:
    person = of(role)
    opts = model._meta  # type: ignore[attr-defined]
    asked = f"{opts.app_label}.{action}_{opts.model_name}"
    assert person.has_perm(asked) is expected(role, action, opts.app_label, opts.model_name)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_page_lets_anybody_do_more_than_his_role(model: type, role: Role) -> None:
    request = RequestFactory().get("/console/")
    request.user = of(role)
    page = admin.site._registry[model]
    opts = model._meta  # type: ignore[attr-defined]
    for action, allowed in page.get_model_perms(request).items():
        assert not allowed or expected(role, action, opts.app_label, opts.model_name)


@pytest.mark.parametrize("role", STAFF)
def test_no_page_deletes_people(role: Role) -> None:
    request = RequestFactory().get("/console/")
    request.user = of(role)
    assert admin.site._registry[User].has_delete_permission(request) is False
    assert "accounts.delete_user" not in granted(role)


@pytest.mark.parametrize("role", STAFF)
def test_what_is_not_known_is_denied(role: Role) -> None:
    person = of(role)
    for unknown in ("accounts.view_nothing", "view_user", "accounts.fly_user", "", "users.manage"):
        assert person.has_perm(unknown) is False
        assert RoleBackend().has_perm(person, unknown) is False


@pytest.mark.parametrize("state", [one for one in AccountState if one != AccountState.ACTIVE])
@pytest.mark.parametrize("role", STAFF)
def test_an_account_that_is_not_active_may_nothing(role: Role, state: AccountState) -> None:
    person = of(role, state=state, is_active=False)
    assert not person.has_perm("accounts.view_user")
    assert not person.has_module_perms("accounts")
    assert person.get_all_permissions() == set()


def test_strangers_may_nothing() -> None:
    assert not AnonymousUser().has_perm("accounts.view_user")


def test_a_role_opens_the_parts_of_the_console_it_views() -> None:
    assert of(Role.SUPPORT).has_module_perms("opportunities")
    assert not of(Role.SUPPORT).has_module_perms("nothing")
    assert not of(Role.USER).has_module_perms("accounts")


@pytest.mark.django_db
def test_groups_and_permissions_of_one_person_count_for_nothing() -> None:
    person = UserFactory(role=Role.SUPPORT)
    person.user_permissions.add(Permission.objects.get(codename="change_user"))
    assert not person.has_perm("accounts.change_user")
    assert RoleBackend().get_user_permissions(person) == set()


@pytest.mark.django_db
@pytest.mark.parametrize("role", STAFF)
def test_a_permission_is_told_without_a_query(
    role: Role, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    person = UserFactory(role=role)
    with django_assert_num_queries(0):
        assert person.has_perm("accounts.view_user")
        assert person.has_module_perms("accounts")
        assert not person.has_perm("accounts.view_nothing")


@pytest.mark.django_db
def test_the_right_password_signs_in_and_a_suspended_account_does_not() -> None:
    person = UserFactory(role=Role.ADMIN)
    person.set_password("correct horse")
    person.save()
    sign_in = RoleBackend().authenticate
    assert sign_in(None, person.username, "correct horse") == person
    assert sign_in(None, person.username, "wrong horse") is None
    person.state = AccountState.SUSPENDED
    person.save()
    assert sign_in(None, person.username, "correct horse") is None
