"""Two scans at once, and a worker killed between detect and commit."""

from __future__ import annotations

import pytest

from tests.chaos.conftest import read_markets
from tests.chaos.stack import Stack, Worker, until

pytestmark = pytest.mark.chaos


def test_two_scans_at_once_open_everything_once(stack: Stack, worker: Worker) -> None:
    other = stack.worker()
    for _ in range(6):
        worker.do("collect")
        for one in (worker, other):
            one.order("scan")
        told = [one.answer() for one in (worker, other)]
        assert all("live" in answer or answer.get("stale") for answer in told)

    opened = stack.events("opened")
    assert opened
    assert len(opened) == len(set(opened)) == len(stack.live())
    assert stack.events("closed") == []


def test_a_worker_killed_before_its_commit_has_changed_nothing(
    stack: Stack, worker: Worker
) -> None:
    assert worker.do("hang") == {"in_transaction": True}
    worker.kill()

    assert stack.live() == {}
    assert stack.events("opened") == []
    successor = stack.worker()
    successor.do("collect")
    told = successor.do("scan")
    assert len(told["changed"]["opened"]) == len(stack.live()) > 0


def test_who_waits_for_a_killed_worker_goes_on_with_its_own_scan(
    stack: Stack, worker: Worker
) -> None:
    waiting = read_markets(stack.worker())
    assert worker.do("hang") == {"in_transaction": True}
    waiting.order("scan")
    until(lambda: stack.rows(WAITING) == [(1,)], "the second scan waits for the first")

    worker.kill()

    told = waiting.answer()
    assert not told["stale"]
    assert len(told["changed"]["opened"]) == len(stack.live()) > 0
    assert len(stack.events("opened")) == len(stack.live())


WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
