"""Updates of the bot: what people do, waiting for getUpdates or for the webhook."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from arbedge import clock
from notifications.receivers.bot_calls import Refusal, flag, number
from notifications.receivers.bot_webhook import Webhook

LONGEST_POLL_S: Final = 50
MOST: Final = 100
QUERIES_KEPT: Final = 100_000
LONGEST_TOAST: Final = 200
KINDS: Final = (
    "message", "edited_message", "channel_post", "edited_channel_post", "callback_query",
    "inline_query", "my_chat_member", "chat_member", "chat_join_request", "message_reaction",
    "message_reaction_count", "poll", "poll_answer", "chosen_inline_result",
)  # fmt: skip
ONLY_WHEN_ASKED: Final = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
OTHER: Final = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is"
    " running"
)
Told = dict[str, Any]


@dataclass(slots=True)
class Query:
    """A press: in which chat, and what it was answered."""

    chat: int
    answered: bool = False
    text: str = ""
    alert: bool = False
    url: str = ""

    def told(self) -> Told:
        """For tests."""
        said = {"text": self.text, "alert": self.alert, "url": self.url}
        return {"answered": self.answered, **said}


class Updates:
    """What waits for the bot, and the presses that wait for their answer.

    Ids begin at the time in seconds, so that a receiver begun anew repeats none.
    """

    def __init__(self) -> None:
        self.waiting: dict[int, Told] = {}
        self.webhook = Webhook(self.waiting)
        self.allowed: frozenset[str] = frozenset()
        self.queries: dict[str, Query] = {}
        self._last_id = int(time.time())
        self.polled = 0
        self._waiters: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def add(self, kind: str, what: Any, update_id: int | None = None) -> int | None:
        """One more update; returns its id, None where the bot asked for no such updates."""
        if not self._wanted(kind):
            return None
        self._last_id = max(self._last_id + 1, update_id or 0)
        given = update_id or self._last_id
        self.waiting[given] = {"update_id": given, kind: what}
        self.webhook.notice(given)
        self._ring()
        return given

    def _wanted(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in ONLY_WHEN_ASKED

    def ask(self, query: str, chat: int) -> None:
        """A press that waits for its answer."""
        self.queries[query] = Query(chat)
        if len(self.queries) > QUERIES_KEPT:
            del self.queries[next(iter(self.queries))]

    def answer(self, told: Told) -> bool:
        """answerCallbackQuery. Raises Refusal where the press waits for none."""
        held = self.queries.get(str(told.get("callback_query_id", "")))
        if held is None or held.answered:
            words = "query is too old and response timeout expired or query id is invalid"
            raise Refusal(400, f"Bad Request: {words}")
        text = str(told.get("text") or "")
        if len(text) > LONGEST_TOAST:
            raise Refusal(400, "Bad Request: MESSAGE_TOO_LONG")
        held.answered, held.text = True, text
        held.alert, held.url = flag(told, "show_alert"), str(told.get("url") or "")
        return True

    def toasts(self, chat: int) -> list[Told]:
        """What presses in a chat were told on the button, the oldest first."""
        found = [one for one in self.queries.values() if one.chat == chat and one.text]
        return [{"text": one.text, "alert": one.alert} for one in found]

    async def wait_for(self, told: Told) -> list[Told]:
        """getUpdates: what waits from `offset` on, or what comes within `timeout` seconds.

        A later call ends an earlier one. Raises Refusal.
        """
        if self.webhook.url:
            words = "can't use getUpdates method while webhook is active"
            raise Refusal(409, f"Conflict: {words}; use deleteWebhook to delete the webhook first")
        self._allow(told)
        self.polled += 1
        self._ring()
        mine = self.polled
        self._forget_before(number(told, "offset"))
        until_ms = clock.now_ms() + 1000 * min(number(told, "timeout"), LONGEST_POLL_S)
        while not self.waiting and (left_ms := until_ms - clock.now_ms()) > 0:
            await self._rung(left_ms / 1000)
            if mine != self.polled:
                raise Refusal(409, OTHER)
        limit = min(max(number(told, "limit", MOST), 1), MOST)
        return [self.waiting[one] for one in sorted(self.waiting)[:limit]]

    def _forget_before(self, offset: int) -> None:
        """A negative offset keeps so many of the last."""
        ids = sorted(self.waiting)
        gone = ids[:offset] if offset < 0 else [one for one in ids if one < offset]
        for one in gone:
            del self.waiting[one]

    def _ring(self) -> None:
        for event, loop in tuple(self._waiters.items()):
            loop.call_soon_threadsafe(event.set)

    async def _rung(self, within_s: float) -> None:
        event = asyncio.Event()
        self._waiters[event] = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(event.wait(), within_s)
        except TimeoutError:
            return
        finally:
            del self._waiters[event]

    def _allow(self, told: Mapping[str, Any]) -> None:
        """What the bot asks for; an empty list is all but what must be asked for by name."""
        wanted = told.get("allowed_updates")
        if isinstance(wanted, list):
            self.allowed = frozenset(str(one) for one in wanted) & frozenset(KINDS)

    # The webhook

    def set_webhook(self, told: Told) -> bool:
        """setWebhook. Raises Refusal."""
        self.webhook.set(told)
        self._allow(told)
        self._ring()
        self._drop(told)
        return True

    def delete_webhook(self, told: Told) -> bool:
        """deleteWebhook."""
        self.webhook.clear()
        self._drop(told)
        return True

    def _drop(self, told: Told) -> None:
        if flag(told, "drop_pending_updates"):
            self.waiting.clear()

    def webhook_info(self, _: Told) -> Told:
        """getWebhookInfo."""
        told = self.webhook.info() | {"pending_update_count": len(self.waiting)}
        return {**told, "allowed_updates": sorted(self.allowed)} if self.allowed else told

    def raw(self, body: bytes) -> int | None:
        """Any update, word for word; its own id is kept, one is given where it has none.

        Raises msgspec.DecodeError.
        """
        told = msgspec.json.decode(body, type=dict[str, Any])
        update_id = told.pop("update_id", None)
        if not isinstance(update_id, int | None):
            raise msgspec.ValidationError("update_id is a number")
        kind = next(iter(told), "message")
        return self.add(kind, told.get(kind), update_id)
