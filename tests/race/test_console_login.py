"""The way into the console under attack: many tries and one code at the same moment."""

from __future__ import annotations

from functools import partial

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from accounts import lockout, second_factor
from accounts.models import BackupCode, LoginLock, TotpDevice, User
from arbedge import clock
from arbedge.names import Role
from tests.accounts import authenticator
from tests.accounts.factories import UserFactory
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _hands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now_ms", authenticator.Hands())


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada", role=Role.ADMIN)


def request(ip: str) -> HttpRequest:
    return RequestFactory().post("/console/login/", REMOTE_ADDR=ip)


def test_of_thirty_tries_at_once_ten_are_judged() -> None:
    tries = lockout.by_name(request("203.0.113.7"), "ada")
    counted = at_once(*[partial(lockout.count, tries)] * 30)
    assert [one.locked_s for one in counted].count(0) == 10
    assert [one.last for one in counted].count(True) == 1


def test_tries_from_many_addresses_at_once_are_all_counted() -> None:
    calls = [
        partial(lockout.count, lockout.by_name(request(f"203.0.113.{number}"), "ada"))
        for number in range(20)
    ]
    at_once(*calls)
    assert LoginLock.objects.get(scope="name").tries == 20
    assert LoginLock.objects.filter(scope="pair").count() == 20


def test_one_code_opens_once_however_many_type_it_at_once(ada: User) -> None:
    code = authenticator.code(authenticator.enrolled(ada))
    opened = at_once(*[partial(second_factor.check, ada, code)] * 8)
    assert len([device for device in opened if device is not None]) == 1


def test_one_backup_code_opens_once_however_many_type_it_at_once(ada: User) -> None:
    authenticator.enrolled(ada)
    code = second_factor.new_backup_codes(ada)[0]
    opened = at_once(*[partial(second_factor.check, ada, code)] * 8)
    assert len([device for device in opened if device is not None]) == 1
    assert BackupCode.objects.filter(used_at__isnull=False).count() == 1


def test_two_pictures_asked_for_at_once_leave_one_waiting_device(ada: User) -> None:
    at_once(*[partial(second_factor.begin, ada)] * 6)
    assert TotpDevice.objects.filter(user=ada, confirmed=False).count() == 1


def test_one_first_code_confirms_once(ada: User) -> None:
    code = authenticator.code(second_factor.begin(ada).typed)
    confirmed = at_once(*[partial(second_factor.confirm, ada, code)] * 6)
    assert len([done for done in confirmed if done is not None]) == 1
    assert BackupCode.objects.count() == 10
