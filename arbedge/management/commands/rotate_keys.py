"""Seal all secrets anew with the first of ENCRYPTION_KEYS, so that older keys can be removed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from arbedge import resealing
from arbedge.resealing import Tally


class Command(BaseCommand):
    """Reseal every table until a pass finds nothing left; run it again at any time."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options of the command."""
        parser.add_argument("--dry-run", action="store_true", help="count, change nothing")
        parser.add_argument("--batch", type=int, default=resealing.BATCH, metavar="ROWS")

    def handle(self, *_: Any, **options: Any) -> None:
        """Passes over all tables: what an old process sealed meanwhile is found by the next."""
        if options["batch"] < 1:
            raise CommandError("--batch takes a number of rows from 1 on.")
        dry_run: bool = options["dry_run"]
        with Progress(console=Console(stderr=True), transient=True) as progress:
            for _pass in range(resealing.MOST_PASSES):
                tallies = self._pass(progress, options["batch"], dry_run=dry_run)
                if _pass == 0 or any(tally.done for tally in tallies):
                    self._tell(tallies, dry_run=dry_run)
                if dry_run or not any(tally.done for tally in tallies):
                    break
            else:
                raise CommandError(
                    "Rows are still being sealed with an older key: restart every process with the"
                    " new ENCRYPTION_KEYS, then run this again."
                )
        self._judge(tallies)

    def _pass(self, progress: Progress, batch: int, *, dry_run: bool) -> list[Tally]:
        found: list[Tally] = []
        for model in resealing.columns():
            total = model._default_manager.exclude(**{resealing.NAME: ""}).count()  # noqa: SLF001
            bar = progress.add_task(resealing.table(model), total=total)
            tally = Tally(resealing.table(model))
            for tally in resealing.reseal(model, batch=batch, dry_run=dry_run):
                progress.update(bar, completed=tally.rows)
            progress.remove_task(bar)
            found.append(tally)
        return found

    def _tell(self, tallies: list[Tally], *, dry_run: bool) -> None:
        out = Console(file=cast("IO[str]", self.stdout))
        word = "to seal anew" if dry_run else "sealed anew"
        for one in tallies:
            lost = f", {one.lost:,} sealed with a key that is gone" if one.lost else ""
            out.print(f"{one.table}: {one.rows:,} rows, {one.done:,} {word}{lost}", highlight=False)

    def _judge(self, tallies: list[Tally]) -> None:
        lost = sum(tally.lost for tally in tallies)
        if lost:
            raise CommandError(
                f"{lost:,} rows open with none of ENCRYPTION_KEYS. Put the missing key back at the"
                " end of the list and run this again."
            )
        left = sum(tally.done for tally in tallies)
        word = "Run it without --dry-run to seal them anew."
        self.stdout.write(word if left else "Everything is sealed with the first key.")
