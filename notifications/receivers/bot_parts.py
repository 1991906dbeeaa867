"""Parts of a message as the Bot API checks them: text, buttons, what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from notifications.receivers.book import Button
from notifications.receivers.bot_calls import Refusal, flag
from notifications.receivers.bot_text import Unparsable, parse, units

LONGEST: Final = {"text": 4096, "caption": 1024}
LONGEST_CALLBACK_BYTES: Final = 64
KEYBOARDS: Final = ("keyboard", "remove_keyboard", "force_reply")
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
        return buttons(self.markup)

    def within(self) -> Told:
        """The fields of a Message that say this; a field's empty value is left out."""
        told: Told = {self.field: self.text} if self.text else {}
        if self.entities:
            told["entities" if self.field == "text" else "caption_entities"] = self.entities
        return {**told, "reply_markup": self.markup} if inline(self.markup) else told


def buttons(markup: Told) -> tuple[Button, ...]:
    """What can be pressed below a message."""
    return tuple(
        Button(str(one["text"]), str(one.get("url", "")), str(one.get("callback_data", "")), row)
        for row, line in enumerate(markup.get("inline_keyboard", []))
        for one in line
    )


def inline(markup: Told) -> bool:
    """Whether there are buttons below the message; another keyboard is the reader's own."""
    return bool(markup.get("inline_keyboard"))


def draft(told: Told, field: str) -> Draft:
    """What is to be read. Raises Refusal where its text or a button is wrong."""
    source = str(told.get(field) or "")
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
    return Draft(field, source, html, parsed.text, parsed.entities, keyboard(told))


def keyboard(told: Told) -> Told:
    """The buttons that are asked for. Raises Refusal where one is wrong."""
    markup: Told = told.get("reply_markup") or {}
    if not isinstance(markup, dict):
        raise Refusal(400, "Bad Request: object expected as reply markup")
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
