"""Remove what this app's tables have kept long enough, in bounded batches."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from arbedge.errors import BadSetting
from opportunities import retention
from opportunities.models import PruneRun


class Command(BaseCommand):
    """Prune by the policies; `--dry-run` only counts what would go."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options of the command."""
        parser.add_argument("--dry-run", action="store_true", help="count, remove nothing")
        parser.add_argument(
            "--table",
            action="append",
            default=[],
            metavar="NAME",
            help=f"only this table (repeatable): {', '.join(retention.POLICIES)}",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Prune, with a bar per table, and tell what was done."""
        console = Console(file=cast("IO[str]", self.stdout))
        try:
            runs = self._prune(options["table"], dry_run=options["dry_run"])
        except BadSetting as error:
            raise CommandError(error.message) from error
        console.print(_summary(runs))

    def _prune(self, tables: list[str], *, dry_run: bool) -> list[PruneRun]:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bars: dict[str, TaskID] = {}

            def told(table: str, removed: int, due: int) -> None:
                if table not in bars:
                    bars[table] = progress.add_task(table, total=due)
                progress.update(bars[table], completed=removed)

            return retention.prune(tables, dry_run=dry_run, told=told)


def _summary(runs: list[PruneRun]) -> Table:
    table = Table("table", "kept for", "due", "removed", "", box=None)
    for run in runs:
        note = "dry run" if run.dry_run else "" if run.finished else "more at the next run"
        kept = f"{retention.days(run.table):g} days"
        table.add_row(run.table, kept, f"{run.due:,}", f"{run.removed:,}", note)
    return table
