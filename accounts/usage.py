"""What is used of a tier's limits today. Floors above register their counters here.

A limit without a counter is shown without a figure: nothing is invented.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts.tiers import COUNTED, Allowance

Counter = Callable[[int, datetime], int | None]

TITLES: Final = {
    "opportunities_per_hour": "Opportunities, per hour",
    "pushes_per_day": "Messages, per day",
    "api_per_minute": "API requests, per minute",
    "api_per_hour": "API requests, per hour",
    "executions_per_hour": "Executions, per hour",
    "ai_platform_per_day": "AI analyses on our key, per day",
    "ai_own_per_day": "AI analyses on your key, per day",
}
_counters: dict[str, Counter] = {}


@dataclass(frozen=True)
class Line:
    """One limit: `limit` None is no cap, `used` None is not counted or not known now."""

    name: str
    title: str
    limit: int | None
    used: int | None

    @property
    def share(self) -> int | None:
        """Per cent used, 100 at most; None where it cannot be told."""
        if self.used is None or not self.limit:
            return None
        return min(100, round(100 * self.used / self.limit))


def register(limit: str, counter: Counter) -> None:
    """Names who counts `limit` (a field of Allowance): the person's id and now give the number
    used in the limit's own window, or None where it cannot be told."""
    if limit not in COUNTED:
        raise ValueError(f"{limit} is no limit of a tier")
    _counters[limit] = counter


def lines(user_id: int, allowance: Allowance, now: datetime) -> list[Line]:
    """Every counted limit of the allowance with what is used of it."""
    return [
        Line(name, TITLES[name], getattr(allowance, name), used(name, user_id, now))
        for name in COUNTED
    ]


def used(name: str, user_id: int, now: datetime) -> int | None:
    """How much of one counted limit is used; None where nobody counts it, or it is not known."""
    counter = _counters.get(name)
    return None if counter is None else counter(user_id, now)
