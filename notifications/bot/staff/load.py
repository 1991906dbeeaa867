"""How the bot does: updates that wait, how long answers take, what could not be answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Avg, Count, F, Min, Q
from django.utils import timezone

from arbedge.status import Level, Line
from notifications.models import BotUpdate
from notifications.models.bot import UpdateState

COUNTED: Final = 10_000  # more are not counted one by one
WITHIN: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
SLOW_S: Final = 30
WAITS: Final = (UpdateState.WAITING, UpdateState.ANSWERING)


@dataclass(frozen=True, slots=True)
class Load:
    """Updates of Telegram's: how many wait and since when (seconds, None where none does), how many
    were answered within the hour and in how many ms on average, how many failed in a day."""

    waiting: int
    oldest_s: float | None
    answered: int
    took_ms: float | None
    failed: int

    @property
    def slow(self) -> bool:
        """Whether somebody waits longer than anybody should."""
        return (self.oldest_s or 0) > SLOW_S


def load(now: datetime) -> Load:
    """The bot's load, in three queries on indexes."""
    waiting = _waiting(now)
    lately = BotUpdate.objects.filter(settled_at__gt=now - WITHIN, state=UpdateState.DONE)
    done = lately.order_by()[:COUNTED].aggregate(
        number=Count("pk"), took=Avg(F("settled_at") - F("received_at"))
    )
    return Load(
        waiting=waiting["number"],
        oldest_s=_ago_s(waiting["since"], now),
        answered=done["number"],
        took_ms=None if done["took"] is None else done["took"].total_seconds() * 1000,
        failed=failed(now),
    )


def oldest_s(now: datetime) -> float | None:
    """How many seconds the oldest update that is due has waited; None where none waits."""
    return _ago_s(_waiting(now)["since"], now)


def failed(now: datetime) -> int:
    """How many updates of the last day could not be answered."""
    lately = BotUpdate.objects.filter(settled_at__gt=now - DAY, state=UpdateState.FAILED)
    return lately.values("pk")[:COUNTED].count()


def lines(now: datetime | None = None) -> list[Line]:
    """The bot's line on the screen of `manage.py up`."""
    if not settings.BOT_TOKEN:
        return [Line("bot", Level.UNKNOWN, "off: BOT_TOKEN is not set")]
    found = load(now or timezone.now())
    text = f"{found.answered:,} answered within the hour"
    if found.took_ms is not None:
        text += f" in {found.took_ms:.0f} ms on average"
    text += f", {found.waiting:,} waiting"
    if found.slow:
        text += f", the oldest for {found.oldest_s:.0f} s"
    if found.failed:
        text += f", {found.failed:,} failed in 24 h"
    return [Line("bot", Level.WARN if found.slow or found.failed else Level.GOOD, text)]


def _waiting(now: datetime) -> dict[str, Any]:
    return BotUpdate.objects.filter(state__in=WAITS).aggregate(
        number=Count("pk"), since=Min("received_at", filter=Q(due_at__lte=now))
    )


def _ago_s(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max(0.0, (now - since).total_seconds())
