"""Openings that still wait, the latest of several follow-ups, coming back, and blind venues."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from arbedge.names import Event
from notifications.models import Delivery, Message
from notifications.names import ARRIVED, DeliveryState, Priority, Topic
from opportunities.models import Opportunity
from tests.notifications.events import (
    ENDED_BADLY,
    NEWS,
    Everybody,
    born,
    counts,
    event,
    fan_out,
    follow_ups,
    followed,
    opened_to_nobody,
    opportunity,
    sent,
    told,
)
from tests.notifications.factories import (
    MINUTE,
    NOON,
    reachable_person,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> Opportunity:
    return opportunity()


@pytest.fixture
def opened(row: Opportunity) -> Message:
    return opened_to_nobody(row)


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
