"""Discord's webhooks: messages that can be edited and deleted, its limits, its error numbers.

`/api/webhooks/<id>/<token>` is a room; those in `gone` are unknown. With `limited` a room takes
five messages in two seconds; `prepared` are answers for the next requests.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from notifications.receivers.book import Book, Shown
from notifications.receivers.faults import Board, spoiled

NAME: Final = "discord"
PATH: Final = "/api/webhooks/{number}/{token}"
LONGEST_TITLE, LONGEST_TEXT = 256, 4096
ROOM_TAKES, ROOM_SECONDS = 5, 2.0
FORM_JSON: Final = re.compile(
    rb'name="payload_json"\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)\r\n--', re.DOTALL
)
FORM_FILE: Final = re.compile(rb'name="files\[0\]"; filename="([^"]+)"')


class Discord:
    """Rooms by the number of their webhook; `messages` are those that can be edited."""

    def __init__(self, book: Book, board: Board) -> None:
        self.book, self.board = book, board
        self.gone: set[str] = set()
        self.limited = False
        self.prepared: deque[Response] = deque()
        self.messages: dict[str, dict[str, Any]] = {}
        self._numbers = count(1_000_000_000_000_000_001)
        self._taken: defaultdict[str, deque[float]] = defaultdict(deque)

    def routes(self) -> Sequence[BaseRoute]:
        """New messages, and edits of old ones."""
        return [
            Route(PATH, self.take, methods=["POST"]),
            Route(PATH + "/messages/{message}", self.take, methods=["PATCH"]),
        ]

    async def take(self, request: Request) -> Response:
        """The message as it stands now, or Discord's number for why not."""
        room, body = request.path_params["number"], await request.body()
        number = request.path_params.get("message") or str(next(self._numbers))
        payload = _payload(body)
        answer = await self._answer(request, room, number, payload)
        taken = answer.status_code in (200, 204)
        self.book.note(
            NAME, request.method, room, answer.status_code, number=number if taken else "",
            text=msgspec.json.encode(payload).decode(), files=[
                name.decode() for name in FORM_FILE.findall(body)
            ],
        )  # fmt: skip
        if taken and payload is not None:
            self.messages[number] = {"id": number, **payload}
            self._show(room, number, payload)
        return answer

    async def _answer(
        self, request: Request, room: str, number: str, payload: dict[str, Any] | None
    ) -> Response:
        if room in self.gone:
            return _error(404, 10015, "Unknown Webhook")
        wished = await spoiled(self.board.hit(NAME, room))
        if wished is not None:
            return wished
        if self.prepared:
            return self.prepared.popleft()
        wait_s = self._wait_s(room) if self.limited else 0.0
        if wait_s > 0:
            return _busy(wait_s)
        if request.method == "PATCH" and number not in self.messages:
            return _error(404, 10008, "Unknown Message")
        return _problem(payload) or _message(request, number, payload)

    def _wait_s(self, room: str) -> float:
        """How long until the room takes another message; 0 takes it."""
        taken, now = self._taken[room], time.monotonic()
        while taken and taken[0] <= now - ROOM_SECONDS:
            taken.popleft()
        if len(taken) >= ROOM_TAKES:
            return taken[0] + ROOM_SECONDS - now
        taken.append(now)
        return 0.0

    def _show(self, room: str, number: str, payload: Mapping[str, Any]) -> None:
        for embed in payload["embeds"]:
            title, text = str(embed.get("title", "")), str(embed.get("description", ""))
            self.book.show(Shown(NAME, room, number, text, title))


def _payload(body: bytes) -> dict[str, Any] | None:
    """The JSON, alone or as a part of a form; None where there is none."""
    found = FORM_JSON.search(body)
    try:
        return msgspec.json.decode(found[1] if found else body, type=dict[str, Any])
    except msgspec.DecodeError:
        return None


def _problem(payload: dict[str, Any] | None) -> Response | None:
    if payload is None or not all(fits(embed) for embed in payload.get("embeds", [])):
        return _error(400, 50035, "Invalid Form Body")
    if not payload.get("embeds") and not payload.get("content"):
        return _error(400, 50006, "Cannot send an empty message")
    return None


def _message(request: Request, number: str, payload: dict[str, Any] | None) -> Response:
    """A new message is told of only who waits for it."""
    if request.method == "POST" and request.query_params.get("wait") != "true":
        return Response(status_code=204)
    return JSONResponse({"id": number, "type": 0, **(payload or {})})


def _busy(wait_s: float) -> Response:
    said = {"message": "You are being rate limited.", "retry_after": wait_s, "global": False}
    return JSONResponse(said, 429, {"Retry-After": str(int(wait_s) + 1)})


def fits(embed: Mapping[str, Any]) -> bool:
    """Whether Discord takes the embed."""
    title, text = str(embed.get("title", "")), str(embed.get("description", ""))
    return len(title) <= LONGEST_TITLE and len(text) <= LONGEST_TEXT and bool(title or text)


def _error(status: int, code: int, message: str) -> Response:
    return JSONResponse({"message": message, "code": code}, status)
