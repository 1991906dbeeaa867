"""The one application of all receivers: their own paths, and log, faults and phone beside them.

Every receiver answers on the paths of the real service, so that only the base URL of a channel
changes: `/bot<token>/…`, `/2010-04-01/Accounts/…`, `/services/…` and so on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Protocol

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from notifications.receivers.book import Book
from notifications.receivers.faults import Board, Kind, Wish

Door = Callable[[Request], Awaitable[Response]]


class Receiver(Protocol):
    """One protocol. It keeps what it is told in the book and asks the board for faults."""

    def routes(self) -> Sequence[BaseRoute]:
        """Its paths."""


def build(receivers: Sequence[Receiver], book: Book, board: Board) -> Starlette:
    """The application; `book` and `board` are those the receivers were made with."""
    routes: list[BaseRoute] = [
        Route("/_log", _log_door(book), methods=["GET", "DELETE"]),
        Route("/_state", _state_door(book, board)),
        Route("/_faults", _faults_door(board), methods=["POST", "DELETE"]),
    ]
    for receiver in receivers:
        routes.extend(receiver.routes())
    return Starlette(routes=routes)


def _log_door(book: Book) -> Door:
    async def log(request: Request) -> Response:
        """`?receiver=telegram&to=7&since_ms=0`: the calls, the oldest first."""
        if request.method == "DELETE":
            book.clear()
        asked = request.query_params
        since_ms = float(asked.get("since_ms", 0))
        calls = book.called(asked.get("receiver", ""), asked.get("to", ""), since_ms)
        body = msgspec.json.encode([asdict(call) for call in calls])
        return Response(body, media_type="application/json")

    return log


def _state_door(book: Book, board: Board) -> Door:
    async def state(_: Request) -> Response:
        answered: dict[str, dict[int, int]] = {}
        for (receiver, status), number in book.answered.items():
            answered.setdefault(receiver, {})[status] = number
        return JSONResponse({"answered": answered, "faults": board.describe()})

    return state


def _faults_door(board: Board) -> Door:
    async def change(request: Request) -> Response:
        if request.method == "DELETE":
            board.clear()
            return JSONResponse(board.describe())
        try:
            wish = msgspec.json.decode(await request.body(), type=Wish)
        except msgspec.DecodeError as error:
            return JSONResponse({"error": str(error), "kinds": list(Kind)}, status_code=400)
        board.add(wish)
        return JSONResponse(board.describe())

    return change
