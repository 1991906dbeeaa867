"""The bot's processes die while they handle updates: each is handled, its effects happen once.

More people: `python -m tests.chaos.talking --people 200`.
"""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.chaos.stack import ROOT, Stack
from tests.chaos.talking import EACH, Figures, Plan, unleash

pytestmark = pytest.mark.chaos

PLAN = Plan(people=40, kills=4, blackouts=3, flushes=1, database_kills=1, every_s=1.0)
ENDS_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def figures(installation: Stack) -> Figures:
    figures = unleash(installation, PLAN)
    print("\n".join(figures.lines()))
    return figures


def test_every_update_is_handled(figures: Figures) -> None:
    assert figures.states == {"done": PLAN.people * EACH}
    assert figures.blows == {"process": 4, "all": 3, "flush": 1, "database": 1}


def test_some_were_handled_by_a_second_process(figures: Figures) -> None:
    """Else nothing was shown: nobody died at the wrong moment."""
    assert figures.handled_again > 0


def test_effects_happen_once(figures: Figures) -> None:
    assert len(figures.effects) == PLAN.people * EACH
    assert set(figures.effects.values()) == {1}


def test_everybodys_lines_are_kept_in_order(figures: Figures) -> None:
    assert figures.in_order == PLAN.people


def test_everybody_is_answered_each_time(figures: Figures) -> None:
    assert len(figures.answered) == PLAN.people
    assert min(figures.answered.values()) >= EACH


def test_nothing_that_was_said_is_left(figures: Figures) -> None:
    assert figures.unsealed == 0


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_cleanly_when_it_is_told_to(
    installation: Stack, sign: signal.Signals
) -> None:
    """No Telegram answers here, which is no reason to crash, nor to stay."""
    environment = {
        **installation.environment, "BOT_TOKEN": "7000000001:" + 35 * "x", "LOG_LEVEL": "INFO",
        "TELEGRAM_API_URL": "http://127.0.0.1:9", "TELEGRAM_WEBHOOK": "false",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "manage.py", "bot"], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    before = []
    for line in process.stdout:
        before.append(line)
        if "updates_not_got" in line:
            break
    said = before[-1]
    assert "updates_not_got" in said, "".join(before)
    assert "Can http://127.0.0.1:9 be reached" in said
    process.send_signal(sign)
    rest, _ = process.communicate(timeout=ENDS_WITHIN_S)
    assert process.returncode == 0
    assert "bot_stopped" in rest
    assert "Traceback" not in rest
