"""Second factors and locks in the console: who sees them, who may reset them, what is told."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import lockout, second_factor
from accounts.models import LoginLock, TotpDevice, User
from accounts.models.login_lock import Scope
from arbedge import clock
from arbedge.names import Role
from tests.accounts import authenticator
from tests.accounts.console_door import is_inside, lines, person

pytestmark = pytest.mark.django_db
DEVICES = "/console/accounts/totpdevice/"
LOCKS = "/console/accounts/loginlock/"


@pytest.fixture(autouse=True)
def _hands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now_ms", authenticator.Hands())


@pytest.fixture
def ada() -> User:
    return person("ada", Role.ADMIN)


@pytest.fixture
def device(ada: User) -> TotpDevice:
    authenticator.enrolled(ada)
    made: TotpDevice = TotpDevice.objects.get()
    return made


@pytest.fixture
def lock(ada: User) -> LoginLock:
    for _ in range(11):
        lockout.count(lockout.by_code(ada), ada)
    return LoginLock.objects.get(scope=Scope.CODE)


def desk_of(role: Role) -> Client:
    browser = Client()
    browser.force_login(person(f"the_{role}", role))
    return browser


def press(desk: Client, page: str, name: str, number: int, **given: str) -> str:
    """Chooses a row, takes an action, and answers its question."""
    data = {"action": name, "_selected_action": str(number), **given}
    return desk.post(page, data, follow=True).content.decode()


def test_the_list_shows_who_and_how_many_codes_are_left_and_no_secret(device: TotpDevice) -> None:
    page = desk_of(Role.SUPER_ADMIN).get(DEVICES).content.decode()
    assert str(device.user) in page
    assert "in use" in page
    assert ">● 10<" in page
    assert device.sealed not in page


def test_a_page_of_one_shows_no_secret_either(device: TotpDevice) -> None:
    page = desk_of(Role.SUPER_ADMIN).get(f"{DEVICES}{device.pk}/change/").content.decode()
    assert "in use" in page
    assert device.sealed not in page


def test_a_reset_asks_first_and_says_what_it_does(device: TotpDevice) -> None:
    page = press(desk_of(Role.SUPER_ADMIN), DEVICES, "reset", device.pk)
    assert "stop working at once" in page
    assert TotpDevice.objects.exists()


def test_a_reset_wants_a_reason(device: TotpDevice) -> None:
    press(desk_of(Role.SUPER_ADMIN), DEVICES, "reset", device.pk, sure="1", reason="")
    assert TotpDevice.objects.exists()


def test_a_super_admin_resets_with_a_reason_that_is_kept(device: TotpDevice, ada: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(ada)
    press(desk_of(Role.SUPER_ADMIN), DEVICES, "reset", device.pk, sure="1", reason="phone lost")
    assert second_factor.device_of(ada) is None
    assert not is_inside(elsewhere)
    [line] = lines("second_factor.reset")
    assert line.changes["reason"] == ["", "phone lost"]
    assert (str(line.actor), line.additional_data["whom"]) != (str(ada), None)
    assert line.additional_data["door"] == "console"


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN])
def test_others_may_look_and_not_reset(device: TotpDevice, role: Role) -> None:
    desk = desk_of(role)
    assert desk.get(DEVICES).status_code == 200
    press(desk, DEVICES, "reset", device.pk, sure="1", reason="mine now")
    assert TotpDevice.objects.exists()


def test_nobody_adds_or_edits_a_device_by_hand(device: TotpDevice) -> None:
    desk = desk_of(Role.SUPER_ADMIN)
    assert desk.get(f"{DEVICES}add/").status_code == 403
    assert desk.post(f"{DEVICES}{device.pk}/change/", {"confirmed": ""}).status_code == 403


def test_locks_are_listed_with_whom_they_hold(lock: LoginLock, ada: User) -> None:
    page = desk_of(Role.SUPER_ADMIN).get(LOCKS).content.decode()
    assert str(ada) in page
    assert "codes of one person" in page
    assert "locked, opens" in page


def test_a_super_admin_opens_a_lock_with_a_reason(lock: LoginLock, ada: User) -> None:
    press(desk_of(Role.SUPER_ADMIN), LOCKS, "unlock", lock.pk, sure="1", reason="it was ada")
    assert lockout.count(lockout.by_code(ada), ada).locked_s == 0
    [line] = lines("login.unlocked")
    assert line.additional_data["whom"] == ada.pk
    assert line.additional_data["security"] is True


def test_a_lock_of_nobody_known_can_be_opened_too() -> None:
    one = LoginLock.objects.create(
        key=b"k" * 32, scope=Scope.NAME, tries=101, since="2026-11-21T00:00:00Z"
    )
    press(desk_of(Role.SUPER_ADMIN), LOCKS, "unlock", one.pk, sure="1", reason="test")
    assert not LoginLock.objects.exists()


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN])
def test_others_may_not_open_locks(lock: LoginLock, role: Role) -> None:
    press(desk_of(role), LOCKS, "unlock", lock.pk, sure="1", reason="mine now")
    assert LoginLock.objects.filter(pk=lock.pk).exists()
