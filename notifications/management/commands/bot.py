"""`manage.py bot`: handles what people say to the bot, and asks Telegram for it where need be."""

from __future__ import annotations

import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand

from notifications.bot import running


class Command(BaseCommand):
    """Runs until SIGTERM or Ctrl-C; any number of them share the work."""

    help = "Run the Telegram bot. Start several for more; TELEGRAM_WEBHOOK says how updates come."

    def handle(self, *_: Any, **__: Any) -> None:
        """Work until told to stop."""
        stop = Event()
        for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(sign, lambda *_: stop.set())
        running.run(stop)
