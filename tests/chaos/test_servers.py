"""The cache flushed, gone and back; the database restarted: nothing lost, nothing twice."""

from __future__ import annotations

import os
import signal

import pytest

from tests.chaos.stack import Stack, Worker, until

pytestmark = pytest.mark.chaos

Live = dict[str, tuple[int, str]]


def goes_on(worker: Worker) -> bool:
    """The same process collects and scans again, without a hand."""
    worker.do("collect")
    told = worker.do("scan")
    return "live" in told and not told["stale"]


def assert_nothing_changed(stack: Stack, opened: Live) -> None:
    """Every row that was open still is, under its own number, and none was opened twice."""
    live = stack.live()
    kept = {print_: number for print_, (number, _) in live.items() if print_ in opened}
    assert kept == {print_: number for print_, (number, _) in opened.items()}
    assert len(stack.events("opened")) == len(set(stack.events("opened"))) == len(live)
    assert stack.events("closed") == stack.events("recovered") == []


def test_a_flushed_cache_is_no_empty_market(stack: Stack, worker: Worker, opened: Live) -> None:
    stack.cache().flushall()

    assert "no answer" in worker.do("scan")["no_data"]
    assert stack.live() == opened
    until(lambda: goes_on(worker), "scans go on")
    assert_nothing_changed(stack, opened)


def test_a_cache_that_does_not_answer_changes_nothing(
    stack: Stack, worker: Worker, opened: Live
) -> None:
    valkey = stack.pid_of("valkey")
    os.kill(valkey, signal.SIGSTOP)
    try:
        assert "cannot be reached" in worker.do("scan")["no_data"]
    finally:
        os.kill(valkey, signal.SIGCONT)

    assert stack.live() == opened
    until(lambda: goes_on(worker), "scans go on")
    assert_nothing_changed(stack, opened)


def test_a_killed_cache_comes_back_and_scans_go_on(
    stack: Stack, worker: Worker, opened: Live
) -> None:
    stack.restart("valkey")

    until(lambda: goes_on(worker), "scans go on")
    assert_nothing_changed(stack, opened)


def test_a_restarted_database_keeps_what_was_open(
    stack: Stack, worker: Worker, opened: Live
) -> None:
    stack.restart("postgres")

    assert stack.live() == opened
    until(lambda: goes_on(worker), "scans go on")
    assert_nothing_changed(stack, opened)


def test_a_database_killed_in_the_middle_of_a_scan_has_half_of_nothing(
    stack: Stack, worker: Worker
) -> None:
    assert worker.do("hang") == {"in_transaction": True}
    stack.restart("postgres")
    worker.kill()

    assert stack.live() == {}
    successor = stack.worker()
    until(lambda: goes_on(successor), "scans go on")
    assert len(stack.events("opened")) == len(stack.live()) > 0
