"""What the bot writes: counted against its limits, kept for edits and shown on the phone."""

from __future__ import annotations

from typing import Any, Final

from arbedge import clock
from notifications.receivers.book import Book, Shown
from notifications.receivers.bot_calls import Refusal, flag, number
from notifications.receivers.bot_limits import Limits
from notifications.receivers.bot_parts import (
    KEYBOARDS,
    Draft,
    Told,
    answered,
    buttons,
    draft,
    inline,
    keyboard,
)  # fmt: skip
from notifications.receivers.bot_photos import Photos
from notifications.receivers.bot_world import MANAGING, Room, World, me

NAME: Final = "telegram"
SAME: Final = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)


class Messages:
    """The chats' messages; ids count from 1 in each chat, over the bot's and people's own."""

    def __init__(self, book: Book, world: World) -> None:
        self.book = book
        self.world = world
        self.limits = Limits()
        self.photos = Photos()
        self._last_id: dict[int, int] = {}

    # Sending

    def send(self, told: Told) -> Told:
        """sendMessage. Raises Refusal."""
        return self._post(told, self._open(told), draft(told, "text"), "sendMessage")

    def send_photo(self, told: Told) -> Told:
        """sendPhoto. Raises Refusal."""
        room, photo = self._open(told), told.get("photo")
        if not photo:
            raise Refusal(400, "Bad Request: there is no photo in the request")
        return self._post(told, room, draft(told, "caption"), "sendPhoto", photo)

    def _open(self, told: Told) -> Room:
        """The chat, where the bot may write. Raises Refusal."""
        room = self.world.reached(told)
        if room.kind == "channel" and room.bot.status not in MANAGING:
            raise Refusal(400, "Bad Request: need administrator rights in the channel chat")
        if told.get("message_thread_id") and not room.forum and room.id in self.world.rooms:
            raise Refusal(400, "Bad Request: message thread not found")
        return room

    def _post(self, told: Told, room: Room, new: Draft, method: str, photo: Any = None) -> Told:
        answers = answered(told, self._last_id.get(room.id, 0))
        self._count(room.id)
        message_id = self.next_id(room.id)
        raw = self.begun(room, message_id, me()) | new.within()
        if told.get("message_thread_id") and room.forum:
            raw |= {"message_thread_id": number(told, "message_thread_id"),
                    "is_topic_message": True}  # fmt: skip
        if answers and (about := self.found(room.id, int(answers))):
            raw["reply_to_message"] = _without(about.raw, "reply_to_message")
        shown = _shown(room.id, message_id, new, raw)
        shown.silent, shown.answers = flag(told, "disable_notification"), answers
        if photo is not None:
            shown.image, raw["photo"] = self.photos.keep(photo, f"{room.id}_{message_id}")
        if any(name in new.markup for name in KEYBOARDS):
            self.world.made(room.id, keyboard=new.markup if "keyboard" in new.markup else {})
        self.book.show(shown)
        self._note(method, shown, new.text)
        return raw

    # Editing

    def edit_text(self, told: Told) -> Told:
        """editMessageText. Raises Refusal."""
        return self._edit(told, "text")

    def edit_caption(self, told: Told) -> Told:
        """editMessageCaption. Raises Refusal."""
        return self._edit(told, "caption")

    def _edit(self, told: Told, field: str) -> Told:
        before = self._mine(told)
        if bool(before.image) == (field == "text"):
            raise Refusal(400, f"Bad Request: there is no {field} in the message to edit")
        new = draft(told, field)
        if (before.text, _rows(before)) == (new.source, new.markup.get("inline_keyboard", [])):
            raise Refusal(400, f"Bad Request: {SAME}")
        return self._rewrite(before, new, f"editMessage{field.title()}")

    def edit_media(self, told: Told) -> Told:
        """editMessageMedia, for photos. Raises Refusal."""
        before, media = self._mine(told), told.get("media") or {}
        if media.get("type") != "photo":
            raise Refusal(400, "Bad Request: media must be a photo here")
        source = str(media.get("media", ""))
        photo = told.get(source.removeprefix("attach://"), source)
        if not photo or not before.image:
            raise Refusal(400, "Bad Request: there is no media in the message to edit")
        new = draft({**media, "reply_markup": told.get("reply_markup")}, "caption")
        held = self.photos.keep(photo, f"{before.to}_{before.id}_{before.edited + 1}")
        return self._rewrite(before, new, "editMessageMedia", held)

    def _rewrite(
        self, before: Shown, new: Draft, method: str, photo: tuple[str, list[Told]] | None = None
    ) -> Told:
        names = ("text", "entities", "caption", "caption_entities", "reply_markup")
        raw = _without(before.raw, *names) | new.within()
        if photo is not None:
            raw["photo"] = photo[1]
        shown = _shown(int(before.to), int(before.id), new, raw)
        shown.silent, shown.image = before.silent, photo[0] if photo else before.image
        return self._replace(shown, method, new.text)

    def edit_markup(self, told: Told) -> Told:
        """editMessageReplyMarkup. Raises Refusal."""
        before, markup = self._mine(told), keyboard(told)
        if markup.get("inline_keyboard", []) == _rows(before):
            raise Refusal(400, f"Bad Request: {SAME}")
        raw = _without(before.raw, "reply_markup")
        raw |= {"reply_markup": markup} if inline(markup) else {}
        return self._replace(Shown(
            NAME, before.to, before.id, before.text, html=before.html, silent=before.silent,
            image=before.image, buttons=buttons(markup), raw=raw,
        ), "editMessageReplyMarkup", "")  # fmt: skip

    def _replace(self, shown: Shown, method: str, text: str) -> Told:
        self._count(int(shown.to))
        shown.raw["edit_date"] = int(clock.now_ms() / 1000)
        self.book.show(shown)
        self._note(method, shown, text)
        return shown.raw

    def _mine(self, told: Told) -> Shown:
        """The bot's own message that is named. Raises Refusal."""
        room = self.world.reached(told)
        before = self.found(room.id, number(told, "message_id"))
        if before is None or before.deleted:
            raise Refusal(400, "Bad Request: message to edit not found")
        if before.sender:
            raise Refusal(400, "Bad Request: message can't be edited")
        return before

    # Deleting

    def delete(self, told: Told) -> bool:
        """deleteMessage. Raises Refusal."""
        room = self.world.reached(told)
        found = self.found(room.id, number(told, "message_id"))
        if found is None or found.deleted:
            raise Refusal(400, "Bad Request: message to delete not found")
        if found.sender and not room.private and room.bot.status not in MANAGING:
            raise Refusal(400, "Bad Request: message can't be deleted for everyone")
        self.book.delete(found)
        return True

    def delete_many(self, told: Told) -> bool:
        """deleteMessages: those that are there. Raises Refusal."""
        for one in told.get("message_ids") or []:
            found = self.found(self.world.reached(told).id, int(one))
            if found is not None and not found.deleted:
                self.delete({**told, "message_id": one})
        return True

    # What people's own messages share

    def next_id(self, chat: int) -> int:
        """The id of the chat's next message."""
        self._last_id[chat] = self._last_id.get(chat, 0) + 1
        return self._last_id[chat]

    def begun(self, room: Room, message_id: int, sender: Told | None) -> Told:
        """The first fields of a Message of now; a channel's are its own."""
        told: Told = {"message_id": message_id, "chat": self.world.chat(room),
                      "date": int(clock.now_ms() / 1000)}  # fmt: skip
        if room.kind == "channel":
            return {**told, "sender_chat": told["chat"]}
        return {**told, "from": sender} if sender else told

    def found(self, chat: int, message_id: int) -> Shown | None:
        """A message, also where it was deleted."""
        return self.book.shown.get((NAME, str(chat), str(message_id)))

    def _count(self, chat: int) -> None:
        """Raises Refusal where the bot writes too fast."""
        wait_s = self.limits.wait_s(chat, clock.now_ms())
        if wait_s is not None:
            raise flood(wait_s)

    def _note(self, method: str, shown: Shown, text: str) -> None:
        self.book.note(NAME, method, shown.to, 200, number=shown.id, text=text,
                       silent=shown.silent, answers=shown.answers)  # fmt: skip


def flood(wait_s: int) -> Refusal:
    """The bot writes too fast."""
    return Refusal(429, f"Too Many Requests: retry after {wait_s}", retry_after=wait_s)


def _shown(chat: int, message_id: int, new: Draft, raw: Told) -> Shown:
    return Shown(
        NAME, str(chat), str(message_id), new.source, html=new.html, buttons=new.buttons, raw=raw
    )


def _rows(shown: Shown) -> Any:
    return shown.raw.get("reply_markup", {}).get("inline_keyboard", [])


def _without(raw: Told, *names: str) -> Told:
    return {name: value for name, value in raw.items() if name not in names}
