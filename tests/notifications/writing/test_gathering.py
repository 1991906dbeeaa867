"""What a batch reads beside its rows."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Preferences
from notifications.models import Delivery, Message
from notifications.names import Topic
from notifications.writing.gathering import announced, numbers, with_missing
from tests.accounts.factories import UserFactory
from tests.notifications.factories import DeliveryFactory, MessageFactory, facts

pytestmark = pytest.mark.django_db


def after(opening: Message, topic: Topic, net: float = 0.004) -> Message:
    """A later message about the same opportunity."""
    made: Message = MessageFactory(
        topic=topic, opening=opening, opportunity_id=opening.opportunity_id, facts=facts(net=net)
    )
    return made


def row(message: Message) -> Delivery:
    made: Delivery = DeliveryFactory(message=message)
    return made


def by_id(*messages: Message) -> dict[int, Message]:
    return {message.pk: message for message in messages}


def test_what_is_at_hand_is_not_read(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    one = row(MessageFactory())
    at_hand = by_id(one.message)
    with django_assert_num_queries(0):
        assert with_missing([one], at_hand) is at_hand


def test_what_is_missing_is_read_at_once(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    items = [MessageFactory().pk for _ in range(3)]
    rows: list[Delivery] = [row(MessageFactory()), DeliveryFactory(items=items)]
    with django_assert_num_queries(1):
        found = with_missing(rows, {})
    assert found.keys() == {rows[0].facts_of_id, rows[1].facts_of_id, *items}


def test_the_last_announcement_before_counts_not_one_after() -> None:
    opening = MessageFactory(facts=facts(net=0.004))
    after(opening, Topic.IMPROVED, 0.005)
    closing = after(opening, Topic.CLOSED)
    after(opening, Topic.IMPROVED, 0.009)
    found = announced([row(closing)], by_id(closing))
    assert found[closing.pk]["net"] == 0.005


def test_fading_announces_nothing() -> None:
    opening = MessageFactory(facts=facts(net=0.004))
    after(opening, Topic.FADING, 0.001)
    closing = after(opening, Topic.CLOSED)
    assert announced([row(closing)], by_id(closing))[closing.pk]["net"] == 0.004


def test_each_trade_has_its_own_announcements() -> None:
    first, second = MessageFactory(facts=facts(net=0.004)), MessageFactory(facts=facts(net=0.007))
    ends = [after(first, Topic.CLOSED), after(second, Topic.CLOSED)]
    found = announced([row(one) for one in ends], by_id(*ends))
    assert [found[one.pk]["net"] for one in ends] == [0.004, 0.007]


def test_openings_need_no_earlier_announcement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    opening = MessageFactory()
    one = row(opening)
    with django_assert_num_queries(0):
        assert announced([one], by_id(opening)) == {}


def test_only_unusual_ways_to_write_numbers_are_kept() -> None:
    comma, space, point = (UserFactory() for _ in range(3))
    for user, style in ((comma, "comma"), (space, "space"), (point, "point")):
        Preferences.objects.create(user=user, number_format=style)
    rows = [DeliveryFactory(recipient_id=user.pk) for user in (comma, space, point)]
    assert numbers(rows) == {comma.pk: "comma", space.pk: "space"}


def test_chats_have_no_preferences(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    one = DeliveryFactory(recipient="chat", recipient_id=5)
    with django_assert_num_queries(0):
        assert numbers([one]) == {}
