"""API tokens: made once, shown once, checked in constant time, ended at once everywhere."""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from auditlog.models import LogEntry
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import memory, token_use, tokens
from accounts.models import ApiToken, User
from accounts.tokens import Made, Scope
from arbedge import cache
from arbedge.errors import ArbEdgeError, BadInput, Forbidden, NotFound
from arbedge.names import AccountState, Door, Role
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=90)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.client().flushdb()
    memory.trust.__init__()  # type: ignore[misc]


@pytest.fixture
def ada() -> User:
    return UserFactory(name="Ada")


def make(user: User, name: str = "laptop", scopes: Any = ("read",), **more: Any) -> Made:
    """A token as the account page makes it."""
    wanted: dict[str, Any] = {"expires_at": LATER, "door": Door.WEB, "now": NOW} | more
    return tokens.make(user, name, scopes, **wanted)


def refusal(user: User, **asked: Any) -> ArbEdgeError:
    """The error this token is refused with."""
    with pytest.raises(ArbEdgeError) as refused:
        make(user, **asked)
    return refused.value


# Making.


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


# Checking.


def test_a_check_tells_whose_it_is_and_what_for(ada: User) -> None:
    made = make(ada, scopes=("read", "ai"))
    known = tokens.check(made.token, NOW)
    assert known is not None
    assert (known.token_id, known.standing.user_id) == (made.row.pk, ada.pk)
    assert known.scopes == {Scope.READ, Scope.AI}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token + "A",
        lambda token: token[:-1],
        lambda token: token.upper(),
        lambda token: f" {token}",
        lambda token: f"{token}\n",
        lambda token: token.replace("ae_", "xx_"),
        lambda token: "",
        lambda token: "ae_" + "é" * 52,
        lambda token: token[:12] + "A" * 43,
    ],
)
def test_anything_but_the_token_is_nobodys(ada: User, spoil: Any) -> None:
    token = make(ada).token
    assert tokens.check(spoil(token), NOW) is None


def test_a_warm_check_asks_the_database_nothing(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    token = make(ada).token
    tokens.check(token, NOW)
    with django_assert_num_queries(0):
        assert tokens.check(token, NOW) is not None


def test_a_wrong_token_is_remembered_as_wrong_for_a_moment(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    wrong = "ae_AAAAAAAA_" + "A" * 43
    tokens.check(wrong, NOW)
    with django_assert_num_queries(0):
        assert tokens.check(wrong, NOW) is None
    (held,) = cache.client().keys(cache.key("token", "*"))
    assert 0 < cache.client().ttl(held) <= tokens.UNKNOWN_FOR_S


def test_the_cache_holds_no_token(ada: User) -> None:
    token = make(ada).token
    tokens.check(token, NOW)
    client: Any = cache.client()
    held = b"".join(key + client.dump(key) for key in client.keys("*"))
    assert token[12:].encode() not in held


def test_a_token_ends_at_its_expiry_even_in_the_cache(ada: User) -> None:
    token = make(ada, expires_at=NOW + timedelta(seconds=30)).token
    assert tokens.check(token, NOW) is not None
    assert tokens.check(token, NOW + timedelta(seconds=30)) is None


def test_a_token_without_end_has_none(ada: User) -> None:
    token = make(ada, expires_at=None).token
    assert tokens.check(token, NOW + timedelta(days=4000)) is not None


def test_the_owner_of_a_suspended_account_is_told_so(ada: User) -> None:
    token = make(ada).token
    tokens.check(token, NOW)
    ada.state = AccountState.SUSPENDED
    ada.save()
    cache.client().delete(cache.key("who", str(ada.pk)))
    with pytest.raises(Forbidden) as refused:
        tokens.check(token, NOW)
    assert refused.value.code == "suspended"
    assert "suspended" in refused.value.message


def test_without_a_cache_the_database_answers(ada: User, settings: Settings) -> None:
    made = make(ada)
    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    known = tokens.check(made.token, NOW)
    assert known is not None
    assert known.token_id == made.row.pk
    assert tokens.check(made.token[:-2] + "__", NOW) is None


# Revoking.


@pytest.mark.django_db(transaction=True)
def test_a_revoked_token_is_refused_at_once(ada: User) -> None:
    made = make(ada)
    tokens.check(made.token, NOW)
    tokens.revoke(ada.pk, made.row.pk, door=Door.WEB, now=NOW)
    assert tokens.check(made.token, NOW) is None


@pytest.mark.django_db(transaction=True)
def test_a_reader_that_is_late_does_not_bring_a_revoked_token_back(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(ada)
    stored = tokens._stored

    def late(*given: Any) -> Any:
        row = stored(*given)
        tokens.revoke(ada.pk, made.row.pk, door=Door.WEB, now=NOW)
        return row

    monkeypatch.setattr(tokens, "_stored", late)
    assert tokens.check(made.token, NOW) is not None  # it came before the end
    monkeypatch.undo()
    assert tokens.check(made.token, NOW) is None


@pytest.mark.django_db(transaction=True)
def test_a_token_revoked_while_the_cache_was_gone_stays_revoked_when_it_is_back(
    ada: User, settings: Settings
) -> None:
    made = make(ada)
    tokens.check(made.token, NOW)
    there = settings.CACHE_URL
    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    tokens.revoke(ada.pk, made.row.pk, door=Door.WEB, now=NOW)
    settings.CACHE_URL = there
    memory.trust.paused_until = 0.0
    assert tokens.check(made.token, NOW) is None


def test_nobody_revokes_anothers_token(ada: User) -> None:
    made = make(UserFactory())
    with pytest.raises(NotFound):
        tokens.revoke(ada.pk, made.row.pk, door=Door.WEB, now=NOW)
    made.row.refresh_from_db()
    assert made.row.revoked_at is None


def test_revoking_twice_finds_nothing_the_second_time(ada: User) -> None:
    made = make(ada)
    tokens.revoke(ada.pk, made.row.pk, door=Door.WEB, now=NOW)
    with pytest.raises(NotFound):
        tokens.revoke(ada.pk, made.row.pk, door=Door.WEB, now=NOW)


def test_revoking_is_audited(ada: User) -> None:
    tokens.revoke(ada.pk, make(ada).row.pk, door=Door.WEB, now=NOW)
    line = LogEntry.objects.get(additional_data__what="token.revoked")
    assert line.additional_data["security"] is True


def test_revoked_tokens_are_not_listed(ada: User) -> None:
    kept, gone = make(ada, name="kept"), make(ada, name="gone")
    tokens.revoke(ada.pk, gone.row.pk, door=Door.WEB, now=NOW)
    assert list(tokens.listed(ada.pk)) == [kept.row]


# Last use.


def test_use_is_written_for_all_at_once(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = [make(ada, name=f"token {number}") for number in range(3)]
    for number, one in enumerate(made):
        tokens.check(one.token, NOW + timedelta(minutes=number))
    assert not ApiToken.objects.filter(used_at__isnull=False).exists()
    with django_assert_num_queries(1):
        assert token_use.flush() == 3
    seen = list(ApiToken.objects.order_by("id").values_list("used_at", flat=True))
    assert seen == [NOW + timedelta(minutes=number) for number in range(3)]


def test_an_earlier_use_never_replaces_a_later_one(ada: User) -> None:
    made = make(ada)
    ApiToken.objects.update(used_at=NOW)
    token_use.note(made.row.pk, NOW - timedelta(hours=1))
    assert token_use.flush() == 0
    assert ApiToken.objects.get().used_at == NOW


def test_nothing_used_is_nothing_written() -> None:
    assert token_use.flush() == 0


def test_what_a_killed_flush_left_comes_first(ada: User) -> None:
    made = make(ada)
    token_use.note(made.row.pk, NOW)
    cache.client().rename(cache.key("tokens_used"), cache.key("tokens_used_taken"))
    token_use.note(made.row.pk, NOW + timedelta(minutes=1))
    assert token_use.flush() == 1
    assert ApiToken.objects.get().used_at == NOW
    assert token_use.flush() == 1
    assert ApiToken.objects.get().used_at == NOW + timedelta(minutes=1)


def test_two_flushes_at_once_are_one(ada: User) -> None:
    token_use.note(make(ada).row.pk, NOW)
    assert cache.acquire("tokens_used", 10_000)
    assert token_use.flush() == 0


def test_a_cache_that_is_gone_hinders_no_check(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    token = make(ada).token

    def gone() -> Any:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(cache, "client", gone)
    assert tokens.check(token, NOW) is not None


# Races.


@pytest.mark.django_db(transaction=True)
def test_of_many_tokens_made_at_once_twenty_exist(ada: User) -> None:
    def one(number: int) -> bool:
        try:
            make(ada, name=f"token {number}")
        except BadInput as error:
            return error.code != "too_many_tokens"
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(one, range(30)))
    assert made.count(True) == tokens.MOST_TOKENS
    assert ApiToken.objects.count() == tokens.MOST_TOKENS
