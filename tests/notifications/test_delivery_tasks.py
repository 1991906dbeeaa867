"""The tasks of this floor's queue call what does the work, with the time of now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from arbedge import schedule
from arbedge.names import Channel
from notifications import days, pruning, tasks
from notifications.sending import delivery, journal, sweeping
from notifications.sending.teller import Ran


def about_now(moment: Any) -> bool:
    return isinstance(moment, datetime) and abs((timezone.now() - moment).total_seconds()) < 60


def test_delivering_goes_on_with_whoever_is_to_be_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = Ran(sent=3, more=True)
    woken: list[tuple[Channel, Ran]] = []

    def wake(channel: Channel, told: Ran, now: datetime) -> None:
        assert about_now(now)
        woken.append((channel, told))

    monkeypatch.setattr(delivery, "run", lambda channel, now: about_now(now) and ran)
    monkeypatch.setattr(delivery, "wake", wake)
    tasks.deliver("email")
    assert woken == [(Channel.EMAIL, ran)]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done with the time of now, in order."""
    calls: list[str] = []

    def replaced(module: Any, name: str) -> None:
        def do(*_: Any, now: Any = None) -> list[Any]:
            assert about_now(now or _[0])
            calls.append(name)
            return []

        monkeypatch.setattr(module, name, do)

    for module, name in ((sweeping, "sweep"), (journal, "move"), (days, "ensure")):
        replaced(module, name)
    replaced(pruning, "prune")
    return calls


def test_sweeping_and_moving_are_done_with_the_time_of_now(done: list[str]) -> None:
    tasks.sweep()
    tasks.move_to_log()
    assert done == ["sweep", "move"]


def test_pruning_makes_the_days_first(done: list[str]) -> None:
    tasks.prune()
    assert done == ["ensure", "prune"]


@pytest.mark.parametrize(
    ("name", "seconds", "queue"),
    [
        ("notifications.sweep", 5, "fanout"),  # nothing long is before it there
        ("notifications.journal", 60, "default"),
        ("notifications.prune", 3600, "default"),
    ],
)
def test_they_are_scheduled(name: str, seconds: float, queue: str) -> None:
    [entry] = [one for one in schedule.entries.values() if one.task == name]
    assert (entry.every_s, entry.queue) == (seconds, queue)
