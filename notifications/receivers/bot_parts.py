"""Parts of a message as the Bot API checks them: chat, text, buttons, what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from notifications.receivers.book import Button
from notifications.receivers.bot_calls import Refusal, flag
from notifications.receivers.bot_text import Unparsable, parse, units

LONGEST: Final = {"text": 4096, "caption": 1024}
LONGEST_CALLBACK_BYTES: Final = 64
BOT: Final = 7000000001
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be read: `source` as it was sent, `text` without tags; `field` names both."""

    field: str
    source: str
    html: bool
    text: str
    entities: list[Told]
    markup: Told

    @property
    def buttons(self) -> tuple[Button, ...]:
        """The buttons below it, in one row after the other."""
        rows = self.markup.get("inline_keyboard", [])
        return tuple(
            Button(str(one["text"]), str(one.get("url", "")), str(one.get("callback_data", "")))
            for row in rows
            for one in row
        )

    def answer(self, chat: Told, message_id: int, date: int) -> Told:
        """The Message the Bot API answers with."""
        told: Told = {"message_id": message_id, "from": me(), "chat": chat, "date": date}
        told[self.field] = self.text
        if self.entities:
            told["entities" if self.field == "text" else "caption_entities"] = self.entities
        return {**told, "reply_markup": self.markup} if self.markup else told


def me() -> Told:
    """The bot itself."""
    return {"id": BOT, "is_bot": True, "first_name": "ArbEdge", "username": "arbedge_bot"}


def chat_of(told: Told) -> Told:
    """The chat that is named. Raises Refusal."""
    if not told.get("chat_id"):
        raise Refusal(400, "Bad Request: chat_id is empty")
    try:
        chat = int(told["chat_id"])
    except ValueError as error:
        raise Refusal(400, "Bad Request: chat not found") from error
    if chat > 0:
        return {"id": chat, "type": "private", "first_name": f"Person {chat}"}
    kind = "supergroup" if str(chat).startswith("-100") else "group"
    return {"id": chat, "type": kind, "title": f"Group {-chat}"}


def draft(told: Told, field: str) -> Draft:
    """What is to be read. Raises Refusal where its text or a button is wrong."""
    source = str(told.get(field, ""))
    try:
        parsed = parse(source, str(told.get("parse_mode") or ""))
    except Unparsable as error:
        raise Refusal(400, f"Bad Request: can't parse entities: {error}") from error
    if units(parsed.text) > LONGEST[field]:
        what = "message" if field == "text" else "message caption"
        raise Refusal(400, f"Bad Request: {what} is too long")
    if field == "text" and not parsed.text.strip():
        raise Refusal(400, "Bad Request: message text is empty")
    html = bool(told.get("parse_mode"))
    return Draft(field, source, html, parsed.text, parsed.entities, _keyboard(told))


def _keyboard(told: Told) -> Told:
    markup: Told = told.get("reply_markup") or {}
    for button in (one for row in markup.get("inline_keyboard", []) for one in row):
        data, url = str(button.get("callback_data", "")), str(button.get("url", ""))
        if not button.get("text"):
            raise Refusal(400, "Bad Request: text buttons are unallowed in the inline keyboard")
        if not (data or url) or len(data.encode()) > LONGEST_CALLBACK_BYTES:
            raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
        if url and "." not in url.partition("://")[2].partition("/")[0]:
            words = f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"
            raise Refusal(400, f"Bad Request: {words}")
    return markup


def answered(told: Told, last_id: int) -> str:
    """The id of the message that is answered, one up to `last_id`; or "". Raises Refusal."""
    wanted = told.get("reply_parameters") or {}
    message_id = int(wanted.get("message_id") or told.get("reply_to_message_id") or 0)
    if 0 < message_id <= last_id:
        return str(message_id)
    if message_id and not flag(wanted, "allow_sending_without_reply"):
        raise Refusal(400, "Bad Request: message to be replied not found")
    return ""
