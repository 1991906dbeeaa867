"""Slices that are due are fanned out once, in turn, with the figures and the truth of the hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from arbedge.names import Channel, Event
from notifications import fanout, tasks
from notifications.choosing import eligibility
from notifications.choosing.eligibility import Due
from notifications.models import Delivery, Message, Slice
from notifications.names import SliceState, Topic
from notifications.sending import waking
from opportunities.models import Opportunity
from tests.notifications.events import (
    Everybody,
    fan_out,
    nobody,
    opportunity,
    sent,
    slices,
    told,
)
from tests.notifications.factories import HOUR, MINUTE, NOON, SliceFactory, reachable_person

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
LAST_DELAY = 5 * MINUTE


@pytest.fixture
def row() -> Opportunity:
    """A live opportunity."""
    return opportunity()


@pytest.fixture
def opened(row: Opportunity) -> Message:
    """The message of its opening; nothing is fanned out yet."""
    return told(row, Event.OPENED)


def tiers_of(asked: Everybody) -> list[int]:
    return sorted(one.tier for one in asked.asked)


def improve(row: Opportunity, **values: Any) -> Message:
    return told(row, Event.IMPROVED, new={"improved_count": 1}, **values)


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


class TestEnding:
    def test_a_slice_ends_with_its_counts_and_its_time(self, opened: Message) -> None:
        fan_out(NOON, Everybody(reachable_person().pk))
        by_tier = slices(opened)
        assert {tier: by_tier[tier].counts for tier in (3, 4)} == {
            3: {"eligible": 1},
            4: {"eligible": 0},
        }
        assert by_tier[4].ended_at == NOON
        assert (by_tier[4].took_ms or 0) > 0

    @pytest.mark.usefixtures("opened")
    def test_what_was_done_is_told(self) -> None:
        done = fan_out(NOON, Everybody(reachable_person().pk))
        assert (done.slices, done.eligible) == (2, 1)
        assert (fan_out(NOON).slices, fan_out(NOON).eligible) == (0, 0)

    def test_an_error_leaves_everything_as_it_was(self, opened: Message) -> None:
        people = Everybody(reachable_person().pk)

        def broken(due: Sequence[Due], now: datetime) -> Mapping[int, Mapping[str, int]]:
            people(due, now)
            raise RuntimeError("in the middle")

        with pytest.raises(RuntimeError):
            fan_out(NOON, broken)
        assert {one.state for one in slices(opened).values()} == {SliceState.OPEN}
        assert not Delivery.objects.exists()

    def test_a_small_limit_takes_more_turns_and_forgets_nothing(self) -> None:
        for number in range(3):
            told(opportunity(asset=f"COIN{number}"), Event.OPENED)
        asked = Everybody()
        assert fanout.run(NOON + LAST_DELAY, limit=2, match=asked).slices == 15
        assert len(asked.asked) == 15


class TestTurns:
    @pytest.mark.usefixtures("opened")
    def test_messages_of_an_opportunity_go_one_after_the_other(self, row: Opportunity) -> None:
        improve(row)
        ada = reachable_person()
        fan_out(NOON + LAST_DELAY, Everybody(ada.pk))
        delivery = Delivery.objects.get()
        assert (delivery.recipient_id, delivery.topic) == (ada.pk, Topic.OPENED)

    def test_those_of_different_opportunities_go_together(self) -> None:
        for number in range(3):
            told(opportunity(asset=f"COIN{number}"), Event.OPENED)
        batches: list[int] = []

        def count(due: Sequence[Due], now: datetime) -> Mapping[int, Mapping[str, int]]:
            batches.append(len(due))
            return nobody(due, now)

        fan_out(NOON, count)
        assert batches == [6]

    @pytest.mark.usefixtures("opened")
    def test_a_follow_up_is_written_after_the_openings_that_are_due(self, row: Opportunity) -> None:
        closing = told(row, Event.FADING)
        fan_out(NOON, Everybody(reachable_person().pk))
        assert Delivery.objects.get().facts_of == closing


class TestOverdue:
    @pytest.mark.usefixtures("opened")
    def test_nothing_is_where_nothing_is_due(self) -> None:
        assert not fanout.overdue(NOON - SECOND)

    @pytest.mark.usefixtures("opened")
    def test_an_open_slice_is_from_its_due_time_on(self) -> None:
        assert fanout.overdue(NOON)
        fan_out(NOON)
        assert not fanout.overdue(NOON)
        assert fanout.overdue(NOON + LAST_DELAY)

    @pytest.mark.usefixtures("opened")
    def test_a_follow_up_is(self, row: Opportunity) -> None:
        fan_out(NOON)
        told(row, Event.CLOSED)
        assert fanout.overdue(NOON)


class TestWaking:
    @pytest.mark.usefixtures("opened")
    def test_channels_with_something_due_are_woken_after_the_commit(
        self,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        woken: list[list[Channel]] = []
        monkeypatch.setattr(waking, "deliver", woken.append)
        with django_capture_on_commit_callbacks(execute=True):
            fan_out(NOON, Everybody(reachable_person().pk))
            assert woken == []
        assert woken == [[Channel.TELEGRAM]]

    @pytest.mark.usefixtures("opened")
    def test_nobody_is_where_nobody_is_told(
        self,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        monkeypatch.setattr(waking, "deliver", pytest.fail)
        with django_capture_on_commit_callbacks(execute=True):
            fan_out(NOON)

    @pytest.mark.usefixtures("opened")
    def test_the_task_fans_out_what_is_due_now(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = Everybody()
        monkeypatch.setattr(eligibility, "match", asked)
        monkeypatch.setattr(timezone, "now", lambda: NOON)
        tasks.fan_out()
        assert tiers_of(asked) == [3, 4]


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
