"""The demo as a new user has it: found, shown, killed piece by piece, and ended with Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from arbedge.addresses import postgres_url
from arbedge.session import PORTS
from exchanges.simulator.planted import PLANTED
from exchanges.simulator.traps import TRAPS, When
from tests.chaos.stack import DATABASE, ROOT, until

pytestmark = pytest.mark.chaos

OWN = re.compile(r"DATABASE_URL|REDIS_URL|CACHE_URL|BROKER_URL|CACHE_PREFIX|ARBEDGE_|SECRET_KEY")
# A shell that runs tests in the background ignores SIGINT, and children would inherit that.
START = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL);"
    "os.execv(sys.executable, [sys.executable, 'manage.py', *sys.argv[1:]])"
)
PIECES = {  # what the process list shows of each
    "the workers of market and scans": "--hostname market@",
    "the workers of messages": "--hostname notify@",
    "the worker of everything else": "--hostname tasks@",
    "the schedule": "celery --app arbedge beat",
    "the web": "granian --interface",
    "the venues": "manage.py simulate",
    "the receivers": "manage.py receive",
    "Flower": "celery --app arbedge flower",
    "the cache": "valkey-server",
    "the database": "bin/postgres -D",
}
WANTED = {(case.kind, case.coin.name, case.long.venue, case.short.venue) for case in PLANTED}
PAYING = {case.coin.name for case in PLANTED}
TRAPPED = {trap.coin.name for trap in TRAPS} - PAYING
# A book is read within the share of extra calls: until then its depth is unknown, not thin.
SHALLOW = {trap.coin.name for trap in TRAPS if trap.when is When.WITH_BOOKS}


@dataclass
class Demo:
    """A running `manage.py up --demo` on a data folder of its own."""

    process: subprocess.Popen[str]
    folder: Path
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)

    def address(self, name: str) -> str:
        """An address it told, e.g. of the Board."""

        def told() -> str:
            assert self.process.poll() is None, self.said
            return next((line for line in self.said if line.startswith(f"{name}: ")), "")

        return until(told, f"address of {name}").partition(": ")[2]

    def page(self, path: str = "") -> str:
        """A page as a visitor gets it, empty while the web does not answer."""
        try:
            with urllib.request.urlopen(self.address("Board") + path, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def messages(self) -> int:
        """How many messages the phone shows."""
        try:
            with urllib.request.urlopen(self.address("Phone") + "_messages", timeout=5) as answer:
                return int(json.load(answer)["number"])
        except OSError:
            return 0

    def scan(self) -> dict[str, Any]:
        """What `manage.py scan --once --json` prints in another terminal."""
        done = subprocess.run(
            [sys.executable, "manage.py", "scan", "--once", "--json"],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        answer: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        return answer

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of its database; none while that does not answer."""
        try:
            state = json.loads((self.folder / "engines.json").read_text())
            with psycopg.connect(postgres_url(state["run_dir"], DATABASE)) as connection:
                return connection.execute(query.encode()).fetchall()
        except (OSError, psycopg.Error):
            return []

    def pids(self, words: str) -> list[int]:
        """Processes of this demo whose command has these words, the oldest first."""
        return sorted(pid for pid, command in self.processes() if words in command)

    def processes(self) -> Iterator[tuple[int, str]]:
        """Everything that runs on this data folder."""
        mark = str(self.folder).encode()
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes()
                ours = mark in command or mark in (entry / "environ").read_bytes()
            except OSError:
                continue
            if entry.name.isdigit() and ours:
                yield int(entry.name), command.replace(b"\0", b" ").decode()

    def listen(self) -> None:
        assert self.process.stdout is not None
        self.said.extend(line.strip() for line in self.process.stdout)


@contextmanager
def running() -> Iterator[Demo]:
    """The demo for the time of the block; whatever happens, nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="arbedge-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        clean = {key: value for key, value in os.environ.items() if not OWN.match(key)}
        ports = dict.fromkeys(PORTS, "0")
        environment = {**clean, **ports, "ARBEDGE_DATA": name, "ARBEDGE_ENV": "local"}
        process = subprocess.Popen(
            [sys.executable, "-c", START, "up", "--demo", "--no-screen"],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        for port in ports:
            del environment[port]  # another terminal knows only the folder
        demo = Demo(process, folder, environment)
        listener = threading.Thread(target=demo.listen, daemon=True)
        listener.start()
        try:
            yield demo
        finally:
            process.kill()
            process.wait()
            until(lambda: not list(demo.processes()), "the guard has ended everything")
            listener.join(10)
            assert process.stdout is not None
            process.stdout.close()


def found(answer: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    """(kind, coin, long venue, short venue) of what passes."""
    return {
        (row["kind"], row["asset"], *(leg["venue"] for leg in row["legs"]))
        for row in answer.get("opportunities", [])
    }


def planted_and_no_other(demo: Demo) -> bool:
    """A scan finds all that is planted with the nets of the decimal calculation, and no trap.

    A trap made of a thin order book falls as soon as that book has been read.
    """
    answer = demo.scan()
    if found(answer) != WANTED:
        return False
    now_ms = int(datetime.fromisoformat(answer["as_of"]).timestamp() * 1000)
    nets = {row["asset"]: row["net"] for row in answer["opportunities"]}
    return all(
        abs(nets[case.coin.name] - float(case.expected(now_ms).net)) < 1e-9 for case in PLANTED
    )


def scans_since(demo: Demo, moment: datetime) -> int:
    newer = f"SELECT count(*) FROM opportunities_scanrecord WHERE as_of > '{moment.isoformat()}'"
    return sum(number for (number,) in demo.rows(newer))


def live(demo: Demo) -> dict[str, int]:
    """Fingerprint to id of what lives and was planted; nothing may live twice."""
    rows = demo.rows(
        "SELECT fingerprint, id, asset FROM opportunities_opportunity WHERE live_key IS NOT NULL"
    )
    assert len({fingerprint for fingerprint, _, _ in rows}) == len(rows)
    return {fingerprint: number for fingerprint, number, asset in rows if asset in PAYING}


def coins(demo: Demo) -> set[str]:
    """Coins that were ever opened."""
    return {asset for (asset,) in demo.rows("SELECT asset FROM opportunities_opportunity")}


def kill_and_see_it_heal(demo: Demo, words: str) -> None:
    """Kills the oldest process of a piece; a new one comes, scans go on, the board answers."""
    before = set(demo.pids(words))
    os.kill(min(before), signal.SIGKILL)
    until(lambda: set(demo.pids(words)) - before, f"{words} runs again")
    killed = datetime.now(UTC)
    until(lambda: scans_since(demo, killed), f"scans go on after {words} was killed")
    until(demo.page, f"the board answers after {words} was killed")


def test_the_demo_finds_everything_heals_and_leaves_nothing() -> None:
    """One start for many checks: it takes seconds, and nothing here depends on another test."""
    with running() as demo:
        until(lambda: planted_and_no_other(demo), "all that is planted is found, and no trap")
        until(lambda: len(live(demo)) >= len(PLANTED), "all that is planted is open")
        opened = live(demo)
        assert not coins(demo) & (TRAPPED - SHALLOW)
        until(lambda: demo.messages() >= len(PLANTED), "messages arrive on the phone")
        assert sum(f">{coin} <" in demo.page().replace("\n", "") for coin in PAYING) >= 5

        for words in PIECES.values():
            kill_and_see_it_heal(demo, words)
        assert {key: live(demo).get(key) for key in opened} == opened

        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(60) == 0
        until(lambda: not list(demo.processes()), "everything has ended")
