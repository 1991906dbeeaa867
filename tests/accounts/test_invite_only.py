"""Who must bring a code where INVITE_ONLY closes the house."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import invitations
from accounts.models import Purpose, User
from arbedge.names import Door, Role
from tests.accounts.factories import NOON, UserFactory

pytestmark = pytest.mark.django_db


def person(**facts: Any) -> User:
    made: User = UserFactory.create(**facts)
    return made


def test_codes_are_asked_for_only_where_the_house_is_closed(settings: Any) -> None:
    settings.INVITE_ONLY = False
    assert not invitations.needs_code(None)

    settings.INVITE_ONLY = True
    assert invitations.needs_code(None)
    assert invitations.needs_code(person())


def test_the_invited_staff_and_those_who_were_here_before_need_no_code(settings: Any) -> None:
    settings.INVITE_ONLY = True
    invited = person()
    [made] = invitations.make(Purpose.ADMIN, door=Door.TASK, now=NOON)
    invitations.redeem(invited, made.code, Door.WEB, now=NOON)

    assert not invitations.needs_code(invited)
    assert not invitations.needs_code(person(role=Role.SUPPORT))
    assert not invitations.needs_code(person(onboarded_at=NOON))
