"""The Bot API as far as the product speaks it: answers, errors and limits word for word.

Every chat id but 0 exists: positive ones are private chats, negative ones groups. Faults say which
are blocked, gone or moved, and so does what people do. Source of methods and errors:
core.telegram.org/bots/api.

What people do at Telegram is told by JSON (a USER is an id, or {"id", "name", "last_name",
"username", "language_code"}, which is kept for that id):

- `POST /_type` {chat, text, by: USER, thread, reply_to, location: [lat, lon], anonymous,
  as_channel, edits, media: photo|contact|sticker, more: fields of the Message}: the ids
  {message, update}; no update where Telegram would not tell the bot. `by` may be left out in
  private, `text` where something else is sent.
- `POST /_press` {chat, message, callback, label, by, inaccessible}: a button, by its words or by
  its data, which may be forged; {query, update, message}. `GET /_query?id=`: what it was answered.
- `POST /_chats` {chat, type, title, forum, username}; `POST /_person` {id, name, …}; both without
  an update. `POST /_members` {chat, member: USER, status, anonymous, title, by}: chat_member where
  the bot is an admin and asked for such updates.
- `POST /_bot` {chat, status, by, rights, silent, + fields of /_chats}: my_chat_member, and the
  service message where the bot joins. `POST /_block`, `/_unblock` {chat}. `POST /_migrate`
  {chat, to, by}. `POST /_update`: any update, word for word.
- `GET /_chat?chat=`: the transcript with edits, deletions and toasts. `GET /_menus`, `GET /_menu
  ?chat=&user=&language=`: commands. `GET /_webhook`, `PUT /_webhook` {retry_s, copies}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from notifications.receivers.book import Book
from notifications.receivers.bot_calls import Refusal, parameters
from notifications.receivers.bot_doors import Doors, said
from notifications.receivers.bot_limits import Limits, Rates
from notifications.receivers.bot_members import Members
from notifications.receivers.bot_menus import Menus
from notifications.receivers.bot_messages import NAME, Messages, flood
from notifications.receivers.bot_parts import Told
from notifications.receivers.bot_people import People
from notifications.receivers.bot_updates import Updates
from notifications.receivers.bot_world import World, me
from notifications.receivers.faults import Board, Kind, Wish, spoiled

FORBIDDEN: Final = {
    Kind.BLOCKED: "bot was blocked by the user",
    Kind.DEACTIVATED: "user is deactivated",
    Kind.KICKED: "bot was kicked from the supergroup chat",
}
WORDED: Final = (*FORBIDDEN, Kind.MISSING, Kind.MIGRATED, Kind.FLOOD, Kind.STATUS)
ACTIONS: Final = frozenset({
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
    "upload_document", "choose_sticker", "find_location",
})  # fmt: skip
ABLE: Final = {
    "can_join_groups": True, "can_read_all_group_messages": False,
    "supports_inline_queries": False, "can_connect_to_business": False, "has_main_web_app": False,
}  # fmt: skip


class BotApi:
    """One bot and what it wrote. Without `tokens` every token that looks like one is known."""

    def __init__(
        self, book: Book, board: Board, *, tokens: Sequence[str] = (),
        names: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:  # fmt: skip
        self.book = book
        self.board = board
        self.tokens = frozenset(tokens)
        self.world = World(names)
        self.messages = Messages(book, self.world)
        self.updates = Updates()
        self.menus = Menus()
        self.members = Members(self.world, self.updates)
        self.people = People(book, self.world, self.messages, self.updates, self.members)
        self.doors = Doors(book, self.world, self.people, self.updates, self.menus)
        self._methods = self._known()

    def _known(self) -> Mapping[str, Callable[[Told], Any]]:
        messages, members, updates = self.messages, self.members, self.updates
        return {
            "getme": lambda _: {**me(), **ABLE},
            "sendmessage": messages.send,
            "sendphoto": messages.send_photo,
            "editmessagetext": messages.edit_text,
            "editmessagecaption": messages.edit_caption,
            "editmessagereplymarkup": messages.edit_markup,
            "editmessagemedia": messages.edit_media,
            "deletemessage": messages.delete,
            "deletemessages": messages.delete_many,
            "sendchataction": self._act,
            "answercallbackquery": updates.answer,
            "getchat": members.chat,
            "getchatadministrators": members.administrators,
            "getchatmember": members.member,
            "getchatmembercount": members.count,
            "leavechat": members.leave,
            "setwebhook": updates.set_webhook,
            "deletewebhook": updates.delete_webhook,
            "getwebhookinfo": updates.webhook_info,
            **self.menus.methods(),
        }

    def routes(self) -> Sequence[BaseRoute]:
        """The methods of the bot, its limits, its pictures for the phone, and people's doors."""
        return [
            Route("/bot{token}/{method}", self._door, methods=["GET", "POST"]),
            Route("/_limits", self._limits_door, methods=["GET", "PUT"]),
            Route("/_pictures/{name}", self._picture_door),
            *self.doors.routes(),
        ]

    def stop(self) -> None:
        """Posts nothing any more; in the loop that served."""
        self.updates.webhook.clear()

    async def _door(self, request: Request) -> Response:
        method, to = request.path_params["method"], ""
        try:
            self._check_token(request.path_params["token"])
            told = await parameters(request)
            to = _to(told)
            early = await self._wished(to, method)
            if early is not None:
                self.book.note(NAME, method, to, 0, text="dropped")
                return early
            result = await self._do(method, told)
        except Refusal as error:
            self.book.note(NAME, method, to, error.status, text=error.description)
            return _refused(error)
        return said({"ok": True, "result": result})

    def _check_token(self, token: str) -> None:
        if ":" not in token:
            raise Refusal(404, "Not Found")
        if self.tokens and token not in self.tokens:
            raise Refusal(401, "Unauthorized")

    async def _wished(self, to: str, method: str) -> Response | None:
        """What a wish makes of the call. Raises Refusal."""
        wish = self.board.hit(NAME, to, method)
        if wish is not None and wish.kind in WORDED:
            raise _worded(wish, to)
        return await spoiled(wish)

    async def _do(self, method: str, told: Told) -> Any:
        name = method.lower()
        if name == "getupdates":
            return await self.updates.wait_for(told)
        known = self._methods.get(name)
        if known is None:
            raise Refusal(404, "Not Found: method not found")
        result = known(told)
        if not name.startswith(("sendmessage", "sendphoto", "editmessage")):
            kept = {key: value for key, value in told.items() if not isinstance(value, bytes)}
            self.book.note(NAME, method, _to(told), 200, told=kept)
        return result

    def _act(self, told: Told) -> bool:
        """sendChatAction. Raises Refusal."""
        self.world.reached(told)
        if told.get("action") not in ACTIONS:
            raise Refusal(400, "Bad Request: wrong parameter action in request")
        return True

    async def _limits_door(self, request: Request) -> Response:
        """PUT {"on": false} or other rates: from now on, with empty buckets."""
        if request.method == "PUT":
            try:
                rates = msgspec.json.decode(await request.body(), type=Rates)
            except msgspec.DecodeError as error:
                return said({"error": str(error)}, 400)
            self.messages.limits = Limits(rates)
        return said(msgspec.to_builtins(self.messages.limits.rates))

    async def _picture_door(self, request: Request) -> Response:
        picture = self.messages.photos.held.get(request.path_params["name"])
        return Response(picture or b"", 200 if picture else 404, media_type="image/png")


def _to(told: Told) -> str:
    """The chat a call is about, also where only its scope names one."""
    scope = told.get("scope")
    within = scope if isinstance(scope, dict) else {}
    return str(told.get("chat_id") or within.get("chat_id") or "")


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
    return Refusal(wish.status, HTTPStatus(wish.status).phrase)


def _refused(error: Refusal) -> Response:
    told: Told = {"ok": False, "error_code": error.status, "description": error.description}
    if error.parameters:
        told["parameters"] = error.parameters
    return said(told, error.status)
