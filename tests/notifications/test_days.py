"""Partitions by day: made ahead, filled from the default one, dropped when old."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from notifications import days
from notifications.models import Attempt, DeliveryLog
from tests.notifications.factories import DeliveryLogFactory, MessageFactory

pytestmark = pytest.mark.django_db

LOG, ATTEMPT = days.TABLES
FAR = datetime(2031, 5, 1, 23, 30, tzinfo=UTC)
FIRST = date(2031, 5, 1)


def home_of(log_id: int) -> str:
    """The partition a row of the log lies in."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tableoid::regclass::text FROM {LOG} WHERE id = %s", [log_id])
        return str(cursor.fetchone()[0])


def logged(at: datetime) -> int:
    row = DeliveryLogFactory(
        message_id=MessageFactory().pk, recipient_id=1, due_at=at, settled_at=at
    )
    return int(row.pk)


def test_migrating_made_the_first_days() -> None:
    today = datetime.now(UTC).date()
    for table in days.TABLES:
        have = [day for day, _ in days.partitions(table)]
        assert {today, today + timedelta(days=days.AHEAD - 1)} <= set(have)


def test_a_week_is_made_ahead_of_each_table() -> None:
    made = days.ensure(FAR)
    assert len(made) == 2 * (days.AHEAD + 1)
    assert made[0] == f"{LOG}_20310501"
    assert days.name_of(ATTEMPT, FIRST + timedelta(days=days.AHEAD)) in made


def test_what_is_there_is_not_made_again() -> None:
    days.ensure(FAR)
    assert days.ensure(FAR) == []
    assert len(days.ensure(FAR + timedelta(days=1))) == 2


def test_rows_lie_in_their_days() -> None:
    days.ensure(FAR)
    assert home_of(logged(FAR)) == f"{LOG}_20310501"
    assert home_of(logged(FAR + timedelta(hours=1))) == f"{LOG}_20310502"


def test_a_row_of_a_day_that_is_not_made_waits_in_the_rest_and_moves() -> None:
    early, other = logged(FAR), logged(FAR + timedelta(days=60))
    assert home_of(early) == days.rest_of(LOG)

    days.ensure(FAR)

    assert home_of(early) == f"{LOG}_20310501"
    assert home_of(other) == days.rest_of(LOG)
    assert DeliveryLog.objects.filter(pk__in=[early, other]).count() == 2


def test_days_are_those_of_utc() -> None:
    ahead = datetime(2031, 5, 2, 1, 30, tzinfo=UTC).astimezone()
    assert days.ensure(ahead.astimezone(UTC), ahead=0)[0] == f"{LOG}_20310502"


def test_old_days_are_told_and_dropped_with_their_rows() -> None:
    days.ensure(FAR)
    gone, kept = logged(FAR), logged(FAR + timedelta(days=1))

    old = [name for name in days.before(LOG, FAR + timedelta(days=1)) if "2031" in name]

    assert old == [f"{LOG}_20310501"]
    assert days.rows_in(old) == 1
    assert days.drop(LOG, old[0])
    assert list(DeliveryLog.objects.filter(pk__in=[gone, kept]).values_list("pk", flat=True)) == [
        kept
    ]


def test_attempts_have_days_of_their_own() -> None:
    days.ensure(FAR)
    Attempt.objects.create(
        id=uuid4(), delivery_id=1, recipient="user", recipient_id=1, channel="email", at=FAR,
        outcome="sent",
    )  # fmt: skip
    assert days.rows_in([days.name_of(ATTEMPT, FIRST)]) == 1
    assert days.rows_in([days.name_of(LOG, FIRST)]) == 0
