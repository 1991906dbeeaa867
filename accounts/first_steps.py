"""How far a newcomer has come in the first steps, and that they are done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from accounts import audit
from accounts.models import User
from arbedge.names import Door

DONE: Final = "done"


def reached(user: User, step: str, order: Sequence[str]) -> None:
    """The person has come to this step of `order`; the furthest is what is kept."""
    if user.onboarded_at is not None or _rank(step, order) <= _rank(user.onboarding, order):
        return
    User.objects.filter(pk=user.pk).update(onboarding=step)
    user.onboarding = step


def finished(user: User, now: datetime, *, door: Door) -> bool:
    """The first steps are done; returns False where they were before."""
    with transaction.atomic(), audit.doing(door, user):
        done = User.objects.filter(pk=user.pk, onboarded_at=None)
        if not done.update(onboarding=DONE, onboarded_at=now):
            return False
        audit.record("person.onboarded", user, whom=user, changes={"onboarding": DONE}, by=user)
    user.onboarding, user.onboarded_at = DONE, now
    return True


def _rank(step: str, order: Sequence[str]) -> int:
    return order.index(step) if step in order else -1
