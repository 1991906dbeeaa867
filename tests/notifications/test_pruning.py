"""How long messages are remembered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from auditlog.models import LogEntry
from django.db import connection

from arbedge.errors import BadSetting
from notifications import days
from notifications.models import (
    Attempt,
    Broadcast,
    Click,
    DeliveryLog,
    DigestItem,
    Message,
    Slice,
)
from notifications.names import Topic
from notifications.pruning import KEPT_DAYS, TABLES, prune
from notifications.telegram import chat_figures
from opportunities.models import PruneRun
from tests.accounts.factories import UserFactory
from tests.notifications.factories import (
    MINUTE,
    NOON,
    ChatFactory,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    SliceFactory,
)

pytestmark = pytest.mark.django_db

LONG_AGO = NOON - timedelta(days=KEPT_DAYS, minutes=1)
DAY_BEFORE = LONG_AGO - timedelta(days=1)
LATELY = NOON - timedelta(days=KEPT_DAYS) + MINUTE


def pruned(*tables: str, **how: Any) -> dict[str, tuple[int, int, bool]]:
    """By table: rows due, removed, and whether nothing is left."""
    runs = prune(tables, now=NOON, **how)
    return {
        run.table.removeprefix("notifications."): (run.due, run.removed, run.finished)
        for run in runs
    }


def message(created_at: datetime, **columns: Any) -> Message:
    made: Message = MessageFactory(**columns)
    Message.objects.filter(pk=made.pk).update(created_at=created_at)
    return made


def kept_messages() -> set[int]:
    return set(Message.objects.values_list("pk", flat=True))


def logged(at: datetime) -> int:
    row = DeliveryLogFactory(message_id=1, recipient_id=1, due_at=at, settled_at=at)
    return int(row.pk)


class TestDays:
    """The log and attempts go by the day."""

    def test_whole_days_are_dropped_when_they_are_old(self) -> None:
        days.ensure(DAY_BEFORE, ahead=2)
        logged(DAY_BEFORE)
        border, fresh = logged(LONG_AGO), logged(LATELY)

        assert pruned("deliveries") == {"deliveries": (1, 1, True)}

        assert set(DeliveryLog.objects.values_list("pk", flat=True)) == {border, fresh}
        names = [name for _, name in days.partitions("notifications_deliverylog")]
        assert days.name_of("notifications_deliverylog", DAY_BEFORE.date()) not in names

    def test_rows_of_days_nobody_made_go_one_by_one(self) -> None:
        logged(DAY_BEFORE)
        fresh = logged(LATELY)
        assert pruned("deliveries") == {"deliveries": (1, 1, True)}
        assert DeliveryLog.objects.get().pk == fresh

    def test_attempts_go_likewise(self) -> None:
        days.ensure(DAY_BEFORE, ahead=0)
        for at in (DAY_BEFORE, LATELY):
            Attempt.objects.create(
                id=uuid4(), delivery_id=1, recipient="user", recipient_id=1, channel="email",
                at=at, outcome="sent",
            )  # fmt: skip
        assert pruned("attempts") == {"attempts": (1, 1, True)}
        assert Attempt.objects.get().at == LATELY


class TestMessages:
    """Messages go when nothing tells of them any more."""

    def test_old_ones_go_with_their_slices(self) -> None:
        old, fresh = message(LONG_AGO), message(LATELY)
        SliceFactory(message=old, state="done")
        SliceFactory(message=fresh, state="done")

        assert pruned("messages") == {"messages": (1, 1, True)}

        assert kept_messages() == {fresh.pk}
        assert Slice.objects.get().message_id == fresh.pk

    def test_what_a_waiting_row_tells_stays(self) -> None:
        told, figures = message(LONG_AGO), message(LONG_AGO)
        DeliveryFactory(message=told, facts_of=figures)
        assert pruned("messages")["messages"] == (0, 0, True)

    def test_what_a_later_slice_or_an_item_or_a_broadcast_tells_stays(self) -> None:
        figures, bundled, news = (message(LONG_AGO) for _ in range(3))
        SliceFactory(message=message(LATELY), facts_of=figures)
        DigestItem.objects.create(
            recipient="user", recipient_id=1, message=bundled, due_at=NOON, created_at=LATELY
        )
        Broadcast.objects.create(title="News", message=news, made_by=UserFactory())
        assert pruned("messages")["messages"] == (0, 0, True)

    def test_an_opening_goes_after_its_follow_ups(self) -> None:
        opening = message(LONG_AGO)
        follow_up = message(LATELY, topic=Topic.CLOSED, opening=opening)
        assert pruned("messages")["messages"] == (0, 0, True)

        Message.objects.filter(pk=follow_up.pk).update(created_at=LONG_AGO)
        assert pruned("messages")["messages"] == (1, 1, True)
        assert pruned("messages")["messages"] == (1, 1, True)
        assert kept_messages() == set()

    def test_the_database_would_not_let_them_go_too_early(self) -> None:
        """Only the figures' reference is unchecked, for the speed of fan-outs."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT a.attname FROM pg_constraint c JOIN pg_attribute a"
                " ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
                " WHERE c.contype = 'f' AND c.conrelid = 'notifications_delivery'::regclass"
            )
            assert cursor.fetchall() == [("message_id",)]


def test_days_of_chats_go() -> None:
    chat = ChatFactory()
    for at in (DAY_BEFORE, LATELY + timedelta(days=1), NOON):
        chat_figures.pressed_in(chat.pk, at)
    assert pruned("chat_days")["chat_days"][1:] == (1, True)
    assert chat.days.count() == 2


def test_clicks_and_forgotten_items_go() -> None:
    Click.objects.create(delivery_id=1, link="open")
    Click.objects.create(delivery_id=2, link="open")
    Click.objects.filter(delivery_id=1).update(at=LONG_AGO)
    for at in (LONG_AGO, LATELY):
        DigestItem.objects.create(
            recipient="user", recipient_id=1, message=MessageFactory(), due_at=at, created_at=at
        )
    assert pruned("clicks", "digest_items") == {
        "clicks": (1, 1, True), "digest_items": (1, 1, True),
    }  # fmt: skip
    assert Click.objects.get().delivery_id == 2


def test_a_run_is_bounded_and_the_next_goes_on() -> None:
    for _ in range(5):
        message(LONG_AGO)
    assert pruned("messages", batch=2, batches=1)["messages"] == (5, 2, False)
    assert pruned("messages", batch=2, batches=2)["messages"] == (3, 3, True)


def test_a_dry_run_counts_and_removes_nothing() -> None:
    days.ensure(DAY_BEFORE, ahead=0)
    logged(DAY_BEFORE)
    message(LONG_AGO)
    assert pruned("deliveries", "messages", dry_run=True) == {
        "deliveries": (1, 0, False), "messages": (1, 0, False),
    }  # fmt: skip
    assert DeliveryLog.objects.count() == Message.objects.count() == 1


def test_every_run_that_found_something_is_audited() -> None:
    message(LONG_AGO)
    prune(now=NOON)
    run = PruneRun.objects.get()
    assert (run.table, run.removed, run.finished) == ("notifications.messages", 1, True)
    assert run.before == NOON - timedelta(days=KEPT_DAYS)
    assert LogEntry.objects.get_for_object(run).exists()


def test_all_tables_are_pruned_where_none_is_named() -> None:
    assert list(pruned()) == list(TABLES)


def test_a_table_nobody_knows_is_told() -> None:
    with pytest.raises(BadSetting, match="people"):
        prune(["people"], now=NOON)
