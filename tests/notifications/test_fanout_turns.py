"""How slices end, wait for their turn, are found when overdue, and wake who sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from arbedge.names import Channel, Event
from notifications import fanout, tasks
from notifications.choosing import eligibility
from notifications.choosing.eligibility import Due
from notifications.models import Delivery, Message
from notifications.names import SliceState, Topic
from notifications.sending import waking
from opportunities.models import Opportunity
from tests.notifications.events import (
    LAST_DELAY,
    SECOND,
    Everybody,
    fan_out,
    improve,
    nobody,
    opportunity,
    slices,
    tiers_of,
    told,
)
from tests.notifications.factories import NOON, reachable_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> Opportunity:
    return opportunity()


@pytest.fixture
def opened(row: Opportunity) -> Message:
    """The message of its opening; nothing is fanned out yet."""
    return told(row, Event.OPENED)


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
