"""Tokens wanted by several at once."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from accounts import tokens
from accounts.models import ApiToken, User
from accounts.tokens import Made
from arbedge.errors import ArbEdgeError
from arbedge.names import Door
from tests.accounts.factories import UserFactory
from tests.accounts.tokens import make
from tests.accounts.web import fresh_cache
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    fresh_cache()
    return UserFactory(name="Ada")


def test_of_thirty_tokens_made_at_once_twenty_exist(ada: User) -> None:
    outcomes = at_once(*(partial(make, ada, name=f"token {number}") for number in range(30)))
    made = [one for one in outcomes if isinstance(one, Made)]
    refused = [one.code for one in outcomes if isinstance(one, ArbEdgeError)]
    assert len(made) == ApiToken.objects.count() == tokens.MOST_TOKENS
    assert refused == ["too_many_tokens"] * 10


def test_of_two_tokens_of_one_name_one_exists(ada: User) -> None:
    outcomes = at_once(*(partial(make, ada) for _ in range(4)))
    assert sorted(getattr(one, "code", "made") for one in outcomes) == [
        "made", "name_taken", "name_taken", "name_taken"
    ]  # fmt: skip


def test_a_token_that_is_checked_while_it_is_revoked_is_refused_afterwards(ada: User) -> None:
    now = datetime.now(UTC)
    for number in range(5):
        made = make(ada, name=f"token {number}", expires_at=None)
        check = partial(tokens.check, made.token, now)
        revoke = partial(tokens.revoke, ada.pk, made.row.pk, door=Door.WEB, now=now)
        at_once(check, check, revoke, check, check)
        assert check() is None
