"""Checking API tokens: cached, in constant time, and over at once when revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import memory, tokens
from accounts.models import User
from accounts.tokens import Scope
from arbedge import cache
from arbedge.errors import Forbidden, NotFound
from arbedge.names import AccountState, Door
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
