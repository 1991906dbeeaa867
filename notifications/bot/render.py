"""Replies as calls of the Bot API: texts that fit, buttons their reader may use, edits in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from notifications.bot import words
from notifications.bot.replies import LONGEST_LINE, Button, Picture, Reply, Rows, Wants
from notifications.telegram.telegram_text import (
    LONGEST_CAPTION,
    LONGEST_TEXT,
    fit,
    pieces,
    plain,
    units,
)

LONGEST_TOAST: Final = 200

Call = dict[str, Any]
Keeps = Callable[[Button], bool]


@dataclass(frozen=True, slots=True)
class Target:
    """Where an answer goes. `edits` is the message to be replaced, 0 for a new one; `answers` the
    message that is answered; `callback_id` the press that waits for its answer."""

    chat_id: int
    language: str = "en"
    thread_id: int | None = None
    edits: int = 0
    answers: int = 0
    callback_id: str = ""


def calls(target: Target, reply: Reply | None, keeps: Keeps = lambda _: True) -> list[Call]:
    """The calls that tell a reply, in order. Every press is answered, with nothing where there is
    nothing to say. `keeps` tells which buttons the reader may use; the others are left out."""
    made: list[Call] = []
    if target.callback_id:
        made.append(_press(target, reply))
    if reply is not None:
        made += _messages(target, reply, keeps)
    return made


def toast(text: str) -> str:
    """A text as a press can be answered by it: without tags, short."""
    return fit(plain(text), LONGEST_TOAST)


def _press(target: Target, reply: Reply | None) -> Call:
    told: dict[str, Any] = {"callback_query_id": target.callback_id}
    if reply is not None and reply.toast:
        told |= {"text": reply.toast[:LONGEST_TOAST], "show_alert": reply.alert}
    return {"method": "answerCallbackQuery", "told": told}


def _messages(target: Target, reply: Reply, keeps: Keeps) -> Iterator[Call]:
    if reply.picture is not None:
        yield _photo(target, reply, reply.picture, keeps)
    elif reply.text:
        yield from _texts(target, reply, keeps)
    for other in reply.more:
        yield from _messages(_anew(target), other, keeps)


def _texts(target: Target, reply: Reply, keeps: Keeps) -> Iterator[Call]:
    short = units(reply.text) <= LONGEST_TEXT  # with its tags, so without them too
    parts = [reply.text] if short else pieces(reply.text)
    markup = _markup(target, reply, keeps)
    if target.edits and not reply.new and len(parts) == 1 and reply.wants is Wants.NOTHING:
        told = {"chat_id": target.chat_id, "message_id": target.edits, "text": parts[0], **_HTML}
        yield {"method": "editMessageText", "told": {**told, **(markup or _NO_BUTTONS)}}
        return
    for place, part in enumerate(parts):
        told = {**_where(target), "text": part, **_HTML}
        yield {"method": "sendMessage", "told": told | (markup if place == len(parts) - 1 else {})}
        if place == 0:
            target = _anew(target)


def _photo(target: Target, reply: Reply, picture: Picture, keeps: Keeps) -> Call:
    """A picture with its text below, cut to what fits there: longer ones go by `tellers.drawn`."""
    told = _where(target) | {"parse_mode": "HTML"} | _markup(target, reply, keeps)
    if reply.text:
        told["caption"] = fit(reply.text, LONGEST_CAPTION)
    return {"method": "sendPhoto", "told": told, "picture": [picture.name, *picture.args]}


_HTML: Final[Mapping[str, Any]] = {
    "parse_mode": "HTML",
    "link_preview_options": {"is_disabled": True},
}
_NO_BUTTONS: Final[Mapping[str, Any]] = {"reply_markup": {"inline_keyboard": []}}


def _where(target: Target) -> Call:
    told: Call = {"chat_id": target.chat_id}
    if target.thread_id is not None:
        told["message_thread_id"] = target.thread_id
    if target.answers:
        about = {"message_id": target.answers, "allow_sending_without_reply": True}
        told["reply_parameters"] = about
    return told


def _anew(target: Target) -> Target:
    return Target(target.chat_id, target.language, target.thread_id)


def _markup(target: Target, reply: Reply, keeps: Keeps) -> Call:
    if reply.wants is Wants.LOCATION:
        label = words.say(target.language, "first.share_location")
        keyboard = [[{"text": label, "request_location": True}]]
        markup: Any = {
            "keyboard": keyboard, "resize_keyboard": True, "one_time_keyboard": True,
        }  # fmt: skip
    elif reply.wants is Wants.REMOVED:
        markup = {"remove_keyboard": True}
    elif kept := _kept(reply.rows, keeps):
        markup = {"inline_keyboard": [[_button(one) for one in row] for row in kept]}
    else:
        return {}
    return {"reply_markup": markup}


def _kept(rows: Rows, keeps: Keeps) -> Rows:
    found = (tuple(one for one in row if one.url or keeps(one)) for row in rows)
    return tuple(row for row in found if row)


def _button(button: Button) -> dict[str, str]:
    """Raises ValueError where a line is longer than Telegram takes."""
    if button.url:
        return {"text": button.label, "url": button.url}
    if len(button.line.encode()) > LONGEST_LINE:
        raise ValueError(f"a button's line is longer than {LONGEST_LINE} bytes: {button.line}")
    return {"text": button.label, "callback_data": button.line}
