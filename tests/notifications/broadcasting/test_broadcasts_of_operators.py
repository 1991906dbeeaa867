"""What operators do with a broadcast: test, start, stop, and read what became of it."""

from __future__ import annotations

import pytest
from auditlog.models import LogEntry

from accounts.models import User
from arbedge.errors import BadInput, Forbidden
from arbedge.names import Role
from notifications.broadcasting import broadcast_report, broadcasts
from notifications.models import Broadcast, Click, Delivery
from notifications.names import BroadcastState, Topic
from tests.accounts.factories import UserFactory
from tests.notifications.broadcasting.writing import deliveries, draft, people, started
from tests.notifications.factories import (
    MINUTE,
    NOON,
    DeliveryLogFactory,
    reachable_person,
)

pytestmark = pytest.mark.django_db


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
