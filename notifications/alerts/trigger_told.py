"""Messages of alerts that have fired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from notifications import letters
from notifications.alerts.trigger_firing import Fired
from notifications.letters import Letter
from notifications.models import Message
from notifications.names import Priority, Topic, TriggerKind

GOOD_FOR: Final = timedelta(minutes=30)  # an alert that could not be sent by then says nothing


def tell(fired: Sequence[Fired], now: datetime) -> int:
    """Writes a message for every alert that fired. Returns how many people will get one.

    Two statements whatever their number, in the transaction in which they fired.
    """
    made = Message.objects.bulk_create(
        Message(
            topic=Topic.ALERT,
            priority=Priority.HIGH,
            facts=facts(one, now),
            at=now,
            expires_at=now + GOOD_FOR,
        )
        for one in fired
    )
    return letters.post(
        [
            Letter(message.pk, one.user_id, one.silent)
            for message, one in zip(made, fired, strict=True)
        ],
        now,
    )


def facts(one: Fired, now: datetime) -> dict[str, Any]:
    """What the texts are made of: variables.AlertFacts. `more` of the reading is told beside it."""
    blind = one.kind is TriggerKind.VENUE_BLIND
    age_ms = one.more.get("age_ms")
    since = now - timedelta(milliseconds=age_ms) if blind and age_ms is not None else None
    return {
        "trigger": {
            "id": one.trigger_id,
            "kind": one.kind.value,
            "subject": one.subject,
            "venue": one.venue,
            "level": one.level,
            "label": one.label,
        },
        "value": None if blind else one.value,
        "since": None if since is None else since.isoformat(),
        **{name: value for name, value in one.more.items() if not (blind and name == "age_ms")},
    }
