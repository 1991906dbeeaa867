"""`manage.py bot_setup`: tells Telegram where updates go and what the bot's menus show."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from arbedge import aio
from arbedge.errors import ArbEdgeError
from notifications.bot import setup
from notifications.bot.setup import Done, Step


class Command(BaseCommand):
    """May be run as often as one likes: after each change of commands, tokens, staff or address."""

    help = (
        "Tell Telegram where updates go (TELEGRAM_WEBHOOK decides, or --webhook or --polling),"
        " what the menus of commands show, and what the bot says of itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How updates come."""
        way = parser.add_mutually_exclusive_group()
        way.add_argument("--webhook", action="store_true", help="Telegram brings them to SITE_URL")
        way.add_argument("--polling", action="store_true", help="the bot's process asks for them")

    def handle(self, *_: Any, **options: Any) -> None:
        """Tell it, and say what was told."""
        polls = options["polling"] or not (options["webhook"] or settings.TELEGRAM_WEBHOOK)
        try:
            steps = aio.run(setup.carry_out(setup.plan(polls=polls)))
        except ArbEdgeError as error:
            raise CommandError(error.message) from error
        self.stdout.write("\n".join(table(steps)))
        changed = sum(one.done in (Done.SET, Done.REMOVED) for one in steps)
        self.stdout.write(f"{changed} changed, {len(steps) - changed} as they were.")


def table(steps: Sequence[Step]) -> list[str]:
    """The steps as lines with aligned columns."""
    rows = [(one.what, one.where, one.done.value, one.note) for one in steps]
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    return [
        "  ".join([*(cell.ljust(wide) for cell, wide in zip(row[:3], widths, strict=True)), row[3]])
        .rstrip()
        for row in rows
    ]  # fmt: skip
