"""How the channels do: who waits, for how long, what arrived and what did not, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count, Min, Q

from arbedge import breaker, writing
from arbedge.errors import NoData
from arbedge.names import Channel, Fault
from notifications.models import Delivery, DeliveryLog
from notifications.names import ARRIVED, CHANNELS, WAITING, DeliveryState

WINDOW: Final = timedelta(minutes=10)
BREAKERS: Final = "channel:"  # a channel's breakers are kept under channel:<name>

# What a breaker's reason means, and what can be done; other reasons stand for themselves.
_WHY: Final[Mapping[str, str]] = {
    Fault.RATE_LIMITED: "asked us to slow down",
    Fault.TIMEOUT: "does not answer in time",
    Fault.UNREACHABLE: "cannot be reached from here",
    Fault.SERVER: "answers with errors of its own",
    Fault.MALFORMED: "answers what nobody can read",
    Fault.FORBIDDEN: "refuses us",
}
# Where a refusal is of our own account: the settings that name it.
_ACCOUNTS: Final[Mapping[Channel, str]] = {
    Channel.TELEGRAM: "BOT_TOKEN",
    Channel.EMAIL: "EMAIL_URL",
    Channel.SMS: "TWILIO_ACCOUNT and TWILIO_TOKEN",
}

# Attempts of the window by channel, outcome and code, and how long those took that arrived.
_ATTEMPTS: Final = """
SELECT channel, outcome, code, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY took_ms),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY took_ms)
FROM notifications_attempt WHERE at > %s GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Break:
    """A host that is not asked until then, and the reason by its word."""

    channel: Channel
    host: str
    reason: str
    until_ms: float

    @property
    def why(self) -> str:
        """The reason as a sentence's end, with the setting to look at where there is one."""
        if self.reason == Fault.FORBIDDEN and self.channel in _ACCOUNTS:
            return f"our account is refused, look at {_ACCOUNTS[self.channel]}"
        return f"{self.host} {_WHY.get(self.reason) or self.reason.replace('_', ' ')}"

    def again(self, now: datetime) -> str:
        """When it is asked again: `in 8 min`."""
        until = datetime.fromtimestamp(self.until_ms / 1000, UTC)
        return writing.relative(max(until, now), now)


@dataclass
class Health:
    """One channel: deliveries that wait and are being sent, attempts of the last ten minutes.

    `oldest_s` is how long the oldest that could go has waited; times to send are those of messages
    that arrived; `breakers` say of each host that is not asked now why, and when it is again.
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
    for one in closed():
        found[one.channel].breakers.append(f"{one.why}; asked again {one.again(now)}")
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


def closed(*, ours: bool = False) -> list[Break]:
    """Every host that is not asked now; none where the breakers cannot be read.

    `ours`: only where all messages of a channel go through one account of ours.
    """
    try:
        states = breaker.states()
    except NoData:
        return []
    known = {f"{BREAKERS}{one.value}": one for one in CHANNELS if not ours or one in _ACCOUNTS}
    return [
        Break(known[one["venue"]], one["host"], one["reason"], one["until_ms"])
        for one in states
        if one["venue"] in known and one["state"] != breaker.CLOSED
    ]
