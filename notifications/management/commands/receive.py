"""`manage.py receive`: a Bot API and the other channels' servers on one local port."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from notifications.demo import NAMES
from notifications.receivers.serve import ADDRESS, Receivers, run


class Command(BaseCommand):
    """Takes what the channels send, as the real services would, and shows it on a phone."""

    help = "Take messages of all channels on one local port until Ctrl-C, and show them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The ports, and whether any bot is known."""
        parser.add_argument("--port", type=int, default=8091)
        parser.add_argument("--mail-port", type=int, default=8092)
        parser.add_argument("--any-bot", action="store_true", help="take every bot's token")

    def handle(self, *_: Any, **options: Any) -> None:
        """Say what is served, then serve it."""
        base = f"http://{ADDRESS}:{options['port']}"
        self.stdout.write(f"messages: {base}/")
        self.stdout.write(f"mails: smtp://{ADDRESS}:{options['mail_port']}")
        self.stdout.write(f"calls and faults: {base}/_log  /_state  /_faults  /_limits")
        tokens = [str(settings.BOT_TOKEN)] if settings.BOT_TOKEN else []
        try:
            receivers = Receivers([] if options["any_bot"] else tokens, NAMES)
            run(receivers, options["port"], options["mail_port"])
        except OSError as error:
            raise CommandError(f"cannot listen on {base} or for mails: {error}") from error
