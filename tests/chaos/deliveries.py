"""Deliveries under fire: workers killed at random, the cache flushed and killed, the database too.

`python -m tests.chaos.deliveries --number 10000` prints what came of them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import redis

from arbedge import ports
from tests.chaos.blows import Course, ended, shuffled
from tests.chaos.stack import ROOT, Stack, running, until

WORKERS = 2
LEASE_S = 8.0
PATIENCE_S = 600.0
BUSY_WITHIN_S = 10.0
BLOCKED_EVERY = 50
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is done to whom: `latency_s` is the provider's, so that kills meet work under way."""

    number: int
    latency_s: float
    kills: int
    flushes: int
    cache_kills: int
    database_kills: int
    every_s: float
    seed: int = 1

    def blows(self) -> list[str]:
        """All that will happen, in an order that the seed decides."""
        return shuffled(self.seed, worker=self.kills, flush=self.flushes, cache=self.cache_kills,
                        database=self.database_kills)  # fmt: skip


@dataclass
class Figures(Course):
    """What came of it. `at_risk` were sent but not yet told when something was killed."""

    number: int
    codes: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    calls: int = 0
    repeats: int = 0
    at_risk: int = 0
    sent_unseen: int = 0  # told as sent, but the provider never took it
    seen_unsent: int = 0  # taken by the provider, but not told as sent
    most_in_an_hour: int = 0

    def lines(self) -> list[str]:
        codes = ended(self.codes) or "no codes"
        return [
            f"{self.number:,} deliveries in {self.took}",
            f"final states: {ended(self.states)} ({codes}); rows {self.rows:,}",
            f"taken by the provider: {self.calls:,}; repeats {self.repeats}",
            f"sent but not yet told at a kill: {self.at_risk}",
            f"told as sent but never taken: {self.sent_unseen}",
            f"taken but not told as sent: {self.seen_unsent}",
            f"most messages anybody got in the hour: {self.most_in_an_hour} (limit 5)",
        ]


class Workers:
    """Worker processes; what each claims is known by the tokens it says."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.deliverer"],
            cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.tokens: dict[int, list[str]] = {}
        self.failed: Counter[str] = Counter()
        self.ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.ready.wait(120)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line) if line.startswith("{") else {}
            if "ready" in told:
                self.ready.set()
            elif "began" in told:
                self.tokens[told["pid"]] = []
            elif "token" in told:
                self.tokens[told["pid"]].append(told["token"])
            elif "failed" in told:
                self.failed[told["failed"]] += 1

    def hire(self, number: int) -> None:
        """Returns when so many more have begun."""
        wanted = len(self.tokens) + number
        assert self.process.stdin is not None
        self.process.stdin.write(number * "\n")
        self.process.stdin.flush()
        until(lambda: len(self.tokens) >= wanted, "workers begin")

    def signal(self, pid: int, sign: signal.Signals) -> None:
        os.kill(pid, sign)

    def end(self) -> None:
        """Ends all that are left."""
        for pid in self.tokens:
            self.signal(pid, signal.SIGKILL)
        self.process.kill()
        self.process.communicate()


class Field:
    """Provider, queue and workers, and the blows they take."""

    def __init__(self, stack: Stack, plan: Plan, url: str, say: Say) -> None:
        self.stack, self.plan, self.url, self.say = stack, plan, url, say
        self.figures = Figures(plan.number)
        self.environment = {
            **stack.environment,
            "BOT_TOKEN": "1:chaos",
            "TELEGRAM_API_URL": url,
            "TELEGRAM_PER_SECOND": "100000",
            "LOG_LEVEL": "CRITICAL",
            "CHAOS_LEASE_S": str(LEASE_S),
        }
        self.workers: Workers | None = None
        self.chance = random.Random(plan.seed)
        self.seeded: dict[str, Any] = {}

    def run(self) -> Figures:
        self._seed()
        began = time.monotonic()
        self.workers = Workers(self.environment)
        self.workers.hire(WORKERS)
        self.say("workers are there")
        for blow in self.plan.blows():
            time.sleep(self.plan.every_s)
            self.say(f"{self._open():,} open, {dict(self.workers.failed)}; next: {blow}")
            self._strike(blow)
        until(lambda: self._open() == 0, "every delivery ends", PATIENCE_S)
        self.figures.took_s = time.monotonic() - began
        self._count()
        return self.figures

    def end(self) -> None:
        """Leaves no worker behind."""
        if self.workers is not None:
            self.workers.end()

    def _seed(self) -> None:
        self.stack.cache().flushall()
        self.stack.change(EMPTY)
        told = subprocess.run(
            [sys.executable, "-m", "tests.chaos.deliverer", "--seed", str(self.plan.number)],
            cwd=ROOT, env=self.environment, text=True, check=True, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.seeded = json.loads(told.stdout.splitlines()[-1])
        httpx.put(f"{self.url}/_limits", json={"on": False}).raise_for_status()
        for chat in self.seeded["modest"][::BLOCKED_EVERY]:
            self._fault({"kind": "blocked", "receiver": "telegram", "to": str(chat)})
        if self.plan.latency_s:
            self._fault({"kind": "latency", "receiver": "telegram", "by_s": self.plan.latency_s})

    def _fault(self, wish: dict[str, Any]) -> None:
        httpx.post(f"{self.url}/_faults", json=wish).raise_for_status()

    def _strike(self, blow: str) -> None:
        {
            "worker": self._kill_worker,
            "flush": lambda: self.stack.cache().flushall(),
            "cache": lambda: self.stack.restart("valkey"),
            "database": self._kill_database,
        }[blow]()
        self.figures.blows[blow] += 1

    def _kill_worker(self) -> None:
        """What it had sent and not told is at risk; it stands still while that is counted."""
        workers = self._there()
        victim = self.chance.choice(self._busy() or sorted(workers.tokens))
        workers.signal(victim, signal.SIGSTOP)
        time.sleep(self.plan.latency_s + 0.1)  # what is under way reaches the provider's book
        self.figures.at_risk += self._sent_untold(workers.tokens.pop(victim))
        workers.signal(victim, signal.SIGKILL)
        workers.hire(1)

    def _busy(self) -> list[int]:
        """Those that hold rows, once there are some: whom to kill hurts most."""
        end = time.monotonic() + BUSY_WITHIN_S
        while time.monotonic() < end:
            held = {token for (token,) in self.stack.rows(HELD)}
            found = [pid for pid, own in self._there().tokens.items() if held.intersection(own)]
            if found:
                return sorted(found)
        return []

    def _kill_database(self) -> None:
        """All stand still while it is counted what only they know to be sent."""
        workers = self._there()
        for pid in workers.tokens:
            workers.signal(pid, signal.SIGSTOP)
        time.sleep(self.plan.latency_s + 0.1)
        self.figures.at_risk += sum(self._sent_untold(one) for one in workers.tokens.values())
        for pid in workers.tokens:
            workers.signal(pid, signal.SIGCONT)
        self.stack.restart("postgres")

    def _there(self) -> Workers:
        assert self.workers is not None
        return self.workers

    def _sent_untold(self, tokens: list[str]) -> int:
        held = self.stack.rows(
            "SELECT id FROM notifications_delivery WHERE state = 'sending'"
            f" AND token::text IN ({', '.join(repr(one) for one in tokens) or 'NULL'})"
        )
        taken = self._taken()
        return sum(taken[number] > 0 for (number,) in held)

    def _taken(self) -> Counter[int]:
        """How often the provider took each delivery."""
        calls = httpx.get(f"{self.url}/_log", params={"receiver": "telegram"}, timeout=60).json()
        return Counter(
            self.seeded["deliveries"][f"{call['to']} {asset_in(call['text'])}"]
            for call in calls
            if call["status"] == 200
        )

    def _open(self) -> int:
        [(waiting,)] = patiently(lambda: self.stack.rows(WAITING))
        return int(waiting)

    def _count(self) -> None:
        found = self.stack.rows(ENDED)
        taken, told = self._taken(), {number: state for number, _, state, _ in found}
        figures = self.figures
        figures.rows = len(found)
        figures.states = Counter(told.values())
        figures.codes = Counter(code for *_, code in found)
        figures.calls = sum(taken.values())
        figures.repeats = sum(times - 1 for times in taken.values())
        figures.sent_unseen = sum(
            state == "sent" and not taken[number] for number, state in told.items()
        )
        figures.seen_unsent = sum(told.get(number) != "sent" for number in taken)
        got = Counter(who for number, who, _, _ in found if taken[number])
        figures.most_in_an_hour = max(got.values())


def asset_in(text: str) -> str:
    """The asset a message is about."""
    return next(word for word in assets() if word in text)


def assets() -> list[str]:
    return [f"C{n:03d}X" for n in range(20)]


def patiently(ask: Callable[[], Any]) -> Any:
    """The answer, once the database gives one."""

    def asked() -> Any:
        try:
            return ask()
        except (psycopg.OperationalError, redis.RedisError):
            return None

    return until(asked, "the database answers")


@contextmanager
def provider(stack: Stack) -> Iterator[str]:
    """A Bot API of our own on loopback."""
    port, mail = ports.free(), ports.free()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "receive", "--any-bot", "--port", str(port),
         "--mail-port", str(mail)],
        cwd=ROOT, env=stack.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: _answers(url), "the provider answers")
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_state").status_code == 200
    except httpx.TransportError:
        return False


def unleash(stack: Stack, plan: Plan, say: Say = lambda _: None) -> Figures:
    """Runs the plan on an installation that is a test's own; `say` hears how it goes."""
    with provider(stack) as url:
        scene = Field(stack, plan, url, say)
        try:
            return scene.run()
        finally:
            scene.end()


HELD = "SELECT DISTINCT token::text FROM notifications_delivery WHERE state = 'sending'"
EMPTY = """
    TRUNCATE notifications_delivery, notifications_deliverylog, notifications_attempt,
        notifications_slice, notifications_message, notifications_address, accounts_session,
        accounts_audience, accounts_user CASCADE
"""
WAITING = "SELECT count(*) FROM notifications_delivery WHERE state IN ('pending', 'sending')"
ENDED = """
    SELECT id, recipient_id, state, code FROM notifications_delivery
    UNION ALL SELECT id, recipient_id, state, code FROM notifications_deliverylog
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--number", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    plan = Plan(
        number=options.number, latency_s=0.1, kills=8, flushes=2, cache_kills=2,
        database_kills=2, every_s=2.0, seed=options.seed,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="arbedge-chaos-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        with running(Path(name)) as stack:
            figures = unleash(stack, plan, lambda line: print(line, file=sys.stderr))
    print("\n".join(figures.lines()))
    good = not figures.sent_unseen and not figures.seen_unsent
    sys.exit(0 if good and figures.repeats <= figures.at_risk else 1)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arbedge.settings")
    main()
