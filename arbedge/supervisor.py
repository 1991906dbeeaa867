"""Runs the Procfile's processes of one machine: logs, restarts with back-off, a clean end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from arbedge.guard import end

CRASHES_ALLOWED = 5
CRASH_WINDOW_S = 60.0
FIRST_BACK_OFF_S = 0.5
STOP_WITHIN_S = 6.0
LOG_LIMIT_BYTES = 20_000_000
TAIL_LINES = 12


class GaveUpError(Exception):
    """A process keeps crashing; the message shows the end of its log."""


@dataclass
class Process:
    """One line of the Procfile and the process that runs it now."""

    name: str
    command: str
    log: Path
    running: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    crashes: list[float] = field(default_factory=list)
    starts: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0

    @property
    def state(self) -> str:
        """What an operator should read: running, or when it starts again."""
        if self.running is not None:
            return "running"
        wait_s = self.start_again_at - time.monotonic()
        return f"crashed, starts again in {max(0.0, wait_s):.0f} s" if self.starts else "waiting"


def read_procfile(path: Path) -> Iterator[tuple[str, str]]:
    """Yields (name, command) of each line; comments and empty lines are passed over."""
    for line in path.read_text().splitlines():
        name, colon, command = line.partition(":")
        if colon and not line.startswith("#"):
            yield name.strip(), command.strip()


class Supervisor:
    """Starts the processes, starts crashed ones again, ends them all."""

    def __init__(
        self,
        lines: Mapping[str, str],
        *,
        folder: Path,
        logs: Path,
        environment: Mapping[str, str],
        keep_open: tuple[int, ...] = (),
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.environment = {**os.environ, **environment, "PATH": _path(), "PYTHONUNBUFFERED": "1"}
        self.processes = [
            Process(name, command, logs / f"{name}.log") for name, command in lines.items()
        ]
        self.keep_open = keep_open
        self.guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the guard, then everything. Whoever begins this must stop it, however it ends: the
        guard keeps the files open until then."""
        self.guard = self._start_guard()
        for process in self.processes:
            self._start(process)

    def tend(self) -> list[str]:
        """Looks after the processes once; returns what happened, in words.

        Raises GaveUpError when one crashed `CRASHES_ALLOWED` times within a minute.
        """
        now = time.monotonic()
        news = []
        for process in self.processes:
            _limit(process.log)
            if process.running is not None and process.running.poll() is not None:
                news.append(self._note_crash(process, now))
            if process.running is None and now >= process.start_again_at:
                self._start(process)
                news.append(f"{process.name} started again")
        return news

    def stop(self) -> None:
        """Returns when no process is left: each may finish its work, but only for seconds."""
        alive = [process.running for process in self.processes if process.running is not None]
        for running in alive:
            with contextlib.suppress(ProcessLookupError):
                running.send_signal(signal.SIGTERM)  # the leader only: it ends its own children
        deadline = time.monotonic() + STOP_WITHIN_S
        for running in alive:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(max(0.0, deadline - time.monotonic()))
        end((running.pid for running in alive), grace_s=0.2)
        for running in alive:
            running.wait()
        if self.guard is not None and self.guard.stdin is not None:
            self.guard.stdin.close()
            self.guard.wait()

    def _start(self, process: Process) -> None:
        with process.log.open("ab") as log:
            process.running = subprocess.Popen(  # noqa: S603  our own Procfile
                ["/bin/sh", "-c", f"exec env {process.command}"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process.starts += 1
        process.started_at = time.monotonic()
        self._tell_guard(f"+{process.running.pid}")

    def _note_crash(self, process: Process, now: float) -> str:
        assert process.running is not None
        code = process.running.returncode
        end([process.running.pid], grace_s=1.0)  # what it left behind must not work beside the next
        self._tell_guard(f"-{process.running.pid}")
        process.running = None
        process.crashes = [at for at in process.crashes if now - at < CRASH_WINDOW_S] + [now]
        if len(process.crashes) >= CRASHES_ALLOWED:
            raise GaveUpError(
                f"{process.name} ended {CRASHES_ALLOWED} times within a minute (last code {code})."
                f" Everything was stopped. The end of {process.log}:\n{_tail(process.log)}"
            )
        back_off_s = FIRST_BACK_OFF_S * 2 ** (len(process.crashes) - 1)
        process.start_again_at = now + back_off_s
        return f"{process.name} ended (code {code}), starting it again in {back_off_s:g} s"

    def _start_guard(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "arbedge.guard"],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=self.keep_open,
        )

    def _tell_guard(self, line: str) -> None:
        assert self.guard is not None, "start() comes first"
        assert self.guard.stdin is not None
        self.guard.stdin.write(f"{line}\n".encode())
        self.guard.stdin.flush()


def _path() -> str:
    """The programs of this very installation come first."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _limit(log: Path) -> None:
    """A log that grew too long is kept as `.1` and begun anew; its writer appends, so may go on."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)


def _tail(log: Path) -> str:
    def last(file: IO[bytes]) -> bytes:
        file.seek(max(0, log.stat().st_size - 8_000))
        return file.read()

    with log.open("rb") as file:
        return "\n".join(last(file).decode(errors="replace").splitlines()[-TAIL_LINES:])
