"""One private installation per worker of the test run, emptied for every test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchanges.simulator.planted import PLANTED
from tests.chaos.stack import Stack, Worker, running, until


@pytest.fixture(scope="session")
def installation() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="arbedge-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        with running(folder) as stack:
            yield stack


@pytest.fixture
def stack(installation: Stack) -> Iterator[Stack]:
    installation.empty()
    yield installation
    for worker in installation.workers:
        worker.process.kill()
        worker.process.communicate()
    installation.workers.clear()


@pytest.fixture
def worker(stack: Stack) -> Worker:
    """A worker that has read the markets, all histories included; nothing is open yet."""
    return read_markets(stack.worker())


def read_markets(worker: Worker) -> Worker:
    """Collects and scans, without opening anything, until every planted leg has its history."""
    until(lambda: worker.do("collect").get("came"), "answers of the venues")
    return worker


@pytest.fixture
def opened(stack: Stack, worker: Worker) -> dict[str, tuple[int, str]]:
    """Everything planted is open."""
    until(lambda: _round(worker) and len(stack.live()) >= len(PLANTED), "all that is planted opens")
    return stack.live()


def _round(worker: Worker) -> bool:
    worker.do("collect")
    return "live" in worker.do("scan")
