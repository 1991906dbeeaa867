"""The phone of a demo: one column per recipient, its messages as bubbles, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from notifications.receivers.book import Book, Shown
from notifications.receivers.bot_messages import NAME
from notifications.receivers.bot_updates import Updates

PER_COLUMN: Final = 30
Told = dict[str, Any]


class Phone:
    """What every recipient sees, in one page."""

    def __init__(self, book: Book, updates: Updates) -> None:
        self.book = book
        self.updates = updates

    def routes(self) -> Sequence[BaseRoute]:
        """The page, what it polls, and its buttons."""
        return [
            Route("/_messages", self._messages),
            Route("/_press", self._press, methods=["POST"]),
        ]

    async def _messages(self, request: Request) -> Response:
        """Columns of messages; 304 while nothing new came since `?version=`."""
        if request.query_params.get("version") == str(self.book.version):
            return Response(status_code=304)
        columns: dict[tuple[str, str], list[Shown]] = {}
        for message in reversed(self.book.shown.values()):
            column = columns.setdefault((message.receiver, message.to), [])
            if len(column) < PER_COLUMN:
                column.append(message)
        told = {
            "version": self.book.version,
            "columns": [
                {"receiver": receiver, "to": to, "messages": msgspec.to_builtins(messages)}
                for (receiver, to), messages in sorted(columns.items())
            ],
        }
        return JSONResponse(told)

    async def _press(self, request: Request) -> Response:
        """{"chat": 7, "message": 1, "callback": "mute:WIF"}: as if somebody pressed it."""
        told: Told = await request.json()
        query = self.updates.press(int(told["chat"]), int(told["message"]), str(told["callback"]))
        return JSONResponse({"receiver": NAME, "query": query})
