"""`manage.py seed_users`: people who do not exist, to try how things are with a million of them."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import IO, Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from accounts import audience, seeding

WIDE = 120  # columns, where no terminal says how many there are
ACTIVE_SHARE = 100


class Command(BaseCommand):
    help = "Adds made-up people with tiers, sessions, preferences and keys; --clear removes them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--users", type=int, default=0, help="how many to add")
        parser.add_argument(
            "--active", type=int, help="how many of them have a session (default: one in a hundred)"
        )
        parser.add_argument("--clear", action="store_true", help="remove those added before, first")

    def handle(self, *_: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("There are real people here: nobody is made up in production.")
        users, active = options["users"], options["active"]
        active = -(-users // ACTIVE_SHARE) if active is None else active
        if users < 0 or not 0 <= active <= users:
            raise CommandError("--users is 0 or more, --active at most as many as --users.")
        if not users and not options["clear"]:
            raise CommandError("Say how many: --users 10000, or --clear.")
        console = Console(
            file=cast("IO[str]", self.stdout), width=None if self.stdout.isatty() else WIDE
        )
        if options["clear"]:
            self.clear(console)
        if users:
            self.seed(console, users, active)

    def clear(self, console: Console) -> None:
        """Removes everybody who was made up."""
        with _progress(console) as progress:
            task = progress.add_task("removing", total=seeding.seeded())
            try:
                number = seeding.clear(lambda some: progress.advance(task, some))
            except IntegrityError as error:
                raise CommandError(f"A real person depends on a made-up one: {error}") from error
        console.print(f"{number:,} made-up people removed")

    def seed(self, console: Console, users: int, active: int) -> None:
        """Adds made-up people."""
        began = time.monotonic()
        with _progress(console) as progress:
            task = progress.add_task("making up people", total=users)
            seeding.seed(users, active, timezone.now(), lambda some: progress.advance(task, some))
        console.print(
            f"{users:,} people made up in {time.monotonic() - began:.0f} s; {active:,} of them have"
            f" a session, {audience.size():,} people can be reached"
        )


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
