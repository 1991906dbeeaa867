"""`manage.py probe <venue>`: measures a venue and prints where it is not what we expect."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from arbedge import aio
from arbedge.errors import ArbEdgeError
from exchanges import probing, venues
from exchanges.probing import Finding, Findings

WIDE = 160  # columns, where no terminal says how many there are


class Command(BaseCommand):
    help = "Measures limits, ages, delays and shapes of a venue; exit status 1 on differences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("venue", help="a venue with a file of its own")
        parser.add_argument(
            "--rounds", type=int, default=probing.ROUNDS, help="calls per price answer (1 to 20)"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if not 1 <= options["rounds"] <= 20:
            raise CommandError("--rounds takes 1 to 20 calls per price answer")
        try:
            venue = venues.venue(options["venue"])
            found = aio.run(probing.probe(venue, rounds=options["rounds"]))
        except ArbEdgeError as error:
            raise CommandError(error.message) from error
        self.show(
            Console(
                file=cast("IO[str]", self.stdout), width=None if self.stdout.isatty() else WIDE
            ),
            found,
        )
        if found.differences:
            raise CommandError(f"{len(found.differences)} differences from what we expect")

    def show(self, console: Console, found: Findings) -> None:
        """Prints the measurements, then the differences."""
        columns = ("feed", "rows", "dropped", "kB", "p50 ms", "p95 ms", "age ms", "weight")
        table = Table(*columns, "limits told", title=found.venue)
        for finding in found.feeds:
            table.add_row(*_cells(finding))
        console.print(table)
        for finding in found.feeds:
            if finding.statuses:
                told = ", ".join(f"{name} {n}" for name, n in sorted(finding.statuses.items()))
                console.print(f"{finding.feed}: {told}")
            if finding.appeared:
                console.print(f"{finding.feed}: new fields {', '.join(finding.appeared)}")
        offset = "unknown" if found.offset_ms is None else f"{found.offset_ms:+.0f} ms"
        console.print(f"clock {offset}, {found.calls} calls")
        for difference in found.differences:
            console.print(f"DIFFERENT  {difference}", style="bold red", markup=False)
        if not found.differences:
            console.print("everything is as expected")


def _cells(finding: Finding) -> tuple[str, ...]:
    limits = ", ".join(f"{name} {said}" for name, said in sorted(finding.headers.items()))
    weight = f"{finding.declared_weight}"
    if finding.weight is not None:
        weight += f" (told {finding.weight})"
    return (
        finding.feed,
        f"{finding.rows:,}",
        ", ".join(f"{reason} {n}" for reason, n in sorted(finding.dropped.items())),
        f"{finding.size / 1000:.0f}",
        _whole(finding.took(50)),
        _whole(finding.took(95)),
        _whole(max(finding.age_ms, default=None)),
        weight,
        limits,
    )


def _whole(number: float | None) -> str:
    return "" if number is None else f"{number:.0f}"
