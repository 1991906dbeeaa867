"""A customer's server: takes webhooks as our documentation tells customers to.

`/hooks/<name>` checks the signature with that name's secret, where it has been told one, refuses
what is older than five minutes, and marks what it had already.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from notifications import signing
from notifications.receivers.book import Book, Shown
from notifications.receivers.faults import Board, spoiled

NAME: Final = "webhook"
IDS_KEPT: Final = 100_000


class Webhooks:
    """The secrets of the names, and answers prepared for the next requests."""

    def __init__(self, book: Book, board: Board) -> None:
        self.book, self.board = book, board
        self.secrets: dict[str, str] = {}
        self.prepared: deque[Response] = deque()
        self._seen: deque[str] = deque(maxlen=IDS_KEPT)

    def routes(self) -> Sequence[BaseRoute]:
        """One path per customer."""
        return [Route("/hooks/{name:path}", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """401 to what is not signed well, else 200, or what was asked for."""
        name, body = request.path_params["name"], await request.body()
        delivery = request.headers.get(signing.DELIVERY_HEADER, "")
        repeated = delivery in self._seen
        answer = await self._answer(request, name, body)
        if answer.status_code == 200:
            self._seen.append(delivery)
            if not repeated:
                self._show(name, delivery, body)
        self.book.note(
            NAME, "POST", name, answer.status_code, number=delivery,
            text=body.decode(errors="replace"), headers=dict(request.headers),
            repeated=repeated,
        )  # fmt: skip
        return answer

    async def _answer(self, request: Request, name: str, body: bytes) -> Response:
        if not self._signed(name, request.headers.get(signing.HEADER, ""), body):
            return JSONResponse({"error": "bad signature"}, 401)
        wished = await spoiled(self.board.hit(NAME, name))
        if wished is not None:
            return wished
        if self.prepared:
            return self.prepared.popleft()
        return JSONResponse({"ok": True} | _echo(body))

    def _signed(self, name: str, header: str, body: bytes) -> bool:
        """A name without a secret takes everything: the demo's people never told theirs."""
        secret = self.secrets.get(name)
        return secret is None or signing.verify(secret, header, body, time.time())

    def _show(self, name: str, delivery: str, body: bytes) -> None:
        message = msgspec.json.decode(body, type=dict[str, Any])
        data = message["data"]
        text = msgspec.json.format(msgspec.json.encode(data)).decode()
        title = f"{message['topic']} v{message['version']}"
        self.book.show(Shown(NAME, name, delivery, text, title))


def _echo(body: bytes) -> dict[str, str]:
    """What proves that a customer wants our messages: the challenge of a code, said back."""
    message = msgspec.json.decode(body, type=dict[str, Any])
    challenge = message["data"].get("challenge") if message["topic"] == "code" else None
    return {"challenge": str(challenge)} if challenge else {}
