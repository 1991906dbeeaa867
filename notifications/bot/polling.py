"""Asking Telegram for the bot's updates, where it cannot bring them: one process at a time.

Updates are stored before Telegram is told that they came, so that none is lost on the way.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone
from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from arbedge import aio
from notifications.bot import ears, intake, setup
from notifications.telegram.telegram_transport import Transport

LOCK: Final = 4_407_006
POLL_S: Final = 25
ANSWER_S: Final = POLL_S + 10.0
AT_ONCE: Final = 100
LOOK_EVERY_S: Final = 0.2
OTHERS_TURN_S: Final = 3.0
SHORTEST_S: Final = 1.0
LONGEST_S: Final = 30.0
CONFLICT_S: Final = 10.0
STRANGER_S: Final = 60.0
TELL_EVERY: Final = timedelta(seconds=10)
LATE: Final = timedelta(seconds=ANSWER_S + 30)  # an answer not there by then does not come

log = structlog.get_logger(__name__)


class Asking(Bot):
    """python-telegram-bot, but for updates as they came: one that it cannot read must not hold up
    all that follow, nor be written to a log."""

    def __init__(self, transport: Transport) -> None:
        base = f"{str(settings.TELEGRAM_API_URL).rstrip('/')}/bot"
        super().__init__(settings.BOT_TOKEN, base, request=transport, get_updates_request=transport)

    async def updates(self, offset: int) -> list[Any]:
        """What waits from `offset` on. Raises TelegramError."""
        told = {"offset": offset, "timeout": POLL_S, "limit": AT_ONCE,
                "allowed_updates": list(setup.ALLOWED)}  # fmt: skip
        found: Any = await self._post("getUpdates", told, read_timeout=ANSWER_S)
        return found if isinstance(found, list) else []


@dataclass(slots=True)
class Poller:
    """Asks until `stop` is set; whatever goes wrong is told, and tried again after a while."""

    stop: Event
    offset: int = 0
    troubles: int = 0
    told: tuple[datetime, str] | None = None

    def run(self) -> None:
        """Returns when `stop` is set."""
        transport = Transport(connections=1, timeout_s=ANSWER_S)
        bot = Asking(transport)
        self._known("", POLL_S)  # the first answer may take as long
        try:
            while not self.stop.is_set():
                self.stop.wait(self.once(bot))
        finally:
            aio.run(transport.shutdown())
            connection.close()

    def once(self, bot: Asking) -> float:
        """Asks once, and stores what came. Returns the seconds to wait before the next time; raises
        nothing, for nobody would ask any more."""
        try:
            close_old_connections()
            with _turn() as mine:
                if not mine:
                    return OTHERS_TURN_S
                wait_s = self._take(self._wait_for(bot))
        except TelegramError as error:
            return self._told(error)
        except (OperationalError, InterfaceError) as error:
            hint = "The database cannot be reached; Telegram keeps the updates."
            log.warning("updates_not_stored", error=type(error).__name__, hint=hint)
            return self._known(hint, self._longer())
        except Exception:  # whatever it is, the bot must not fall silent over it
            log.exception("updates_not_taken")
            return self._known("Updates cannot be taken: look at the bot's log.", self._longer())
        self.troubles = 0
        return self._known("", wait_s)

    def _known(self, trouble: str, wait_s: float) -> float:
        """Lets the console know, seldom where nothing changed. Returns the seconds to wait."""
        now = timezone.now()
        if self.told is None or self.told[1] != trouble or now - self.told[0] > TELL_EVERY:
            ears.tell(now, now + timedelta(seconds=wait_s) + LATE, trouble)
            self.told = (now, trouble)
        return wait_s

    def _wait_for(self, bot: Asking) -> list[Any]:
        """The answer, or nothing where the process is to end before it comes."""
        asked = asyncio.run_coroutine_threadsafe(bot.updates(self.offset), aio.loop())
        while not self.stop.is_set():
            done, _ = concurrent.futures.wait([asked], LOOK_EVERY_S)
            if done:
                return asked.result()
        asked.cancel()
        return []

    def _take(self, found: list[Any]) -> float:
        """The offset moves on when all is stored: it tells Telegram what came."""
        for one in found:
            intake.store(one if isinstance(one, Mapping) else b"", timezone.now())
        numbers = [one["update_id"] for one in found if _numbered(one)]
        if numbers:
            self.offset = max(numbers) + 1
        return SHORTEST_S if found and not numbers else 0.0

    def _told(self, error: TelegramError) -> float:
        """Says what is wrong and what to do. Returns the seconds to wait."""
        if isinstance(error, RetryAfter):
            return float(error._retry_after.total_seconds())  # noqa: SLF001  the public one warns
        hint, wait_s = _hint(error)
        log.warning("updates_not_got", error=error.message, hint=hint)
        return self._known(hint, max(wait_s, self._longer()))

    def _longer(self) -> float:
        self.troubles = min(self.troubles + 1, 10)
        return min(SHORTEST_S * 2.0 ** (self.troubles - 1), LONGEST_S)


def _hint(error: TelegramError) -> tuple[str, float]:
    if isinstance(error, InvalidToken):
        return "BOT_TOKEN is not a bot's: copy it again from BotFather.", STRANGER_S
    if isinstance(error, Conflict) and "webhook" in error.message:
        hint = "A webhook is set: TELEGRAM_WEBHOOK=true takes it, `manage.py bot_setup` ends it."
        return hint, CONFLICT_S
    if isinstance(error, Conflict):
        return "Another program asks for this bot's updates: end it.", CONFLICT_S
    return f"Can {settings.TELEGRAM_API_URL} be reached from here?", SHORTEST_S


def _numbered(update: Any) -> bool:
    return isinstance(update, Mapping) and type(update.get("update_id")) is int


@contextmanager
def _turn() -> Iterator[bool]:
    """Whether it is this process that asks: two at once would end each other's questions."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, 0)", [LOCK])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [LOCK])
