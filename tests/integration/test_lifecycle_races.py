"""Scans at once, killed half-way, and beside other writers: nothing twice, nothing lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections

from opportunities import outcomes, records, retention
from opportunities.lifecycle import Advance
from opportunities.models import (
    Figure,
    Followed,
    Opportunity,
    OpportunityEvent,
    ScanRecord,
    Sighting,
)
from tests.opportunities.rows import Pair, at, scan
from tests.opportunities.test_outcomes import look

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]

# A worker of its own: it stops in the middle of the transaction and waits to be killed.
WORKER = """
import sys, time
import django
django.setup()
from opportunities.signals import opportunity_events
from tests.opportunities.rows import scan
from tests.opportunities.stories import candidate

def stop(**_):
    print("in the middle", flush=True)
    time.sleep(60)

opportunity_events.connect(stop)
long, short = int(sys.argv[1]), int(sys.argv[2])
scan(30, candidate(long_id=long, short_id=short))
"""


@pytest.fixture
def pairs() -> list[Pair]:
    """Thirty coins."""
    return [Pair.make(f"C{number}") for number in range(30)]


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs in threads that start together, each with its own connection."""
    gate, results = threading.Barrier(len(jobs)), [None] * len(jobs)
    errors: list[BaseException] = []

    def work(number: int, job: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            results[number] = job()
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number, job)) for number, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    return results


def everything(pairs: list[Pair], at_s: float, **changes: Any) -> Callable[[], Advance]:
    """A scan of all coins, in an order of its own."""
    rows = [pair.seen(**changes) for pair in pairs]
    return lambda: scan(at_s, *(rows if at_s % 2 else reversed(rows)))


class TestAtOnce:
    def test_the_same_scan_twice_opens_everything_once(self, pairs: list[Pair]) -> None:
        for at_s in (0, 15):
            everything(pairs, at_s)()
        first, second = at_once(everything(pairs, 30), everything(pairs, 30))
        assert sorted([first.stale, second.stale]) == [False, True]
        assert Opportunity.objects.count() == OpportunityEvent.objects.count() == 30

    def test_scans_of_different_moments_never_duplicate_or_deadlock(
        self, pairs: list[Pair]
    ) -> None:
        for start_s in range(0, 60, 4):
            at_once(*(everything(pairs, start_s + step) for step in range(4)))
        live = Opportunity.objects.values_list("fingerprint", flat=True)
        assert len(live) == len(set(live)) == 30
        assert OpportunityEvent.objects.filter(type="opened").count() == 30

    def test_the_newest_scan_is_what_stands(self, pairs: list[Pair]) -> None:
        for at_s in (0, 15, 30):
            everything(pairs, at_s)()
        at_once(everything(pairs, 46, bp=22), everything(pairs, 45, bp=18))
        assert {row.as_of for row in Opportunity.objects.all()} == {at(46)}
        assert {round(row.net, 6) for row in Opportunity.objects.all()} == {0.0022}

    def test_pruner_and_ledger_work_beside_the_scan(self, pairs: list[Pair]) -> None:
        for at_s in (0, 15, 30):
            everything(pairs, at_s)()
        everything(pairs, 40, bp=-1)()
        at_once(
            everything(pairs, 45, bp=-1),
            lambda: look(1, pairs[0]),
            lambda: look(1.01, pairs[1]),
            lambda: retention.prune(now=at(86_400 * 500)),
        )
        assert not Opportunity.objects.filter(live_key__isnull=False).exists()
        assert Followed.objects.count() == 30


class TestKilled:
    @pytest.fixture
    def worker(self) -> Iterator[subprocess.Popen[str]]:
        """A process that is in the middle of opening WIF."""
        pair = Pair.make()
        for at_s in (0, 15):
            scan(at_s, pair.seen())
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(pair.long.pk), str(pair.short.pk)],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": _database_url()},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        yield process
        process.kill()
        process.wait()
        process.stdout.close()

    def test_a_worker_killed_before_its_commit_loses_nothing(
        self, worker: subprocess.Popen[str]
    ) -> None:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        assert not Opportunity.objects.exists()
        assert Sighting.objects.get().seen == 2
        pair = Pair(*_legs())
        assert not scan(30, pair.seen()).stale
        assert Opportunity.objects.get().state == "open"
        assert OpportunityEvent.objects.count() == Followed.objects.count() == 1

    def test_the_next_scan_waits_for_it_no_longer_than_it_lives(
        self, worker: subprocess.Popen[str]
    ) -> None:
        pair = Pair(*_legs())
        done: list[Advance] = []

        def wait_and_scan() -> None:
            done.append(scan(35, pair.seen()))
            connections.close_all()

        waiting = threading.Thread(target=wait_and_scan)
        waiting.start()
        _until(_waits_for_lock)
        assert not done
        worker.kill()
        waiting.join(30)
        assert len(done[0].ids("opened")) == 1


class TestRestart:
    def test_a_lost_connection_is_an_error_and_the_scan_can_be_run_again(self) -> None:
        pair = Pair.make()
        pair.open()
        with psycopg.connect(_database_url(), autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(Exception, match=r"terminat|closed|connection"):
            scan(45, pair.seen(bp=30))
        connection.close()
        assert len(scan(45, pair.seen(bp=30)).ids("improved")) == 1
        assert Opportunity.objects.count() == 1

    def test_an_error_half_way_leaves_no_half_of_a_scan(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pair = Pair.make()
        pair.open()
        before = (Figure.objects.count(), ScanRecord.objects.count())

        def fail(*_: Any) -> None:
            raise psycopg.OperationalError("the disk is full")

        monkeypatch.setattr(records, "keep_scan", fail)
        with pytest.raises(psycopg.OperationalError):
            scan(120, pair.seen(bp=40))
        assert (Figure.objects.count(), ScanRecord.objects.count()) == before
        assert Opportunity.objects.get().as_of == at(30)

    def test_outcomes_survive_a_second_run(self) -> None:
        pair = Pair.make()
        pair.open(long_market="spot", short_market="spot")
        runs = at_once(*(lambda: look(1, pair) for _ in range(3)))
        assert sum(run.due for run in runs) == 1
        assert outcomes.success_by_family() == {}


def _database_url() -> str:
    """Where this worker's own test database is."""
    base = os.environ["DATABASE_URL"]
    name = settings.DATABASES["default"]["NAME"]
    return base.replace("/arbedge?", f"/{name}?")


def _legs() -> tuple[Any, Any]:
    from exchanges.models import Instrument

    rows = Instrument.objects.order_by("pk")
    return rows[0], rows[1]


def _waits_for_lock() -> bool:
    with psycopg.connect(_database_url()) as other:
        found = other.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        ).fetchone()
    return bool(found and found[0])


def _until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something that is about to happen."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)
