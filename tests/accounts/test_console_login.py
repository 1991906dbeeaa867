"""Into the console by HTTP: password, second factor, enrolment, and one's own second factor."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

from accounts import second_factor
from accounts.models import TotpDevice, User, WebSession
from arbedge import clock
from arbedge.names import AccountState, Role
from tests.accounts import authenticator
from tests.accounts.console_door import (
    CODE,
    LOGIN,
    NEW,
    OWN,
    give_code,
    give_password,
    is_inside,
    person,
    shown_codes,
    shown_secret,
    text,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def hands(monkeypatch: pytest.MonkeyPatch) -> authenticator.Hands:
    caches["default"].clear()
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


@pytest.fixture
def required(settings: Settings) -> None:
    settings.STAFF_TOTP = "required"


# Optional: as on a developer's machine.


def test_without_a_second_factor_the_password_is_enough(client: Client, ada: User) -> None:
    assert give_password(client)["Location"] == "/console/"
    assert is_inside(client)


def test_who_has_a_second_factor_is_asked_for_it(client: Client, ada: User, phone: str) -> None:
    assert give_password(client)["Location"] == CODE
    assert not is_inside(client)


def test_between_the_steps_one_is_logged_in_nowhere(client: Client, ada: User, phone: str) -> None:
    give_password(client)
    assert "_auth_user_id" not in client.session
    assert WebSession.objects.get().user_id is None


def test_a_code_opens_the_console(client: Client, ada: User, phone: str) -> None:
    give_password(client)
    assert give_code(client, authenticator.code(phone))["Location"] == "/console/"
    assert is_inside(client)


def test_one_arrives_where_one_wanted_to_go(client: Client, ada: User, phone: str) -> None:
    give_password(client, next="/console/accounts/user/")
    answer = give_code(client, authenticator.code(phone))
    assert answer["Location"] == "/console/accounts/user/"


def test_one_is_not_sent_to_another_host(client: Client, ada: User, phone: str) -> None:
    give_password(client, next="https://evil.example/console/")
    assert give_code(client, authenticator.code(phone))["Location"] == "/console/"


def test_a_wrong_code_says_what_to_do(client: Client, ada: User, phone: str) -> None:
    give_password(client)
    page = give_code(client, "000000")
    assert "wrong or was used already" in text(page)
    assert not is_inside(client)


def test_a_replayed_code_is_refused(client: Client, ada: User, phone: str) -> None:
    code = authenticator.code(phone)
    thief = Client()
    for browser in (client, thief):
        give_password(browser)
        give_code(browser, code)
    assert is_inside(client)
    assert not is_inside(thief)


def test_a_backup_code_opens_the_console_once(client: Client, ada: User, phone: str) -> None:
    code = second_factor.new_backup_codes(ada)[0]
    again = Client()
    for browser in (client, again):
        give_password(browser)
        give_code(browser, code)
    assert is_inside(client)
    assert not is_inside(again)


def test_a_code_without_a_password_is_worth_nothing(client: Client, ada: User, phone: str) -> None:
    answer = give_code(client, authenticator.code(phone))
    assert answer["Location"] == LOGIN
    assert not is_inside(client)


def test_a_password_changed_between_the_steps_counts(client: Client, ada: User, phone: str) -> None:
    give_password(client)
    ada.set_password("another one altogether")
    ada.save()
    assert give_code(client, authenticator.code(phone))["Location"] == LOGIN
    assert not is_inside(client)


def test_a_person_suspended_between_the_steps_stays_out(
    client: Client, ada: User, phone: str
) -> None:
    give_password(client)
    ada.state = AccountState.SUSPENDED
    ada.save()
    assert give_code(client, authenticator.code(phone))["Location"] == LOGIN


def test_the_second_step_waits_ten_minutes(client: Client, ada: User, phone: str) -> None:
    give_password(client)
    session = client.session
    session["console_login"] = {**session["console_login"], "until_s": 0.0}
    session.save()
    answer = client.post(CODE, {"code": authenticator.code(phone)}, follow=True)
    assert "entered too long ago" in text(answer)  # type: ignore[arg-type]
    assert not is_inside(client)


def test_a_log_in_by_another_door_is_not_enough_for_who_has_a_second_factor(
    client: Client, ada: User, phone: str
) -> None:
    client.force_login(ada)
    assert not is_inside(client)
    assert client.get("/console/")["Location"].startswith(LOGIN)


def test_enrolling_ends_the_log_ins_that_knew_only_the_password(client: Client, ada: User) -> None:
    elsewhere = Client()
    give_password(client)
    give_password(elsewhere)
    typed = shown_secret(client.get(NEW).content.decode())
    client.post(NEW, {"code": authenticator.code(typed)})
    assert is_inside(client)
    assert not is_inside(elsewhere)


def test_a_log_in_lasts_half_a_day(client: Client, ada: User) -> None:
    give_password(client)
    assert 11.9 * 3600 < client.session.get_expiry_age() <= 12 * 3600


def test_a_device_sealed_with_a_lost_key_is_told_as_that(
    client: Client, ada: User, phone: str, settings: Settings
) -> None:
    give_password(client)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert "ENCRYPTION_KEYS" in text(give_code(client, authenticator.code(phone)))


# Required: as in production.


@pytest.mark.usefixtures("required")
def test_a_first_log_in_leads_to_the_enrolment(client: Client, ada: User) -> None:
    assert give_password(client)["Location"] == NEW
    assert not is_inside(client)


@pytest.mark.usefixtures("required")
def test_a_log_in_from_before_it_was_required_is_over(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert not is_inside(client)


@pytest.mark.usefixtures("required")
def test_enrolling_shows_picture_and_secret_then_ten_codes_then_the_console(
    client: Client, ada: User
) -> None:
    give_password(client)
    page = client.get(NEW).content.decode()
    assert "<svg" in page
    done = client.post(NEW, {"code": authenticator.code(shown_secret(page))})
    codes = shown_codes(done.content.decode())
    assert len(codes) == 10
    assert is_inside(client)
    assert second_factor.check(ada, codes[0]) is not None


@pytest.mark.usefixtures("required")
def test_neither_secret_nor_codes_are_shown_again(client: Client, ada: User) -> None:
    give_password(client)
    typed = shown_secret(client.get(NEW).content.decode())
    codes = shown_codes(client.post(NEW, {"code": authenticator.code(typed)}).content.decode())
    pages = "".join(
        client.get(path, follow=True).content.decode()
        for path in (NEW, OWN, CODE, "/console/accounts/user/", "/console/auditlog/logentry/")
    )
    assert not [shown for shown in (typed, *codes) if shown in pages]


@pytest.mark.usefixtures("required")
def test_a_wrong_first_code_may_be_typed_again(client: Client, ada: User) -> None:
    give_password(client)
    typed = shown_secret(client.get(NEW).content.decode())
    again = client.post(NEW, {"code": "000000"})
    assert "does not fit the picture" in text(again)  # type: ignore[arg-type]
    assert "<svg" not in again.content.decode().split("desk-step")[0]
    client.post(NEW, {"code": authenticator.code(typed)})
    assert is_inside(client)


@pytest.mark.usefixtures("required")
def test_who_has_a_device_gets_no_new_secret_for_a_password(
    client: Client, ada: User, phone: str
) -> None:
    give_password(client)
    assert client.get(NEW)["Location"] == LOGIN
    assert client.post(NEW, {"code": authenticator.code(phone)})["Location"] == LOGIN
    assert TotpDevice.objects.count() == 1


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("path", [NEW, CODE, OWN])
def test_strangers_get_no_further_than_the_log_in(client: Client, path: str) -> None:
    assert client.get(path)["Location"].startswith(LOGIN)


# One's own page.


def test_ones_own_page_offers_a_second_factor(client: Client, ada: User) -> None:
    give_password(client)
    assert "Set up a second factor" in text(client.get(OWN))  # type: ignore[arg-type]


def test_the_account_menu_leads_to_it(client: Client, ada: User) -> None:
    give_password(client)
    assert f'href="{OWN}"' in client.get("/console/").content.decode()


def test_new_backup_codes_need_a_code(client: Client, ada: User, phone: str) -> None:
    give_password(client)
    give_code(client, authenticator.code(phone))
    refused = client.post(OWN, {"code": "000000", "do": "codes"})
    assert shown_codes(refused.content.decode()) == []
    fresh = client.post(OWN, {"code": authenticator.code(phone, steps=1), "do": "codes"})
    assert len(shown_codes(fresh.content.decode())) == 10


def test_another_device_needs_a_code_of_the_present_one(
    client: Client, ada: User, phone: str
) -> None:
    give_password(client)
    give_code(client, authenticator.code(phone))
    assert client.get(NEW)["Location"] == OWN
    moved = client.post(OWN, {"code": authenticator.code(phone, steps=1), "do": "replace"})
    assert moved["Location"] == NEW
    typed = shown_secret(client.get(NEW).content.decode())
    client.post(NEW, {"code": authenticator.code(typed)})
    assert is_inside(client)
    assert second_factor.check(ada, authenticator.code(typed, steps=1)) is not None
