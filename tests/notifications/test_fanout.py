"""Slices that are due become deliveries: when, with which figures, in how many statements."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from arbedge.names import Event
from notifications import fanout
from notifications.choosing.eligibility import Due
from notifications.models import Message, Slice
from notifications.names import SliceState
from opportunities.models import Opportunity
from tests.notifications.events import (
    LAST_DELAY,
    SECOND,
    Everybody,
    fan_out,
    improve,
    opportunity,
    sent,
    slices,
    tiers_of,
    told,
)
from tests.notifications.factories import HOUR, MINUTE, NOON, SliceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> Opportunity:
    return opportunity()


@pytest.fixture
def opened(row: Opportunity) -> Message:
    """The message of its opening; nothing is fanned out yet."""
    return told(row, Event.OPENED)


class TestDelays:
    @pytest.mark.usefixtures("opened")
    @pytest.mark.parametrize(
        ("after_s", "tiers"),
        [(0, [3, 4]), (9, [3, 4]), (10, [2, 3, 4]), (60, [1, 2, 3, 4]), (300, [0, 1, 2, 3, 4])],
    )
    def test_each_tier_is_asked_for_when_it_is_due(self, after_s: int, tiers: list[int]) -> None:
        asked = Everybody()
        fan_out(NOON + after_s * SECOND, asked)
        assert tiers_of(asked) == tiers

    @pytest.mark.usefixtures("opened")
    def test_a_slice_is_fanned_out_once(self) -> None:
        asked = Everybody()
        for _ in range(2):
            fan_out(NOON, asked)
        assert tiers_of(asked) == [3, 4]

    def test_what_is_due_later_stays_open(self, opened: Message) -> None:
        fan_out(NOON)
        states = {tier: one.state for tier, one in slices(opened).items()}
        assert states == {0: "open", 1: "open", 2: "open", 3: "done", 4: "done"}


class TestWhatIsAsked:
    def test_everything_known_of_the_message(self, row: Opportunity, opened: Message) -> None:
        asked = Everybody()
        fan_out(NOON, asked)
        one = next(one for one in asked.asked if one.tier == 4)
        assert one == Due(
            slice_id=slices(opened)[4].pk,
            message_id=opened.pk,
            facts_of_id=opened.pk,
            tier=4,
            topic="opened",
            facts=opened.facts,
            priority=2,
            expires_at=row.expires_at,
            opportunity_id=row.pk,
            fingerprint=row.fingerprint,
            kind="funding",
            asset=row.asset,
            breaks_cooldown=False,
        )

    @pytest.mark.usefixtures("opened")
    def test_an_improvement_breaks_the_cooldown(self, row: Opportunity) -> None:
        fan_out(NOON)
        improve(row)
        asked = Everybody()
        fan_out(NOON, asked)
        assert {(one.topic, one.breaks_cooldown) for one in asked.asked} == {("improved", True)}

    def test_an_improvement_before_the_due_time_replaces_the_figures(
        self, row: Opportunity, opened: Message
    ) -> None:
        Opportunity.objects.update(net=0.008)
        better = improve(row)
        asked = Everybody()
        fan_out(NOON + LAST_DELAY, asked)
        assert {one.facts["net"] for one in asked.asked} == {0.008}
        assert {one.facts_of for one in slices(opened).values()} == {better}

    def test_so_it_does_where_the_slice_was_in_other_hands_then(
        self, row: Opportunity, opened: Message
    ) -> None:
        better = improve(row)
        Slice.objects.filter(message=opened).update(facts_of=opened)
        asked = Everybody()
        fan_out(NOON, asked)
        assert {one.facts_of_id for one in asked.asked} == {better.pk}

    @pytest.mark.usefixtures("opened")
    def test_while_it_fades_the_fading_figures_are_told(self, row: Opportunity) -> None:
        fading = told(row, Event.FADING)
        asked = Everybody()
        fan_out(NOON, asked)
        assert {one.facts_of_id for one in asked.asked} == {fading.pk}

    def test_and_no_more_when_it_pays_again(self, row: Opportunity, opened: Message) -> None:
        told(row, Event.FADING)
        Opportunity.objects.update(state="open")
        asked = Everybody()
        fan_out(NOON, asked)
        assert {one.facts_of_id for one in asked.asked} == {opened.pk}


class TestFreshness:
    def test_slices_of_what_is_closed_are_cancelled_and_counted(self, opened: Message) -> None:
        Opportunity.objects.update(
            state="closed", live_key=None, closed_at=NOON, close_reason="ended"
        )
        asked = Everybody()
        fan_out(NOON, asked)
        ended = slices(opened)[4]
        assert (ended.state, ended.counts, ended.ended_at) == ("cancelled", {"closed": 1}, NOON)
        assert asked.asked == []

    def test_slices_of_what_is_gone_are_cancelled(self) -> None:
        lost = SliceFactory(message__opportunity_id=404)
        fan_out()
        lost.refresh_from_db()
        assert (lost.state, lost.counts) == ("cancelled", {"closed": 1})

    def test_slices_of_what_was_not_confirmed_for_long_are_cancelled(self) -> None:
        opened = told(opportunity(expires_at=NOON + MINUTE), Event.OPENED)
        fan_out(NOON + MINUTE)
        assert slices(opened)[1].counts == {"expired": 1}

    @pytest.mark.usefixtures("opened")
    def test_a_confirmation_after_the_message_counts(self) -> None:
        Opportunity.objects.update(expires_at=NOON + 8 * HOUR)
        asked = Everybody()
        fan_out(NOON + 6 * HOUR, asked)
        assert {one.expires_at for one in asked.asked} == {NOON + 8 * HOUR}

    def test_data_of_another_day_expires_after_as_long(self, row: Opportunity) -> None:
        began = NOON + 90 * HOUR
        opened = told(row, Event.OPENED)
        Message.objects.update(created_at=began)
        asked = Everybody()
        fan_out(began, asked)
        assert {one.expires_at for one in asked.asked} == {row.expires_at + 90 * HOUR}
        assert slices(opened)[4].state == SliceState.DONE

    def test_nobody_new_is_told_while_a_venue_is_blind(self, row: Opportunity) -> None:
        told(row, Event.OPENED)
        Opportunity.objects.update(state="held", held_from="open", held_since=NOON)
        asked = Everybody()
        fan_out(NOON, asked)
        assert asked.asked == []
        assert not fanout.overdue(NOON)
        Opportunity.objects.update(state="open", held_from="", held_since=None)
        fan_out(NOON + MINUTE, asked)
        assert tiers_of(asked) == [1, 2, 3, 4]

    def test_a_closing_nobody_was_told_for_hours_is_told_no_more(
        self, row: Opportunity, opened: Message
    ) -> None:
        sent(opened)
        closing = told(row, Event.CLOSED)
        fan_out(NOON + 4 * HOUR)
        assert slices(closing)[None].counts == {"expired": 1}
        assert not closing.deliveries.exists()


@pytest.mark.parametrize("kind", [Event.FADING, Event.CLOSED])
def test_the_number_of_statements_does_not_grow(kind: Event) -> None:
    spent = []
    for many in (1, 12):
        rows = [opportunity(asset=f"{many}COIN{number}") for number in range(many)]
        openings = [told(row, Event.OPENED) for row in rows]
        fan_out(NOON)
        for opening in openings:
            for state in ["sent", "pending"] * many:
                sent(opening, state=state)
        for row in rows:
            told(row, kind)
        with CaptureQueriesContext(connection) as queries:
            assert fan_out(NOON).eligible == many * many
        spent.append(len(queries))
    assert spent[0] == spent[1]
