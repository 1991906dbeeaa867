"""Groups are told by their own rules, by the tier of whoever registered them."""

from __future__ import annotations

from typing import Any

import pytest

from arbedge.choices import VENUES, mask
from arbedge.names import AccountState, Kind, Tier
from notifications.choosing.eligibility import Held
from notifications.codes import Why
from notifications.models import Delivery
from notifications.names import Topic
from tests.accounts.factories import UserFactory
from tests.notifications.choosing.due import (
    ON_NO_SHELF,
    WITHOUT_BOOKS,
    counts,
    due,
    told,
)
from tests.notifications.factories import (
    ChatFactory,
    DeliveryFactory,
    MessageFactory,
    reachable_person,
)

pytestmark = pytest.mark.django_db


def test_a_group_is_told_by_the_tier_of_whoever_registered_it_without_a_session() -> None:
    chat = ChatFactory(registered_by=UserFactory(tier=Tier.PRO), language="fr", zone="Asia/Tokyo")
    assert counts(due(tier=3)) == {"eligible": 1, "no_session": 1}
    [row] = told(chat)
    assert (row.language, row.zone, row.channels, row.tier) == ("fr", "Asia/Tokyo", [0], 3)
    assert row.counted
    assert not row.silent


@pytest.mark.parametrize(
    ("why", "chat", "event"),
    [
        (Why.CHAT_PAUSED, {"paused": True}, {}),
        (Why.NO_CHANNEL, {"gone": "blocked"}, {}),
        (Why.KIND_UNWANTED, {"kinds": mask((Kind.SPOT,), Kind)}, {}),
        (Why.SHELF_UNWANTED, {"shelves": 0}, {}),
        (Why.SHELF_UNWANTED, {}, ON_NO_SHELF),
        (Why.VENUE_UNWANTED, {"venues": mask(("okx",), VENUES)}, {}),
        (Why.NET_TOO_LOW, {"min_net": 0.005}, {}),
        (
            Why.ELIGIBLE,
            {"min_net": 0.0092, "horizon_hours": 168, "notional_usd": 100},
            WITHOUT_BOOKS,
        ),
        (Why.ELIGIBLE, {"notional_usd": 777, "min_net": 0.0039}, {"risk": "high", "score": None}),
    ],
)
def test_each_rule_of_a_group_gives_its_reason(
    why: Why, chat: dict[str, Any], event: dict[str, Any]
) -> None:
    ChatFactory(registered_by=UserFactory(tier=Tier.BASIC), **chat)
    assert counts(due(tier=1, **event)) == {why.code: 1, "no_session": 1}


def test_a_group_of_a_banned_person_is_told_nothing() -> None:
    ChatFactory(registered_by=UserFactory(state=AccountState.BANNED, is_active=False))
    assert counts(due()) == {"account_state": 1, "no_session": 1}


def test_limits_of_groups_are_their_own() -> None:
    chat = ChatFactory()
    one = due()
    full = Held(hour=[chat.pk], chats_hour=[chat.pk + 1])
    assert counts(one, held=full)["eligible"] >= 1
    Delivery.objects.all().delete()
    assert counts(one, held=Held(chats_hour=[chat.pk]))["hour_full"] == 1
    assert counts(one, held=Held(chats_day=[chat.pk]))["day_full"] == 1


def test_an_improvement_does_not_break_the_cooldown_of_a_group() -> None:
    chat = ChatFactory(registered_by=UserFactory())
    one = due(topic=Topic.IMPROVED)
    found = counts(one, held=Held(cooling={one.fingerprint: [-chat.pk]}))
    assert found == {"cooldown": 1, "no_session": 1}


def test_a_person_and_a_group_of_the_same_number_are_two() -> None:
    person = reachable_person()
    chat = ChatFactory(id=person.pk, registered_by=person)
    opening = MessageFactory()
    DeliveryFactory(message=opening, recipient="chat", recipient_id=chat.pk)
    again = due(topic=Topic.IMPROVED, opportunity_id=opening.opportunity_id)
    assert counts(again) == {"eligible": 1, "told_already": 1}
    assert [row.message_id for row in told(person)] == [again.message_id]
