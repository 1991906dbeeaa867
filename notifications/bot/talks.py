"""Conversations: what a person is being asked, kept in the database, left and taken up again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from notifications.models import Talk

LASTS: Final = timedelta(days=7)


def current(user_id: int, now: datetime) -> Talk | None:
    """The conversation the person is in, None where there is none or its time is over."""
    return Talk.objects.filter(user_id=user_id, expires_at__gt=now).first()


def put(
    user_id: int, name: str, step: str, now: datetime, data: Mapping[str, Any] | None = None,
    *, lasts: timedelta = LASTS,
) -> Talk:  # fmt: skip
    """Begins a conversation, or goes on to a step of it; another one that was left is forgotten.

    `data` is kept as JSON, in clear: nothing secret belongs there.
    """
    values = {"name": name, "step": step, "data": dict(data or {}), "expires_at": now + lasts}
    talk, _ = Talk.objects.update_or_create(user_id=user_id, defaults=values)
    return talk


def end(user_id: int) -> bool:
    """Ends the person's conversation. Returns False where there was none."""
    return Talk.objects.filter(user_id=user_id).delete()[0] > 0


def forget_old(now: datetime) -> int:
    """Deletes conversations whose time is over. Returns how many."""
    return Talk.objects.filter(expires_at__lte=now).delete()[0]
