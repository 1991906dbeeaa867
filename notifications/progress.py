"""How messages are doing, for the screen of `manage.py up`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Min, Q
from django.utils import timezone

from arbedge.status import Level, Line
from notifications.models import Attempt, Delivery
from notifications.names import DeliveryState, Outcome

WITHIN: Final = timedelta(hours=1)
COUNTED: Final = 10_000  # more are not counted one by one on a screen that asks every few seconds
LATE: Final = timedelta(seconds=30)


def lines(now: datetime | None = None) -> list[Line]:
    """Messages sent within the hour, waiting, and refused; late when the oldest due one waits."""
    now = now or timezone.now()
    sent, refused = (_tries(outcome, now) for outcome in (Outcome.SENT, Outcome.PERMANENT))
    due = Q(state=DeliveryState.PENDING, due_at__lte=now)
    queue = Delivery.objects.filter(state__in=[DeliveryState.PENDING, DeliveryState.SENDING])
    waiting = queue.aggregate(number=Count("pk"), since=Min("due_at", filter=due))
    late = waiting["since"] is not None and now - waiting["since"] > LATE
    text = f"{_number(sent)} sent within the hour, {waiting['number']:,} waiting"
    if refused:
        text += f", {_number(refused)} refused"
    return [Line("messages", Level.WARN if late or refused else Level.GOOD, text)]


def _tries(outcome: Outcome, now: datetime) -> int:
    found = Attempt.objects.filter(at__gt=now - WITHIN, outcome=outcome.value)
    return found.values("pk")[:COUNTED].count()


def _number(found: int) -> str:
    return f"{found:,}" if found < COUNTED else f"{COUNTED:,} or more"
