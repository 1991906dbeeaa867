"""Slack's incoming webhooks: its limits on blocks, its words for refusals, one message a second.

`/services/<anything>` is a room; those in `gone` answer with the word they are given there.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from notifications.receivers.book import Book, Button, Shown
from notifications.receivers.faults import Board, spoiled

NAME: Final = "slack"
LINK: Final = re.compile(r"<(https?://[^|>]*)\|([^>]*)>")
CALL: Final = re.compile(r"<[!@#][^>]*>")
MOST_BLOCKS, LONGEST_SECTION, LONGEST_HEADER = 50, 3000, 150
STATUS: Final[Mapping[str, int]] = {"no_service": 404, "channel_is_archived": 410}


class Slack:
    """Rooms by their path; `mentions` are those that would have woken people, `words` refusals
    for the next messages."""

    def __init__(self, book: Book, board: Board) -> None:
        self.book, self.board = book, board
        self.gone: dict[str, str] = {}
        self.limited = False
        self.mentions: list[str] = []
        self.words: list[str] = []
        self._last: dict[str, float] = {}

    def routes(self) -> Sequence[BaseRoute]:
        """One path per room."""
        return [Route("/services/{name:path}", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """`ok`, or Slack's word on why not."""
        name, body = request.path_params["name"], await request.body()
        answer = await self._answer(name, body)
        self.book.note(NAME, "POST", name, answer.status_code, text=body.decode(errors="replace"))
        if answer.status_code == 200:
            self._show(name, msgspec.json.decode(body, type=dict[str, Any]))
        return answer

    async def _answer(self, name: str, body: bytes) -> Response:
        if name in self.gone:
            return _said(STATUS.get(self.gone[name], 403), self.gone[name])
        wished = await spoiled(self.board.hit(NAME, name))
        if wished is not None:
            return wished
        now = time.monotonic()
        if self.limited and now - self._last.get(name, -1e9) < 1:
            return PlainTextResponse("rate_limited", 429, {"Retry-After": "1"})
        self._last[name] = now
        word = self.words.pop() if self.words else problem(body)
        return _said(400, word) if word else _said(200, "ok")

    def _show(self, name: str, payload: Mapping[str, Any]) -> None:
        blocks = payload["blocks"]
        headed = blocks[0]["type"] == "header"
        texts = [read(block) for block in blocks[headed:]]
        self.mentions += CALL.findall("\n".join([str(payload["text"]), *texts]))
        links = [Button(html.unescape(label), html.unescape(url))
                 for text in texts for url, label in LINK.findall(text)]  # fmt: skip
        title = read(blocks[0]) if headed else ""
        text = html.unescape("\n".join(text for text in texts if not LINK.match(text)))
        number = f"{time.time():.6f}"
        self.book.show(Shown(NAME, name, number, text, title, buttons=tuple(links)))


def problem(body: bytes) -> str:
    """Slack's word for what is wrong with a message; none where it is taken."""
    try:
        payload = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return "invalid_payload"
    blocks = payload.get("blocks", [])
    if not payload.get("text"):
        return "no_text"
    if len(blocks) > MOST_BLOCKS or not all(_fits(block) for block in blocks):
        return "invalid_blocks"
    return ""


def _fits(block: Mapping[str, Any]) -> bool:
    limit = LONGEST_HEADER if block["type"] == "header" else LONGEST_SECTION
    return 0 < len(read(block)) <= limit


def read(block: Mapping[str, Any]) -> str:
    """What a block says."""
    held = block["elements"][0] if block["type"] == "context" else block["text"]
    return str(held["text"])


def _said(status: int, word: str) -> Response:
    return PlainTextResponse(word, status)
