"""What an update of Telegram's says: who, where, what; read by python-telegram-bot's own types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from django.conf import settings
from telegram import CallbackQuery, Chat, Message, Update, User

from accounts import names_of_people
from arbedge.errors import BadInput
from arbedge.names import Language
from notifications.bot.asks import Sender
from notifications.telegram import press_lines

_COMMAND: Final = re.compile(
    r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Heard:
    """One update that asks for something. `line` is a command with its arguments, without "/"; ""
    where the text is none. Buttons say lines too."""

    sender: Sender
    chat_id: int
    chat_kind: str
    chat_title: str = ""
    thread_id: int | None = None
    message_id: int = 0
    line: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    location: tuple[float, float] | None = None
    callback_id: str = ""
    has_picture: bool = False
    anew: bool = False
    delivery_id: int = 0

    @property
    def private(self) -> bool:
        """Whether nobody else reads it."""
        return self.chat_kind == Chat.PRIVATE


def heard(update: Mapping[str, Any]) -> Heard | None:
    """What somebody asks for by this update; None where it asks for nothing.

    Raises BadInput (bad_update) for what is no update.
    """
    found = read(update)
    try:
        said = _said(found)
    except AttributeError as error:  # a part is missing that the library believes to be there
        raise BadInput("This is no update.", code="bad_update", field="update") from error
    return None if said is None else _sound(said)


def _said(update: Update) -> Heard | None:
    if update.callback_query is not None:
        return _pressed(update.callback_query)
    return None if update.message is None else _written(update.message)


def _sound(said: Heard) -> Heard:
    """The same, its fields of the types they should have: the library keeps whatever it reads."""
    try:
        return msgspec.convert(msgspec.to_builtins(said), Heard)
    except (msgspec.ValidationError, TypeError) as error:
        raise BadInput("This is no update.", code="bad_update", field="update") from error


def read(update: Mapping[str, Any]) -> Update:
    """The update in the library's types. Raises BadInput (bad_update)."""
    try:
        found = Update.de_json(dict(update), None)
    # The library meets fields of any shape here and raises whatever they lead to.
    except Exception as error:
        text = f"This is no update: {type(error).__name__}."
        raise BadInput(text, code="bad_update", field="update") from error
    if found is None:
        raise BadInput("This is no update.", code="bad_update", field="update")
    return found


def _written(message: Message) -> Heard | None:
    """A text, or a place that is shared; nothing else asks for anything."""
    if message.from_user is None or message.forward_origin is not None or message.via_bot:
        return None
    if message.text is None and message.location is None:
        return None
    where = message.location
    return Heard(
        _sender(message.from_user, message),
        message.chat.id,
        str(message.chat.type),
        message.chat.title or "",
        message.message_thread_id if message.is_topic_message else None,
        message.message_id,
        line=_line(_text(message.text)),
        text=_text(message.text),
        location=None if where is None else (where.latitude, where.longitude),
    )


def _pressed(query: CallbackQuery) -> Heard | None:
    """A button. Telegram may not know its message any more; then the chat is the person's own."""
    below = query.message
    told = _text(query.data)
    pressed = press_lines.read(told)
    whole = below if isinstance(below, Message) else None
    return Heard(
        _sender(query.from_user),
        below.chat.id if below else query.from_user.id,
        str(below.chat.type) if below else Chat.PRIVATE,
        (below.chat.title or "") if below else "",
        whole.message_thread_id if whole and whole.is_topic_message else None,
        below.message_id if whole and below else 0,
        line=pressed.line,
        text=told,
        callback_id=query.id,
        has_picture=bool(whole and whole.photo),
        anew=pressed.anew or whole is None,
        delivery_id=pressed.delivery_id,
    )


def _text(told: str | None) -> str:
    """What was said, without the one letter that no database keeps."""
    return (told or "").replace("\x00", "")


def _line(text: str) -> str:
    """The command of a text; "" where it is none or is for another bot."""
    found = _COMMAND.fullmatch(text.strip())
    if found is None:
        return ""
    name, bot, rest = found.groups()
    if bot and settings.BOT_NAME and bot.lower() != settings.BOT_NAME.lower():
        return ""
    return f"{name.lower()} {rest or ''}".strip()


def _sender(user: User, message: Message | None = None) -> Sender:
    as_chat = message.sender_chat if message else None
    return Sender(
        user.id,
        names_of_people.cleaned(user.full_name),
        user.username or "",
        language(user.language_code or ""),
        anonymous=bool(message and as_chat and as_chat.id == message.chat.id),
    )


def language(code: str) -> str:
    """The language of ours that a Telegram language code means, else English."""
    short = code.lower().partition("-")[0]
    return short if short in {one.value for one in Language} else Language.EN.value
