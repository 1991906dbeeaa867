"""Deliveries under fire end exactly once; what is repeated was under way when somebody was killed.

Ten thousand: `python -m tests.chaos.deliveries --number 10000`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.deliveries import Figures, Plan, unleash
from tests.chaos.stack import NOBODY, Stack

pytestmark = pytest.mark.chaos

PLAN = Plan(
    number=1_200, latency_s=0.15, kills=3, flushes=1, cache_kills=1, database_kills=1, every_s=1.0
)


@pytest.fixture(scope="module")
def figures(installation: Stack) -> Iterator[Figures]:
    figures = unleash(installation, PLAN)
    print("\n".join(figures.lines()))
    yield figures
    installation.change(NOBODY)


def test_every_delivery_ends_in_exactly_one_final_state(figures: Figures) -> None:
    assert figures.rows == sum(figures.states.values()) == PLAN.number
    assert set(figures.states) == {"sent", "failed", "cancelled"}
    assert figures.blows == {"worker": 3, "flush": 1, "cache": 1, "database": 1}


def test_none_is_lost(figures: Figures) -> None:
    """What is told as sent the provider has; what ended otherwise did so for a reason of its own:
    a bot that was blocked, an hour that was full."""
    assert figures.sent_unseen == 0
    assert set(figures.codes) == {"", "blocked", "hour_full"}


def test_nothing_that_was_taken_is_told_otherwise(figures: Figures) -> None:
    assert figures.seen_unsent == 0


def test_repeats_are_at_most_what_was_under_way_at_a_kill(figures: Figures) -> None:
    assert figures.repeats <= figures.at_risk


def test_nobody_is_told_more_than_his_limit_though_the_cache_was_lost(figures: Figures) -> None:
    assert figures.most_in_an_hour == 5
