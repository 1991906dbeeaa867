"""Births in lives that go on: earlier slices, blind venues, the scan's own transaction."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from arbedge.names import Event, Tier
from notifications import births
from notifications.models import Message, Slice
from notifications.names import Priority, SliceState, Topic
from notifications.sending import waking
from opportunities.models import Opportunity, OpportunityEvent
from opportunities.signals import opportunity_events
from tests.notifications.events import (
    EVERY_TIER,
    born,
    event,
    family,
    opportunity,
    slices,
    told,
    told_of,
)
from tests.notifications.factories import MINUTE, NOON
from tests.opportunities.rows import Pair, scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened() -> Opportunity:
    return told_of()


def most_loops(node: dict[str, Any]) -> float:
    """How often the busiest part of a plan was done."""
    loops: float = node["Actual Loops"]
    return max([loops, *(most_loops(part) for part in node.get("Plans", []))])


class TestEarlierSlices:
    def test_an_improvement_replaces_the_figures(self, opened: Opportunity) -> None:
        better = told(opened, Event.IMPROVED, new={"improved_count": 1})
        opening = Message.objects.get(topic=Topic.OPENED)
        assert {one.facts_of for one in slices(opening).values()} == {better}
        assert {one.state for one in slices(opening).values()} == {SliceState.OPEN}

    def test_a_closing_cancels_them(self, opened: Opportunity) -> None:
        better = told(opened, Event.IMPROVED, new={"improved_count": 1})
        closing = told(opened, Event.CLOSED)
        for earlier in (Message.objects.get(topic=Topic.OPENED), better):
            for one in slices(earlier).values():
                assert (one.state, one.counts) == (SliceState.CANCELLED, {"closed": 1})
                assert one.ended_at == NOON
        assert slices(closing)[None].state == SliceState.OPEN

    def test_those_of_other_opportunities_stay_as_they_are(self, opened: Opportunity) -> None:
        other = told(family(1), Event.OPENED)
        told(opened, Event.CLOSED)
        assert {one.state for one in slices(other).values()} == {SliceState.OPEN}

    def test_those_that_ended_stay_as_they_are(self, opened: Opportunity) -> None:
        Slice.objects.update(state=SliceState.DONE, ended_at=NOON)
        told(opened, Event.CLOSED)
        assert Slice.objects.filter(state=SliceState.DONE).count() == len(Tier)

    def test_an_improvement_nobody_hears_of_changes_nothing(self, opened: Opportunity) -> None:
        born(event(opened, Event.IMPROVED, new={"improved_count": 3}))
        assert not Slice.objects.exclude(facts_of__topic=Topic.OPENED).exists()


class TestBlindVenues:
    def blind(self, *rows: Opportunity, venues: tuple[str, ...] = ("okx",)) -> list[Message]:
        """The notices of venues whose silence ended these rows."""
        for row in rows:
            event(row, Event.HELD, silent=True, at=NOON - 10 * MINUTE)
        ends = [
            event(row, Event.CLOSED, reason="no_data", silent=True, new={"blind": list(venues)})
            for row in rows
        ]
        assert born(*ends) == []
        return list(Message.objects.filter(topic=Topic.VENUE_BLIND).order_by("pk"))

    def test_one_notice_speaks_for_all_rows(self) -> None:
        rows = [family(number) for number in (1, 2)]
        for row in rows:
            told(row, Event.OPENED)
        (notice,) = self.blind(*rows)
        assert notice.facts == {
            "venue": "okx",
            "count": 2,
            "assets": ["COIN1", "COIN2"],
            "since": (NOON - 10 * MINUTE).isoformat(),
        }
        assert (notice.priority, set(slices(notice))) == (Priority.HIGH, {None})

    def test_each_venue_has_its_own(self, opened: Opportunity) -> None:
        notices = self.blind(opened, venues=("bybit", "okx"))
        assert [notice.facts["venue"] for notice in notices] == ["bybit", "okx"]

    def test_received_again_it_is_the_same(self, opened: Opportunity) -> None:
        self.blind(opened)
        births.write([OpportunityEvent.objects.get(type="closed").pk], NOON)
        assert Message.objects.filter(topic=Topic.VENUE_BLIND).count() == 1

    def test_rows_nobody_was_told_of_make_none(self) -> None:
        assert self.blind(opportunity()) == []

    def test_slices_of_what_ended_so_are_cancelled(self, opened: Opportunity) -> None:
        self.blind(opened)
        openings = Slice.objects.filter(message__topic=Topic.OPENED)
        assert {one.state for one in openings} == {SliceState.CANCELLED}


class TestWaking:
    @pytest.fixture
    def woken(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """After how many seconds the fan-out was asked for."""
        asked: list[float] = []
        monkeypatch.setattr(waking, "fan_out", asked.append)
        return asked

    def test_now_and_after_every_delay(
        self,
        woken: list[float],
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        rows = [family(number) for number in range(3)]
        events = [event(row, Event.OPENED) for row in rows]
        with django_capture_on_commit_callbacks(execute=True):
            born(*events)
            assert woken == [], "not before the commit"
        assert woken == [0, 10, 60, 300]

    def test_nobody_where_nothing_was_written(
        self,
        woken: list[float],
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            born(event(opportunity(best=False), Event.OPENED))
        assert woken == []


class TestInTheLifecycle:
    def test_a_scan_writes_its_messages(self) -> None:
        before = timezone.now()
        row = Pair.make().open()
        message = Message.objects.get()
        assert (message.opportunity_id, message.at) == (row.pk, row.opened_at)
        assert before <= message.created_at <= timezone.now()
        assert Slice.objects.count() == len(Tier)

    def test_a_whole_life_is_told(self) -> None:
        pair = Pair.make()
        pair.open()
        for at_s, bp in ((45, 40), (60, 10), (75, 5), (135, 5), (200, 20), (215, 20), (230, 20)):
            scan(at_s, pair.seen(bp=bp))
        told_of = list(Message.objects.order_by("pk").values_list("topic", flat=True))
        assert told_of == ["opened", "improved", "fading", "closed", "recovered"]
        assert Message.objects.filter(opening__topic=Topic.OPENED).count() == 4

    def test_a_blind_venue_is_told_by_name(self) -> None:
        pair = Pair.make()
        pair.open()
        for at_s in (45, 645):
            scan(at_s, pair.seen(), blind=("bybit",))
        assert Message.objects.get(topic=Topic.VENUE_BLIND).facts["venue"] == "bybit"

    def test_an_error_here_undoes_the_scan(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pair = Pair.make()
        for at_s in (0, 15):
            scan(at_s, pair.seen())
        monkeypatch.setattr(births, "_NEWS", "SELECT no_such_column")
        with pytest.raises(DatabaseError):
            scan(30, pair.seen())
        assert not Opportunity.objects.exists()
        assert not Message.objects.exists()

    def test_an_error_after_it_undoes_the_messages(self) -> None:
        def fail(**_: Any) -> None:
            raise RuntimeError("another receiver")

        opportunity_events.connect(fail)
        try:
            with pytest.raises(RuntimeError):
                Pair.make().open()
        finally:
            opportunity_events.disconnect(fail)
        assert not Message.objects.exists()
        assert not Opportunity.objects.exists()


@pytest.mark.parametrize("kind", [Event.OPENED, Event.IMPROVED, Event.CLOSED])
def test_the_number_of_statements_does_not_grow_with_the_events(kind: Event) -> None:
    rows = [family(number) for number in range(13)]
    if kind is not Event.OPENED:
        born(*(event(row, Event.OPENED) for row in rows))
    events = [event(row, kind, new={"improved_count": 1}) for row in rows]
    spent = []
    for some in (events[:1], events[1:]):
        with CaptureQueriesContext(connection) as queries:
            assert births.write([one.pk for one in some], NOON) >= len(some)
        spent.append(len(queries))
    assert spent[0] == spent[1]


def test_thousands_of_ends_are_not_compared_with_every_open_slice() -> None:
    """Whatever the planner believes of a young table: the work grows with the rows, not squared."""
    rows = [family(number) for number in range(60)]
    openings = [event(row, Event.OPENED) for row in rows]
    for some in (openings[:20], openings[20:40], openings[40:]):
        born(*some)
    ends = [event(row, Event.CLOSED) for row in rows]
    values: dict[str, Any] = {
        "about": [row.pk for row in rows],
        "closed": [True] * len(ends),
        "messages": [None] * len(ends),
        "now": NOON,
    }
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {births._EARLIER}", values)
        (plan,) = cursor.fetchone()[0]
    assert most_loops(plan["Plan"]) <= len(rows) * len(EVERY_TIER)
