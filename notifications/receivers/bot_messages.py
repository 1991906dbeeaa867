"""What the bot writes: counted against its limits, kept for edits and shown on the phone."""

from __future__ import annotations

from typing import Any, Final

from arbedge import clock
from notifications.receivers.book import Book, Shown
from notifications.receivers.bot_calls import Refusal, flag, number
from notifications.receivers.bot_limits import Limits
from notifications.receivers.bot_parts import Draft, Told, answered, chat_of, draft

NAME: Final = "telegram"
SAME: Final = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)


class Messages:
    """The chats' messages; ids count from 1 in each chat."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.limits = Limits()
        self.pictures: dict[str, bytes] = {}
        self._last_id: dict[int, int] = {}

    def send(self, told: Told) -> Told:
        """sendMessage. Raises Refusal."""
        return self._post(told, chat_of(told), draft(told, "text"), "sendMessage")

    def send_photo(self, told: Told) -> Told:
        """sendPhoto. Raises Refusal."""
        chat, photo = chat_of(told), told.get("photo")
        if not photo:
            raise Refusal(400, "Bad Request: there is no photo in the request")
        sent = self._post(told, chat, draft(told, "caption"), "sendPhoto", photo)
        size = {"file_id": f"photo{sent['message_id']}", "file_unique_id": "photo"}
        return {**sent, "photo": [{**size, "width": 800, "height": 450}]}

    def edit_text(self, told: Told) -> Told:
        """editMessageText. Raises Refusal."""
        return self._edit(told, "text")

    def edit_caption(self, told: Told) -> Told:
        """editMessageCaption. Raises Refusal."""
        return self._edit(told, "caption")

    def _post(self, told: Told, chat: Told, new: Draft, method: str, photo: Any = None) -> Told:
        to: int = chat["id"]
        answers = answered(told, self._last_id.get(to, 0))
        self._count(to)
        self._last_id[to] = message_id = self._last_id.get(to, 0) + 1
        silent = flag(told, "disable_notification")
        shown = _shown(to, message_id, new)
        shown.silent, shown.answers = silent, answers
        if photo is not None:
            shown.image = self._keep(photo, f"{to}_{message_id}")
        self.book.show(shown)
        self._note(method, shown, new)
        return new.answer(chat, message_id, int(clock.now_ms() / 1000))

    def _edit(self, told: Told, field: str) -> Told:
        chat, message_id = chat_of(told), number(told, "message_id")
        before = self.book.shown.get((NAME, str(chat["id"]), str(message_id)))
        if before is None:
            raise Refusal(400, "Bad Request: message to edit not found")
        if bool(before.image) == (field == "text"):
            raise Refusal(400, f"Bad Request: there is no {field} in the message to edit")
        new = draft(told, field)
        if (before.text, before.buttons) == (new.source, new.buttons):
            raise Refusal(400, f"Bad Request: {SAME}")
        self._count(chat["id"])
        shown = _shown(chat["id"], message_id, new)
        shown.silent, shown.image = before.silent, before.image
        self.book.show(shown)
        self._note(f"editMessage{field.title()}", shown, new)
        return new.answer(chat, message_id, int(before.at_ms / 1000))

    def _count(self, chat: int) -> None:
        """Raises Refusal where the bot writes too fast."""
        wait_s = self.limits.wait_s(chat, clock.now_ms())
        if wait_s is not None:
            raise flood(wait_s)

    def _note(self, method: str, shown: Shown, new: Draft) -> None:
        self.book.note(NAME, method, shown.to, 200, number=shown.id, text=new.text,
                       silent=shown.silent, answers=shown.answers)  # fmt: skip

    def _keep(self, photo: Any, name: str) -> str:
        if isinstance(photo, bytes):
            self.pictures[name] = photo
            return f"/_pictures/{name}"
        return str(photo)


def flood(wait_s: int) -> Refusal:
    """The bot writes too fast."""
    return Refusal(429, f"Too Many Requests: retry after {wait_s}", retry_after=wait_s)


def _shown(chat: int, message_id: int, new: Draft) -> Shown:
    return Shown(NAME, str(chat), str(message_id), new.source, html=new.html, buttons=new.buttons)
