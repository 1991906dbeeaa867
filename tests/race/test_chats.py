"""Chats under several hands at once: one of two owners, and what a group had is kept."""

from __future__ import annotations

import pytest

from accounts.models import User
from arbedge.errors import Conflict
from arbedge.names import Channel, Door
from notifications.addressing import address_troubles
from notifications.models import Chat
from notifications.telegram import chats
from tests.accounts.factories import UserFactory
from tests.notifications.factories import ChatFactory
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
GROUP = -1_001_234_567_890


def register(user: User) -> Chat:
    return chats.register(user, GROUP, "supergroup", "Traders", door=Door.TELEGRAM)


def test_of_two_who_register_a_chat_at_once_one_has_it_and_the_other_is_told() -> None:
    people = [UserFactory() for _ in range(4)]

    answers = at_once(*(lambda user=user: register(user) for user in people))

    [chat] = [one for one in answers if isinstance(one, Chat)]
    refused = [one for one in answers if isinstance(one, Conflict)]
    assert [one.code for one in refused] == ["chat_taken"] * 3
    assert Chat.objects.get().registered_by == chat.registered_by


def test_a_move_that_is_heard_of_twice_at_once_happens_once() -> None:
    chat = ChatFactory(telegram_id=-77, type="group")

    heard = at_once(
        lambda: chats.migrated(-77, GROUP),
        lambda: address_troubles.moved("chat", chat.pk, Channel.TELEGRAM, {"chat_id": GROUP}),
    )

    assert sorted(heard) == [False, True]
    [kept] = Chat.objects.all()
    assert (kept.pk, kept.telegram_id) == (chat.pk, GROUP)
