"""Telegram: HTML messages with buttons, edited where they replace one, pictures with a caption."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.conf import settings

from arbedge.errors import BadInput
from arbedge.names import Channel
from notifications.channels import answers
from notifications.channels.base import Outgoing, Result
from notifications.codes import Code
from notifications.names import Outcome
from notifications.telegram import telegram_messages
from notifications.telegram.telegram_errors import Again, Verdict, verdict
from notifications.telegram.telegram_transport import CONNECTIONS, transport

HOST: Final = "api.telegram.org"


class Telegram:
    """Writes as the bot of the settings; a chat is an address that needs no other proof."""

    channel = Channel.TELEGRAM
    batch = 100
    edits = True
    verified_by = ""

    def take(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """`chat_id`, a whole number as Telegram gives it. Raises BadInput."""
        try:
            chat = int(str(raw.get("chat_id", "")).strip())
        except ValueError as error:
            raise BadInput("A chat's number is needed.", field="chat_id") from error
        if not 0 < abs(chat) < 1 << 52:
            raise BadInput("There is no chat with that number.", field="chat_id")
        return {"chat_id": chat}

    def shown(self, address: Mapping[str, Any]) -> str:
        """The last digits of the chat's number."""
        return f"chat …{str(address['chat_id'])[-4:]}"

    def host(self, _: Mapping[str, Any]) -> str:
        """All chats are at one host and share the bot's pace."""
        return HOST

    async def send(self, batch: Sequence[Outgoing]) -> list[Result]:
        """Sends side by side; once Telegram asks for a pause, what has not begun is not tried."""
        if not settings.BOT_TOKEN:
            return answers.not_configured(batch, "BOT_TOKEN is not set")
        return await answers.side_by_side(batch, _Round().send)


class _Round:
    """One batch: so many at a time, until a pause is asked for."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(CONNECTIONS)
        self.paused_until = 0.0

    async def send(self, message: Outgoing) -> Result:
        async with self.places:
            wait_s = self.paused_until - time.monotonic()
            if wait_s > 0:
                detail = "the bot is paused"
                return Result(message.delivery_id, Outcome.RETRY, Code.RATE_LIMITED, detail,
                              retry_after_s=wait_s)  # fmt: skip
            result = await _send(message)
            if result.pause_s is not None:
                self.paused_until = time.monotonic() + result.pause_s
            return result


async def _send(message: Outgoing) -> Result:
    """Tries once, and where Telegram's answer says how it would work, each such way once."""
    ways: set[Again] = set()
    while True:
        draft = await telegram_messages.draft(message, ways)
        answer = await transport().call(draft.method, draft.told, draft.photo)
        told = answer.json()
        found = verdict(answer.status, told)
        if found.again is None or found.again in ways:
            left = telegram_messages.topic_left(message, ways)
            return _result(message, found, draft.provider_id(told.get("result")), left)
        ways.add(found.again)


def _result(message: Outgoing, found: Verdict, provider_id: str, topic_left: int | None) -> Result:
    sent = found.outcome is Outcome.SENT
    # Our own token is refused: the message is as good as before, once an operator has mended that.
    later = found.code == Code.UNAUTHORISED
    moved: dict[str, Any] | None = None
    if found.moved_to is not None:
        moved = {"chat_id": found.moved_to}
    elif sent and topic_left is not None:
        moved = {"chat_id": message.address["chat_id"], "topic_left": topic_left}
    return Result(
        message.delivery_id,
        Outcome.RETRY if later else found.outcome,
        found.code,
        found.detail,
        provider_id=provider_id if sent else "",
        retry_after_s=found.retry_after_s,
        pause_s=found.pause_s,
        gone=found.gone,
        moved_to=moved,
    )


sender = Telegram()
