"""How the channels do: who waits, for how long, what arrived and what did not, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count, Min, Q

from arbedge import breaker
from arbedge.errors import NoData
from arbedge.names import Channel
from notifications.models import Delivery, DeliveryLog
from notifications.names import ARRIVED, CHANNELS, WAITING, DeliveryState

WINDOW: Final = timedelta(minutes=10)
BREAKERS: Final = "channel:"  # a channel's breakers are kept under channel:<name>

# Attempts of the window by channel, outcome and code, and how long those took that arrived.
_ATTEMPTS: Final = """
SELECT channel, outcome, code, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY took_ms),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY took_ms)
FROM notifications_attempt WHERE at > %s GROUP BY 1, 2, 3
"""


@dataclass
class Health:
    """One channel: deliveries that wait and are being sent, attempts of the last ten minutes.

    `oldest_s` is how long the oldest that could go has waited; times to send are those of messages
    that arrived; `breakers` are the hosts that are not asked now, with the reason.
    """

    channel: Channel
    waiting: int = 0
    sending: int = 0
    oldest_s: float | None = None
    sent: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    median_ms: float | None = None
    p95_ms: float | None = None
    breakers: list[str] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """Attempts that did not arrive."""
        return self.failures.total()


def report(now: datetime) -> list[Health]:
    """Every channel's health, in the order of names.CHANNELS. Two queries, whatever the load."""
    found = {channel: Health(channel) for channel in CHANNELS}
    _queue(found, now)
    _attempts(found, now)
    for channel, text in _open_breakers():
        found[channel].breakers.append(text)
    return list(found.values())


def queue_age_s(now: datetime) -> float | None:
    """How many seconds the oldest delivery that is due has waited; None where none waits."""
    due = Delivery.objects.filter(state=DeliveryState.PENDING.value, due_at__lte=now)
    oldest = due.aggregate(at=Min("due_at"))["at"]
    return None if oldest is None else (now - oldest).total_seconds()


def dead_letters(at_most: int = 1_000) -> int:
    """How many deliveries were given up and wait for an operator, counted up to `at_most`."""
    return Delivery.objects.filter(state=DeliveryState.DEAD.value)[:at_most].count()


def arrived(since: datetime) -> int:
    """How many deliveries arrived since then."""
    states = [state.value for state in ARRIVED]
    in_queue = Delivery.objects.filter(state__in=states, settled_at__gte=since).count()
    return in_queue + DeliveryLog.objects.filter(state__in=states, settled_at__gte=since).count()


def _queue(found: dict[Channel, Health], now: datetime) -> None:
    rows = Delivery.objects.filter(state__in=[state.value for state in WAITING]).values("channel")
    due = Q(state=DeliveryState.PENDING.value, due_at__lte=now)
    told = rows.annotate(
        waiting=Count("pk", filter=Q(state=DeliveryState.PENDING.value)),
        sending=Count("pk", filter=Q(state=DeliveryState.SENDING.value)),
        oldest=Min("due_at", filter=due),
    )
    for row in told:
        one = found[CHANNELS[row["channel"]]]
        one.waiting, one.sending = row["waiting"], row["sending"]
        one.oldest_s = None if row["oldest"] is None else (now - row["oldest"]).total_seconds()


def _attempts(found: dict[Channel, Health], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ATTEMPTS, [now - WINDOW])
        for channel, outcome, code, number, median_ms, p95_ms in cursor.fetchall():
            one = found[Channel(channel)]
            if outcome == "sent":
                one.sent += number
                one.median_ms, one.p95_ms = median_ms, p95_ms
            else:
                one.failures[code or outcome] += number


def _open_breakers() -> list[tuple[Channel, str]]:
    """Channel and "host: reason" of every breaker that is open; none where they cannot be read."""
    try:
        states = breaker.states()
    except NoData:
        return []
    known = {f"{BREAKERS}{channel.value}": channel for channel in CHANNELS}
    return [
        (known[one["venue"]], f"{one['host']}: {one['reason']}")
        for one in states
        if one["venue"] in known and one["state"] != breaker.CLOSED
    ]
