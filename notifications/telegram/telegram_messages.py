"""A message in the words of the Bot API: which method, which parameters, which picture."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from telegram.constants import ParseMode

from arbedge.names import Language
from notifications.channels import pictures
from notifications.channels.base import Outgoing
from notifications.telegram import press_lines
from notifications.telegram.telegram_errors import Again
from notifications.telegram.telegram_text import LONGEST_CAPTION, fit, length, plain
from notifications.writing.content import Action

WITH_PICTURE: Final = "photo"  # marks the id of a message whose text is a caption
PER_ROW: Final = 2  # the look of messages: two buttons side by side
_NO_TOPIC: Final[Mapping[str, str]] = {
    Language.EN: "ℹ The topic for these posts is closed or gone; they come here now.",
    Language.ES: "ℹ El tema de estas publicaciones está cerrado o ya no existe; ahora llegan aquí.",
    Language.FR: "ℹ Le sujet de ces messages est fermé ou n’existe plus ; ils arrivent ici.",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """One call of the Bot API."""

    method: str
    told: dict[str, Any]
    photo: bytes | None = field(default=None, repr=False)

    def provider_id(self, result: Any) -> str:
        """The id of the message that was sent or edited, for later edits and answers."""
        edited = self.told.get("message_id", "")
        number = result.get("message_id", edited) if isinstance(result, dict) else edited
        captioned = self.photo is not None or self.method == "editMessageCaption"
        return f"{number}/{WITH_PICTURE}" if captioned else str(number)


async def draft(message: Outgoing, ways: AbstractSet[Again] = frozenset()) -> Draft:
    """The call for a message, in the other ways that Telegram has asked for so far.

    An edit replaces the text; a new message may have a picture, if its text fits a caption.
    """
    told: dict[str, Any] = {"chat_id": message.address["chat_id"]}
    actions = message.content.actions
    if Again.BARE in ways:  # what was refused is the address of a page
        actions = tuple(one for one in actions if not one.url)
    told |= _keyboard(actions)
    number, _, kind = message.replaces.partition("/")
    if number.isdigit() and Again.ANEW not in ways:
        told["message_id"] = int(number)
        captioned = kind == WITH_PICTURE or Again.CAPTION in ways
        if captioned:
            return Draft("editMessageCaption", told | _text(message, "caption", ways))
        return Draft("editMessageText", told | _text(message, "text", ways))
    told |= _manners(message, ways)
    picture = await _picture(message)
    if picture:
        return Draft("sendPhoto", told | _text(message, "caption", ways), picture)
    return Draft("sendMessage", told | _text(message, "text", ways))


def topic_left(message: Outgoing, ways: AbstractSet[Again]) -> int | None:
    """The forum topic a message was meant for and did not come to, None where it did."""
    thread_id: int | None = message.address.get("thread_id")
    return thread_id if Again.GENERAL in ways else None


def _text(message: Outgoing, name: str, ways: AbstractSet[Again]) -> dict[str, Any]:
    body = message.content.body
    if Again.GENERAL in ways:
        body = f"{body}\n\n{_NO_TOPIC.get(message.content.language, _NO_TOPIC[Language.EN])}"
    said = fit(body, LONGEST_CAPTION) if name == "caption" else fit(body)
    told: dict[str, Any] = {name: said, "parse_mode": ParseMode.HTML.value}
    if Again.PLAIN in ways:
        told = {name: plain(said)}
    return told if name == "caption" else {**told, "link_preview_options": {"is_disabled": True}}


def _manners(message: Outgoing, ways: AbstractSet[Again]) -> dict[str, Any]:
    """How a new message comes: silently, into a topic, or as an answer to one that may be gone by
    now."""
    told: dict[str, Any] = {"disable_notification": True} if message.silent else {}
    if "thread_id" in message.address and Again.GENERAL not in ways:
        told["message_thread_id"] = message.address["thread_id"]
    number = message.answers.partition("/")[0]
    if number.isdigit():
        told["reply_parameters"] = {
            "message_id": int(number),
            "allow_sending_without_reply": True,
        }
    return told


def _keyboard(actions: Sequence[Action]) -> dict[str, Any]:
    """Buttons in rows; one that can be neither opened nor answered is left out."""
    buttons = [button for action in actions if (button := _button(action))]
    if not buttons:
        return {}
    rows = [buttons[at : at + PER_ROW] for at in range(0, len(buttons), PER_ROW)]
    return {"reply_markup": {"inline_keyboard": rows}}


def _button(action: Action) -> dict[str, str]:
    if action.url:
        return {"text": action.label, "url": action.url}
    if 0 < len(action.callback.encode()) <= press_lines.LONGEST:
        return {"text": action.label, "callback_data": action.callback}
    return {}


async def _picture(message: Outgoing) -> bytes:
    """The picture's bytes; none where there is none or the text is too long for a caption."""
    if not message.content.image_path or length(message.content.body) > LONGEST_CAPTION:
        return b""
    return await asyncio.to_thread(pictures.read, message.content)
