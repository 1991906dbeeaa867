"""Whether a command may be used, beyond the commands there are today."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import standing
from accounts.models import User
from accounts.permissions import Permission
from arbedge.names import Role
from notifications.bot import allowed
from notifications.bot.asks import Ask, Place, Sender
from notifications.bot.registry import EVERYWHERE, Command
from notifications.bot.replies import Reply
from tests.notifications.bot.asking import member
from tests.notifications.factories import NOON, ChatFactory

pytestmark = pytest.mark.django_db


def command(**columns: Any) -> Command:
    return Command("probe", lambda _: Reply(), topic="first", **columns)


def asked(person: User | None, place: Place | None = None) -> Ask:
    held = None if person is None else standing.known(person.pk)
    return Ask(NOON, Sender(7), place or Place(7), person=person, standing=held)


def code(ask: Ask, one: Command) -> str:
    found = allowed.refusal(ask, one)
    return "" if found is None else found.code


def test_what_takes_a_right_takes_somebody_who_has_it() -> None:
    """Whatever the command says of sessions."""
    one = command(session=False, permission=Permission.SYSTEM_VIEW)

    assert code(asked(None), one) == "no_session"
    assert code(asked(member()), one) == "missing_role"
    assert code(asked(member(role=Role.ADMIN)), one) == ""


def test_what_takes_nothing_is_anybodys() -> None:
    assert code(asked(None), command(session=False)) == ""


def test_what_takes_a_right_of_staff_works_in_no_group() -> None:
    chat = ChatFactory(registered_by=member(role=Role.ADMIN))
    group = Place(chat.telegram_id, "supergroup", chat=chat)
    one = command(permission=Permission.SYSTEM_VIEW, scopes=EVERYWHERE)

    assert code(asked(chat.registered_by, group), one) == "group_barred"
