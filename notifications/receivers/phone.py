"""The phone of a demo: one column per recipient, its messages as bubbles, the last changed first.

Chats with the bot can be typed in; the doors of `bot_doors` take what is typed and pressed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

import arbedge
from notifications.receivers.book import Book, Shown
from notifications.receivers.bot_messages import NAME
from notifications.receivers.bot_text import KINDS
from notifications.receivers.bot_world import World

PER_COLUMN: Final = 30
PAGE: Final = Path(__file__).parent / "page"
LOOK: Final = Path(arbedge.__file__).parent / "static" / "arbedge" / "look.css"
FILES: Final[Mapping[str, Path]] = {
    "phone.css": PAGE / "phone.css", "phone.js": PAGE / "phone.js", "chat.js": PAGE / "chat.js",
    "look.css": LOOK,
}  # fmt: skip
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self';"
    " img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
}
TITLES: Final[Mapping[str, str]] = {
    "telegram": "Telegram", "email": "E-mail", "web_push": "Browser", "webhook": "Webhook",
    "sms": "SMS", "slack": "Slack", "discord": "Discord",
}  # fmt: skip
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)([^<>]*)>")
_LINK: Final = re.compile(r"""\shref="(https?://[^"<>]*)\"""")
_WEB: Final = re.compile(r"https?://[^\s<>]+")
Told = dict[str, Any]


class Phone:
    """What every recipient sees, in one page. `names` are the recipients' as (name, about him)."""

    def __init__(
        self, book: Book, world: World, names: Mapping[str, tuple[str, str]] | None = None
    ) -> None:
        self.book = book
        self.world = world
        self.names = names or {}

    def routes(self) -> Sequence[BaseRoute]:
        """The page, what it polls, and its buttons."""
        return [
            Route("/", self._page),
            Route("/_page/{name}", self._file),
            Route("/_messages", self._messages),
            Route("/favicon.ico", _no_icon),
        ]

    async def _page(self, _: Request) -> Response:
        return _served(PAGE / "phone.html")

    async def _file(self, request: Request) -> Response:
        file = FILES.get(request.path_params["name"])
        return _served(file) if file else Response(status_code=404)

    async def _messages(self, request: Request) -> Response:
        """Columns of messages; 304 while nothing new came since `?version=`."""
        if request.query_params.get("version") == str(self.book.version):
            return Response(status_code=304)
        columns: dict[tuple[str, str], list[Shown]] = {
            (NAME, str(room)): [] for room in self.world.rooms
        }
        for message in reversed(self.book.shown.values()):
            column = columns.setdefault((message.receiver, message.to), [])
            if len(column) < PER_COLUMN:
                column.append(message)
        told = {
            "version": self.book.version,
            "number": len(self.book.shown),
            "columns": [self._column(*name, columns[name]) for name in sorted(columns, key=_order)],
            "people": [
                {"id": one["id"], "name": one["first_name"]} for one in self.world.people.values()
            ],
        }
        return JSONResponse(told)

    def _column(self, receiver: str, to: str, messages: Sequence[Shown]) -> Told:
        channel = TITLES.get(receiver, receiver)
        told = {"receiver": receiver, "to": to, "messages": [_bubble(one) for one in messages]}
        if receiver != NAME or not to.lstrip("-").isdigit():
            name, about = self.names.get(to, (to, ""))
            return {**told, "name": name, "who": f"{channel} · {about}" if about else channel}
        return told | self._chat(to, channel)

    def _chat(self, to: str, channel: str) -> Told:
        """What is beside the messages of a chat with the bot: who can write there, and how."""
        room = self.world.room(int(to))
        chat = self.world.chat(room)
        called = str(chat.get("title") or chat["first_name"]) if room.id in self.world.rooms else to
        name, about = self.names.get(to, (called, ""))
        rows = room.keyboard.get("keyboard") or []
        return {
            "name": name, "who": f"{channel} · {about}" if about else channel,
            "kind": room.kind, "bot": room.bot.status,
            "keyboard": [one for row in rows for one in row],
        }  # fmt: skip


def _served(file: Path) -> Response:
    kind = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}[file.suffix]
    return Response(file.read_bytes(), media_type=kind, headers=HEADERS)


async def _no_icon(_: Request) -> Response:
    return Response(status_code=204)


def _bubble(message: Shown) -> Told:
    """One message for the page, which needs neither its protocol's form nor its past."""
    return {
        "id": message.id, "title": message.title, "text": message.text, "at_ms": message.at_ms,
        "silent": message.silent, "answers": message.answers, "image": message.image,
        "edited": message.edited, "deleted": message.deleted, "sender": message.sender,
        "buttons": [{"label": one.label, "url": one.url, "callback": one.callback, "row": one.row}
                    for one in message.buttons],
        "shown": cleaned(message), "first": _first_line(message),
    }  # fmt: skip


def cleaned(message: Shown) -> str:
    """The text as HTML for a page: Telegram's own tags and links to the web, all else as text."""
    if not message.html:
        return _WEB.sub(_linked, html.escape(message.text))
    done, at, skipped = [], 0, 0
    for tag in _TAG.finditer(message.text):
        done.append(_escaped(message.text[at : tag.start()]))
        at = tag.end()
        ends, name, more = tag[1], tag[2].lower(), tag[3]
        link = _LINK.search(more)
        if name not in KINDS:
            done.append(_escaped(tag[0]))
        elif name == "a" and not ends and link is None:
            skipped += 1
        elif name == "a" and ends and skipped:
            skipped -= 1
        elif name == "a" and not ends and link is not None:
            done.append(f'<a href="{link[1]}" target="_blank" rel="noopener">')
        else:
            done.append(f"<{ends}{name}>")
    whole = "".join(done) + _escaped(message.text[at:])
    return whole.replace("</pre>\n", "</pre>")  # a block ends its line by itself


def _linked(found: re.Match[str]) -> str:
    """An address in plain text: the page shortens it, the link is whole."""
    return f'<a href="{found[0]}" target="_blank" rel="noopener">{found[0]}</a>'


def _escaped(text: str) -> str:
    return html.escape(html.unescape(text))


def _first_line(message: Shown) -> str:
    """How an answer names what it answers."""
    text = message.title or (_TAG.sub("", message.text) if message.html else message.text)
    return html.unescape(text).strip().partition("\n")[0]


def _order(name: tuple[str, str]) -> tuple[int, str, bool, str]:
    """Telegram first, then the others as people know them; people before groups."""
    receiver, to = name
    place = list(TITLES).index(receiver) if receiver in TITLES else len(TITLES)
    return place, receiver, to.startswith("-"), to
