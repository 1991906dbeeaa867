"""What a person was told lately, by which channel and with what end; his own view of the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final

from notifications.choosing import explain_words
from notifications.models import Delivery, DeliveryLog, Message
from notifications.names import ARRIVED, CHANNELS, WAITING, Recipient

SHOWN: Final = 30
_WORDS: Final = {"recovered": "back", "venue_blind": "venue not answering", "code": "a code"}


@dataclass(frozen=True)
class Line:
    """One message: what it was about, where it leads, its state as a tone and in words."""

    about: str
    opportunity_id: int | None
    at: datetime
    channel: str
    tone: str
    state: str
    why: str


def lately(user_id: int, zone: str, now: datetime) -> list[Line]:
    """The person's newest messages, the newest first. Three queries."""
    mine = {"recipient": Recipient.USER.value, "recipient_id": user_id}
    found: list[Any] = [
        *Delivery.objects.filter(**mine).order_by("-pk")[:SHOWN],
        *DeliveryLog.objects.filter(**mine).order_by("-id")[:SHOWN],
    ]
    rows = sorted(found, key=lambda row: (row.created_at, row.pk), reverse=True)[:SHOWN]
    wanted = set(chain.from_iterable((row.message_id, row.facts_of_id) for row in rows))
    messages = Message.objects.only("asset", "kind").in_bulk(wanted)
    return [_line(row, messages.get(row.message_id), zone, now) for row in rows]


def _line(row: Any, message: Message | None, zone: str, now: datetime) -> Line:
    arrived, waits = row.state in ARRIVED, row.state in WAITING
    topic = _WORDS.get(row.topic, row.topic.replace("_", " "))
    coin = f"{message.asset} {message.kind}".strip() if message else ""
    return Line(
        about=f"{coin}: {topic}" if coin else topic,
        opportunity_id=row.opportunity_id,
        at=row.sent_at or row.settled_at or row.due_at,
        channel=CHANNELS[row.channel].value.replace("_", " "),
        tone="good" if arrived else "off" if waits else "warn",
        state="waits" if waits else row.state,
        why="" if arrived else explain_words.of_delivery(row, zone, now),
    )
