"""Receivers and workers as processes of their own, and what the receivers were told."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from arbedge import ports

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "7000000001:a-token-that-only-this-bench-knows"
WORKERS = 2
PATIENCE_S = 300.0
SWEEP_S = 5.0  # as often as the sweeper looks after messages


@dataclass(frozen=True)
class Receiver:
    """The Bot API at `url`, asked over one connection: a new one each time would cost more than
    what is measured."""

    url: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60), repr=False)

    def limit(self, **rates: Any) -> None:
        """From now on these limits hold."""
        self.client.put(f"{self.url}/_limits", json=rates).raise_for_status()

    def clear(self) -> None:
        """Forgets what it was told."""
        self.client.delete(f"{self.url}/_log").raise_for_status()

    def wish(self, **wish: Any) -> None:
        """From now on this goes wrong."""
        self.client.post(f"{self.url}/_faults", json=wish).raise_for_status()

    def answered(self) -> Mapping[str, int]:
        """How many calls by status."""
        told: Mapping[str, Mapping[str, int]] = self._read("_state")["answered"]
        return told.get("telegram", {})

    def taken(self) -> int:
        """How many messages it took."""
        return self.answered().get("200", 0)

    def calls(self) -> list[dict[str, Any]]:
        """Every call, the oldest first."""
        told: list[dict[str, Any]] = self._read("_log")
        return told

    def _read(self, what: str) -> Any:
        return self.client.get(f"{self.url}/{what}").raise_for_status().json()


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """A Bot API in a process of its own, limits off."""
    port, mail_port = ports.free(), ports.free()
    command = ["manage.py", "receive", "--port", str(port), "--mail-port", str(mail_port)]
    with _process([*command, "--any-bot"], {}):
        found = Receiver(f"http://127.0.0.1:{port}")
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                found.limit(on=False)
                break
            time.sleep(0.1)
        yield found


@contextlib.contextmanager
def workers(at: Receiver, per_second: int) -> Iterator[None]:
    """The Procfile's workers of messages, sending to that receiver at that pace."""
    command = ["-m", "celery", "--app", "arbedge", "worker", "--queues", "fanout,deliver",
               "--concurrency", str(WORKERS), "--hostname", "bench@%h", "--without-gossip",
               "--without-mingle", "--loglevel", "ERROR"]  # fmt: skip
    from django.conf import settings

    told = {
        "TELEGRAM_API_URL": at.url,
        "BOT_TOKEN": TOKEN,
        "TELEGRAM_PER_SECOND": str(per_second),
        "BROKER_URL": str(settings.CELERY_BROKER_URL),  # Celery's command line reads it as it is
    }
    with _process(command, told) as process:
        _wait_for_workers(process)
        yield


def _wait_for_workers(process: subprocess.Popen[bytes]) -> None:
    from arbedge.celery import app

    end = time.monotonic() + PATIENCE_S
    while not app.control.ping(timeout=1.0):
        assert process.poll() is None, "the workers ended"
        assert time.monotonic() < end, "the workers never came"


@contextlib.contextmanager
def _process(
    command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env={**os.environ, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def until_taken(at: Receiver, number: int) -> None:
    """Waits until so many messages were taken; wakes workers as the sweeper would."""
    from arbedge.names import Channel
    from notifications.sending import waking

    end, swept = time.monotonic() + PATIENCE_S, time.monotonic()
    while (taken := at.taken()) < number:
        assert time.monotonic() < end, f"only {taken} of {number} messages came"
        if time.monotonic() - swept > SWEEP_S:
            waking.deliver([Channel.TELEGRAM])
            swept = time.monotonic()
        time.sleep(0.2)
