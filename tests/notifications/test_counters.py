"""What Prometheus hears of messages, from all processes together."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from notifications import counters
from notifications.channels.base import Result
from notifications.codes import Code
from notifications.names import DeliveryState, Outcome
from notifications.sending.rows import Ended, Settled, Try
from notifications.sending.settling import Told
from notifications.sending.verdicts import verdict
from tests.notifications.factories import MINUTE, NOON
from tests.notifications.sending.test_verdicts import row

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import django
django.setup()
from datetime import UTC, datetime
from notifications import counters
counters.fanned_out(2, {"eligible": 5, "no_session": 7}, 20.0)
midnight = datetime(2026, 11, 21, tzinfo=UTC)
counters.queue({0: (9, midnight)}, 3, midnight.replace(minute=1))
"""


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


class Rise:
    """By how much a counter rose since it was looked at first."""

    def __init__(self, name: str, **labels: str) -> None:
        self.name, self.labels = name, labels
        self.before = value(name, **labels)

    def __call__(self) -> float:
        return value(self.name, **self.labels) - self.before


def settled(outcome: Outcome, code: str = "", **changes: Any) -> Told:
    one = row(**changes)
    told = Settled(one, (Try(one.on, Result(1, outcome, code, took_ms=120.0), NOON + MINUTE),))
    return Told(done=[(told, verdict(told, NOON, 0.0))])


def test_what_became_of_rows_is_counted_by_channel_state_and_code() -> None:
    sent = Rise("arbedge_deliveries_total", channel="telegram", state="sent", code="")
    moved_on = Rise("arbedge_deliveries_total", channel="telegram", state="pending", code="blocked")
    counters.told(settled(Outcome.SENT))
    counters.told(settled(Outcome.PERMANENT, "blocked"))
    assert (sent(), moved_on()) == (1, 1)


def test_tries_are_counted_with_the_time_they_took() -> None:
    tries = Rise(
        "arbedge_delivery_attempts_total", channel="telegram", outcome="retry", code="server"
    )
    took = Rise("arbedge_send_seconds_sum", channel="telegram")
    counters.told(settled(Outcome.RETRY, "server"))
    assert tries() == 1
    assert took() == pytest.approx(0.12)


def test_how_long_a_message_took_from_being_written_is_measured() -> None:
    took = Rise("arbedge_delivery_seconds_sum", channel="telegram")
    counters.told(settled(Outcome.SENT, created_at=NOON))
    assert took() == pytest.approx(60)


def test_a_worker_that_was_late_is_counted() -> None:
    late = Rise("arbedge_settles_late_total", channel="telegram")
    counters.told(Told(late=[Settled(row())]))
    assert late() == 1


def test_rows_that_ended_without_a_try_are_counted() -> None:
    expired = Rise("arbedge_deliveries_total", channel="telegram", state="expired", code="expired")
    counters.ended([Ended(1, DeliveryState.EXPIRED, Code.EXPIRED, row().on, counted=False)])
    assert expired() == 1


def test_rows_given_back_are_counted_by_reason() -> None:
    pace = Rise("arbedge_deliveries_put_back_total", channel="telegram", reason="pace")
    counters.put_back([("telegram", "pace"), ("telegram", "pace")])
    assert pace() == 2


def test_people_are_counted_by_why_they_were_not_told() -> None:
    eligible = Rise("arbedge_eligibility_total", reason="eligible")
    without = Rise("arbedge_eligibility_total", reason="no_session")
    slices = Rise("arbedge_slices_total")
    counters.fanned_out(2, {"eligible": 3, "no_session": 40}, 12.0)
    assert (eligible(), without(), slices()) == (3, 40, 2)


def test_the_queue_is_told_for_every_channel() -> None:
    counters.queue({1: (4, NOON)}, 2, NOON + timedelta(seconds=30))
    assert value("arbedge_queue_due", channel="email") == 4
    assert value("arbedge_queue_age_seconds", channel="email") == 30
    assert value("arbedge_queue_due", channel="custom") == 0
    assert value("arbedge_dead_letters") == 2


def test_what_workers_count_is_read_by_the_web(tmp_path: Path) -> None:
    """Two workers that are gone by now: counters add up, of gauges the latest counts."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", WORKER], cwd=ROOT, env=environment, check=True, timeout=120
        )
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(tmp_path))  # type: ignore[no-untyped-call]
    lines = generate_latest(registry).decode().splitlines()
    assert 'arbedge_eligibility_total{reason="no_session"} 14.0' in lines
    assert 'arbedge_queue_due{channel="telegram"} 9.0' in lines
    assert 'arbedge_queue_age_seconds{channel="telegram"} 60.0' in lines
    assert "arbedge_dead_letters 3.0" in lines
