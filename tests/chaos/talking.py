"""The bot under fire: its processes killed while they handle, the cache emptied, the database too.

`python -m tests.chaos.talking --people 200` prints what came of it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.chaos.blows import Course, ended, shuffled
from tests.chaos.deliveries import patiently, provider
from tests.chaos.stack import ROOT, Stack, Worker, running, until
from tests.chaos.talker import FIRST

PROCESSES = 2
TOKEN = "1:chaos"
EACH = 3  # one /start and two lines of feedback
PATIENCE_S = 300.0
Say = Callable[[str], None]

OPEN = "SELECT count(*) FROM notifications_botupdate WHERE state < 2"
BUSY = "SELECT 1 FROM notifications_botupdate WHERE state = 0 AND attempts > 0 LIMIT 1"
ROWS = "SELECT update_id, state, problem, sealed, attempts FROM notifications_botupdate"
TABLE = "DROP TABLE IF EXISTS chaos_effect; CREATE TABLE chaos_effect (update_id bigint)"
EFFECTS = "SELECT update_id FROM chaos_effect"
FEEDBACK = """
    SELECT u.telegram_id, f.text FROM notifications_feedback f JOIN accounts_user u
    ON u.id = f.user_id ORDER BY f.id
"""
STATES = {0: "waiting", 1: "answering", 2: "done", 3: "failed"}


@dataclass(frozen=True)
class Plan:
    """How many people talk to the bot, and what is done to it while they do."""

    people: int
    kills: int
    blackouts: int  # all processes at once, while something is being handled
    flushes: int
    database_kills: int
    every_s: float
    latency_s: float = 0.05
    seed: int = 1

    def blows(self) -> list[str]:
        """All that will happen, in an order that the seed decides."""
        return shuffled(self.seed, process=self.kills, all=self.blackouts, flush=self.flushes,
                        database=self.database_kills)  # fmt: skip


@dataclass
class Figures(Course):
    """What came of it."""

    typed: int
    unsealed: int = 0  # rows that still hold what was said
    effects: Counter[int] = field(default_factory=Counter)
    in_order: int = 0  # people whose lines were kept as they were typed
    answered: Counter[int] = field(default_factory=Counter)
    handled_again: int = 0

    def lines(self) -> list[str]:
        most = max(self.effects.values(), default=0)
        return [
            f"{self.typed:,} updates in {self.took}",
            f"final states: {ended(self.states)}; claimed more than once: {self.handled_again}",
            f"effects: {self.effects.total():,} of {len(self.effects):,} updates, {most} at most",
            f"answers: {self.answered.total():,} to {len(self.answered):,} people",
            f"people whose lines were kept in order: {self.in_order:,}",
        ]


class Field:
    """People who talk, processes that answer, and the blows these take."""

    def __init__(self, stack: Stack, plan: Plan, url: str, say: Say) -> None:
        self.stack, self.plan, self.url, self.say = stack, plan, url, say
        self.people = range(FIRST, FIRST + plan.people)
        self.figures = Figures(EACH * plan.people)
        self.chance = random.Random(plan.seed)
        self.pids: set[int] = set()
        self.environment = {
            **stack.environment, "BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": url,
            "TELEGRAM_PER_SECOND": "100000", "TELEGRAM_WEBHOOK": "false", "INVITE_ONLY": "false",
            "LOG_LEVEL": "CRITICAL",
        }  # fmt: skip
        self.parent = self._parent()

    def run(self) -> Figures:
        self.stack.cache().flushall()
        self.stack.change(TABLE)
        httpx.put(f"{self.url}/_limits", json={"on": False}).raise_for_status()
        wish = {"kind": "latency", "receiver": "telegram", "by_s": self.plan.latency_s}
        httpx.post(f"{self.url}/_faults", json=wish).raise_for_status()
        self._hire(PROCESSES)
        began = time.monotonic()
        talking = threading.Thread(target=self._talk)
        talking.start()
        for blow in self.plan.blows():
            time.sleep(self.plan.every_s)
            self.say(f"{self._open():,} open; next: {blow}")
            self._strike(blow)
        talking.join()
        until(lambda: self._all_in() and self._open() == 0, "every update is done", PATIENCE_S)
        self.figures.took_s = time.monotonic() - began
        self._count()
        return self.figures

    def end(self) -> None:
        """Leaves no process and nobody behind."""
        self._kill(self.pids)
        self.parent.process.kill()
        self.parent.process.communicate()
        command = [sys.executable, "-m", "tests.chaos.talker", "--forget"]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)
        self.stack.change("DROP TABLE IF EXISTS chaos_effect")

    def _parent(self) -> Worker:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.talker"], cwd=ROOT, env=self.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        worker = Worker(process)
        assert worker.answer()["ready"]
        return worker

    def _hire(self, number: int) -> None:
        for _ in range(number):
            self.pids.add(int(self.parent.do("one more")["began"]))

    def _talk(self) -> None:
        """Everybody types, spread over the time of the blows; nobody waits for an answer."""
        pause_s = 0.8 * len(self.plan.blows()) * self.plan.every_s / self.figures.typed
        lines = ["/start", "/feedback line 1", "/feedback line 2"]
        with httpx.Client() as client:
            for line in lines:
                for who in self.people:
                    told = {"chat": who, "text": line}
                    client.post(f"{self.url}/_type", json=told).raise_for_status()
                    time.sleep(pause_s)

    def _strike(self, blow: str) -> None:
        if blow == "process":
            self._kill({self.chance.choice(sorted(self.pids))})
            self._hire(1)
        elif blow == "all":
            self._while_busy()
            self._kill(set(self.pids))
            self._hire(PROCESSES)
        elif blow == "flush":
            self.stack.cache().flushall()
        else:
            self.stack.restart("postgres")
        self.figures.blows[blow] += 1

    def _while_busy(self) -> None:
        """Returns when something is being handled, or does not begin to be for a while."""
        end = time.monotonic() + 5.0
        while not self.stack.rows(BUSY) and time.monotonic() < end:
            time.sleep(0.005)

    def _kill(self, pids: set[int]) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.pids = self.pids - pids

    def _open(self) -> int:
        [(waiting,)] = patiently(lambda: self.stack.rows(OPEN))
        return int(waiting)

    def _all_in(self) -> bool:
        return len(patiently(lambda: self.stack.rows(ROWS))) >= self.figures.typed

    def _count(self) -> None:
        figures, rows = self.figures, self.stack.rows(ROWS)
        figures.states = Counter(
            f"{STATES[state]} {problem}".strip() for _, state, problem, _, _ in rows
        )
        figures.unsealed = sum(bool(sealed) for _, _, _, sealed, _ in rows)
        figures.handled_again = sum(attempts > 1 for *_, attempts in rows)
        figures.effects = Counter(number for (number,) in self.stack.rows(EFFECTS))
        kept: dict[int, list[str]] = {}
        for who, text in self.stack.rows(FEEDBACK):
            kept.setdefault(who, []).append(text)
        figures.in_order = sum(kept.get(who) == ["line 1", "line 2"] for who in self.people)
        figures.answered = Counter(int(call["to"]) for call in self._calls())

    def _calls(self) -> list[Any]:
        asked = {"receiver": "telegram"}
        calls = httpx.get(f"{self.url}/_log", params=asked, timeout=60).json()
        return [one for one in calls if one["status"] == 200 and one["to"].isdigit()]


def unleash(stack: Stack, plan: Plan, say: Say = lambda _: None) -> Figures:
    """Runs the plan on an installation that is a test's own; `say` hears how it goes."""
    with provider(stack) as url:
        scene = Field(stack, plan, url, say)
        try:
            return scene.run()
        finally:
            scene.end()


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.chaos.talking")
    asked.add_argument("--people", type=int, default=200)
    people = asked.parse_args().people
    plan = Plan(people, kills=12, blackouts=6, flushes=2, database_kills=2, every_s=1.5)
    with tempfile.TemporaryDirectory(prefix="arbedge-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        with running(folder) as stack:
            print("\n".join(unleash(stack, plan, print).lines()))


if __name__ == "__main__":
    main()
