"""Stand-ins for what handles updates and sends answers, so that lanes are tested alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from notifications.bot import answering, dispatch
from notifications.bot.answering import Sent
from notifications.bot.render import Call
from notifications.models import BotUpdate
from tests.notifications.bot.updates import ANNA, stored, text

Keep = Callable[[list[Any]], None]


@dataclass
class Bot:
    """What was handled and sent. `does` is called for each update and may raise; `sends` says what
    comes of sending, in turn, else all is sent."""

    handled: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    does: Callable[[str], None] = lambda _: None
    sends: list[Sent | BaseException] = field(default_factory=list)
    silent: bool = False
    reads: bool = False

    def handle(self, update: Mapping[str, Any], _: datetime, keep: Keep) -> list[Call]:
        words = update["message"]["text"]
        self.handled.append(words)
        self.does(words)
        answers = [] if self.silent else [answer(words)]
        if self.reads and answers:
            return answers
        keep(answers)
        return []

    def send(self, calls: Sequence[Mapping[str, Any]]) -> Sent:
        outcome = self.sends.pop(0) if self.sends else Sent()
        if isinstance(outcome, BaseException):
            raise outcome
        if not outcome.left:
            self.sent += [call["told"]["text"] for call in calls]
        return outcome


def answer(words: str) -> dict[str, Any]:
    """One call, as dispatch keeps it."""
    return {"method": "sendMessage", "told": {"chat_id": 1, "text": f"re {words}"}}


def later(words: str, wait_s: float | None = None) -> Sent:
    """Telegram does not take this now."""
    return Sent([answer(words)], wait_s)


class Killed(BaseException):
    """What no worker survives."""


def use_bot(monkeypatch: pytest.MonkeyPatch) -> Bot:
    """This bot instead of the real one."""
    bot = Bot()
    monkeypatch.setattr(dispatch, "handle", bot.handle)
    monkeypatch.setattr(answering, "send", bot.send)
    return bot


def says(*words: str, by: int = ANNA) -> list[BotUpdate]:
    """Updates of somebody who types these lines."""
    return [stored(text(one, by)) for one in words]


def state(update: BotUpdate) -> tuple[int, str]:
    """Where an update stands now, and what is wrong with it."""
    update.refresh_from_db()
    return update.state, update.problem


def ended(how: str) -> float:
    """How many updates have ended so, as Prometheus is told."""
    return REGISTRY.get_sample_value("arbedge_bot_ended_total", {"how": how}) or 0.0
