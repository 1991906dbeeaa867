"""What was sent to one address: its newest attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from notifications.models import Address, Attempt, Delivery, DeliveryLog
from notifications.names import Outcome

SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One attempt; `topic` is "" where its delivery is older than the log."""

    at: datetime
    topic: str
    delivery_id: int
    outcome: str
    code: str
    detail: str
    took_ms: float

    @property
    def ok(self) -> bool:
        """Whether it was taken."""
        return self.outcome == Outcome.SENT.value


def attempts(row: Address) -> list[Line]:
    """The newest attempts on this address, newest first. Three queries."""
    found = list(
        Attempt.objects.filter(
            recipient=row.recipient, recipient_id=row.recipient_id, channel=row.channel,
            address_id=row.pk, at__gte=row.created_at,
        ).order_by("-at")[:SHOWN]
    )  # fmt: skip
    ids = {one.delivery_id for one in found}
    topics = dict(Delivery.objects.filter(pk__in=ids).values_list("pk", "topic"))
    if older := ids - topics.keys():
        logged = DeliveryLog.objects.filter(pk__in=older, settled_at__gte=row.created_at)
        topics |= dict(logged.values_list("pk", "topic"))
    return [
        Line(one.at, topics.get(one.delivery_id, ""), one.delivery_id, one.outcome, one.code,
             one.detail, one.took_ms)
        for one in found
    ]  # fmt: skip
