"""`manage.py audience`: does the table of who can be reached tell the truth?"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from accounts import audience

WIDE = 120  # columns, where no terminal says how many there are


class Command(BaseCommand):
    help = "Compares the audience with what it should be; exit code 1 where they differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="make them equal again")

    def handle(self, *_: Any, **options: Any) -> None:
        console = Console(
            file=cast("IO[str]", self.stdout), width=None if self.stdout.isatty() else WIDE
        )
        with console.status("comparing the audience with the truth"):
            found = audience.verify()
        if not found:
            console.print(f"{_counted(audience.size(), 'person', 'people')} reachable, all true")
            return
        console.print(_table(found))
        if not options["repair"]:
            raise CommandError(
                f"{_counted(found.people, 'row')} wrong; `manage.py audience --repair` mends them"
            )
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("repairing", total=found.people)
            repaired = audience.repair(lambda number: progress.advance(task, number))
        console.print(f"{_counted(repaired, 'row')} repaired")


def _counted(number: int, one: str, more: str = "") -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def _table(found: audience.Differences) -> Table:
    table = Table("person", "wrong", "column: held → true")
    for one in found.examples:
        fields = (f"{name}: {held} → {true}" for name, (held, true) in one.fields.items())
        table.add_row(str(one.user_id), one.kind, "\n".join(fields))
    table.caption = (
        f"{found.missing:,} missing, {found.superfluous:,} superfluous,"
        f" {found.different:,} different"
    )
    return table
