"""The phone at the other end of Telegram."""

from __future__ import annotations

from typing import Any

from notifications.channels.telegram import Telegram
from tests.notifications.receiving import Running

CHAT, GROUP = 7, -1007
TELEGRAM = Telegram()


def shown(bot: Running) -> Any:
    """The newest message on the phone."""
    return list(bot.receivers.book.shown.values())[-1]
