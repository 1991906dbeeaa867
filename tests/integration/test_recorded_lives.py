"""The lifecycle over two hours of recorded funding, sweep by sweep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from opportunities import offline, scan
from opportunities.policy import Policy
from tests.opportunities.stories import Story

pytestmark = pytest.mark.recordings

SERIES = "perps-series-2026-06-02"


def live_through(folder: Path, *limits: str) -> tuple[Story, list[tuple[int, str, str, str, str]]]:
    """The story of a recorded series, and its events as (sweep, type, asset, long, short)."""
    story, told = Story(), []
    policy = Policy().with_settings(limits)
    lived: set[scan.LiveKey] = set()
    for sweep, snapshot in enumerate(offline.snapshots(folder)):
        reading = replace(offline.reading(snapshot, policy), live=frozenset(lived))
        result = scan.evaluate(reading)
        story.take(result.rows, result.as_of_ms, snapshot.answered)
        assert story.decision is not None
        opening = story.decision.opening
        lived |= set(opening.select("kind", "long_id", "short_id").iter_rows())
        named = story.decision.events.join(
            result.rows.select("fingerprint", "asset", "long_venue", "short_venue"),
            on="fingerprint",
        )
        told += [
            (sweep, *event)
            for event in named.select("type", "asset", "long_venue", "short_venue").iter_rows()
        ]
    return story, told


def test_one_trade_opens_once_and_closes_once(recordings: Path) -> None:
    story, told = live_through(recordings / SERIES, "measure=net_announced", "threshold=5bp")
    assert [(kind, *trade) for _, kind, *trade in told] == [
        ("opened", "WIF", "bybit", "binance"),
        ("fading", "WIF", "bybit", "binance"),
        ("closed", "WIF", "bybit", "binance"),
    ]
    assert story.why() == "negative"
    assert story.live.is_empty()


def test_at_the_defaults_nothing_opens(recordings: Path) -> None:
    story, told = live_through(recordings / SERIES)
    assert told == []
    assert story.sightings.is_empty()
