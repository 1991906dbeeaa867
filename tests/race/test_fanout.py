"""Fan-outs beside each other, beside scans and beside senders: nobody twice, nobody forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction

from arbedge.names import Channel, Event
from notifications import fanout
from notifications.choosing.eligibility import Due
from notifications.models import Delivery, Message, Slice
from notifications.names import DeliveryState, SliceState, Topic
from notifications.sending import outbox, waking
from opportunities.models import Opportunity
from tests.notifications.events import (
    Everybody,
    born,
    event,
    fan_out,
    nobody,
    opportunity,
    sent,
    told,
)
from tests.notifications.factories import MINUTE, NOON, reachable_person
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOON + 10 * MINUTE
PATIENCE_S = 20.0
PEOPLE = 12


@pytest.fixture(autouse=True)
def _no_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests call what is to run."""
    monkeypatch.setattr(waking, "fan_out", lambda *_: True)
    monkeypatch.setattr(waking, "deliver", lambda *_: True)


@pytest.fixture
def people() -> list[int]:
    """A dozen people."""
    return [reachable_person().pk for _ in range(PEOPLE)]


class Stopped:
    """An eligibility that stops when it has written, until `go_on` is set."""

    def __init__(self, people: Sequence[int], error: Exception | None = None) -> None:
        self.write = Everybody(*people, tier=4)
        self.error = error
        self.in_the_middle, self.go_on = threading.Event(), threading.Event()

    def __call__(self, due: Sequence[Due], now: datetime) -> Mapping[int, Mapping[str, int]]:
        counts = self.write(due, now)
        self.in_the_middle.set()
        assert self.go_on.wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        return counts

    def meanwhile(self, work: Callable[[], Any]) -> Callable[[], Any]:
        """Does this while the other is in the middle, then lets it go on."""

        def wait_and_work() -> Any:
            assert self.in_the_middle.wait(PATIENCE_S)
            try:
                return work()
            finally:
                self.go_on.set()

        return wait_and_work


def beside(
    people: Sequence[int], work: Callable[[], Any], error: Exception | None = None
) -> tuple[Any, Any]:
    """A fan-out to these people, in the middle of which something is done; both results."""
    stopped = Stopped(people, error)

    def first() -> Any:
        try:
            return fanout.run(NOON, match=stopped)
        except RuntimeError as failed:
            return failed

    done, other = at_once(first, stopped.meanwhile(work))
    return done, other


def improve(row: Opportunity) -> Message:
    return told(row, Event.IMPROVED, new={"improved_count": 1})


def openings() -> list[Delivery]:
    return list(Delivery.objects.filter(opening_id=None).order_by("recipient_id"))


def test_however_many_fan_out_each_is_told_once(people: list[int]) -> None:
    rows = [opportunity(asset=f"COIN{number}") for number in range(5)]
    born(*(event(row, Event.OPENED) for row in rows))
    done = at_once(*[lambda: fanout.run(LATER, limit=3, match=Everybody(*people, tier=4))] * 4)
    assert sum(one.slices for one in done) == Slice.objects.count() == 25
    assert sum(one.eligible for one in done) == Delivery.objects.count() == 5 * PEOPLE
    assert not Slice.objects.exclude(state=SliceState.DONE).exists()


def test_a_follow_up_is_written_once(people: list[int]) -> None:
    row = opportunity()
    opening = told(row, Event.OPENED)
    fan_out(LATER)
    for person in people:
        sent(opening, recipient_id=person)
    closing = told(row, Event.CLOSED)
    at_once(*[fan_out] * 4)
    assert closing.deliveries.count() == PEOPLE


def test_a_slice_in_other_hands_is_passed_by(people: list[int]) -> None:
    told(opportunity(), Event.OPENED)
    first, second = beside(people, lambda: fanout.run(NOON, match=nobody))
    assert (first.slices, second.slices) == (2, 0)
    assert len(openings()) == PEOPLE


class TestAnImprovementWhileFanOutRuns:
    def test_is_written_without_waiting_and_replaces_what_waits(self, people: list[int]) -> None:
        row = opportunity()
        told(row, Event.OPENED)
        _, better = beside(people, lambda: improve(row))
        fan_out(NOON)
        assert {one.facts_of for one in openings()} == {better}
        assert not Delivery.objects.filter(topic=Topic.IMPROVED).exists()

    def test_is_left_until_the_openings_are_written(self, people: list[int]) -> None:
        row = opportunity()
        told(row, Event.OPENED)

        def hasty() -> fanout.Done:
            improve(row)
            return fan_out(NOON)

        _, second = beside(people, hasty)
        assert second.slices == 0
        fan_out(NOON, Everybody(*people))
        assert Delivery.objects.count() == PEOPLE, "nobody is told twice"

    def test_follows_up_where_the_opening_was_sent_meanwhile(self, people: list[int]) -> None:
        row = opportunity()
        told(row, Event.OPENED)
        stopped = Stopped(people)
        stopped.write.state = "sent"
        at_once(lambda: fan_out(NOON, stopped), stopped.meanwhile(lambda: improve(row)))
        better = Message.objects.get(topic=Topic.IMPROVED)
        assert better.deliveries.count() == PEOPLE

    def test_is_told_where_that_fan_out_failed(self, people: list[int]) -> None:
        row = opportunity()
        told(row, Event.OPENED)
        failed, better = beside(people, lambda: improve(row), RuntimeError("killed"))
        assert isinstance(failed, RuntimeError)
        fan_out(NOON, Everybody(*people))
        assert [one.facts_of for one in openings()] == [better] * PEOPLE


class TestAnEndWhileFanOutRuns:
    def close(self, row: Opportunity) -> Callable[[], Message]:
        return lambda: told(row, Event.CLOSED)

    def test_nobody_is_told_of_either(self, people: list[int]) -> None:
        row = opportunity()
        told(row, Event.OPENED)
        _, closing = beside(people, self.close(row))
        fan_out(NOON)
        assert {(one.state, one.code) for one in openings()} == {("cancelled", "closed")}
        assert not closing.deliveries.exists()

    def test_slices_of_a_fan_out_that_failed_are_cancelled(self, people: list[int]) -> None:
        row = opportunity()
        opening = told(row, Event.OPENED)
        beside(people, self.close(row), RuntimeError("killed"))
        fan_out(LATER, Everybody(*people))
        assert {one.state for one in opening.slices.all()} == {SliceState.CANCELLED}
        assert not Delivery.objects.exists()

    def test_an_opening_in_a_senders_hands_is_followed_up(self, people: list[int]) -> None:
        row = opportunity()
        opening = told(row, Event.OPENED)
        mine, others = sent(opening, "pending"), [sent(opening, "pending") for _ in people]
        closing = told(row, Event.CLOSED)
        with transaction.atomic():
            Delivery.objects.select_for_update().get(pk=mine.pk)
            at_once(fan_out)
        assert {one.state for one in openings() if one != mine} == {DeliveryState.CANCELLED}
        assert len(others) == PEOPLE
        assert closing.deliveries.get().opening_id == mine.pk


class TestEverythingAtOnce:
    """Scans, fan-outs and senders side by side for a while, then until nothing is left to do."""

    def test_every_promise_holds(self, people: list[int]) -> None:
        now = NOON
        rows = [
            opportunity(asset=f"COIN{number}", as_of=now, expires_at=now + 60 * MINUTE)
            for number in range(6)
        ]
        born(*(event(row, Event.OPENED, at=now) for row in rows), now=now)

        def scans() -> None:
            for row in rows * 2:
                better = event(row, Event.IMPROVED, at=now, new={"improved_count": 1})
                born(better, now=now)
            born(*(event(row, Event.CLOSED, at=now) for row in rows[:3]), now=now)

        def fan_outs() -> None:
            for _ in range(8):
                fanout.run(now + MINUTE, match=Everybody(*people, tier=4))

        def senders() -> None:
            for _ in range(15):
                send(now + MINUTE, limit=7)

        at_once(scans, fan_outs, fan_outs, senders, senders)
        while fanout.run(now + MINUTE, match=Everybody(*people, tier=4)).slices or send(
            now + MINUTE
        ):
            pass
        assert_nobody_was_told_wrongly(rows)


def send(now: datetime, limit: int = 100) -> int:
    """Claims and sends what is due; returns how many. Every fifth fails for good."""
    claimed = outbox.claim(Channel.TELEGRAM, now, limit=limit).rows
    for row in claimed:
        state = "failed" if row.recipient_id % 5 == 0 else "sent"
        Delivery.objects.filter(pk=row.id, token=row.token).update(
            state=state, token=None, lease_until=None, settled_at=now,
            sent_at=now if state == "sent" else None,
        )  # fmt: skip
    return len(claimed)


def assert_nobody_was_told_wrongly(rows: Sequence[Opportunity]) -> None:
    """One opening to a person; follow-ups to who was sent it, after it; no end before it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM notifications_delivery WHERE opening_id IS NULL"
            " GROUP BY opportunity_id, recipient_id HAVING count(*) > 1"
        )
        assert cursor.fetchall() == []
    assert not Delivery.objects.filter(state__in=["pending", "sending"]).exists()
    by_id = {one.pk: one for one in Delivery.objects.all()}
    told_more = [one for one in by_id.values() if one.opening_id and one.state == "sent"]
    for one in told_more:
        opening = by_id[one.opening_id or 0]
        assert (opening.state, opening.recipient_id) == ("sent", one.recipient_id)
        assert (opening.sent_at or NOON) <= (one.sent_at or NOON)
    closed = {row.pk for row in rows[:3]}
    ends = {(one.opportunity_id, one.recipient_id) for one in told_more if one.topic == "closed"}
    was_sent = {
        (one.opportunity_id, one.recipient_id)
        for one in by_id.values()
        if one.opening_id is None and one.state == "sent" and one.opportunity_id in closed
    }
    assert ends == was_sent
