"""The second factor itself: codes, backup codes, and what a thief of the database gets."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from auditlog.models import LogEntry
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts import second_factor
from accounts.models import BackupCode, TotpDevice, User
from arbedge import clock, sealing
from arbedge.names import Role
from tests.accounts import authenticator
from tests.accounts.authenticator import Hands
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    turned = Hands()
    monkeypatch.setattr(clock, "now_ms", turned)
    return turned


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada", role=Role.SUPER_ADMIN)


class Phone:
    """The authenticator of one person, who has just enrolled."""

    def __init__(self, user: User, hands: Hands) -> None:
        self.hands = hands
        self.typed = second_factor.begin(user).typed
        done = second_factor.confirm(user, self.shows())
        assert done is not None
        self.device, self.backup_codes = done
        hands.now_s += authenticator.STEP_S

    def shows(self, steps: int = 0) -> str:
        return authenticator.code(self.typed, steps=steps, at_s=self.hands.now_s)


@pytest.fixture
def phone(ada: User, hands: Hands) -> Phone:
    return Phone(ada, hands)


def whats() -> list[str]:
    lines = LogEntry.objects.filter(additional_data__what__startswith="second_factor")
    return [line.additional_data["what"] for line in lines.order_by("id")]


def everything_stored() -> str:
    """All rows of the second factor's tables and the audit, as a dump shows them."""
    with connection.cursor() as cursor:
        tables = ("accounts_totpdevice", "accounts_backupcode", "auditlog_logentry")
        rows = []
        for table in tables:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def test_the_known_code_of_the_standard_comes_out() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B
    assert authenticator.code(secret, at_s=59) == "287082"


def test_a_secret_has_the_160_bits_of_the_standard(ada: User) -> None:
    assert len(second_factor.begin(ada).typed.replace(" ", "")) == 32


def test_the_picture_is_an_svg_of_the_address_an_app_reads(ada: User) -> None:
    enrolment = second_factor.begin(ada)
    assert enrolment.picture.startswith("<svg")
    secret = enrolment.typed.replace(" ", "")
    assert enrolment.address.startswith(f"otpauth://totp/ArbEdge%3Aada?secret={secret}&")


def test_repr_shows_no_secret(ada: User) -> None:
    enrolment = second_factor.begin(ada)
    assert enrolment.typed not in repr(enrolment)
    assert enrolment.address not in repr(enrolment)


def test_an_unconfirmed_secret_opens_nothing(ada: User, hands: Hands) -> None:
    typed = second_factor.begin(ada).typed
    assert second_factor.device_of(ada) is None
    assert second_factor.check(ada, authenticator.code(typed, at_s=hands.now_s)) is None


def test_a_wrong_first_code_confirms_nothing(ada: User) -> None:
    second_factor.begin(ada)
    assert second_factor.confirm(ada, "000000") is None
    assert second_factor.device_of(ada) is None


def test_a_new_picture_voids_the_one_before(ada: User, hands: Hands) -> None:
    first, second = second_factor.begin(ada).typed, second_factor.begin(ada).typed
    assert second_factor.confirm(ada, authenticator.code(first, at_s=hands.now_s)) is None
    assert second_factor.confirm(ada, authenticator.code(second, at_s=hands.now_s)) is not None


def test_a_code_of_now_is_taken(ada: User, phone: Phone) -> None:
    assert second_factor.check(ada, phone.shows()) == phone.device


def test_a_code_is_taken_with_the_space_people_type(ada: User, phone: Phone) -> None:
    code = phone.shows()
    assert second_factor.check(ada, f" {code[:3]} {code[3:]} ") == phone.device


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_clock_half_a_minute_off_does_not_matter(ada: User, phone: Phone, steps: int) -> None:
    phone.hands.now_s += 2 * authenticator.STEP_S
    assert second_factor.check(ada, phone.shows(steps)) == phone.device


@pytest.mark.parametrize("steps", [-2, 2])
def test_an_older_or_later_code_is_refused(ada: User, phone: Phone, steps: int) -> None:
    phone.hands.now_s += 5 * authenticator.STEP_S
    assert second_factor.check(ada, phone.shows(steps)) is None


def test_a_code_serves_once(ada: User, phone: Phone) -> None:
    code = phone.shows()
    assert second_factor.check(ada, code) is not None
    assert second_factor.check(ada, code) is None


def test_a_code_before_the_one_used_is_refused_too(ada: User, phone: Phone) -> None:
    phone.hands.now_s += 2 * authenticator.STEP_S
    assert second_factor.check(ada, phone.shows()) is not None
    assert second_factor.check(ada, phone.shows(-1)) is None


def test_the_code_that_confirmed_does_not_log_in(ada: User, hands: Hands) -> None:
    typed = second_factor.begin(ada).typed
    code = authenticator.code(typed, at_s=hands.now_s)
    second_factor.confirm(ada, code)
    assert second_factor.check(ada, code) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "12３456", "-12345", "1e5000"])
def test_what_is_no_code_is_refused(ada: User, phone: Phone, typed: str) -> None:
    assert second_factor.check(ada, typed) is None


def test_another_persons_code_is_refused(ada: User, phone: Phone) -> None:
    bob = UserFactory(username="bob", role=Role.ADMIN)
    assert second_factor.check(bob, phone.shows()) is None


def test_there_are_ten_backup_codes_and_each_serves_once(ada: User, phone: Phone) -> None:
    assert len(set(phone.backup_codes)) == 10
    for code in phone.backup_codes:
        assert second_factor.check(ada, code) == phone.device
        assert second_factor.check(ada, code) is None


def test_a_backup_code_is_read_however_it_is_typed(ada: User, phone: Phone) -> None:
    typed = phone.backup_codes[0].upper().replace("-", " ")
    assert second_factor.check(ada, typed) == phone.device


def test_a_backup_code_used_is_told_with_what_is_left(ada: User, phone: Phone) -> None:
    second_factor.check(ada, phone.backup_codes[0])
    line = LogEntry.objects.latest("id")
    assert line.additional_data["what"] == "second_factor.backup_code_used"
    assert line.changes == {"left": ["", "9"]}
    assert line.additional_data["security"] is True


def test_backup_codes_of_another_person_do_not_serve(ada: User, phone: Phone) -> None:
    bob = UserFactory(username="bob", role=Role.ADMIN)
    Phone(bob, phone.hands)
    assert second_factor.check(bob, phone.backup_codes[0]) is None


def test_new_backup_codes_void_the_old_ones(ada: User, phone: Phone) -> None:
    fresh = second_factor.new_backup_codes(ada)
    assert second_factor.check(ada, phone.backup_codes[0]) is None
    assert second_factor.check(ada, fresh[0]) == phone.device


def test_without_a_device_there_are_no_backup_codes(ada: User) -> None:
    assert second_factor.new_backup_codes(ada) == []


def test_a_new_device_replaces_the_old_one_and_its_codes(ada: User, phone: Phone) -> None:
    newer = Phone(ada, phone.hands)
    assert second_factor.check(ada, phone.shows()) is None
    assert second_factor.check(ada, phone.backup_codes[0]) is None
    assert second_factor.check(ada, newer.shows()) == newer.device
    assert whats() == ["second_factor.enrolled", "second_factor.replaced"]


def test_until_a_new_device_is_confirmed_the_old_one_serves(ada: User, phone: Phone) -> None:
    second_factor.begin(ada)
    assert second_factor.check(ada, phone.shows()) == phone.device


def test_a_dump_of_the_database_holds_neither_secret_nor_backup_code(
    ada: User, phone: Phone
) -> None:
    second_factor.check(ada, phone.backup_codes[0])
    dump = everything_stored()
    secret = sealing.unseal(phone.device.sealed)
    assert phone.typed.replace(" ", "") not in dump
    assert secret.hex() not in dump
    for code in phone.backup_codes:
        assert code not in dump
        assert code.replace("-", "") not in dump


def test_what_a_dump_does_hold_makes_no_codes_without_the_key(
    ada: User, phone: Phone, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(sealing.Unsealable):
        second_factor.check(ada, phone.shows())


def test_stored_digests_are_no_backup_codes(ada: User, phone: Phone) -> None:
    digest = bytes(BackupCode.objects.first().digest)  # type: ignore[union-attr]
    assert second_factor.check(ada, digest.hex()) is None


def test_a_rotated_key_leaves_codes_as_they_are(
    ada: User, phone: Phone, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    phone.device.sealed = sealing.reseal(phone.device.sealed)
    phone.device.save()
    assert second_factor.check(ada, phone.shows()) is not None


def test_a_reset_takes_device_and_codes_and_says_who_did_it(ada: User, phone: Phone) -> None:
    boss = UserFactory(username="boss", role=Role.SUPER_ADMIN)
    assert second_factor.reset(ada, by=boss, reason="phone lost")
    assert not TotpDevice.objects.exists()
    assert not BackupCode.objects.exists()
    line = LogEntry.objects.latest("id")
    assert (line.actor, line.additional_data["whom"]) == (boss, ada.pk)
    assert line.changes["reason"] == ["", "phone lost"]


def test_a_reset_of_nothing_is_no_event(ada: User) -> None:
    assert not second_factor.reset(ada, by=None, reason="")
    assert whats() == []


def test_the_command_resets_a_second_factor(ada: User, phone: Phone) -> None:
    told = StringIO()
    call_command("reset_second_factor", "ada", stdout=told)
    assert second_factor.device_of(ada) is None
    assert told.getvalue() == "ada sets up a new second factor at the next log-in.\n"


def test_the_command_says_when_there_was_nothing_to_reset(ada: User) -> None:
    told = StringIO()
    call_command("reset_second_factor", "ada", stdout=told)
    assert told.getvalue() == "ada had no second factor. Nothing was changed.\n"


def test_the_command_knows_whom_it_does_not_know() -> None:
    with pytest.raises(CommandError, match="Nobody logs in as 'eve'"):
        call_command("reset_second_factor", "eve")


def test_a_day_of_waiting_does_not_bring_a_used_code_back(ada: User, phone: Phone) -> None:
    code = phone.shows()
    second_factor.check(ada, code)
    phone.hands.now_s += timedelta(days=1).total_seconds()
    assert second_factor.check(ada, code) is None
