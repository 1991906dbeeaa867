"""Settled rows move to the log once they are needed no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from arbedge import cache
from notifications.choosing import quota_keys as keys
from notifications.models import Delivery, DeliveryLog
from notifications.names import WAITING, DeliveryState, Topic
from notifications.sending import journal
from tests.notifications.factories import HOUR, MINUTE, NOON, DeliveryFactory, MessageFactory
from tests.opportunities.factories import OpportunityFactory

pytestmark = pytest.mark.django_db

LATER = NOON + journal.KEPT + MINUTE


def in_queue() -> list[int]:
    return list(Delivery.objects.order_by("pk").values_list("pk", flat=True))


def in_log() -> list[int]:
    return list(DeliveryLog.objects.order_by("pk").values_list("pk", flat=True))


def sent(**columns: Any) -> Delivery:
    made: Delivery = DeliveryFactory(**{"state": DeliveryState.SENT} | columns)
    return made


def test_what_was_settled_ten_minutes_ago_moves() -> None:
    old, fresh = sent(), sent(due_at=NOON + 2 * MINUTE)
    assert journal.move(LATER) == 1
    assert (in_log(), in_queue()) == ([old.pk], [fresh.pk])


@pytest.mark.parametrize("state", [one for one in DeliveryState if one not in WAITING])
def test_every_end_moves(state: DeliveryState) -> None:
    row = DeliveryFactory(state=state, code="why")
    journal.move(LATER)
    logged = DeliveryLog.objects.get(pk=row.pk)
    assert (logged.state, logged.code) == (state, "why")


@pytest.mark.parametrize("state", WAITING)
def test_what_waits_or_is_under_way_stays(state: DeliveryState) -> None:
    row = DeliveryFactory(state=state)
    assert journal.move(NOON + 24 * HOUR) == 0
    assert in_queue() == [row.pk]


def test_all_that_is_known_moves_with_the_row() -> None:
    row = sent(
        refs={"telegram": "9"}, channels=[0, 3], items=[1, 2], language="fr", counted=True,
        vip_levels=77, code="x", variant="b",
    )  # fmt: skip
    before: dict[str, Any] = dict(Delivery.objects.filter(pk=row.pk).values().get())

    journal.move(LATER)

    after = DeliveryLog.objects.filter(pk=row.pk).values().get()
    assert after == {name: before[name] for name in after}


def test_openings_of_what_lives_stay() -> None:
    opening = sent(message__opportunity_id=OpportunityFactory().pk)
    assert journal.move(NOON + 24 * HOUR) == 0
    assert in_queue() == [opening.pk]


def test_follow_ups_of_what_lives_move() -> None:
    alive = OpportunityFactory().pk
    opening = sent(message__opportunity_id=alive)
    follow_up = sent(
        message=MessageFactory(opportunity_id=alive, topic=Topic.IMPROVED), opening_id=opening.pk
    )
    journal.move(LATER)
    assert in_log() == [follow_up.pk]


def test_openings_move_when_the_opportunity_has_closed() -> None:
    opening = sent(message__opportunity_id=OpportunityFactory(closed=True).pk)
    journal.move(LATER)
    assert in_log() == [opening.pk]


def test_a_run_moves_so_many_batches_and_leaves_the_rest() -> None:
    message = MessageFactory()
    for n in range(5):
        sent(message=message, due_at=NOON - n * MINUTE)
    assert journal.move(LATER, batch=2, batches=2) == 4
    assert journal.move(LATER, batch=2, batches=2) == 1
    assert in_queue() == []


def test_the_oldest_move_first() -> None:
    rows = [sent(due_at=NOON - n * MINUTE) for n in (1, 3, 2)]
    journal.move(LATER, batch=1, batches=1)
    assert in_log() == [rows[1].pk]


def test_a_batch_is_one_statement(django_assert_num_queries: Any) -> None:
    for _ in range(3):
        sent()
    with django_assert_num_queries(1):
        journal.move(LATER)


def test_a_row_lies_in_the_day_it_was_settled() -> None:
    row = sent()
    Delivery.objects.update(settled_at=F("settled_at") - timedelta(days=500))
    journal.move(LATER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM notifications_deliverylog")
        assert cursor.fetchall() == [("notifications_deliverylog_rest",)]
    assert in_log() == [row.pk]


def test_what_ended_while_it_waited_gives_its_place_back() -> None:
    """As an opening that pace had put off when its opportunity closed."""
    row = DeliveryFactory(state=DeliveryState.CANCELLED, counted=True, due_at=timezone.now())
    arrived = sent(counted=True, recipient_id=row.recipient_id, due_at=timezone.now())
    name = keys.told_key(str(row.recipient_id))
    cache.client().delete(name)
    cache.client().zadd(name, {str(one.pk): keys.ms(NOON) for one in (row, arrived)})

    journal.move(timezone.now() + journal.KEPT + MINUTE)

    assert cache.client().zrange(name, 0, -1) == [str(arrived.pk).encode()]
