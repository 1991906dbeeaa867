"""The Bot API as far as the product speaks it: answers, errors and limits word for word.

Every chat id but 0 exists: positive ones are private chats, negative ones groups. Faults say which
are blocked, gone or moved. Source of methods and errors: core.telegram.org/bots/api.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from notifications.receivers.book import Book
from notifications.receivers.bot_calls import Refusal, parameters
from notifications.receivers.bot_limits import Limits, Rates
from notifications.receivers.bot_messages import NAME, Messages, flood
from notifications.receivers.bot_parts import Told, chat_of, me
from notifications.receivers.bot_updates import Updates
from notifications.receivers.faults import Board, Kind, Wish, spoiled

FORBIDDEN: Final = {
    Kind.BLOCKED: "bot was blocked by the user",
    Kind.DEACTIVATED: "user is deactivated",
    Kind.KICKED: "bot was kicked from the supergroup chat",
}
WORDED: Final = (*FORBIDDEN, Kind.MISSING, Kind.MIGRATED, Kind.FLOOD, Kind.STATUS)
STALE: Final = "query is too old and response timeout expired or query id is invalid"


class BotApi:
    """One bot and what it wrote. Without `tokens` every token that looks like one is known."""

    def __init__(self, book: Book, board: Board, *, tokens: Sequence[str] = ()) -> None:
        self.book = book
        self.board = board
        self.tokens = frozenset(tokens)
        self.messages = Messages(book)
        self.updates = Updates()
        self._methods: Mapping[str, Callable[[Told], Any]] = {
            "getme": lambda _: {**me(), "can_join_groups": True},
            "getchat": chat_of,
            "sendmessage": self.messages.send,
            "sendphoto": self.messages.send_photo,
            "editmessagetext": self.messages.edit_text,
            "editmessagecaption": self.messages.edit_caption,
            "answercallbackquery": self._answer_callback,
            "setwebhook": self.updates.set_webhook,
            "deletewebhook": self.updates.delete_webhook,
            "getwebhookinfo": self.updates.webhook_info,
        }

    def routes(self) -> Sequence[BaseRoute]:
        """The methods of the bot, its limits, and its pictures for the phone."""
        return [
            Route("/bot{token}/{method}", self._door, methods=["GET", "POST"]),
            Route("/_limits", self._limits_door, methods=["GET", "PUT"]),
            Route("/_pictures/{name}", self._picture_door),
        ]

    async def _door(self, request: Request) -> Response:
        method, to = request.path_params["method"], ""
        try:
            self._check_token(request.path_params["token"])
            told = await parameters(request)
            to = str(told.get("chat_id", ""))
            early = await self._wished(to)
            if early is not None:
                self.book.note(NAME, method, to, 0, text="dropped")
                return early
            result = await self._do(method, told)
        except Refusal as error:
            self.book.note(NAME, method, to, error.status, text=error.description)
            return _refused(error)
        return _json({"ok": True, "result": result})

    def _check_token(self, token: str) -> None:
        if ":" not in token:
            raise Refusal(404, "Not Found")
        if self.tokens and token not in self.tokens:
            raise Refusal(401, "Unauthorized")

    async def _wished(self, to: str) -> Response | None:
        """What a wish makes of the call. Raises Refusal."""
        wish = self.board.hit(NAME, to)
        if wish is not None and wish.kind in WORDED:
            raise _worded(wish, to)
        return await spoiled(wish)

    async def _do(self, method: str, told: Told) -> Any:
        if method.lower() == "getupdates":
            return await self.updates.wait_for(told)
        known = self._methods.get(method.lower())
        if known is None:
            raise Refusal(404, "Not Found: method not found")
        return known(told)

    def _answer_callback(self, told: Told) -> bool:
        if not self.updates.answered(str(told.get("callback_query_id", ""))):
            raise Refusal(400, f"Bad Request: {STALE}")
        return True

    async def _limits_door(self, request: Request) -> Response:
        """PUT {"on": false} or other rates: from now on, with empty buckets."""
        if request.method == "PUT":
            try:
                rates = msgspec.json.decode(await request.body(), type=Rates)
            except msgspec.DecodeError as error:
                return _json({"error": str(error)}, 400)
            self.messages.limits = Limits(rates)
        return _json(msgspec.to_builtins(self.messages.limits.rates))

    async def _picture_door(self, request: Request) -> Response:
        picture = self.messages.pictures.get(request.path_params["name"])
        return Response(picture or b"", 200 if picture else 404, media_type="image/png")


def _worded(wish: Wish, to: str) -> Refusal:
    """The refusal a wish asks for, in Telegram's words."""
    if wish.kind is Kind.FLOOD:
        return flood(wish.retry_after_s or 5)
    if wish.kind is Kind.MISSING:
        return Refusal(400, "Bad Request: chat not found")
    if wish.kind is Kind.MIGRATED:
        moved_to = wish.moved_to or int(f"-100{to.lstrip('-') or 0}")
        words = "Bad Request: group chat was upgraded to a supergroup chat"
        return Refusal(400, words, migrate_to_chat_id=moved_to)
    if wish.kind in FORBIDDEN:
        return Refusal(403, f"Forbidden: {FORBIDDEN[wish.kind]}")
    return Refusal(wish.status, "Internal Server Error" if wish.status == 500 else "Bad Gateway")


def _refused(error: Refusal) -> Response:
    told: Told = {"ok": False, "error_code": error.status, "description": error.description}
    if error.parameters:
        told["parameters"] = error.parameters
    return _json(told, error.status)


def _json(told: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(told), status, media_type="application/json")
