"""`manage.py collect`: asks the venues and shows what came."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import IO, Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from arbedge.errors import ArbEdgeError
from exchanges import rounds, routes, venues
from exchanges.outcomes import Outcome, Report

WIDE = 160  # columns, where no terminal says how many there are


class Command(BaseCommand):
    help = "Collects all markets of the configured venues into the book, again and again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="collect once and stop")
        parser.add_argument(
            "--venue", action="append", help="only this venue (may be given more than once)"
        )
        parser.add_argument("--deadline-ms", type=float, help="wait this long for answers")

    def handle(self, *_: Any, **options: Any) -> None:
        console = Console(
            file=cast("IO[str]", self.stdout), width=None if self.stdout.isatty() else WIDE
        )
        try:
            chosen = [venues.venue(name) for name in options["venue"] or []] or routes.configured()
            while True:
                with console.status(f"asking {', '.join(one.title for one in chosen)}"):
                    report = rounds.run(chosen, deadline_ms=options["deadline_ms"])
                self.show(console, report)
                if options["once"]:
                    break
                time.sleep(settings.SCAN_EVERY_S)
        except ArbEdgeError as error:
            raise CommandError(error.message) from error
        except KeyboardInterrupt:
            return
        if report is not None and not report.came():
            raise CommandError("no venue answered; the table above says why")

    def show(self, console: Console, report: Report | None) -> None:
        """Prints what came, or that another process is at it."""
        if report is None:
            console.print("another process is collecting just now")
            return
        table = Table("venue", "feed", "rows", "dropped", "ms", "kB", "")
        for outcome in report.outcomes:
            table.add_row(*_cells(outcome))
        console.print(table)
        weights = ", ".join(f"{name} {used}" for name, used in sorted(report.weights.items()))
        total = len(report.outcomes)
        console.print(f"{report.came()} of {total} answers in {report.took_ms:.0f} ms")
        console.print(f"weight used: {weights or 'none'}")


def _cells(outcome: Outcome) -> tuple[str, ...]:
    dropped = ", ".join(f"{reason} {count}" for reason, count in sorted(outcome.dropped.items()))
    trouble = outcome.fault or (f"not asked: {outcome.held}" if outcome.held else "")
    return (
        outcome.venue,
        outcome.feed,
        f"{outcome.rows:,}" if outcome.came else "",
        dropped,
        f"{outcome.took_ms:.0f}" if outcome.came else "",
        f"{outcome.size / 1000:.0f}" if outcome.came else "",
        f"{trouble} {outcome.message}".strip()[:60],
    )
