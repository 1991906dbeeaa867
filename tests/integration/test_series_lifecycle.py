"""Two hours of recorded funding through the engine and into the tables, sweep by sweep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exchanges import frames, instruments, intake
from exchanges.simulator import replay
from exchanges.snapshot import Snapshot
from exchanges.venues import VENUES
from opportunities import lifecycle, offline, scan
from opportunities.lifecycle import Advance
from opportunities.models import Figure, NearMiss, Opportunity, OpportunityEvent, ScanRecord
from opportunities.policy import Policy

pytestmark = [pytest.mark.recordings, pytest.mark.django_db]

SERIES = "perps-series-2026-06-02"
ANNOUNCED = ("measure=net_announced", "threshold=5bp")


def snapshots(folder: Path) -> Iterator[Snapshot]:
    """The joined markets of each sweep, with the numbers their instruments have in the tables."""
    for sweep in replay.sweeps(folder, VENUES.values()):
        lists, quoted = offline._apart(offline._pieces(sweep))
        listings = instruments.of_pieces(lists) + intake.inferred(lists, quoted)
        at_ms = max(piece.captured_at_ms for feeds in quoted.values() for piece in feeds.values())
        known = instruments.sync(listings, at_ms, intake.prices_of(quoted)).known
        yield frames.assemble(quoted, known, replay=True)


def lived(folder: Path, *limits: str) -> list[Advance]:
    """What each sweep changed in the tables."""
    policy = Policy().with_settings(limits)
    return [advance(snapshot, policy) for snapshot in snapshots(folder)]


def advance(snapshot: Snapshot, policy: Policy) -> Advance:
    """One scan of the running product, its markets taken from a recording."""
    reading = replace(offline.reading(snapshot, policy), live=lifecycle.live_keys())
    result = scan.evaluate(reading)
    return lifecycle.advance(
        result.rows,
        as_of_ms=result.as_of_ms,
        answered=snapshot.answered,
        fee_version=result.fee_version,
        policy_version=result.policy_version,
        counts=result.counts,
        near_misses=result.misses,
    )


def test_one_trade_opens_once_and_closes_once(recordings: Path) -> None:
    sweeps = lived(recordings / SERIES, *ANNOUNCED)

    row = Opportunity.objects.select_related("long", "short").get()  # exactly one row
    assert (row.kind, row.asset) == ("funding", "WIF")
    assert row.long
    assert row.short
    assert (row.long.venue, row.short.venue) == ("bybit", "binance")
    assert (row.state, row.live_key) == ("closed", None)
    told = OpportunityEvent.objects.order_by("pk").values_list("type", flat=True)
    assert list(told) == ["opened", "fading", "closed"]
    (opened,) = (one for one in sweeps if one.ids("opened"))
    assert row.opened_at.timestamp() * 1000 == pytest.approx(opened.as_of_ms)
    assert row.promise_measured >= row.threshold == pytest.approx(0.0005)
    assert row.closed_at is not None
    assert row.closed_at > row.opened_at
    assert Figure.objects.filter(opportunity=row).exists()


def test_a_sweep_seen_twice_changes_nothing(recordings: Path) -> None:
    policy = Policy().with_settings(ANNOUNCED)
    for snapshot in snapshots(recordings / SERIES):
        advance(snapshot, policy)
        assert advance(snapshot, policy).stale

    assert Opportunity.objects.count() == 1
    assert OpportunityEvent.objects.count() == 3
    assert ScanRecord.objects.count() == 60
    prints = list(NearMiss.objects.values_list("fingerprint", flat=True))
    assert 0 < len(prints) == len(set(prints))


def test_at_the_defaults_nothing_opens(recordings: Path) -> None:
    sweeps = lived(recordings / SERIES)

    assert len(sweeps) == 60
    assert not any(one.changed for one in sweeps)
    assert not Opportunity.objects.exists()
    assert not OpportunityEvent.objects.exists()
