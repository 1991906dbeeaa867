"""A key that was typed where it does not belong: it is taken out of the chat, and its owner told.

The bot can delete what others write in a group where it is an admin, and anything in private for
two days (core.telegram.org/bots/api#deletemessage); so people are told to look themselves as well.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from arbedge import limits
from notifications.bot import answering
from notifications.bot.asks import Ask
from notifications.bot.keys import key_lines
from notifications.bot.replies import Reply

WARNINGS: Final = "3/minute"


def surely(ask: Ask) -> bool:
    """Whether what was said holds a key beyond doubt, whatever it was meant for."""
    return not ask.pressed and key_lines.surely_a_key(ask.said)


def likely(ask: Ask) -> bool:
    """Whether what was said looks like a key; for texts nobody expects, since so do addresses."""
    return not ask.pressed and key_lines.looks_like_a_key(ask.said)


def warning(ask: Ask) -> Reply:
    """What its owner has to do now, in the chat it was written in; nothing of it is repeated.

    Whoever goes on gets no more answers than `WARNINGS` in a chat.
    """
    if not limits.allow("bot-spilled", str(ask.place.chat_id), WARNINGS, when_gone=True).ok:
        return Reply()
    return Reply(ask.say("keys.spilled.private" if ask.place.private else "keys.spilled.group"))


def removed(ask: Ask) -> Reply:
    """Has the message deleted once this transaction is over, and returns the warning."""
    told: dict[str, Any] = {"chat_id": ask.place.chat_id, "message_id": ask.message_id}
    if ask.message_id and not ask.pressed:
        transaction.on_commit(lambda: _send({"method": "deleteMessage", "told": told}))
    return warning(ask)


def _send(call: dict[str, Any]) -> None:
    answering.send([call])
