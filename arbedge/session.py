"""What a running `manage.py up` tells other commands on this machine: its process and environment.

A second terminal's `manage.py scan` then works on the same markets and the same data.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from arbedge import addresses

LOCK = "up.lock"
STATE = "up.json"


class AlreadyUpError(Exception):
    """Another `up` runs on this data folder; `state` is what it told."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        super().__init__(f"process {state.get('pid', 'unknown')}")
        self.state = state


@dataclass
class Session:
    """The claim of one running `up` on the data folder; the kernel drops it with the process."""

    data_dir: Path
    lock: IO[str] = field(repr=False)

    def tell(self, environment: Mapping[str, str], **more: Any) -> None:
        """Writes what others may know; the environment holds no secrets."""
        draft = self.data_dir / f"{STATE}.new"
        draft.write_text(json.dumps({"pid": os.getpid(), "environment": dict(environment), **more}))
        draft.rename(self.data_dir / STATE)

    def close(self) -> None:
        (self.data_dir / STATE).unlink(missing_ok=True)
        self.lock.close()


def claim(data_dir: Path) -> Session:
    """Returns the session of this `up`. Raises AlreadyUpError while another one runs."""
    data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    lock = (data_dir / LOCK).open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise AlreadyUpError(_read(data_dir)) from None
    return Session(data_dir, lock)


def current(data_dir: Path) -> dict[str, Any]:
    """Returns what the running `up` tells, or nothing when none runs."""
    path = data_dir / LOCK
    if not path.exists():
        return {}
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(data_dir)
    return {}


def adopt(base_dir: Path, argv: list[str]) -> None:
    """Takes over the environment of a running `up`; what this command was given itself wins."""
    if len(argv) < 2 or argv[1] == "up":
        return
    for name, value in current(addresses.data_dir(base_dir)).get("environment", {}).items():
        os.environ.setdefault(name, value)


def _read(data_dir: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((data_dir / STATE).read_text())
    except FileNotFoundError:
        return {}
    return told
