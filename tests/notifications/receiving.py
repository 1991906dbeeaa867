"""The receivers behind a real socket, with their book and their faults at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import httpx
from telegram import Bot

from arbedge import aio
from notifications.receivers.bot_limits import Limits, Rates
from notifications.receivers.faults import Kind, Wish
from notifications.receivers.serve import Receivers
from notifications.telegram.telegram_transport import Transport
from tests.serving import served

ask = partial(httpx.request, verify=False, trust_env=False)  # reading certificates takes long

TOKEN = "7000000001:receivers-of-a-test-know-this-one"

T = TypeVar("T")


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

    def ask(self, path: str, **told: Any) -> Any:
        """What people do at Telegram: `/_type` and the like; fails where that is impossible."""
        answer = httpx.post(f"{self.url}{path}", json=told)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def type(self, chat: int, text: str = "", **told: Any) -> Any:
        """Somebody writes to the bot; the ids of the message and its update."""
        return self.ask("/_type", chat=chat, text=text, **told)

    def press(self, chat: int, callback: str | None = None, **told: Any) -> Any:
        """Somebody presses a button, by what it says to the bot or by `label`."""
        return self.ask("/_press", chat=chat, callback=callback, **told)

    def see(self, path: str, **asked: Any) -> Any:
        """What a door shows: `/_chat`, `/_query`, `/_menu` and the like."""
        return httpx.get(f"{self.url}{path}", params=asked).json()

    def chat(self, chat: int) -> Any:
        """The transcript of a chat."""
        return self.see("/_chat", chat=chat)

    def wish(self, kind: Kind, **told: Any) -> None:
        """From now on this goes wrong."""
        self.receivers.board.add(Wish(kind=kind, **told))

    def limit(self, **rates: Any) -> None:
        """From now on these limits hold, with empty buckets."""
        self.receivers.bot.messages.limits = Limits(Rates(**rates))

    def texts(self, chat: int) -> list[str]:
        """What the chat was sent, without tags, the oldest first."""
        calls = self.receivers.book.called("telegram", str(chat))
        return [call.text for call in calls if call.status == 200 and "told" not in call.data]


@contextmanager
def running(*tokens: str) -> Iterator[Running]:
    """Receivers for the time of the block, without limits; no token given: any is known."""
    receivers = Receivers(tokens)
    with served(receivers.app()) as url:
        running = Running(url, receivers)
        running.limit(on=False)
        try:
            yield running
        finally:
            aio.run(_stop(receivers))


async def _stop(receivers: Receivers) -> None:
    receivers.bot.stop()


def says(bot: Running, ask: Callable[[Bot], Awaitable[T]]) -> T:
    """What python-telegram-bot makes of an answer."""

    async def run() -> T:
        async with Bot(TOKEN, base_url=f"{bot.url}/bot", request=Transport()) as library:
            return await ask(library)

    return aio.run(run())


def told(answer: httpx.Response) -> Any:
    """The result, or the words of a refusal."""
    return answer.json().get("result", answer.json().get("description"))
