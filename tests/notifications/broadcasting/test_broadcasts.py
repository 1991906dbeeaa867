"""A broadcast is written out in steps: to everybody meant once, until it is stopped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from arbedge.choices import Notice, Switch
from arbedge.errors import Conflict
from arbedge.names import Role
from notifications import letters
from notifications.broadcasting import broadcast_report, broadcasts
from notifications.broadcasting.broadcasts import WRITTEN_OUT, Stepped
from notifications.models import Broadcast, Delivery
from notifications.names import BroadcastState, Priority, Topic
from tests.accounts.factories import UserFactory
from tests.notifications.broadcasting.writing import deliveries, draft, people, started
from tests.notifications.factories import (
    MINUTE,
    NOON,
)

pytestmark = pytest.mark.django_db


def written(row: Broadcast) -> list[int]:
    return sorted(deliveries(row).values_list("recipient_id", flat=True))


def test_everybody_of_the_segment_gets_it_once(admin: User) -> None:
    meant = people(5, language="es")
    people(2, language="fr")
    row = started(admin, languages=["es"])

    assert not broadcasts.run(NOON)

    assert written(row) == [one.pk for one in meant]
    delivery = deliveries(row).latest("pk")
    assert (delivery.topic, delivery.priority) == (Topic.BROADCAST, Priority.BACKGROUND)
    assert (delivery.language, delivery.counted) == ("es", False)
    assert row.message is not None
    assert row.message.facts == {
        "title": "Maintenance", "texts": {"en": "Back at ten.", "es": "A las diez."},
    }  # fmt: skip


def test_it_is_written_in_steps_that_remember_how_far_they_came(admin: User) -> None:
    meant = people(5)
    row = started(admin)

    assert broadcasts.step(row.pk, NOON, size=2) == Stepped(2, more=True)
    row.refresh_from_db()
    assert (row.reached_id, row.written, row.people) == (meant[1].pk, 2, 5)
    assert broadcasts.step(row.pk, NOON, size=2) == Stepped(2, more=True)
    assert broadcasts.step(row.pk, NOON, size=2) == Stepped(1, more=False)
    assert broadcasts.step(row.pk, NOON, size=2) == Stepped(0, more=False)
    assert written(row) == [one.pk for one in meant]


@pytest.mark.django_db(transaction=True)
def test_a_writer_killed_in_a_step_leaves_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    admin = UserFactory(role=Role.ADMIN)
    meant = people(5)
    row = started(admin)
    broadcasts.step(row.pk, NOON, size=2)

    with monkeypatch.context() as dying:
        dying.setattr(letters, "wake", killed)
        with pytest.raises(SystemExit):
            broadcasts.step(row.pk, NOON, size=2)

    assert written(row) == [one.pk for one in meant[:2]]
    assert not broadcasts.run(NOON)
    assert written(row) == [one.pk for one in meant]
    row.refresh_from_db()
    assert row.written == 5


def killed(*_: object) -> None:
    raise SystemExit


@pytest.mark.django_db(transaction=True)
def test_several_writers_write_to_nobody_twice() -> None:
    admin = UserFactory(role=Role.ADMIN)
    meant = people(12)
    row = started(admin)

    def write(_: int) -> int:
        try:
            total = 0
            while Broadcast.objects.get(pk=row.pk).reached_id < WRITTEN_OUT:
                total += broadcasts.step(row.pk, NOON, size=2).written
            return total
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(4))) == 12
    assert written(row) == [one.pk for one in meant]


def test_the_text_is_sent_as_it_was_at_the_start(admin: User) -> None:
    row = started(admin)
    with pytest.raises(Conflict):
        broadcasts.draft(admin, "Other", {"en": "Other"}, {}, of=row)
    assert row.message is not None
    assert row.message.facts["title"] == "Maintenance"


def test_it_cannot_be_started_twice(admin: User) -> None:
    row = draft(admin)
    broadcasts.start(row, admin, NOON)
    with pytest.raises(Conflict):
        broadcasts.start(row, admin, NOON)


def test_people_without_a_session_or_without_news_are_left_out(admin: User) -> None:
    people(1, session_until=NOON)
    people(1, switches={Notice.NEWS: Switch.OFF})
    row = started(admin)
    broadcasts.run(NOON)
    assert written(row) == []


@pytest.mark.parametrize(
    "wishes",
    [
        {"switches": {Notice.NEWS: Switch.SILENT}},
        {"quiet_from_min": 11 * 60, "quiet_to_min": 13 * 60, "time_zone": "UTC"},
    ],
)
def test_it_makes_no_sound_where_none_is_wanted(admin: User, wishes: dict[str, Any]) -> None:
    people(1, **wishes)
    row = started(admin)
    broadcasts.run(NOON)
    assert deliveries(row).get().silent


def test_stopping_cancels_what_waits_and_writes_no_more(admin: User) -> None:
    people(5)
    row = started(admin)
    broadcasts.step(row.pk, NOON, size=3)
    first = deliveries(row).earliest("pk")
    Delivery.objects.filter(pk=first.pk).update(state="sent", sent_at=NOON, settled_at=NOON)

    assert broadcasts.stop(row, admin, NOON) == 2

    assert broadcasts.step(row.pk, NOON) == Stepped(0, more=False)
    states = deliveries(row).values_list("state", "code")
    assert sorted(states) == [("cancelled", "stopped"), ("cancelled", "stopped"), ("sent", "")]
    row.refresh_from_db()
    assert (row.state, row.ended_at) == (BroadcastState.STOPPED, NOON)


def test_what_was_on_its_way_when_it_was_stopped_is_not_tried_again(admin: User) -> None:
    people(1)
    row = started(admin)
    broadcasts.run(NOON)
    rows = deliveries(row)
    token = "00000000-0000-4000-8000-000000000001"
    rows.update(state="sending", token=token, lease_until=NOON + MINUTE)

    assert broadcasts.stop(row, admin, NOON) == 0
    assert rows.get().expires_at == NOON
    rows.update(state="pending", token=None, lease_until=None)  # its channel said: later
    broadcasts.run(NOON)

    assert rows.get().code == "stopped"


def test_it_is_done_when_nothing_of_it_waits(admin: User) -> None:
    people(1)
    row = started(admin)
    broadcasts.run(NOON)
    row.refresh_from_db()
    assert row.state == BroadcastState.RUNNING

    Delivery.objects.update(state="failed", code="blocked", settled_at=NOON)
    broadcasts.run(NOON + MINUTE)

    row.refresh_from_db()
    assert (row.state, row.ended_at) == (BroadcastState.DONE, NOON + MINUTE)


def test_a_finished_broadcast_cannot_be_stopped(admin: User) -> None:
    row = started(admin)
    broadcasts.run(NOON)
    with pytest.raises(Conflict):
        broadcasts.stop(row, admin, NOON)


def test_a_broadcast_to_nobody_is_over_at_once(admin: User) -> None:
    row = started(admin)
    broadcasts.run(NOON)
    row.refresh_from_db()
    assert row.state == BroadcastState.DONE
    assert broadcast_report.report(row).share == 1
