"""Broadcasts by an operator, and to whom they were written."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from notifications.broadcasting import broadcasts
from notifications.models import Broadcast, Delivery
from tests.notifications.factories import (
    NOON,
    reachable_person,
)


def draft(by: User, **segment: Any) -> Broadcast:
    """A draft in two languages."""
    return broadcasts.draft(by, "Maintenance", {"en": "Back at ten.", "es": "A las diez."}, segment)


def started(by: User, **segment: Any) -> Broadcast:
    """A broadcast that has begun at noon."""
    return broadcasts.start(draft(by, **segment), by, NOON)


def people(number: int, **wishes: Any) -> list[User]:
    """So many people with a session."""
    return [reachable_person(**wishes) for _ in range(number)]


def deliveries(row: Broadcast) -> QuerySet[Delivery]:
    """What was written of it."""
    assert row.message_id is not None
    return Delivery.objects.filter(message_id=row.message_id)
