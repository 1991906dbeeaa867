"""Posts, presses and people who came, for the admins of a group."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection

from notifications.models import Chat, ChatDay, ChatJoin
from notifications.names import DeliveryState, Recipient, Topic
from notifications.telegram import chat_figures
from tests.accounts.factories import UserFactory
from tests.notifications.factories import (
    NOON,
    ChatFactory,
    DeliveryFactory,
    DeliveryLogFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def chat() -> Chat:
    found: Chat = ChatFactory()
    return found


def to(chat: Chat, **more: Any) -> dict[str, Any]:
    return {"recipient": Recipient.CHAT, "recipient_id": chat.pk, "state": "sent"} | more


def posted(chat: Chat, days_ago: int = 0, **more: Any) -> None:
    at = NOON - days_ago * DAY
    DeliveryLogFactory(**to(chat, due_at=at, **more))


def figures(chat: Chat) -> list[tuple[int, int, int, int]]:
    return [(one.days, one.posts, one.pressed, one.joined) for one in chat_figures.of(chat, NOON)]


def test_a_new_chat_has_nothing_to_show(chat: Chat) -> None:
    assert figures(chat) == [(7, 0, 0, 0), (30, 0, 0, 0)]


def test_posts_count_in_the_queue_and_in_the_log(chat: Chat) -> None:
    DeliveryFactory(**to(chat))
    posted(chat, 6)
    posted(chat, 7)
    posted(chat, 29)
    posted(chat, 30)
    assert [row[1] for row in figures(chat)] == [2, 4]


def test_what_did_not_arrive_or_only_follows_a_post_is_none(chat: Chat) -> None:
    posted(chat, state=DeliveryState.FAILED)
    posted(chat, topic=Topic.CLOSED)
    posted(ChatFactory())
    DeliveryLogFactory(recipient_id=chat.pk)  # a person of that number
    assert figures(chat)[0][1] == 0


@pytest.mark.parametrize("make", [DeliveryFactory, DeliveryLogFactory])
def test_a_press_counts_for_the_chat_of_its_post(chat: Chat, make: Any) -> None:
    delivery = make(**to(chat))
    assert chat_figures.pressed(delivery.pk, NOON)
    assert chat_figures.pressed(delivery.pk, NOON)
    assert ChatDay.objects.get().pressed == 2
    assert [row[2] for row in figures(chat)] == [2, 2]


def test_a_press_in_private_is_no_chats() -> None:
    assert not chat_figures.pressed(DeliveryFactory().pk, NOON)
    assert not chat_figures.pressed(0, NOON)
    assert not ChatDay.objects.exists()


def test_days_are_counted_apart(chat: Chat) -> None:
    for days_ago in (0, 6, 7, 29, 30):
        chat_figures.pressed_in(chat.pk, NOON - days_ago * DAY)
    assert [row[2] for row in figures(chat)] == [2, 4]


def test_people_who_came_are_counted(chat: Chat) -> None:
    for days_ago in (0, 6, 7, 40):
        assert chat_figures.joined(UserFactory(), chat.pk, NOON - days_ago * DAY)
    assert [row[3] for row in figures(chat)] == [2, 3]


def test_figures_go_with_their_chat_and_people_with_their_accounts(chat: Chat) -> None:
    person = UserFactory()
    chat_figures.joined(person, chat.pk, NOON)
    person.delete()
    assert not ChatJoin.objects.exists()
    chat.delete()
    assert not ChatDay.objects.exists()


def test_a_link_works_while_presses_cannot_be_counted(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise DatabaseError("gone")

    delivery = DeliveryFactory(**to(chat))
    monkeypatch.setattr(connection, "cursor", gone)
    assert not chat_figures.pressed(delivery.pk, NOON)


def test_reading_figures_takes_four_queries(chat: Chat, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):
        figures(chat)
