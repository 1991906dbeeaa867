"""What a running `manage.py up` tells other commands on this machine: its process and environment.

A second terminal's `manage.py scan` then works on the same markets and the same data.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from arbedge import addresses, ports

LOCK = "up.lock"
STATE = "up.json"
CLAIM_TRIES = 5
CLAIM_PAUSE_S = 0.05
PORTS = ("WEB_PORT", "FLOWER_PORT", "SIMULATOR_PORT", "RECEIVER_PORT", "RECEIVER_MAIL_PORT")


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
    for _ in range(CLAIM_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(CLAIM_PAUSE_S)  # a command that is just looking holds it for an instant
        else:
            return Session(data_dir, lock)
    lock.close()
    raise AlreadyUpError(_read(data_dir))


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


def prepare(base_dir: Path, argv: list[str]) -> None:
    """Settles the environment before settings are read.

    `up` takes its markets from its flags and any free port where one is set to 0. Other commands
    take over the environment of a running `up`; what they were given themselves wins.
    """
    if len(argv) > 1 and argv[1] == "up":
        _choose_markets(argv)
        _choose_ports()
        return
    for name, value in current(addresses.data_dir(base_dir)).get("environment", {}).items():
        os.environ.setdefault(name, value)


def _choose_markets(argv: list[str]) -> None:
    flags = ArgumentParser(add_help=False, allow_abbrev=False)
    flags.add_argument("--demo", action="store_true")
    flags.add_argument("--recordings", default="")
    given, _ = flags.parse_known_args(argv[2:])
    if given.recordings:
        os.environ["RECORDINGS"] = str(Path(given.recordings).resolve())
    if given.demo or given.recordings:
        os.environ["DEMO"] = "true"
        os.environ["MARKET_MODE"] = "replay" if given.recordings else "simulator"


def _choose_ports() -> None:
    for name in PORTS:
        if os.environ.get(name) == "0":
            os.environ[name] = str(ports.free())


def _read(data_dir: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((data_dir / STATE).read_text())
    except FileNotFoundError:
        return {}
    return told
