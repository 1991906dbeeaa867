"""Processes of the bot beside each other: each update once, a person's updates in order."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from threading import Lock

import pytest
from django.utils import timezone

from accounts.models import User
from notifications.bot import answering, dispatch, intake, lanes
from notifications.bot.answering import Sent
from notifications.models import BotUpdate, Feedback
from notifications.models.bot import UpdateState
from tests.accounts.web import fresh_cache
from tests.notifications.bot.asking import member
from tests.notifications.bot.handling import Bot, use_bot
from tests.notifications.bot.test_running import running_bot, until
from tests.notifications.bot.updates import raw, text
from tests.notifications.factories import NOON
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = (7_200_001, 7_200_002, 7_200_003)
EACH = 20


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    fresh_cache()
    yield
    fresh_cache()


class Watched(Bot):
    """A bot that takes a moment, and knows whom it is just talking with."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = Lock()
        self.at_work: Counter[str] = Counter()
        self.most = 0
        self.does = self._take_a_moment

    def _take_a_moment(self, words: str) -> None:
        who = words.partition(" ")[0]
        with self.lock:
            self.at_work[who] += 1
            self.most = max(self.most, *self.at_work.values())
        time.sleep(random.uniform(0, 0.005))
        with self.lock:
            self.at_work[who] -= 1

    def told(self, who: int) -> list[int]:
        """Which of his updates were handled, in that order."""
        return [int(one.split()[1]) for one in self.handled if one.startswith(f"{who} ")]


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Watched:
    use_bot(monkeypatch)
    watched = Watched()
    monkeypatch.setattr(dispatch, "handle", watched.handle)
    monkeypatch.setattr(answering, "send", watched.send)
    return watched


def open_updates() -> int:
    return BotUpdate.objects.filter(state__lt=UpdateState.DONE).count()


def test_two_processes_handle_each_update_once_and_in_order(bot: Watched) -> None:
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(running_bot(threads=3))
        for n in range(EACH):
            for who in PEOPLE:
                intake.store(raw(text(f"{who} {n}", who)), timezone.now())
        until(lambda: open_updates() == 0, "all are handled")
    assert [bot.told(who) for who in PEOPLE] == [list(range(EACH))] * len(PEOPLE)
    assert bot.most == 1
    assert len(bot.sent) == EACH * len(PEOPLE)


def test_workers_at_one_lane_take_turns(bot: Watched) -> None:
    who = PEOPLE[0]
    for n in range(lanes.AT_ONCE):
        intake.store(raw(text(f"{who} {n}", who)), NOON)
    done = at_once(*[partial(lanes.work, who, NOON)] * 4)
    assert sum(done) == lanes.AT_ONCE
    assert bot.told(who) == list(range(lanes.AT_ONCE))


def test_one_update_brought_by_many_is_stored_once() -> None:
    body = raw(text("/start"))
    stored = at_once(*[partial(intake.store, body, NOON)] * 6)
    assert sorted(stored) == [False] * 5 + [True]


def test_effects_of_real_commands_happen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same four updates come by six roads at once and meet six workers."""
    monkeypatch.setattr(answering, "send", lambda _: Sent())
    person: User = member()
    assert person.telegram_id is not None
    who = int(person.telegram_id)
    bodies = [raw(text(f"/feedback number {n}", who)) for n in range(4)]

    def bring_and_work() -> None:
        for body in bodies:
            intake.store(body, NOON)
        lanes.work(who, NOON)

    at_once(*[bring_and_work] * 6)
    lanes.work(who, NOON)
    told = Feedback.objects.order_by("pk").values_list("text", flat=True)
    assert list(told) == [f"number {n}" for n in range(4)]
