"""Private servers, simulated venues and workers for chaos: everything a test may kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import redis

from arbedge import ports
from arbedge.addresses import postgres_url
from arbedge.embedded import Engines, ensure_database, hold

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 330.0  # around a settlement nothing opens for up to four minutes
DATABASE = "arbedge_simulator"
Found = TypeVar("Found")


def until(look: Callable[[], Found], what: str, within_s: float = PATIENCE_S) -> Found:
    """Waits until `look` gives something true and returns that."""
    end = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < end, f"it never came: {what}"
        time.sleep(0.1)
    return found


@dataclass
class Worker:
    """A process that works off orders; it may be killed at any time."""

    process: subprocess.Popen[str]

    def order(self, what: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next line it says; log lines are passed over."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{") and '"event"' not in line:
                told: dict[str, Any] = json.loads(line)
                return told
        raise AssertionError("the worker ended")

    def do(self, what: str) -> dict[str, Any]:
        self.order(what)
        return self.answer()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass
class Stack:
    """One installation: engines that heal themselves, the simulator, and what the tables say."""

    folder: Path
    engines: Engines
    environment: dict[str, str]
    workers: list[Worker] = field(default_factory=list)

    def worker(self) -> Worker:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.worker"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        worker = Worker(process)
        self.workers.append(worker)
        assert worker.answer() == {"ready": True}
        return worker

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return connection.execute(query.encode()).fetchall()

    def change(self, statement: str) -> None:
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            connection.execute(statement.encode())

    def live(self) -> dict[str, tuple[int, str]]:
        """Fingerprint to (id, state) of what lives; no fingerprint may live twice."""
        found = self.rows(
            "SELECT fingerprint, id, state FROM opportunities_opportunity"
            " WHERE live_key IS NOT NULL"
        )
        assert len({fingerprint for fingerprint, _, _ in found}) == len(found)
        return {fingerprint: (number, state) for fingerprint, number, state in found}

    def events(self, kind: str) -> list[int]:
        """The opportunities this happened to, one entry per event."""
        query = f"SELECT opportunity_id FROM opportunities_opportunityevent WHERE type = '{kind}'"
        return sorted(number for (number,) in self.rows(query))

    def cache(self) -> redis.Redis:
        return redis.Redis.from_url(self.environment["CACHE_URL"])

    def pid_of(self, server: str) -> int:
        """The process of "postgres" or "valkey" as it runs now."""
        return until(lambda: self._pid_of(server), f"{server} runs")

    def _pid_of(self, server: str) -> int:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and self._is(server, entry):
                return int(entry.name)
        return 0

    def _is(self, server: str, entry: Path) -> bool:
        try:
            program = (entry / "cmdline").read_bytes().decode().split("\0")[0]
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            return False
        keeper = int(self.engines.state["keeper_pid"])
        return parent == keeper and server in Path(program).name

    def restart(self, server: str) -> None:
        """Kills a server and returns when its successor answers."""
        before = self.pid_of(server)
        os.kill(before, signal.SIGKILL)
        until(lambda: self._pid_of(server) not in {0, before}, f"{server} started again")
        until(self._answers, f"{server} answers")

    def _answers(self) -> bool:
        try:
            self.cache().ping()
            return self.rows("SELECT 1") == [(1,)]
        except (psycopg.OperationalError, redis.RedisError):
            return False

    def empty(self) -> None:
        """As after the first start: instruments and limits are known, nothing lives."""
        self.cache().flushall()
        tables = [name for (name,) in self.rows(_TABLES)]
        self.change(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")


_TABLES = """
    SELECT tablename FROM pg_tables WHERE schemaname = 'public'
    AND tablename LIKE 'opportunities_%' AND tablename NOT LIKE 'opportunities_limit%'
"""
# The people a test has made leave with their messages.
NOBODY = """
    TRUNCATE notifications_message RESTART IDENTITY CASCADE;
    DELETE FROM accounts_session
        USING accounts_user u WHERE user_id = u.id AND u.username LIKE 'chaos%';
    DELETE FROM accounts_user WHERE username LIKE 'chaos%';
"""
# One observation opens: a test need not wait half a minute for three.
_AT_ONCE = """
    INSERT INTO opportunities_limitsetting (profile_id, name, kind, venue, symbol, value, note,
        changed_at)
    SELECT id, wish.name, kind, '', '', value, '', now() FROM opportunities_limitprofile,
        (VALUES ('observations', '', 1), ('observations', 'spot', 1), ('open_after', '', 0),
        ('depth_wait', '', 0), ('depth_wait', 'spot', 0))
        AS wish (name, kind, value)
    WHERE active
"""


@contextmanager
def running(folder: Path) -> Iterator[Stack]:
    """A migrated installation on simulated markets for the time of the block."""
    engines = hold(folder)
    ensure_database(postgres_url(engines.state["run_dir"], "postgres"), DATABASE)
    port = ports.free()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "arbedge.settings",
        "ARBEDGE_DATA": str(folder),
        "ARBEDGE_ENV": "test",
        "SECRET_KEY": "only-for-tests",
        "LOG_LEVEL": "ERROR",
        "MARKET_MODE": "simulator",
        "SIMULATOR_PORT": str(port),
        "DATABASE_URL": engines.database_url(DATABASE),
        "BROKER_URL": engines.redis_url(0),
        "CACHE_URL": engines.redis_url(1),
        "CACHE_PREFIX": "chaos",
    }
    stack = Stack(folder, engines, environment)
    simulator = _manage(environment, "simulate", "--port", str(port))
    try:
        assert _manage(environment, "migrate", "--verbosity", "0").wait() == 0
        stack.change(_AT_ONCE)
        until(lambda: _speaks(port), "the simulator speaks")
        yield stack
    finally:
        for process in (simulator, *(worker.process for worker in stack.workers)):
            process.kill()
            process.communicate()
        engines.release()


def _manage(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _speaks(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_state", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
