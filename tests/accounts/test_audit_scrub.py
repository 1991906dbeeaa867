"""What the audit never writes down: secrets, by the name they go under or by their look."""

from __future__ import annotations

import pytest
from auditlog.models import LogEntry

from accounts import audit, audit_scrub
from accounts.models import User
from arbedge import sealing
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada")


def test_a_password_is_masked_whole(ada: User) -> None:
    ada.set_password("correct horse battery staple")
    ada.save()
    assert LogEntry.objects.latest("id").changes["password"][1] == "•••"


SECRETS = {
    "our token": ("ae_a1B2c3D4_" + "x" * 43, "xxxx"),
    "password hash": ("pbkdf2_sha256$1000000$abcDEF$hash+/=", "abcDEF"),
    "bot token": ("123456789:AAE-abcdefghijklmnopqrstuvwxyz012345", "ijklmnop"),
    "bearer": ("Bearer abcdefgh12345678", "abcdefgh"),
    "AI key": ("sk-proj-abcdefghijklmnop", "abcdefgh"),
    "in an address": ("postgresql://ada:hunter22@db/arbedge", "hunter22"),
    "in a query": ("https://x.io/?api_key=abcdef0123456789", "abcdef01"),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_what_looks_like_a_secret_is_masked_wherever_it_stands(ada: User, kind: str) -> None:
    secret, telling = SECRETS[kind]
    changes = {"note": ("", f"see {secret} there"), "list": [1, [secret]]}
    line = audit.record("note.made", ada, changes=changes)
    assert telling not in str(LogEntry.objects.filter(pk=line.pk).values().get())


def test_what_is_sealed_is_masked_wherever_it_stands() -> None:
    sealed = sealing.seal("a secret of a venue")
    assert audit_scrub.scrub({"note": ["", f"see {sealed}"]}) == {"note": ["", "see •••"]}


@pytest.mark.parametrize(
    "name",
    ["secret", "api_secret", "passphrase", "password", "token", "bot_token", "api_key", "apikey",
     "private_key", "sealed", "digest", "session_cookie", "credentials", "Authorization", "otp",
     "invitation_code", "backup_code", "login_link"],
)  # fmt: skip
def test_values_under_a_secrets_name_are_masked(name: str) -> None:
    assert audit_scrub.scrub({name: ["old value", "new value"]}) == {name: ["•••", "•••"]}


@pytest.mark.parametrize(
    "name",
    ["key", "key_id", "token_id", "tokens_used", "password_at", "referral_code", "country", "name"],
)
def test_values_under_a_harmless_name_are_kept(name: str) -> None:
    assert audit_scrub.scrub({name: ["old", "new"]}) == {name: ["old", "new"]}


def test_an_empty_secret_may_be_seen_to_be_empty() -> None:
    assert audit_scrub.scrub({"secret": ["", "x"]}) == {"secret": ["", "•••"]}


def test_the_name_of_a_thing_is_scrubbed_too() -> None:
    sealed = sealing.seal("x")
    person = UserFactory(name=sealed[:120])
    assert "gAAAA" not in audit.record("person.seen", person).object_repr
