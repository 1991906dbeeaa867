"""Updates of the bot: what people press on the phone, taken by getUpdates."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from typing import Any, Final

from arbedge import clock
from notifications.receivers.bot_calls import Refusal, number

KEPT: Final = 1_000
LONGEST_POLL_S: Final = 50
LOOK_EVERY_S: Final = 0.05
OTHER: Final = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is"
    " running"
)
Told = dict[str, Any]


class Updates:
    """What waits for the bot. A webhook is remembered; nothing is posted to it."""

    def __init__(self) -> None:
        self.waiting: deque[Told] = deque(maxlen=KEPT)
        self.webhook = ""
        self._last_id = 0
        self._open: set[str] = set()
        self._poll = 0

    def press(self, chat: int, message_id: int, callback: str) -> str:
        """Somebody presses a button below a message; returns the query's id."""
        query = secrets.token_hex(8)
        person = {"id": abs(chat), "is_bot": False, "first_name": f"Person {abs(chat)}"}
        message = {"message_id": message_id, "date": int(clock.now_ms() / 1000),
                   "chat": {"id": chat, "type": "private" if chat > 0 else "group"}}  # fmt: skip
        self.add("callback_query", {"id": query, "from": person, "message": message,
                                    "chat_instance": str(chat), "data": callback})  # fmt: skip
        self._open.add(query)
        return query

    def add(self, kind: str, what: Told) -> None:
        """One more update."""
        self._last_id += 1
        self.waiting.append({"update_id": self._last_id, kind: what})

    def answered(self, query: str) -> bool:
        """Whether the query waited for its answer."""
        if query not in self._open:
            return False
        self._open.remove(query)
        return True

    async def wait_for(self, told: Told) -> list[Told]:
        """getUpdates: what waits from `offset` on, or what comes within `timeout` seconds.

        A later call ends an earlier one. Raises Refusal.
        """
        if self.webhook:
            words = "can't use getUpdates method while webhook is active"
            raise Refusal(409, f"Conflict: {words}; use deleteWebhook to delete the webhook first")
        self._poll += 1
        mine, offset = self._poll, number(told, "offset")
        while self.waiting and self.waiting[0]["update_id"] < offset:
            self.waiting.popleft()
        until_ms = clock.now_ms() + 1000 * min(number(told, "timeout"), LONGEST_POLL_S)
        while not self.waiting and clock.now_ms() < until_ms:
            await asyncio.sleep(LOOK_EVERY_S)
            if mine != self._poll:
                raise Refusal(409, OTHER)
        return list(self.waiting)[: number(told, "limit", 100)]

    def set_webhook(self, told: Told) -> bool:
        """setWebhook. Raises Refusal."""
        url = str(told.get("url", ""))
        if url and not url.startswith("https://"):
            words = "bad webhook: An HTTPS URL must be provided for webhook"
            raise Refusal(400, f"Bad Request: {words}")
        self.webhook = url
        return True

    def delete_webhook(self, _: Told) -> bool:
        """deleteWebhook."""
        self.webhook = ""
        return True

    def webhook_info(self, _: Told) -> Told:
        """getWebhookInfo."""
        waiting = len(self.waiting)
        return {"url": self.webhook, "has_custom_certificate": False,
                "pending_update_count": waiting}  # fmt: skip
