"""Twilio's message interface: its paths, its log-in, its error numbers, its magic test numbers.

+15005550001 is invalid, +15005550009 cannot get texts, +15005550004 has answered STOP, as in
Twilio's own test accounts. More than `per_second` messages in a second are 429.
"""

from __future__ import annotations

import base64
import re
import secrets
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from notifications.receivers.book import Book, Shown
from notifications.receivers.faults import Board, spoiled

NAME: Final = "sms"
MAGIC: Final[Mapping[str, tuple[int, str]]] = {
    "+15005550001": (21211, "Invalid 'To' Phone Number"),
    "+15005550009": (21614, "'To' number is not a valid mobile number"),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region"),
}
NUMBER: Final = re.compile(r"\+[1-9]\d{6,14}")
LONGEST_BODY: Final = 1600
PER_SECOND: Final = 100


class Twilio:
    """One account; an empty token takes every log-in."""

    def __init__(self, book: Book, board: Board, account: str = "", token: str = "") -> None:
        self.book, self.board = book, board
        self.account, self.token = account, token
        self.per_second = PER_SECOND
        self._taken: deque[float] = deque()

    def routes(self) -> Sequence[BaseRoute]:
        """The one path we use."""
        path = "/2010-04-01/Accounts/{account}/Messages.json"
        return [Route(path, self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """201 with the message's number, or Twilio's word on why not."""
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        to, text = form.get("To", ""), form.get("Body", "")
        number = f"SM{secrets.token_hex(16)}"
        answer = await self._answer(request, form, number)
        taken = answer.status_code == 201
        self.book.note(
            NAME, "Messages", to, answer.status_code, number=number if taken else "", text=text,
            form=form,
        )  # fmt: skip
        if taken:
            self.book.show(Shown(NAME, to, number, text))
        return answer

    async def _answer(self, request: Request, form: Mapping[str, str], number: str) -> Response:
        to = form.get("To", "")
        if not self._known(request):
            return _error(401, 20003, "Authenticate")
        wished = await spoiled(self.board.hit(NAME, to))
        if wished is not None:
            return wished
        if self._too_many():
            return _error(429, 20429, "Too Many Requests")
        problem = _problem(form)
        if problem is not None:
            return _error(400, *problem)
        said: dict[str, Any] = {"sid": number, "status": "queued", "to": to, "error_code": None}
        return JSONResponse(said, 201)

    def _known(self, request: Request) -> bool:
        account = request.path_params["account"]
        if not self.token:
            return True
        pair = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        given = request.headers.get("authorization", "")
        return bool(account == self.account and given == f"Basic {pair}")

    def _too_many(self) -> bool:
        now = time.monotonic()
        while self._taken and self._taken[0] <= now - 1:
            self._taken.popleft()
        if len(self._taken) >= self.per_second:
            return True
        self._taken.append(now)
        return False


def _problem(form: Mapping[str, str]) -> tuple[int, str] | None:
    to, body = form.get("To", ""), form.get("Body", "")
    if to in MAGIC:
        return MAGIC[to]
    if not NUMBER.fullmatch(to):
        return 21211, "Invalid 'To' Phone Number"
    if not (form.get("From") or form.get("MessagingServiceSid")):
        return 21603, "A 'From' phone number is required"
    if not body:
        return 21602, "Message body is required"
    if len(body) > LONGEST_BODY:
        return 21617, "The concatenated message body exceeds the 1600 character limit"
    return None


def _error(status: int, code: int, message: str) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    said = {"code": code, "message": message, "more_info": more, "status": status}
    return JSONResponse(said, status)
