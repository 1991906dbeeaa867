"""What became of an opportunity is told to those who were sent its opening, and to nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from arbedge.choices import Notice
from arbedge.names import Event
from notifications.models import Delivery, Message
from notifications.names import ARRIVED, DeliveryState, Priority, Recipient, Topic
from opportunities.models import Opportunity
from tests.notifications.events import (
    Everybody,
    born,
    event,
    fan_out,
    follow_ups,
    opportunity,
    sent,
    slices,
    told,
)
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    ChatFactory,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    reachable_person,
)

pytestmark = pytest.mark.django_db

NEWS = [Event.IMPROVED, Event.FADING, Event.CLOSED]
ENDED_BADLY = [
    DeliveryState.FAILED,
    DeliveryState.DEAD,
    DeliveryState.EXPIRED,
    DeliveryState.CANCELLED,
]


@pytest.fixture
def row() -> Opportunity:
    """A live opportunity."""
    return opportunity()


@pytest.fixture
def opened(row: Opportunity) -> Message:
    """The message of its opening, fanned out to nobody."""
    message = told(row, Event.OPENED)
    fan_out(NOON)
    return message


def followed(row: Opportunity, kind: Event, **values: Any) -> Message:
    """The news with its deliveries written."""
    message = told(row, kind, **{"new": {"improved_count": 1}} | values)
    fan_out(NOON)
    return message


def counts(message: Message) -> dict[str, int]:
    """Recipients of a follow-up by reason."""
    return slices(message)[None].counts or {}


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


class TestTheOpeningThatWaits:
    @pytest.mark.parametrize("kind", [Event.IMPROVED, Event.FADING])
    def test_takes_the_new_figures(self, row: Opportunity, opened: Message, kind: Event) -> None:
        opening = sent(opened, "pending")
        news = followed(row, kind)
        opening.refresh_from_db()
        assert (opening.facts_of, opening.message) == (news, opened)
        assert opening.state == DeliveryState.PENDING

    def test_is_cancelled_where_it_is_over(self, row: Opportunity, opened: Message) -> None:
        opening = sent(opened, "pending")
        followed(row, Event.CLOSED)
        opening.refresh_from_db()
        assert (opening.state, opening.code) == (DeliveryState.CANCELLED, "closed")
        assert opening.settled_at == NOON

    @pytest.mark.parametrize("kind", NEWS)
    @pytest.mark.parametrize("state", [*ARRIVED, *ENDED_BADLY, DeliveryState.SENDING])
    def test_no_other_is_touched(
        self, row: Opportunity, opened: Message, kind: Event, state: str
    ) -> None:
        opening = sent(opened, state)
        followed(row, kind)
        after = Delivery.objects.get(pk=opening.pk)
        assert (after.state, after.facts_of_id, after.code) == (state, opened.pk, "")

    @pytest.mark.usefixtures("opened")
    def test_those_of_other_opportunities_wait_on(self, row: Opportunity) -> None:
        other = sent(told(opportunity(asset="PEPE"), Event.OPENED), "pending")
        followed(row, Event.CLOSED)
        other.refresh_from_db()
        assert other.state == DeliveryState.PENDING

    @pytest.mark.usefixtures("opened")
    def test_an_improvement_is_the_opening_of_whoever_had_none(self, row: Opportunity) -> None:
        better = told(row, Event.IMPROVED, new={"improved_count": 1})
        fan_out(NOON, Everybody(reachable_person().pk))
        opening = Delivery.objects.get()
        assert (opening.message, opening.opening_id) == (better, None)
        followed(row, Event.CLOSED)
        opening.refresh_from_db()
        assert opening.code == "closed"


class TestOnlyTheLatest:
    def test_a_later_one_replaces_those_that_wait(self, row: Opportunity, opened: Message) -> None:
        sent(opened, "sending")
        better, closing = followed(row, Event.IMPROVED), followed(row, Event.CLOSED)
        (overtaken,) = follow_ups(better)
        assert (overtaken.state, overtaken.code) == (DeliveryState.CANCELLED, "superseded")
        assert overtaken.settled_at == NOON
        (latest,) = follow_ups(closing)
        assert latest.state == DeliveryState.PENDING

    @pytest.mark.parametrize("state", [DeliveryState.SENDING, DeliveryState.SENT])
    def test_what_is_on_its_way_stays(self, row: Opportunity, opened: Message, state: str) -> None:
        opening = sent(opened)
        better = told(row, Event.IMPROVED, new={"improved_count": 1})
        on_its_way = sent(better, state, recipient_id=opening.recipient_id, opening_id=opening.pk)
        followed(row, Event.CLOSED)
        on_its_way.refresh_from_db()
        assert on_its_way.state == state

    def test_two_at_once_are_told_in_their_order(self, row: Opportunity, opened: Message) -> None:
        sent(opened)
        better = told(row, Event.IMPROVED, new={"improved_count": 1})
        closing = told(row, Event.CLOSED)
        fan_out(NOON)
        assert follow_ups(better) == []
        assert len(follow_ups(closing)) == 1


class TestComingBack:
    @pytest.fixture
    def back(self, row: Opportunity, opened: Message) -> Message:
        """It ended and came back, told to two: one was sent the opening, one never was."""
        sent(opened)
        sent(opened, "pending")
        followed(row, Event.CLOSED)
        Delivery.objects.filter(topic=Topic.CLOSED).update(state="sent", settled_at=NOON)
        Opportunity.objects.update(
            state="open", live_key=row.fingerprint, closed_at=None, close_reason=""
        )
        row.refresh_from_db()
        return told(row, Event.RECOVERED)

    def test_it_follows_up_to_who_was_sent_the_opening(self, back: Message) -> None:
        fan_out(NOON)
        (delivery,) = follow_ups(back)
        opening = Delivery.objects.get(pk=delivery.opening_id or 0)
        assert (opening.topic, opening.state) == (Topic.OPENED, DeliveryState.SENT)

    def test_the_next_end_is_told_to_both(self, row: Opportunity, back: Message) -> None:
        fan_out(NOON)
        newcomer = reachable_person()
        second = sent(back, recipient_id=newcomer.pk)
        closing = followed(row, Event.CLOSED)
        assert {one.opening_id for one in follow_ups(closing)} == {
            Delivery.objects.get(topic=Topic.OPENED, state="sent").pk,
            second.pk,
        }


class TestBlindVenue:
    def go_blind(self, *rows: Opportunity, at: Any = NOON) -> Message:
        """The notice that OKX's silence has ended these rows."""
        ends = [
            event(row, Event.CLOSED, reason="no_data", silent=True, new={"blind": ["okx"]}, at=at)
            for row in rows
        ]
        born(*ends, now=at)
        notice = Message.objects.filter(topic=Topic.VENUE_BLIND).order_by("-pk")[0]
        fan_out(at)
        return notice

    def test_one_notice_for_everything_somebody_was_told_of_there(
        self, row: Opportunity, opened: Message
    ) -> None:
        second = opportunity(asset="PEPE")
        also = told(second, Event.OPENED)
        person = reachable_person()
        for message in (opened, also):
            sent(message, recipient_id=person.pk, channels=[1])
        (notice,) = follow_ups(self.go_blind(row, second))
        assert (notice.recipient_id, notice.channels) == (person.pk, [1])
        assert (notice.opening_id, notice.opportunity_id) == (None, None)
        assert (notice.priority, notice.counted) == (Priority.HIGH, False)

    @pytest.mark.usefixtures("opened")
    def test_who_holds_something_there_that_is_still_alive_hears_of_it_too(
        self, row: Opportunity
    ) -> None:
        held = sent(told(opportunity(asset="PEPE"), Event.OPENED))
        elsewhere = opportunity(asset="DOGE", long_venue="gate")
        sent(told(elsewhere, Event.OPENED))
        (notice,) = follow_ups(self.go_blind(row))
        assert notice.recipient_id == held.recipient_id

    def test_whose_opening_waits_is_told_neither(self, row: Opportunity, opened: Message) -> None:
        opening = sent(opened, "pending")
        assert follow_ups(self.go_blind(row)) == []
        opening.refresh_from_db()
        assert (opening.state, opening.code) == (DeliveryState.CANCELLED, "closed")

    @pytest.mark.usefixtures("opened")
    def test_what_is_still_alive_there_is_left_alone(self, row: Opportunity) -> None:
        alive = sent(told(opportunity(asset="PEPE"), Event.OPENED), "pending")
        self.go_blind(row)
        alive.refresh_from_db()
        assert alive.state == DeliveryState.PENDING

    @pytest.mark.usefixtures("opened")
    def test_what_ended_otherwise_is_not_spoken_of(self) -> None:
        ended = opportunity(asset="PEPE")
        sent(told(ended, Event.OPENED))
        event(ended, Event.CLOSED)
        dark = opportunity(asset="DOGE")
        told(dark, Event.OPENED)
        assert follow_ups(self.go_blind(dark)) == []

    @pytest.mark.parametrize(("later", "notices"), [(9 * MINUTE, 1), (11 * MINUTE, 2)])
    def test_nobody_hears_of_a_venue_twice_in_ten_minutes(
        self, row: Opportunity, opened: Message, later: timedelta, notices: int
    ) -> None:
        second = opportunity(asset="PEPE")
        also, person = told(second, Event.OPENED), reachable_person()
        for message in (opened, also):
            sent(message, recipient_id=person.pk)
        self.go_blind(row)
        self.go_blind(second, at=NOON + later)
        assert Delivery.objects.filter(topic=Topic.VENUE_BLIND).count() == notices

    def test_whoever_was_not_told_the_first_time_is_told_the_second(
        self, row: Opportunity, opened: Message
    ) -> None:
        second = opportunity(asset="PEPE")
        also = told(second, Event.OPENED)
        sent(opened)
        self.go_blind(row)
        newcomer = sent(also)
        (notice,) = follow_ups(self.go_blind(second, at=NOON + MINUTE))
        assert notice.recipient_id == newcomer.recipient_id

    def test_service_notices_switched_off_are_not_sent(
        self, row: Opportunity, opened: Message
    ) -> None:
        sent(opened, recipient_id=reachable_person(switches={"service": "off"}).pk)
        notice = self.go_blind(row)
        assert (follow_ups(notice), counts(notice)) == ([], {"switched_off": 1})
