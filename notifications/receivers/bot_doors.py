"""The doors through which tests and the phone do what people do at Telegram, and see what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from notifications.receivers.book import Book, Shown
from notifications.receivers.bot_menus import Menus
from notifications.receivers.bot_messages import NAME
from notifications.receivers.bot_people import Impossible, People, Pressed, Typed, User
from notifications.receivers.bot_text import Unparsable, parse
from notifications.receivers.bot_updates import Updates
from notifications.receivers.bot_world import MANAGING, Place, World

Told = dict[str, Any]


class Chat(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A chat, and what is told of it."""

    chat: int
    type: str | None = None
    title: str | None = None
    forum: bool | None = None
    username: str | None = None


class Bot(Chat, kw_only=True):
    """The bot's place in a chat; `silent` changes it without an update."""

    status: str = "member"
    by: User | None = None
    rights: Told = {}
    silent: bool = False


class Member(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Somebody's place in a chat."""

    chat: int
    member: User
    status: str = "member"
    anonymous: bool = False
    title: str = ""
    by: User | None = None


class Migrated(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A group that becomes a supergroup."""

    chat: int
    to: int
    by: User | None = None


class Pace(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How the webhook posts."""

    retry_s: float | None = None
    copies: int | None = None


class Doors:
    """Bodies and answers are JSON; what nobody could do is 409, what cannot be read 400."""

    def __init__(
        self, book: Book, world: World, people: People, updates: Updates, menus: Menus
    ) -> None:
        self.book, self.world, self.people = book, world, people
        self.updates, self.menus = updates, menus

    def routes(self) -> Sequence[BaseRoute]:
        """Their paths."""
        people = self.people
        return [
            _door("/_type", Typed, people.type),
            _door("/_press", Pressed, people.press),
            _door("/_chats", Chat, self.chats),
            _door("/_bot", Bot, self.bot),
            _door("/_block", Chat, lambda told: self.bot(Bot(chat=told.chat, status="kicked"))),
            _door("/_unblock", Chat, lambda told: self.bot(Bot(chat=told.chat))),
            _door("/_members", Member, self.members),
            _door("/_migrate", Migrated, self.migrate),
            Route("/_update", self.update, methods=["POST"]),
            Route("/_person", self.person, methods=["POST"]),
            Route("/_query", self.query),
            Route("/_chat", self.chat),
            Route("/_menus", self.all_menus),
            Route("/_menu", self.menu),
            Route("/_webhook", self.webhook, methods=["GET", "PUT"]),
        ]

    def chats(self, told: Chat) -> Told:
        """Makes or changes a chat."""
        room = self.world.made(
            told.chat, kind=told.type, title=told.title, forum=told.forum, username=told.username
        )
        self.book.version += 1
        return {"chat": self.world.chat(room)}

    def bot(self, told: Bot) -> Told:
        """Changes the bot's place; one that was nowhere before comes from outside."""
        if told.chat not in self.world.rooms and told.chat < 0:
            self.world.made(told.chat, bot=Place("left"))
        self.chats(told)
        room, place = self.world.made(told.chat), Place(told.status, told.rights)
        if told.silent:
            room.bot = place
            return {"update": None}
        return {"update": self.people.place_bot(room, place, told.by)}

    def members(self, told: Member) -> Told:
        """Changes somebody's place; who did it is `by`, else he himself."""
        person, more = self.world.person(told.member), Told()
        if told.status in MANAGING:
            more = {"is_anonymous": told.anonymous}
            more |= {"custom_title": told.title} if told.title else {}
        by = person if told.by is None else self.world.person(told.by)
        room, place = self.world.made(told.chat), Place(told.status, more)
        return {"member": person, "update": self.people.members.set(room, person, place, by)}

    def migrate(self, told: Migrated) -> Told:
        """A group moves."""
        return {"updates": self.people.migrate(told.chat, told.to, told.by)}

    async def update(self, request: Request) -> Response:
        """Any update, word for word."""
        try:
            return said({"update": self.updates.raw(await request.body())})
        except msgspec.DecodeError as error:
            return said({"error": str(error)}, 400)

    async def person(self, request: Request) -> Response:
        """{"id", "name", "language_code", …}: somebody new, with a chat of his own."""
        try:
            told = self.world.person(msgspec.json.decode(await request.body(), type=Told))
        except (msgspec.DecodeError, KeyError, ValueError) as error:
            return said({"error": repr(error)}, 400)
        self.world.made(told["id"])
        self.book.version += 1
        return said(told)

    async def query(self, request: Request) -> Response:
        """What a press was answered."""
        held = self.updates.queries.get(request.query_params.get("id", ""))
        if held is None:
            return said({"error": "no such press"}, 404)
        return said(held.told())

    async def chat(self, request: Request) -> Response:
        """The transcript of a chat."""
        number = _number(request, "chat")
        room = self.world.room(number)
        held = sorted(self.book.of(NAME, str(number)), key=lambda one: int(one.id))
        rows = room.keyboard.get("keyboard") or []
        return said({
            "chat": self.world.chat(room),
            "bot": room.bot.status,
            "keyboard": [[_label(one) for one in row] for row in rows] or None,
            "messages": [transcribed(one) for one in held],
            "toasts": self.updates.toasts(number),
        })  # fmt: skip

    async def all_menus(self, _: Request) -> Response:
        """Everything the bot set about itself."""
        return said(self.menus.told())

    async def menu(self, request: Request) -> Response:
        """The menu somebody sees in a chat."""
        asked, chat = request.query_params, _number(request, "chat")
        user = _number(request, "user") or max(chat, 0)
        room, person = self.world.room(chat), self.world.people.get(user, {})
        language = asked.get("language", str(person.get("language_code", ""))).partition("-")[0]
        manages = self.world.place(room, user).status in MANAGING
        return said(self.menus.seen(chat, user, language, manages=manages))

    async def webhook(self, request: Request) -> Response:
        """How posting goes; PUT changes its pace."""
        hook = self.updates.webhook
        if request.method == "PUT":
            try:
                pace = msgspec.json.decode(await request.body(), type=Pace)
            except msgspec.DecodeError as error:
                return said({"error": str(error)}, 400)
            hook.retry_s = hook.retry_s if pace.retry_s is None else pace.retry_s
            hook.copies = hook.copies if pace.copies is None else pace.copies
        counted = {"posted": hook.posted, "failed": hook.failed}
        return said(self.updates.webhook_info({}) | counted)


def transcribed(shown: Shown) -> Told:
    """A message as a transcript tells it."""
    raw = shown.raw
    where = raw.get("location")
    rows: dict[int, list[Told]] = {}
    for one in shown.buttons:
        does = {"url": one.url} if one.url else {"callback": one.callback}
        rows.setdefault(one.row, []).append({"label": one.label, **does})
    return {
        "id": int(shown.id), "who": shown.sender or "bot", "text": plain(shown),
        "html": shown.text if shown.html else None, "buttons": list(rows.values()),
        "edited": shown.edited, "before": list(shown.before), "deleted": shown.deleted,
        "picture": bool(shown.image or raw.get("photo")),
        "thread": raw.get("message_thread_id"), "silent": shown.silent,
        "answers": int(shown.answers) if shown.answers else None,
        "location": [where["latitude"], where["longitude"]] if where else None,
    }  # fmt: skip


def plain(shown: Shown) -> str:
    """A message's text without tags."""
    try:
        return parse(shown.text, "HTML").text if shown.html else shown.text
    except Unparsable:  # only what another channel took for its own
        return shown.text


def said(told: Any, status: int = 200) -> Response:
    """An answer of these doors."""
    return Response(msgspec.json.encode(told), status, media_type="application/json")


def _door(path: str, kind: type[Any], act: Callable[[Any], Mapping[str, Any]]) -> BaseRoute:
    async def door(request: Request) -> Response:
        try:
            return said(act(msgspec.json.decode(await request.body(), type=kind)))
        except msgspec.DecodeError as error:
            return said({"error": str(error)}, 400)
        except Impossible as error:
            return said({"error": str(error), **error.told}, 409)

    return Route(path, door, methods=["POST"])


def _number(request: Request, name: str) -> int:
    """A number of the query, 0 for what is none."""
    told = request.query_params.get(name, "")
    return int(told) if told.removeprefix("-").isdecimal() else 0


def _label(button: Any) -> str:
    return str(button["text"] if isinstance(button, dict) else button)
