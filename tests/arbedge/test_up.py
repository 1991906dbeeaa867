"""`manage.py up` as a person runs it: a real process, really ended."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from arbedge.engines.leftovers import command_line

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("DATABASE_URL", "REDIS_URL", "CACHE_URL", "BROKER_URL", "SECRET_KEY", "ARBEDGE_ENV")


@dataclass
class Up:
    """A running `up` on a data folder of its own."""

    process: subprocess.Popen[str]
    folder: Path
    said: list[str]

    def left(self) -> list[str]:
        """The commands still running that belong to this folder."""
        processes = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        lines = (command_line(pid) for pid in processes)
        return [line for line in lines if str(self.folder) in line]

    def read_until(self, text: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())
            if text in line:
                return
        pytest.fail(f"never said {text!r}: {self.said} {self.errors()}")

    def errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="arbedge-test-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def up(data_dir: Path) -> Iterator[Up]:
    begun = start(data_dir, WEB_PORT="0", FLOWER_PORT="0")
    yield begun
    begun.process.kill()
    begun.process.communicate()


def ignore_interrupts() -> None:
    """As a shell without job control starts its background programs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def start(data_dir: Path, **environment: str) -> Up:
    clean = {name: value for name, value in os.environ.items() if name not in ENGINES}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--no-screen"],
        cwd=ROOT,
        env={**clean, "ARBEDGE_DATA": str(data_dir), "MARKET_MODE": "live", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=ignore_interrupts,  # noqa: PLW1509  one thread here
    )
    return Up(process, data_dir, [])


def wait_for_nothing_left(up: Up) -> list[str]:
    deadline = time.monotonic() + 40
    while up.left() and time.monotonic() < deadline:
        time.sleep(0.1)
    return up.left()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="counts processes in /proc")
def test_ctrl_c_leaves_nothing_running(up: Up) -> None:
    up.read_until("Ready after")
    assert any("postgres" in line for line in up.left())
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert up.left() == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="counts processes in /proc")
def test_sigkill_of_up_leaves_nothing_running(up: Up) -> None:
    up.read_until("Health:")
    web_port = int(re.findall(r"Board: http://127.0.0.1:(\d+)/", "\n".join(up.said))[0])
    up.process.kill()
    up.process.wait()
    assert wait_for_nothing_left(up) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", web_port)) != 0


def test_a_port_in_use_is_named_with_its_setting(data_dir: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = start(data_dir, WEB_PORT=str(port), FLOWER_PORT="0")
        _, errors = refused.process.communicate(timeout=120)
    assert refused.process.returncode == 1
    assert f"Port {port} is in use by another program. Set WEB_PORT to another one" in errors


def test_bad_configuration_stops_the_start_with_what_to_change(data_dir: Path) -> None:
    refused = start(data_dir, SCAN_EVERY_S="-5", WEB_PORT="0", FLOWER_PORT="0")
    _, errors = refused.process.communicate(timeout=120)
    assert refused.process.returncode == 1
    assert "arbedge.E001" in errors
    assert "Set SCAN_EVERY_S to a number above 0." in errors
