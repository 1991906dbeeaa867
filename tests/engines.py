"""Early plugin (`-p tests.engines`): private engines for this run, before settings are read.

The controller starts a PostgreSQL and a Valkey of its own in a temporary folder and names them in
the environment, which xdist's workers inherit; each worker takes database numbers of its own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from arbedge.addresses import postgres_url, valkey_url
from arbedge.embedded import Engines, hold

WORKER = "PYTEST_XDIST_WORKER"
VALKEY_SOCKET = "ARBEDGE_TEST_VALKEY"
OWN_SETTINGS = {"ARBEDGE_ENV": "test", "SECRET_KEY": "only-for-tests", "LOG_LEVEL": "WARNING"}
NEEDLESS = ("--help", "-h", "--version", "-V", "--collect-only", "--co", "--fixtures", "--markers")
FOREIGN = ("DATABASE_URL", "REDIS_URL", "CACHE_URL", "BROKER_URL", "MARKET_MODE", "DEMO", "VENUES")

running: list[Engines] = []


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    if WORKER in os.environ:
        _use_own_numbers(int(os.environ[WORKER].removeprefix("gw")) + 1)
        return
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(OWN_SETTINGS)
    folder = Path(tempfile.mkdtemp(prefix="arbedge-tests-"))
    folder.chmod(0o711)
    os.environ["ARBEDGE_DATA"] = str(folder)
    early_config.add_cleanup(lambda: _stop(folder))
    if any(needless in args for needless in NEEDLESS):
        return
    engines = hold(folder, durable=False)
    running.append(engines)
    os.environ["DATABASE_URL"] = postgres_url(engines.state["run_dir"])
    os.environ[VALKEY_SOCKET] = engines.state["valkey_socket"]
    _use_own_numbers(0)


def _use_own_numbers(worker: int) -> None:
    """Worker n has Valkey databases 2n (broker) and 2n + 1 (cache); the controller is worker 0."""
    socket = os.environ.get(VALKEY_SOCKET, "/nonexistent")
    os.environ["BROKER_URL"] = valkey_url(socket, 2 * worker)
    os.environ["CACHE_URL"] = valkey_url(socket, 2 * worker + 1)
    os.environ["CACHE_PREFIX"] = f"test{worker}"


def _stop(folder: Path) -> None:
    for engines in running:
        engines.release()
    running.clear()
    shutil.rmtree(folder, ignore_errors=True)
