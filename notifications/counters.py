"""What Prometheus hears of messages. Workers add up through the folder the web reads at /metrics.

Labels are words of names.py and codes.py, never anybody's name or address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from notifications.names import CHANNELS, DeliveryState
from notifications.sending.rows import Ended, Try
from notifications.sending.settling import Told

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)

SLICES: Final = Counter("arbedge_slices", "Fan-out slices that ended.")
PEOPLE: Final = Counter(
    "arbedge_eligibility", "People and chats by the first layer that held them back.", ["reason"]
)
FAN_OUT_SECONDS: Final = Histogram(
    "arbedge_fan_out_seconds", "Time a fan-out of due slices took.", buckets=_SECONDS
)
DELIVERIES: Final = Counter(
    "arbedge_deliveries", "Deliveries settled or put off, by what became of them.",
    ["channel", "state", "code"],
)  # fmt: skip
ATTEMPTS: Final = Counter(
    "arbedge_delivery_attempts", "Tries on a channel.", ["channel", "outcome", "code"]
)
SEND_SECONDS: Final = Histogram(
    "arbedge_send_seconds", "Time one try took.", ["channel"], buckets=_SECONDS
)
ARRIVAL_SECONDS: Final = Histogram(
    "arbedge_delivery_seconds", "From a delivery being written to being sent.", ["channel"],
    buckets=_SECONDS,
)  # fmt: skip
PUT_BACK: Final = Counter(
    "arbedge_deliveries_put_back", "Claimed rows given back untried.", ["channel", "reason"]
)
LATE: Final = Counter(
    "arbedge_settles_late", "Rows told of by a worker whose lease had run out.", ["channel"]
)
LAPSED: Final = Counter("arbedge_leases_lapsed", "Rows whose worker was lost.")
WORKER_ERRORS: Final = Counter(
    "arbedge_delivery_errors", "What should not happen and was survived.", ["what"]
)
MOVED: Final = Counter("arbedge_deliveries_moved", "Settled rows moved to the log.")
WAITING: Final = Gauge(
    "arbedge_queue_due", "Deliveries that are due.", ["channel"], multiprocess_mode="mostrecent"
)
OLDEST: Final = Gauge(
    "arbedge_queue_age_seconds", "How long the oldest due delivery has waited.", ["channel"],
    multiprocess_mode="mostrecent",
)  # fmt: skip
DEAD: Final = Gauge(
    "arbedge_dead_letters", "Failed and dead deliveries of the last day.",
    multiprocess_mode="mostrecent",
)  # fmt: skip


def fanned_out(slices: int, counts: Mapping[str, int], took_ms: float) -> None:
    """Slices ended, with people by reason code ("eligible" among them)."""
    SLICES.inc(slices)
    FAN_OUT_SECONDS.observe(took_ms / 1000)
    for reason, people in counts.items():
        PEOPLE.labels(reason).inc(people)


def ended(rows: Iterable[Ended]) -> None:
    """Rows that needed no sending any more."""
    for one in rows:
        DELIVERIES.labels(one.channel.value, one.state.value, one.code.value).inc()


def told(result: Told) -> None:
    """What a settle came to."""
    for settled, found in result.done:
        DELIVERIES.labels(settled.row.on.value, found.state.value, found.code).inc()
        if found.state is DeliveryState.SENT and found.sent_at is not None:
            waited = found.sent_at - settled.row.created_at
            ARRIVAL_SECONDS.labels(settled.row.on.value).observe(max(waited.total_seconds(), 0.0))
        _tries(settled.tries)
    for late in result.late:
        LATE.labels(late.row.on.value).inc()
        _tries(late.tries)


def _tries(tries: Iterable[Try]) -> None:
    for one in tries:
        result = one.result
        ATTEMPTS.labels(one.channel.value, result.outcome.value, str(result.code)).inc()
        if result.took_ms:
            SEND_SECONDS.labels(one.channel.value).observe(result.took_ms / 1000)


def queue(due: Mapping[int, tuple[int, datetime]], dead: int, now: datetime) -> None:
    """Due rows and since when the oldest is due, by channel number; and dead letters."""
    for place, channel in enumerate(CHANNELS):
        rows, since = due.get(place, (0, now))
        WAITING.labels(channel.value).set(rows)
        OLDEST.labels(channel.value).set(max((now - since).total_seconds(), 0.0))
    DEAD.set(dead)


def put_back(settled: Iterable[tuple[str, str]]) -> None:
    """Rows given back, each as (channel, reason)."""
    for channel, reason in settled:
        PUT_BACK.labels(channel, reason).inc()
