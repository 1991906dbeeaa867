"""API tokens: made once, shown once, kept as a digest."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.db import connection

from accounts import tokens
from accounts.models import ApiToken, User
from accounts.tokens import Scope
from arbedge.errors import ArbEdgeError
from arbedge.names import Door, Role
from tests.accounts.factories import UserFactory
from tests.accounts.tokens import NOW, make
from tests.accounts.web import fresh_cache

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    fresh_cache()


@pytest.fixture
def ada() -> User:
    return UserFactory(name="Ada")


def refusal(user: User, **asked: Any) -> ArbEdgeError:
    """The error this token is refused with."""
    with pytest.raises(ArbEdgeError) as refused:
        make(user, **asked)
    return refused.value


def test_a_token_has_the_form_people_can_search_their_code_for(ada: User) -> None:
    made = make(ada)
    assert re.fullmatch(r"ae_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}", made.token)
    assert made.token.startswith(f"ae_{made.row.prefix}_")


def test_the_database_keeps_its_digest_only(ada: User) -> None:
    made = make(ada)
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM accounts_apitoken t")
        (row,) = cursor.fetchone()
    assert hashlib.sha256(made.token.encode()).hexdigest() in row
    assert made.token[12:] not in row


def test_what_a_stolen_database_shows_opens_nothing(ada: User) -> None:
    made = make(ada)
    digest = bytes(ApiToken.objects.get().digest)
    for guess in (digest.hex(), f"ae_{made.row.prefix}_{digest.hex()[:43]}", made.row.prefix):
        assert tokens.check(guess, NOW) is None


def test_the_token_is_in_no_repr_and_in_no_audit_line(ada: User) -> None:
    made = make(ada)
    written = repr(list(LogEntry.objects.values_list("changes", "object_repr", "additional_data")))
    for secret in (made.token, made.token[12:]):
        assert secret not in repr(made) + str(made.row) + repr(vars(made.row)) + written


def test_making_is_audited_with_scopes_and_door(ada: User) -> None:
    make(ada, scopes=("trade", "read"))
    line = LogEntry.objects.get(additional_data__what="token.made")
    assert line.changes["scopes"] == ["", "read, trade"]
    assert line.actor == ada
    assert line.additional_data["whom"] == ada.pk
    assert line.additional_data["door"] == "web"
    assert line.additional_data["security"] is True


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"name": "  "}, "name_missing", "name"),
        ({"name": "n" * 41}, "name_too_long", "name"),
        ({"name": "\u202e\x00"}, "name_missing", "name"),
        ({"scopes": ()}, "scope_missing", "scopes"),
        ({"scopes": ("read", "everything")}, "scope_unknown", "scopes"),
        ({"scopes": ("admin",)}, "scope_unknown", "scopes"),
        ({"expires_at": NOW}, "expiry_past", "expires"),
    ],
)
def test_bad_wishes_are_refused_beside_their_field(
    ada: User, asked: dict[str, Any], code: str, field: str
) -> None:
    error = refusal(ada, **asked)
    assert (error.code, error.details["field"]) == (code, field)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("name", ["🦊 bot", "👩‍👩‍👧", "המחשב שלי", "n" * 40])
def test_names_of_any_script_are_kept(ada: User, name: str) -> None:
    assert make(ada, name=name).row.name == name


def test_two_tokens_cannot_have_one_name(ada: User) -> None:
    make(ada)
    assert refusal(ada).code == "name_taken"


def test_the_name_of_a_revoked_token_is_free_again(ada: User) -> None:
    tokens.revoke(ada.pk, make(ada).row.pk, door=Door.WEB, now=NOW)
    assert make(ada).row.name == "laptop"


def test_another_person_may_use_the_same_name(ada: User) -> None:
    make(ada)
    assert make(UserFactory()).row.name == "laptop"


def test_there_are_twenty_tokens_at_most(ada: User) -> None:
    for number in range(tokens.MOST_TOKENS):
        make(ada, name=f"token {number}")
    error = refusal(ada, name="one more")
    assert (error.code, error.details["limit"]) == ("too_many_tokens", 20)


def test_expired_tokens_take_no_place(ada: User) -> None:
    for number in range(tokens.MOST_TOKENS):
        make(ada, name=f"token {number}", expires_at=NOW + timedelta(hours=1))
    assert make(ada, name="one more", now=NOW + timedelta(hours=2))


def test_staff_may_make_tokens_that_administer(ada: User) -> None:
    admin = UserFactory(role=Role.ADMIN)
    assert make(admin, scopes=("admin",)).row.scopes == ["admin"]


def test_every_scope_is_explained() -> None:
    assert set(tokens.SCOPE_HELP) == set(Scope)
