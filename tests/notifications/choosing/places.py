"""Places in the hour and the day, asked for by deliveries that are no rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import tiers
from arbedge.names import Tier
from notifications.choosing import quotas
from tests.notifications.factories import (
    NOON,
    rank,
)

FREE, PRO, ENTERPRISE = rank(Tier.FREE), rank(Tier.PRO), rank(Tier.ENTERPRISE)
PER_HOUR = tiers.DEFAULTS[Tier.FREE].opportunities_per_hour
PER_DAY = tiers.DEFAULTS[Tier.FREE].pushes_per_day or 0


@dataclass(frozen=True)
class Wish:
    """A counted delivery that is about to be sent."""

    id: int
    recipient_id: int = 7
    tier: int = FREE
    zone: str = "UTC"
    fingerprint: str = ""
    recipient: str = "user"


def allowed(*wishes: Wish, now: datetime = NOON) -> list[int]:
    """The deliveries that got a place."""
    return [one for one, code in quotas.reserve(wishes, now).items() if code is None]


def fill(count: int, now: datetime = NOON, first: int = 1, **wish: Any) -> None:
    """As many deliveries get a place as are asked for."""
    wishes = [Wish(first + n, **wish) for n in range(count)]
    assert allowed(*wishes, now=now) == [one.id for one in wishes]
