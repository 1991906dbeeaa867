"""Who may decide about whom."""

from __future__ import annotations

import pytest

from accounts import ranks
from accounts.ranks import Outranked
from arbedge.names import Role
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db
STAFF = (Role.ADMIN, Role.SUPER_ADMIN)


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("other", [Role.USER, Role.SUPPORT])
def test_administrators_decide_about_people_and_support(role: Role, other: Role) -> None:
    assert ranks.below(UserFactory(role=role), [UserFactory(role=other).pk]) is None


@pytest.mark.parametrize("other", STAFF)
def test_administrators_decide_about_none_of_their_role_or_higher(other: Role) -> None:
    refused = ranks.below(UserFactory(role=Role.ADMIN), [UserFactory(role=other).pk])
    assert refused is not None
    assert (refused.why, refused.above) == (Outranked.ABOVE, 1)
    assert refused.words == "1 person among them with your role or a higher one."


def test_all_who_stand_too_high_are_counted() -> None:
    ids = [UserFactory(role=role).pk for role in (Role.ADMIN, Role.SUPER_ADMIN, Role.USER)]
    refused = ranks.not_above(UserFactory(role=Role.ADMIN), ids)
    assert refused is not None
    assert refused.words.startswith("2 people ")


@pytest.mark.parametrize("other", list(Role))
def test_super_administrators_decide_about_everybody_else(other: Role) -> None:
    assert ranks.below(UserFactory(role=Role.SUPER_ADMIN), [UserFactory(role=other).pk]) is None


@pytest.mark.parametrize("role", STAFF)
def test_nobody_decides_about_himself(role: Role) -> None:
    by = UserFactory(role=role)
    refused = ranks.below(by, [by.pk])
    assert refused is not None
    assert refused.why is Outranked.ITSELF


@pytest.mark.parametrize("role", STAFF)
def test_what_may_be_done_to_oneself_may(role: Role) -> None:
    by = UserFactory(role=role)
    assert ranks.not_above(by, [by.pk]) is None
