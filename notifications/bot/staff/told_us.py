"""What people tell us by /feedback: kept once, at most five a day, read by the staff."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from accounts import audit
from accounts.models import User
from arbedge.errors import BadInput, TooMany
from arbedge.names import Door
from notifications.models import Feedback

A_DAY: Final = 5
LENGTH: Final = 1_000
DAY: Final = timedelta(days=1)


def keep(user: User, text: str, now: datetime) -> tuple[Feedback, bool]:
    """Keeps what a person says. Returns the row, and whether it is new: the same words within a day
    are the same feedback. Raises BadInput (too_long, empty_feedback), TooMany (feedback_limit)."""
    told = text.strip()
    if not told:
        raise BadInput("There is nothing in it.", code="empty_feedback", field="text")
    if len(told) > LENGTH:
        message = f"This is longer than {LENGTH:,} characters."
        raise BadInput(message, code="too_long", field="text", limit=LENGTH)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        lately = list(Feedback.objects.filter(user=user, created_at__gt=now - DAY).order_by("pk"))
        for row in lately:
            if row.text == told:
                return row, False
        if len(lately) >= A_DAY:
            wait_s = max(1, int((lately[0].created_at + DAY - now).total_seconds()))
            message = f"That is {A_DAY} within a day. Tell us the rest later."
            raise TooMany(message, code="feedback_limit", retry_after_s=wait_s, limit=A_DAY)
        return Feedback.objects.create(user=user, text=told), True


def unread() -> int:
    """How much feedback nobody has read."""
    return Feedback.objects.filter(read_at__isnull=True).count()


def mark_read(ids: Iterable[int], *, by: User, now: datetime) -> int:
    """The staff has read these. Returns how many had not been read."""
    with transaction.atomic(), audit.doing(Door.CONSOLE, by):
        rows = list(
            Feedback.objects.select_for_update().filter(pk__in=list(ids), read_at__isnull=True)
        )
        for row in rows:
            audit.record("feedback.read", row, whom=row.user_id, changes={"read_at": now}, by=by)
        Feedback.objects.filter(pk__in=[row.pk for row in rows]).update(read_at=now)
    return len(rows)
