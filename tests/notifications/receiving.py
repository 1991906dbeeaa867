"""The receivers behind a real socket, with their book and their faults at hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from notifications.receivers.bot_limits import Limits, Rates
from notifications.receivers.faults import Kind, Wish
from notifications.receivers.serve import Receivers
from tests.serving import served

TOKEN = "7000000001:receivers-of-a-test-know-this-one"


@dataclass(frozen=True)
class Running:
    """Receivers that listen at `url`."""

    url: str
    receivers: Receivers

    def call(self, method: str, token: str = TOKEN, **told: Any) -> httpx.Response:
        """One method of the Bot API, as JSON."""
        return httpx.post(f"{self.url}/bot{token}/{method}", json=told)

    def send(self, chat: int, text: str, **told: Any) -> httpx.Response:
        """sendMessage."""
        return self.call("sendMessage", chat_id=chat, text=text, **told)

    def wish(self, kind: Kind, **told: Any) -> None:
        """From now on this goes wrong."""
        self.receivers.board.add(Wish(kind=kind, **told))

    def limit(self, **rates: Any) -> None:
        """From now on these limits hold, with empty buckets."""
        self.receivers.bot.messages.limits = Limits(Rates(**rates))

    def texts(self, chat: int) -> list[str]:
        """What the chat was sent, without tags, the oldest first."""
        calls = self.receivers.book.called("telegram", str(chat))
        return [call.text for call in calls if call.status == 200]


@contextmanager
def running(*tokens: str) -> Iterator[Running]:
    """Receivers for the time of the block, without limits; no token given: any is known."""
    receivers = Receivers(tokens)
    with served(receivers.app()) as url:
        running = Running(url, receivers)
        running.limit(on=False)
        yield running
