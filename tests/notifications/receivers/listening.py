"""A bot's server on loopback: keeps what the Bot API posts, and answers what it is told to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from notifications.receivers.bot_webhook import HEADER
from tests.notifications.receiving import Running
from tests.serving import served

SECRET = "a-secret_token"


@dataclass
class Listener:
    """A bot's server: keeps what is posted, answers what it is told to."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/telegram/webhook", self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        self.secrets.append(request.headers.get(HEADER, ""))
        self.posted.append(json.loads(await request.body()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.posted]


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener for the time of the block."""
    listener = Listener()
    with served(listener.app()) as url:
        listener.url = f"{url}/telegram/webhook"
        yield listener


def until(happened: Callable[[], Any]) -> None:
    """Waits for something another thread does."""
    for _ in range(500):
        if happened():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")


def listen(bot: Running, listener: Listener, **told: Any) -> None:
    """From now on updates go there."""
    answer = bot.call("setWebhook", url=listener.url, secret_token=SECRET, **told)
    assert answer.json() == {"ok": True, "result": True}


def waiting(bot: Running) -> int:
    """How many updates wait."""
    return int(bot.call("getWebhookInfo").json()["result"]["pending_update_count"])
