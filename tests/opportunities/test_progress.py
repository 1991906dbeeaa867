"""The scan's line on the operator's screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from arbedge.status import Level
from opportunities import progress
from opportunities.models import ScanRecord

pytestmark = pytest.mark.django_db


def scanned(age_s: float) -> None:
    at = datetime.now(UTC) - timedelta(seconds=age_s)
    ScanRecord.objects.create(as_of=at, took_ms=81.4, live=7)


def test_before_the_first_scan_nothing_is_claimed() -> None:
    (line,) = progress.lines()
    assert (line.level, line.text) == (Level.UNKNOWN, "none yet")


def test_the_newest_scan_says_when_and_how_long_and_what_lives() -> None:
    scanned(3600)
    scanned(3)
    scan, live = progress.lines()
    assert (scan.level, scan.text) == (Level.GOOD, "3 s ago, took 81 ms")
    assert live.text == "7 opportunities"


def test_a_scan_that_is_overdue_warns() -> None:
    scanned(120)
    assert progress.lines()[0].level is Level.WARN


def test_in_a_replay_the_scan_has_the_recordings_time(settings: Settings) -> None:
    settings.MARKET_MODE = "replay"
    ScanRecord.objects.create(as_of=datetime(2026, 6, 2, 20, 41, tzinfo=UTC), took_ms=5, live=0)
    assert progress.lines()[0].text == "of 2026-06-02 20:41:00 UTC, took 5 ms"
