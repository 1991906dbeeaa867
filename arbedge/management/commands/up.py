"""`manage.py up`: the whole product on this machine, until Ctrl-C."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from arbedge import launch
from arbedge.session import AlreadyUpError
from arbedge.supervisor import GaveUpError


class Command(BaseCommand):
    help = "Runs everything on this machine: engines, web, workers, schedule, Flower."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="on simulated markets, no network")
        parser.add_argument("--recordings", metavar="DIR", help="on one recorded set of markets")
        parser.add_argument("--no-screen", action="store_true", help="plain lines, no screen")

    def handle(self, *_: Any, **options: Any) -> None:
        screen = not options["no_screen"] and self.stdout.isatty()
        try:
            launch.run(Path(settings.BASE_DIR), say=self.stdout.write, screen=screen)
        except AlreadyUpError as error:
            web = error.state.get("addresses", {}).get("Board", "an address it has not told yet")
            raise CommandError(f"ArbEdge runs already ({error}) at {web}. Stop it first.") from None
        except (GaveUpError, launch.PortTakenError) as error:
            raise CommandError(str(error)) from None
