"""How fast Telegram lets a bot write: per bot, per chat and per group.

Source: core.telegram.org/bots/faq#my-bot-is-hitting-limits: about 30 messages a second in all, one
a second to a chat with short bursts, 20 a minute to a group. How short a burst may be is not said;
here it is what a `Rate` allows at once.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from arbedge.clock import SECOND_MS

FORGET_AT: Final = 100_000
ROUNDING_MS: Final = 0.01


class Rates(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is allowed. `spread` is by how many the bot's messages may bunch on their way."""

    on: bool = True
    per_second: float = 30.0
    spread: int = 3
    chat_per_second: float = 1.0
    chat_burst: int = 2
    group_per_minute: float = 20.0


class Limits:
    """Buckets by name: when each is empty again, in milliseconds."""

    def __init__(self, rates: Rates | None = None) -> None:
        self.rates = rates or Rates()
        self._empty_at: dict[str, float] = {}

    def wait_s(self, chat: int, now_ms: float) -> int | None:
        """None where the message is taken, else after how many seconds to try again.

        A refused message fills no bucket.
        """
        if not self.rates.on:
            return None
        buckets = self._buckets(chat)
        waits = [self._wait_ms(name, each_ms, size, now_ms) for name, each_ms, size in buckets]
        if max(waits) > ROUNDING_MS:
            return max(1, math.ceil(max(waits) / SECOND_MS))
        for name, each_ms, _ in buckets:
            self._empty_at[name] = max(self._empty_at.get(name, now_ms), now_ms) + each_ms
        if len(self._empty_at) > FORGET_AT:
            self._empty_at = {name: at for name, at in self._empty_at.items() if at > now_ms}
        return None

    def _buckets(self, chat: int) -> list[tuple[str, float, float]]:
        """(name, milliseconds one message takes, messages that fit) of all that count."""
        rates = self.rates
        found = [
            ("bot", SECOND_MS / rates.per_second, rates.per_second + rates.spread),
            (f"chat {chat}", SECOND_MS / rates.chat_per_second, float(rates.chat_burst)),
        ]
        if chat < 0:
            size = rates.group_per_minute
            found.append((f"group {chat}", 60 * SECOND_MS / size, size))
        return found

    def _wait_ms(self, name: str, each_ms: float, size: float, now_ms: float) -> float:
        held_ms = self._empty_at.get(name, now_ms) - now_ms
        return held_ms + each_ms - size * each_ms
