"""Servers that outlived their keeper (it was killed, or the machine went down)."""

import os
import signal
import subprocess
import time
from pathlib import Path

from arbedge.engines import EngineError

STOP_WITHIN_S = 20.0


def stop(home: Path) -> list[str]:
    """Stops the servers a dead keeper of this home left running; returns their names."""
    stopped = []
    for name, pid_file, gently in (
        ("postgres", home / "postgres" / "postmaster.pid", signal.SIGINT),
        ("valkey", home / "valkey" / "valkey.pid", signal.SIGTERM),
    ):
        pid = _pid(pid_file)
        if pid and name in command_line(pid):
            _end(pid, name, gently)
            stopped.append(name)
    return stopped


def command_line(pid: int) -> str:
    """Returns the command of a process, empty if it is gone: ids are used again by the system."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self").exists():
            return ""
    shown = subprocess.run(  # noqa: S603  macOS has no /proc
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


def _pid(pid_file: Path) -> int:
    try:
        first = pid_file.read_text().splitlines()[0].strip()
    except (FileNotFoundError, IndexError):
        return 0
    return int(first) if first.isdigit() else 0


def _end(pid: int, name: str, gently: signal.Signals) -> None:
    for sign, within_s in ((gently, STOP_WITHIN_S), (signal.SIGKILL, STOP_WITHIN_S)):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if name not in command_line(pid):
                return
            time.sleep(0.05)
    raise EngineError(f"A {name} left behind (process {pid}) does not end. Stop it and try again.")
