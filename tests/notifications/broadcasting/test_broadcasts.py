"""A broadcast reaches its segment once, whoever is killed, until it is stopped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from arbedge.choices import Notice, Switch
from arbedge.errors import BadInput, Conflict, Forbidden
from arbedge.names import Role
from notifications import letters
from notifications.broadcasting import broadcast_report, broadcasts
from notifications.broadcasting.broadcasts import WRITTEN_OUT, Stepped
from notifications.models import Broadcast, Click, Delivery
from notifications.names import BroadcastState, Priority, Topic
from tests.accounts.factories import UserFactory
from tests.notifications.factories import (
    MINUTE,
    NOON,
    DeliveryLogFactory,
    reachable_person,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    person: User = UserFactory(role=Role.ADMIN)
    return person


def draft(by: User, **segment: Any) -> Broadcast:
    return broadcasts.draft(by, "Maintenance", {"en": "Back at ten.", "es": "A las diez."}, segment)


def started(by: User, **segment: Any) -> Broadcast:
    return broadcasts.start(draft(by, **segment), by, NOON)


def people(number: int, **wishes: Any) -> list[User]:
    return [reachable_person(**wishes) for _ in range(number)]


def deliveries(row: Broadcast) -> QuerySet[Delivery]:
    assert row.message_id is not None
    return Delivery.objects.filter(message_id=row.message_id)


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


def test_a_test_goes_to_the_operator_alone() -> None:
    admin = reachable_person(role=Role.ADMIN)
    people(2)
    row = draft(admin)

    assert broadcasts.test(row, admin, NOON)

    delivery = Delivery.objects.get()
    assert (delivery.recipient_id, delivery.topic) == (admin.pk, Topic.BROADCAST)
    row.refresh_from_db()
    assert (row.tested_at, row.state) == (NOON, BroadcastState.DRAFT)


def test_an_operator_without_a_session_cannot_be_sent_a_test(admin: User) -> None:
    row = draft(admin)
    assert not broadcasts.test(row, admin, NOON)
    row.refresh_from_db()
    assert row.tested_at is None


def test_other_words_have_to_be_tested_anew() -> None:
    admin = reachable_person(role=Role.ADMIN)
    row = draft(admin)
    broadcasts.test(row, admin, NOON)
    assert broadcasts.draft(admin, "Other", {"en": "Other"}, {}, of=row).tested_at is None


@pytest.mark.parametrize("role", [Role.USER, Role.SUPPORT])
def test_only_administrators_write_to_everybody(role: Role, admin: User) -> None:
    row, nobody = draft(admin), UserFactory(role=role)
    for deed in (
        lambda: draft(nobody),
        lambda: broadcasts.test(row, nobody, NOON),
        lambda: broadcasts.start(row, nobody, NOON),
        lambda: broadcasts.stop(row, nobody, NOON),
        lambda: broadcasts.discard(row, nobody),
    ):
        with pytest.raises(Forbidden):
            deed()
    assert Broadcast.objects.get().state == BroadcastState.DRAFT


def test_what_operators_do_is_audited(admin: User) -> None:
    row = started(admin)
    broadcasts.stop(row, admin, NOON)
    broadcasts.discard(draft(admin), admin)

    said = LogEntry.objects.filter(actor=admin, additional_data__what__startswith="broadcast.")
    told = {one.additional_data["what"] for one in said}
    assert {
        "broadcast.drafted", "broadcast.started", "broadcast.stopped", "broadcast.discarded",
    } <= told  # fmt: skip


@pytest.mark.parametrize(
    ("title", "texts", "field"),
    [
        ("", {"en": "x"}, "title"),
        ("t" * 121, {"en": "x"}, "title"),
        ("t", {"es": "x"}, "text_en"),
        ("t", {"en": " \n "}, "text_en"),
        ("t", {"en": "x" * 3_001}, "text_en"),
        ("t", {"en": "x", "fr": "x" * 10_000}, "text_fr"),
        ("t", {"en": "x", "xx": "x"}, "texts"),
    ],
)
def test_texts_nobody_could_read_are_refused(
    admin: User, title: str, texts: dict[str, str], field: str
) -> None:
    with pytest.raises(BadInput) as caught:
        broadcasts.draft(admin, title, texts, {})
    assert caught.value.details["field"] == field


def test_a_text_keeps_its_lines_and_loses_what_cannot_be_read(admin: User) -> None:
    row = broadcasts.draft(admin, " A \n b ", {"en": "One\r\nTwo\x00\u202e\n", "fr": ""}, {})
    assert (row.title, row.texts) == ("A b", {"en": "One\nTwo"})


def test_a_report_counts_queue_and_log(admin: User) -> None:
    people(4)
    row = started(admin)
    broadcasts.run(NOON)
    row.refresh_from_db()
    first, second, third, _ = deliveries(row).order_by("pk")
    log = {"message_id": row.message_id, "topic": "broadcast", "settled_at": NOON + MINUTE}
    DeliveryLogFactory(id=first.pk, state="sent", **log)
    DeliveryLogFactory(id=second.pk, state="failed", code="blocked", **log)
    Delivery.objects.filter(pk__in=[first.pk, second.pk]).delete()
    Delivery.objects.filter(pk=third.pk).update(state="read", sent_at=NOON, settled_at=NOON)
    Click.objects.create(delivery_id=first.pk, link="open")
    Click.objects.create(delivery_id=first.pk, link="more")
    Click.objects.create(delivery_id=987_654, link="open")

    told = broadcast_report.report(row)

    assert (told.people, told.written, told.waiting, told.sent, told.clicked) == (4, 4, 1, 2, 1)
    assert (told.failed, told.not_sent, told.stopped) == ({"blocked": 1}, 1, 0)
    assert (told.done, told.share) == (3, 0.75)


def test_what_is_not_yet_counted_as_written_is_no_step_back(admin: User) -> None:
    people(3)
    row = started(admin)
    broadcasts.run(NOON)
    row.refresh_from_db()
    row.written = 0  # as read before the writer told how far it came
    told = broadcast_report.report(row)
    assert (told.written, told.waiting, told.done, told.share) == (3, 3, 0, 0.0)


def test_a_draft_has_nothing_to_report(admin: User) -> None:
    assert broadcast_report.report(draft(admin)).written == 0


def test_a_broadcast_to_nobody_is_over_at_once(admin: User) -> None:
    row = started(admin)
    broadcasts.run(NOON)
    row.refresh_from_db()
    assert row.state == BroadcastState.DONE
    assert broadcast_report.report(row).share == 1
