"""What people do at Telegram: they type, press, add and remove the bot; the bot gets updates of it.

As Telegram does: in groups the bot is told only commands and answers to itself unless it is an
admin; commands for another bot are not for it; a person who blocked it cannot write to it.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

import msgspec

from arbedge import clock
from notifications.receivers.book import Book, Shown
from notifications.receivers.bot_entities import command, entities
from notifications.receivers.bot_members import Members
from notifications.receivers.bot_messages import NAME, Messages
from notifications.receivers.bot_text import units
from notifications.receivers.bot_updates import Updates
from notifications.receivers.bot_world import (
    ANONYMOUS,
    INSIDE,
    MANAGING,
    USERNAME,
    Place,
    Room,
    World,
    me,
)  # fmt: skip

LONGEST: Final = 4096
MEDIA: Final[dict[str, Any]] = {
    "photo": {"photo": [{"file_id": "photo", "file_unique_id": "photo", "width": 90,
                         "height": 90}]},
    "contact": {"contact": {"phone_number": "+15550100", "first_name": "Contact"}},
    "sticker": {"sticker": {"file_id": "sticker", "file_unique_id": "sticker", "type": "regular",
                            "width": 512, "height": 512, "is_animated": False,
                            "is_video": False}},
}  # fmt: skip
Told = dict[str, Any]
User = int | dict[str, Any]


class Impossible(Exception):
    """Nobody could do this at Telegram; `told` is said beside."""

    def __init__(self, why: str, **told: Any) -> None:
        super().__init__(why)
        self.told = told


class Typed(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Something typed or shared; see `bot_api`."""

    chat: int
    text: str = ""
    by: User | None = None
    thread: int | None = None
    reply_to: int = 0
    location: tuple[float, float] | None = None
    anonymous: bool = False
    as_channel: int = 0
    edits: int = 0
    media: str = ""
    more: Told = {}


class Pressed(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A button pressed, by its words or by its data, which may be forged."""

    chat: int
    message: int = 0
    callback: str | None = None
    label: str = ""
    by: User | None = None
    inaccessible: bool = False


class People:
    """Everybody who is not the bot."""

    def __init__(
        self, book: Book, world: World, messages: Messages, updates: Updates, members: Members
    ) -> None:
        self.book, self.world, self.messages = book, world, messages
        self.updates, self.members = updates, members

    # Typing

    def type(self, typed: Typed) -> Told:
        """The ids of the message and of its update. Raises Impossible."""
        room = self.world.made(typed.chat)
        if room.private and room.bot.status == "kicked":
            raise Impossible("the bot is blocked here: /_unblock first")
        if room.moved_to:
            raise Impossible("the group has moved", moved_to=room.moved_to)
        sender = self._sender(room, typed)
        said = self._said(typed)
        if typed.edits:
            return self._edit(room, typed, said)
        message_id = self.messages.next_id(room.id)
        raw = self.messages.begun(room, message_id, sender) | self._marks(room, typed) | said
        self._show(room, message_id, raw, sender)
        if "location" in said or "text" in said:
            room.keyboard = {} if room.keyboard.get("one_time_keyboard") else room.keyboard
        kind = "channel_post" if room.kind == "channel" else "message"
        heard = self._heard(room, raw)
        return {"message": message_id, "update": self.updates.add(kind, raw) if heard else None}

    def _sender(self, room: Room, typed: Typed) -> Told:
        if typed.anonymous:
            return dict(ANONYMOUS)
        if typed.by is None and not room.private:
            if room.kind == "channel":
                return {}
            raise Impossible("who types in a group must be told: by")
        sender = self.world.person(typed.by if typed.by is not None else room.id)
        if not room.private:
            room.members.setdefault(sender["id"], Place("member"))
        return sender

    def _said(self, typed: Typed) -> Told:
        text = typed.text.strip()
        said: Told = dict(typed.more)
        said |= MEDIA.get(typed.media, {})
        if typed.location is not None:
            latitude, longitude = typed.location
            said["location"] = {"latitude": latitude, "longitude": longitude}
        elif text:
            field = "caption" if typed.media == "photo" else "text"
            found = entities(text)
            said |= {field: text} | ({"entities": found} if found and field == "text" else {})
        if units(text) > LONGEST:
            raise Impossible(f"a text has at most {LONGEST} characters")
        if not said:
            raise Impossible("nothing is said")
        return said

    def _marks(self, room: Room, typed: Typed) -> Told:
        """Where in the chat it stands, what it answers, as whom it was written."""
        marks: Told = {}
        if typed.thread is not None:
            marks |= {"message_thread_id": typed.thread, "is_topic_message": True}
        if typed.anonymous:
            marks["sender_chat"] = self.world.chat(room)
        elif typed.as_channel:
            channel = self.world.made(typed.as_channel, kind="channel")
            marks["sender_chat"] = self.world.chat(channel)
        answered = self.messages.found(room.id, typed.reply_to)
        if answered is not None:
            marks["reply_to_message"] = dict(answered.raw)
        return marks

    def _edit(self, room: Room, typed: Typed, said: Told) -> Told:
        before = self.messages.found(room.id, typed.edits)
        if before is None or not before.sender:
            raise Impossible("only what people wrote themselves can be edited by them")
        kept = {key: value for key, value in before.raw.items() if key != "entities"}
        raw = kept | said | {"edit_date": int(clock.now_ms() / 1000)}
        shown = Shown(NAME, before.to, before.id, raw.get("text", ""), raw=raw)
        self.book.show(shown)
        kind = "edited_channel_post" if room.kind == "channel" else "edited_message"
        heard = self._heard(room, raw)
        return {"message": typed.edits, "update": self.updates.add(kind, raw) if heard else None}

    def _heard(self, room: Room, raw: Told) -> bool:
        """Whether Telegram tells the bot of it (core.telegram.org/bots/features#privacy-mode)."""
        if room.bot.status not in INSIDE:
            return False
        if room.private or room.bot.status in MANAGING:
            return True
        text = raw.get("text", "")
        name, bot = command(text)
        if name:
            return not bot or bot.lower() == USERNAME
        answered = raw.get("reply_to_message", {}).get("from", {})
        return answered == me() or f"@{USERNAME}" in text.lower()

    def _show(self, room: Room, message_id: int, raw: Told, sender: Told) -> None:
        told = raw.get("text") or raw.get("caption") or ""
        if "location" in raw:
            where = raw["location"]
            told = f"{where['latitude']:g}, {where['longitude']:g}"
        who = sender.get("first_name") or room.title or "Channel"
        answers = str(raw.get("reply_to_message", {}).get("message_id", ""))
        self.book.show(Shown(
            NAME, str(room.id), str(message_id), told, sender=str(who), answers=answers, raw=raw,
        ))  # fmt: skip

    # Pressing

    def press(self, pressed: Pressed) -> Told:
        """The ids of the query, its update and its message. Raises Impossible."""
        room = self.world.made(pressed.chat)
        found, data = self._aimed(pressed)
        if pressed.by is None and not room.private:
            raise Impossible("who presses in a group must be told: by")
        person = self.world.person(pressed.by if pressed.by is not None else room.id)
        query = secrets.token_hex(8)
        below: Told = {"message_id": pressed.message, "date": 0, "chat": self.world.chat(room)}
        if found is not None and not pressed.inaccessible:
            below = dict(found.raw)
        told = {"id": query, "from": person, "message": below, "chat_instance": str(room.id),
                "data": data}  # fmt: skip
        self.updates.ask(query, room.id)
        update = self.updates.add("callback_query", told)
        return {"receiver": NAME, "query": query, "update": update, "message": below["message_id"]}

    def _aimed(self, pressed: Pressed) -> tuple[Shown | None, str]:
        """The message below which it is pressed, and what the button says to the bot."""
        if pressed.callback is None and not pressed.label:
            raise Impossible("a button is named by callback or by label")
        if pressed.message and not pressed.label:
            return self.messages.found(pressed.chat, pressed.message), pressed.callback or ""
        for shown in self._newest(pressed):
            for button in shown.buttons:
                if pressed.label and button.label == pressed.label and button.url:
                    raise Impossible("this button opens a page", url=button.url)
                mine = button.label if pressed.label else button.callback
                if mine == (pressed.label or pressed.callback):
                    return shown, button.callback
        if pressed.label:
            raise Impossible(f"no button here says {pressed.label!r}")
        return None, pressed.callback or ""

    def _newest(self, pressed: Pressed) -> list[Shown]:
        held = self.book.of(NAME, str(pressed.chat))
        held = [one for one in held if not one.deleted and pressed.message in (0, int(one.id))]
        return sorted(held, key=lambda one: -int(one.id))

    # The bot's place

    def place_bot(self, room: Room, place: Place, by: User | None) -> int | None:
        """The bot is added to a chat, made its admin or thrown out; the id of the update."""
        was_inside = room.bot.status in INSIDE
        person = self.world.person(by if by is not None else abs(room.id))
        if not room.private:
            room.members.setdefault(person["id"], Place("administrator"))
        update = self.members.moved(room, place, person)
        joins = place.status in INSIDE and not was_inside and room.kind in ("group", "supergroup")
        if joins:
            raw = self.messages.begun(room, self.messages.next_id(room.id), person)
            self.updates.add("message", {**raw, "new_chat_members": [me()]})
        return update

    def migrate(self, old: int, new: int, by: User | None) -> list[int | None]:
        """A group becomes a supergroup with another id; the ids of both updates."""
        was, person = self.world.made(old), self.world.person(by if by is not None else abs(old))
        room = self.world.made(
            new, kind="supergroup", title=was.title, bot=was.bot, members=was.members
        )
        was.moved_to = new
        told = self.messages.begun(was, self.messages.next_id(old), person)
        first = self.updates.add("message", {**told, "migrate_to_chat_id": new})
        told = self.messages.begun(room, self.messages.next_id(new), dict(ANONYMOUS))
        told |= {"sender_chat": told["chat"], "migrate_from_chat_id": old}
        return [first, self.updates.add("message", told)]
