from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from arbedge.guard import end

ROOT = Path(__file__).resolve().parents[2]
STUBBORN = "trap '' TERM; echo started; while :; do sleep 0.1; done"


def group(script: str) -> subprocess.Popen[str]:
    """A shell in a process group of its own, known to have begun its script."""
    shell = subprocess.Popen(
        ["/bin/sh", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert shell.stdout is not None
    assert shell.stdout.readline() == "started\n"
    shell.stdout.close()
    return shell


@pytest.mark.parametrize("script", ["echo started; sleep 600", STUBBORN])
def test_every_group_is_ended_even_a_stubborn_one(script: str) -> None:
    shell = group(script)
    end([shell.pid], grace_s=0.2)
    assert shell.wait(10) < 0


def test_a_group_that_is_gone_is_no_error() -> None:
    shell = group("echo started")
    shell.wait()
    end([shell.pid])


def test_the_guard_ends_what_it_was_told_of_when_its_input_closes() -> None:
    watched, forgotten = group("echo started; sleep 600"), group("echo started; sleep 600")
    guard = subprocess.Popen(
        [sys.executable, "-m", "arbedge.guard"], cwd=ROOT, stdin=subprocess.PIPE, text=True
    )
    guard.communicate(f"+{watched.pid}\n+{forgotten.pid}\n-{forgotten.pid}\n", timeout=30)
    assert watched.wait(10) < 0
    assert forgotten.poll() is None
    forgotten.kill()
    forgotten.wait()
