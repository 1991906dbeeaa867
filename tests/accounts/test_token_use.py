"""When API tokens were used last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
from pytest_django import DjangoAssertNumQueries

from accounts import token_use, tokens
from accounts.models import ApiToken, User
from arbedge import cache
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
