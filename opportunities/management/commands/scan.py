"""Scan the markets and print what pays, what nearly paid, and why the rest does not."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from arbedge.errors import ArbEdgeError
from opportunities import offline, report, screen
from opportunities.policy import Policy
from opportunities.scan import Result


class Command(BaseCommand):
    """Look at the markets with the engine's eyes; nothing is stored and nobody is told."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options of the command."""
        add = parser.add_argument
        add("--once", action="store_true", help="one scan, then stop")
        add("--json", action="store_true", help="one JSON document per scan")
        add("--explain", metavar="COIN", help="every candidate of one coin with its reasons")
        add("--rejected", action="store_true", help="list rejected candidates in full")
        add("--recordings", type=Path, metavar="FOLDER", help="scan a recorded set, offline")
        add(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            dest="limits",
            help="override a limit for this run: threshold=5bp, max_leg_skew=20s, measure=...",
        )

    def handle(self, **options: Any) -> None:
        """Run until done or interrupted."""
        try:
            for result, policy in self._results(options):
                self._show(result, policy, options)
        except ArbEdgeError as error:
            raise CommandError(f"{error.code}: {error.message}") from error
        except KeyboardInterrupt:
            self.stderr.write("stopped")

    def _results(self, options: dict[str, Any]) -> Iterator[tuple[Result, Policy]]:
        if options["recordings"]:
            policy = Policy().with_settings(options["limits"])
            for result in offline.results(options["recordings"], policy):
                yield result, policy
                if options["once"]:
                    return
            return
        from opportunities import live

        while True:
            began = time.monotonic()
            seen = live.look(options["limits"])
            yield seen.result, seen.policy
            if options["once"]:
                return
            time.sleep(max(0.0, settings.SCAN_EVERY_S - (time.monotonic() - began)))

    def _show(self, result: Result, policy: Policy, options: dict[str, Any]) -> None:
        if options["json"]:
            answer = report.as_json(result, policy, rejected=options["rejected"])
            self.stdout.write(json.dumps(answer, allow_nan=False))
            return
        console = Console(file=cast("IO[str]", self.stdout))
        console.print(screen.page(result))
        if options["explain"]:
            console.print(screen.explanation(result, policy, options["explain"].upper()))
        if options["rejected"]:
            for row in report.rejected_rows(result, policy):
                console.print_json(data=row)
