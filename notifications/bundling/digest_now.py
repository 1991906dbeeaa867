"""What waits for a person's digest, and having it sent now instead of at its hour."""

from __future__ import annotations

from datetime import datetime

from notifications.models import DigestItem
from notifications.names import Recipient
from notifications.sending import waking


def waiting(user_id: int) -> int:
    """How many messages wait to be bundled for the person."""
    return DigestItem.objects.filter(recipient=Recipient.USER.value, recipient_id=user_id).count()


def bring_forward(user_id: int, now: datetime) -> int:
    """Has what waits sent with the next bundles, seconds from now, or at the end of the person's
    quiet hours. Returns how many messages that are; what is over by then drops out."""
    held = DigestItem.objects.filter(recipient=Recipient.USER.value, recipient_id=user_id)
    moved = held.filter(due_at__gt=now).update(due_at=now)
    if moved:
        waking.after_commit(waking.bundle)
    return held.count()
