"""Broadcasts and bundles, written while their writers and the database are killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.chaos.stack import NOBODY, ROOT, Stack, Worker, until

pytestmark = pytest.mark.chaos

PEOPLE, WITH_ITEMS, KILLS = 4_000, 800, 25


@pytest.fixture
def told(stack: Stack) -> Iterator[dict[str, Any]]:
    """Who is to be written to; they leave with the test."""
    yield _start(stack, "--seed", str(PEOPLE), str(WITH_ITEMS)).answer()
    stack.change(NOBODY)


def _start(stack: Stack, *words: str) -> Worker:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.writer", *words], cwd=ROOT, env=stack.environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    worker = Worker(process)
    stack.workers.append(worker)
    return worker


@contextmanager
def _writers(stack: Stack) -> Iterator[Worker]:
    parent = _start(stack)
    assert parent.answer()["ready"]
    yield parent
    parent.kill()


def _writer(parent: Worker) -> int:
    """The process of a writer that has just begun."""
    number: int = parent.do("write")["writer"]
    return number


def _is_over(stack: Stack) -> bool:
    try:
        [(waiting, reached)] = stack.rows(
            "SELECT (SELECT count(*) FROM notifications_digestitem),"
            " (SELECT reached_id FROM notifications_broadcast)"
        )
    except psycopg.OperationalError:
        return False
    return bool(waiting == 0 and reached == 2**63 - 1)


def _kill_writers(stack: Stack, parent: Worker) -> int:
    """Kills writers at random moments, two at work at a time; how many died with work left."""
    chance, died = random.Random(4), 0
    for turn in range(KILLS):
        both = [_writer(parent), _writer(parent)]
        time.sleep(chance.uniform(0.02, 0.25))
        if turn == KILLS // 2:
            stack.restart("postgres")
        died += 0 if _is_over(stack) else 2
        for writer in both:
            os.kill(writer, signal.SIGKILL)
    return died


def test_everybody_is_written_to_once_whoever_is_killed(stack: Stack, told: dict[str, Any]) -> None:
    with _writers(stack) as parent:
        died = _kill_writers(stack, parent)
        last = _writer(parent)
        until(lambda: _is_over(stack), "everything is written", within_s=120)
        os.kill(last, signal.SIGKILL)

    written = stack.rows(
        f"SELECT recipient_id FROM notifications_delivery WHERE message_id = {told['broadcast']}"
    )
    assert sorted(number for (number,) in written) == sorted(told["people"])
    assert stack.rows("SELECT written, people FROM notifications_broadcast") == [(PEOPLE, PEOPLE)]
    bundles = stack.rows(
        "SELECT recipient_id, items FROM notifications_delivery WHERE topic = 'digest'"
    )
    assert sorted(number for number, _ in bundles) == sorted(told["people"][:WITH_ITEMS])
    assert all(sorted(items) == told["openings"] for _, items in bundles)
    print(
        f"\n{PEOPLE:,} people of a broadcast and {WITH_ITEMS:,} bundles: every one written once;"
        f" {died} writers killed at work, the database once"
    )
