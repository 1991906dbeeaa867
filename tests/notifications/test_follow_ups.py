"""Who is told what became of an opening, and how."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from arbedge.choices import Notice
from arbedge.names import Event
from notifications.models import Message
from notifications.names import ARRIVED, DeliveryState, Recipient, Topic
from opportunities.models import Opportunity
from tests.notifications.events import (
    ENDED_BADLY,
    NEWS,
    counts,
    fan_out,
    follow_ups,
    followed,
    opened_to_nobody,
    opportunity,
    sent,
    told,
)
from tests.notifications.factories import (
    HOUR,
    NOON,
    ChatFactory,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    reachable_person,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> Opportunity:
    return opportunity()


@pytest.fixture
def opened(row: Opportunity) -> Message:
    return opened_to_nobody(row)


@pytest.mark.parametrize("kind", NEWS)
class TestWho:
    @pytest.mark.parametrize("state", [*ARRIVED, DeliveryState.SENDING])
    def test_who_was_sent_the_opening_or_is_being_sent_it(
        self, row: Opportunity, opened: Message, kind: Event, state: str
    ) -> None:
        opening = sent(opened, state)
        (delivery,) = follow_ups(followed(row, kind))
        assert delivery.opening_id == opening.pk
        assert delivery.recipient_id == opening.recipient_id
        assert (delivery.topic, delivery.state) == (kind.value, DeliveryState.PENDING)

    @pytest.mark.parametrize("state", ENDED_BADLY)
    def test_not_who_was_never_reached(
        self, row: Opportunity, opened: Message, kind: Event, state: str
    ) -> None:
        sent(opened, state)
        assert follow_ups(followed(row, kind)) == []

    def test_not_who_still_waits_for_it(
        self, row: Opportunity, opened: Message, kind: Event
    ) -> None:
        sent(opened, "pending")
        assert follow_ups(followed(row, kind)) == []

    def test_who_was_sent_it_long_ago(self, row: Opportunity, opened: Message, kind: Event) -> None:
        moved = DeliveryLogFactory(
            message_id=opened.pk, opportunity_id=row.pk, settled_at=NOON - timedelta(days=20)
        )
        DeliveryLogFactory(message_id=opened.pk, opportunity_id=row.pk, state="failed")
        (delivery,) = follow_ups(followed(row, kind))
        assert (delivery.opening_id, delivery.recipient_id) == (moved.pk, moved.recipient_id)

    def test_chats_as_well(self, row: Opportunity, opened: Message, kind: Event) -> None:
        chat, paused = ChatFactory(), ChatFactory(paused=True)
        for one in (chat, paused):
            sent(opened, recipient=Recipient.CHAT, recipient_id=one.pk)
        news = followed(row, kind)
        assert [(one.recipient, one.recipient_id) for one in follow_ups(news)] == [
            ("chat", chat.pk)
        ]
        assert counts(news) == {"eligible": 1, "chat_paused": 1}

    def test_not_who_was_told_something_else_of_it(
        self, row: Opportunity, opened: Message, kind: Event
    ) -> None:
        alert = MessageFactory(topic=Topic.ALERT, opportunity_id=row.pk, opening=opened)
        sent(alert)
        assert follow_ups(followed(row, kind)) == []

    @pytest.mark.usefixtures("opened")
    def test_not_who_was_told_of_another(self, row: Opportunity, kind: Event) -> None:
        sent(told(opportunity(asset="PEPE"), Event.OPENED))
        assert follow_ups(followed(row, kind)) == []

    def test_not_without_a_session(self, row: Opportunity, opened: Message, kind: Event) -> None:
        for until in (NOON, NOON + HOUR):
            sent(opened, recipient_id=reachable_person(session_until=until).pk)
        sent(opened, recipient_id=999_999)
        news = followed(row, kind)
        assert len(follow_ups(news)) == 1
        assert counts(news) == {"eligible": 1, "no_session": 2}

    def test_not_who_switched_these_off(
        self, row: Opportunity, opened: Message, kind: Event
    ) -> None:
        off = {kind.value: "off"}
        others = {one.value: "off" for one in Notice if one.value != kind.value}
        for switches in (off, others):
            sent(opened, recipient_id=reachable_person(switches=switches).pk)
        news = followed(row, kind)
        assert len(follow_ups(news)) == 1
        assert counts(news) == {"eligible": 1, "switched_off": 1}

    @pytest.mark.usefixtures("opened")
    def test_not_again_whoever_was_told_by_the_news_itself(
        self, row: Opportunity, kind: Event
    ) -> None:
        message = told(row, kind, new={"improved_count": 1})
        DeliveryFactory(message=message, topic=Topic.IMPROVED, opportunity_id=row.pk, state="sent")
        fan_out(NOON)
        assert message.deliveries.count() == 1


class TestHow:
    @pytest.mark.parametrize("kind", NEWS)
    def test_as_the_opening_was_told(self, row: Opportunity, opened: Message, kind: Event) -> None:
        as_it_was: dict[str, Any] = {
            "language": "fr", "zone": "Europe/Paris", "notional_usd": 5_000, "horizon_hours": 24,
            "vip_levels": 32, "leverage": 3.0, "channels": [3, 1], "place": 1, "channel": 1,
            "to_all": True, "tier": 2,
        }  # fmt: skip
        sent(opened, counted=True, **as_it_was)
        news = followed(row, kind)
        (delivery,) = follow_ups(news)
        assert {name: getattr(delivery, name) for name in as_it_was} == as_it_was
        assert (delivery.message, delivery.facts_of) == (news, news)
        assert (delivery.priority, delivery.expires_at) == (news.priority, news.expires_at)
        assert (delivery.due_at, delivery.created_at) == (NOON, NOON)
        assert (delivery.attempts, delivery.refs, delivery.code) == (0, {}, "")

    def test_at_no_cost(self, row: Opportunity, opened: Message) -> None:
        sent(opened, counted=True)
        (delivery,) = follow_ups(followed(row, Event.IMPROVED))
        assert not delivery.counted

    @pytest.mark.parametrize(
        ("wishes", "silent"),
        [
            ({}, False),
            ({"quiet_from_min": 660, "quiet_to_min": 780}, True),
            ({"quiet_from_min": 60, "quiet_to_min": 120}, False),
            ({"active_from_min": 60, "active_to_min": 120}, True),
            ({"switches": {"fading": "silent"}}, True),
            ({"switches": {"closed": "silent"}}, False),
        ],
    )
    def test_without_a_sound_where_it_would_disturb(
        self, row: Opportunity, opened: Message, wishes: dict[str, Any], silent: bool
    ) -> None:
        sent(opened, recipient_id=reachable_person(**wishes).pk)
        (delivery,) = follow_ups(followed(row, Event.FADING))
        assert delivery.silent is silent

    def test_a_return_is_heard_as_openings_are(self, row: Opportunity, opened: Message) -> None:
        deaf = reachable_person(switches={"opened": "silent"})
        sent(opened, recipient_id=deaf.pk)
        (delivery,) = follow_ups(followed(row, Event.RECOVERED))
        assert delivery.silent
