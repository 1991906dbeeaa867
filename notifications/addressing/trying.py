"""A test message, when its owner asks for one: through the queue, as every other message goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from accounts.models import User
from arbedge import limits
from arbedge.errors import TooMany
from arbedge.names import Channel
from notifications.models import Message
from notifications.names import Priority, Recipient, Topic
from notifications.telling import tell

RATE: Final = "5/hour"
LIFE: Final = timedelta(minutes=15)


def send(user: User, channel: Channel, now: datetime) -> Message:
    """Puts a test message to the person's addresses on this channel. Raises TooMany."""
    allowed = limits.allow("test_messages", str(user.pk), RATE, when_gone=True)
    if not allowed.ok:
        minutes = -(-allowed.retry_after_s // 60)
        text = f"Five test messages an hour are sent. Try again in {minutes} min."
        raise TooMany(text, code="too_many_tests", retry_after_s=allowed.retry_after_s)
    return tell(
        Topic.TEST, {"channel": channel.value}, to=[(Recipient.USER, user.pk)],
        priority=Priority.HIGH, now=now, expires_at=now + LIFE, channels=[channel],
    )  # fmt: skip
