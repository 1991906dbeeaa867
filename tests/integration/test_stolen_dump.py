"""A thief has every row of every table, and tries all he finds there at every door.

The keys that seal lie outside the database (ENCRYPTION_KEYS, SECRET_KEY): he does not have them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from django.core import mail
from django.test import Client, override_settings

from accounts import invitations, magic_links, second_factor, sessions, tokens, vault, websessions
from accounts.models import KeyKind, Purpose, StoredKey, User
from accounts.tokens import Scope
from arbedge import cache, sealing
from arbedge.errors import ArbEdgeError
from arbedge.names import Door, Role
from tests.accounts import authenticator
from tests.accounts.canaries import database_text, leaks
from tests.accounts.factories import UserFactory
from tests.accounts.vaulting import KEY, READS, SECRET, Answers, add

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
# Everything in a dump that could be somebody's word: no blanks, brackets, quotes or commas.
WORD = re.compile(r"[^\s()\"',{}\[\]:]{6,}")


@pytest.fixture(autouse=True)
def _venue_that_says_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vault._validators, KeyKind.EXCHANGE, Answers(READS))


@pytest.fixture(autouse=True)
def _no_rate_limit() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


@pytest.fixture
def victim() -> User:
    return UserFactory(username="victim", role=Role.SUPER_ADMIN, email="victim@example.org")


def link_to(email: str) -> str:
    """The token of a log-in link as it arrives by mail."""
    magic_links.send(email, ip="", now=NOW)
    found = re.search(r"token=([\w-]+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def what_people_hold(person: User) -> dict[str, str]:
    """One of each: what a person knows, the database must not, and what would open a door."""
    enrolment = second_factor.begin(person)
    confirmed = second_factor.confirm(person, authenticator.code(enrolment.typed))
    assert confirmed
    browser = Client()
    browser.force_login(person)
    add(person)
    end = NOW + timedelta(days=9)
    made = invitations.make(Purpose.BETA, door=Door.CONSOLE, by=person, now=NOW)
    return {
        "api token": tokens.make(person, "bot", [Scope.READ], end, door=Door.WEB, now=NOW).token,
        "session": sessions.start(person, Door.WEB, NOW).token,
        "console session": str(browser.session.session_key),
        "log-in link": link_to(person.email),
        "invitation": made[0].code,
        "second factor": enrolment.typed.replace(" ", ""),
        "backup code": confirmed[1][0].replace("-", ""),
        "exchange key": KEY,
        "exchange secret": SECRET,
    }


def words(dump: str) -> set[str]:
    """What the thief tries: every word of the dump, and what bytes among them may spell."""
    found = set(WORD.findall(dump))
    for word in list(found):
        try:
            raw = binascii.unhexlify(word.removeprefix("\\\\x").removeprefix("\\x"))
        except (binascii.Error, ValueError):
            continue
        found |= {raw.hex(), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
        found.add(raw.decode("latin-1"))
    return found


def opens(attempt: Callable[[], object]) -> bool:
    """Whether the door opened; a refusal is no entry."""
    try:
        return bool(attempt())
    except (ArbEdgeError, ValueError):
        return False


def test_none_of_what_people_hold_can_be_read_in_a_dump(victim: User) -> None:
    held = what_people_hold(victim)
    assert leaks(database_text(), *held.values()) == []


def test_nothing_in_a_dump_opens_a_door(victim: User) -> None:
    what_people_hold(victim)
    stranger = UserFactory()

    def tried(word: str) -> list[str]:
        doors: dict[str, Callable[[], object]] = {
            "api": lambda: tokens.check(word, NOW),
            "web": lambda: sessions.check_token(word, NOW),
            "console": lambda: websessions.SessionStore(word).load(),
            "link": lambda: magic_links.look(word, NOW),
            "second factor": lambda: second_factor.check(victim, word),
            "invitation": lambda: invitations.redeem(stranger, word, Door.WEB, now=NOW),
        }
        return [f"{door}: {word}" for door, attempt in doors.items() if opens(attempt)]

    found = words(database_text())
    assert len(found) > 100
    cache.client().flushdb()
    assert [entry for word in found for entry in tried(word)] == []


def test_these_doors_do_open_to_whoever_holds_the_right_thing(victim: User) -> None:
    """Else the tests above would prove nothing."""
    held = what_people_hold(victim)
    assert tokens.check(held["api token"], NOW)
    assert sessions.check_token(held["session"], NOW)
    assert websessions.SessionStore(held["console session"]).load()
    assert magic_links.look(held["log-in link"], NOW)
    assert second_factor.check(victim, held["backup code"])
    assert invitations.redeem(UserFactory(), held["invitation"], Door.WEB, now=NOW)


def test_sealed_things_stay_shut_without_the_key(victim: User) -> None:
    what_people_hold(victim)
    sealed = [word for word in words(database_text()) if word.startswith("gAAAA")]
    assert len(sealed) >= 3
    with override_settings(ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
        for one in sealed:
            with pytest.raises(sealing.Unsealable):
                sealing.unseal(one)


def test_a_used_up_code_is_wiped(victim: User) -> None:
    made = invitations.make(Purpose.BETA, door=Door.CONSOLE, by=victim, now=NOW)[0]
    invitations.redeem(UserFactory(), made.code, Door.WEB, now=NOW)
    made.invitation.refresh_from_db()
    assert made.invitation.sealed == ""


def test_a_deleted_key_leaves_nothing_sealed(victim: User) -> None:
    row = add(victim)
    vault.delete(victim, row.pk, door=Door.WEB)
    assert not StoredKey.objects.exists()
    assert row.sealed not in database_text()
