"""Processes made as Celery's prefork makes them: all modules read once, a child for every line."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django
import structlog


def set_up() -> None:
    """Django, and logs as lines of JSON on their own."""
    django.setup()
    structlog.configure(processors=[structlog.processors.JSONRenderer()])


def fork_for_every_line(work: Callable[[], None]) -> None:
    """A child that works for every line that is read; nothing may be connected before."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    say({"ready": True})
    for _ in sys.stdin:
        if os.fork() == 0:
            work()
            os._exit(0)


def say(told: dict[str, Any]) -> None:
    """One line, whole whoever else writes: what is told, and by which process."""
    os.write(1, f"{json.dumps({'pid': os.getpid(), **told})}\n".encode())
