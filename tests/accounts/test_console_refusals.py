"""Who does not get into the console, what he is told, and what is written down of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from auditlog.models import LogEntry
from django.core.cache import caches
from django.test import Client

from accounts.models import User
from arbedge import clock
from arbedge.names import AccountState, Role
from tests.accounts import authenticator
from tests.accounts.console_door import (
    CODE,
    LOGIN,
    PASSWORD,
    give_code,
    give_password,
    is_inside,
    lines,
    person,
    text,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def hands(monkeypatch: pytest.MonkeyPatch) -> authenticator.Hands:
    caches["default"].clear()
    standing = SimpleNamespace(time=lambda: 1_795_000_000.0)
    monkeypatch.setattr("django_ratelimit.core.time", standing)  # all within one of its minutes
    turned = authenticator.Hands()
    monkeypatch.setattr(clock, "now_ms", turned)
    return turned


@pytest.fixture
def ada() -> User:
    return person("ada", Role.SUPER_ADMIN)


@pytest.fixture
def phone(ada: User) -> str:
    """The secret in ada's authenticator; the code of now was not used yet."""
    return authenticator.enrolled(ada)


def test_a_wrong_password_and_an_unknown_name_are_told_alike(client: Client, ada: User) -> None:
    wrong = text(give_password(client, password="wrong"))
    unknown = text(give_password(client, name="nobody"))
    message = "Name or password is wrong, or this account may not use the console."
    assert message in wrong
    assert message in unknown


@pytest.mark.parametrize(
    ("role", "state"), [(Role.USER, AccountState.ACTIVE), (Role.ADMIN, AccountState.SUSPENDED)]
)
def test_users_and_suspended_staff_stay_out(
    client: Client, role: Role, state: AccountState
) -> None:
    person("bob", role, state)
    assert "may not use the console" in text(give_password(client, "bob"))
    assert not is_inside(client)


def test_the_eleventh_try_is_refused_even_with_the_right_password(
    client: Client, ada: User
) -> None:
    for _ in range(10):
        give_password(client, password="wrong")
    refused = give_password(client)
    assert refused.status_code == 429
    assert "Too many tries. Log-in opens again in 30 min." in text(refused)
    assert 1700 < int(refused["Retry-After"]) <= 1800
    assert not is_inside(client)


def test_the_tenth_try_may_still_be_the_right_one(client: Client, ada: User) -> None:
    for _ in range(9):
        give_password(client, password="wrong")
    give_password(client)
    assert is_inside(client)


def test_a_browser_that_was_in_before_is_not_locked_out_by_others(
    client: Client, ada: User
) -> None:
    give_password(client)
    client.post("/console/logout/")
    for _ in range(11):
        give_password(Client(), password="wrong")
    give_password(client)
    assert is_inside(client)


def test_ten_wrong_codes_close_the_second_step(client: Client, ada: User, phone: str) -> None:
    give_password(client)
    for _ in range(10):
        give_code(client, "000000")
    refused = give_code(client, authenticator.code(phone))
    assert refused.status_code == 429
    assert "Too many tries" in text(refused)
    assert not is_inside(client)


def test_more_than_thirty_tries_a_minute_from_one_address_wait(client: Client) -> None:
    answers = [give_password(client, f"name{number}") for number in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {200}
    assert answers[30].status_code == 429


def test_nothing_typed_costs_no_try(client: Client) -> None:
    for _ in range(40):
        answer = client.post(LOGIN, {"username": "", "password": ""})
    assert answer.status_code == 200


def test_pages_of_the_log_in_are_not_kept_by_browsers(
    client: Client, ada: User, phone: str
) -> None:
    give_password(client)
    for path in (LOGIN, CODE):
        assert "no-store" in client.get(path)["Cache-Control"]


def test_a_log_in_is_told_with_door_and_address(client: Client, ada: User) -> None:
    client.post(
        LOGIN, {"username": "ada", "password": PASSWORD}, REMOTE_ADDR="203.0.113.7",
        headers={"X-Forwarded-For": "10.9.9.9"},
    )  # fmt: skip
    [line] = lines("login.succeeded")
    assert (line.actor, line.remote_addr) == (ada, "203.0.113.7")
    assert line.additional_data["door"] == "console"
    assert line.additional_data["security"] is True


def test_a_wrong_password_is_told_without_an_author(client: Client, ada: User) -> None:
    give_password(client, password="wrong")
    [line] = lines("login.failed")
    assert line.actor is None
    assert line.additional_data["whom"] == ada.pk


def test_a_name_nobody_has_is_not_written_down(client: Client) -> None:
    give_password(client, name="correct horse battery staple", password="ada")
    [line] = lines("login.failed")
    stored = str(LogEntry.objects.filter(pk=line.pk).values().get())
    assert "horse" not in stored


def test_a_right_password_of_somebody_without_a_role_is_told(client: Client) -> None:
    bob = person("bob", Role.USER)
    give_password(client, "bob")
    assert [line.additional_data["whom"] for line in lines("login.not_staff")] == [bob.pk]


def test_a_lock_is_told_once(client: Client, ada: User) -> None:
    for _ in range(15):
        give_password(client, password="wrong")
    assert len(lines("login.locked")) == 1


def test_a_log_out_is_told(client: Client, ada: User) -> None:
    give_password(client)
    client.post("/console/logout/")
    assert [line.actor for line in lines("login.ended")] == [ada]


def test_failed_codes_and_their_lock_are_told(client: Client, ada: User, phone: str) -> None:
    give_password(client)
    for _ in range(12):
        give_code(client, "000000")
    assert len(lines("second_factor.failed")) == 10
    assert len(lines("second_factor.locked")) == 1
