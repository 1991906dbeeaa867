"""`manage.py simulate`: the four venues on one local port."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exchanges.simulator.app import build
from exchanges.simulator.hosts import urls
from exchanges.simulator.market import Market, Source
from exchanges.simulator.planted import PLANTED
from exchanges.simulator.replay import Replay
from exchanges.simulator.serve import leave, serve
from exchanges.simulator.traps import TRAPS
from exchanges.simulator.world import World

ADDRESS = "127.0.0.1"


class Command(BaseCommand):
    """Serves a seeded market, or a folder of recordings, in the venues' own wire formats."""

    help = "Serve the simulated venues, or recorded answers, on one local port until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Port, seed and size of the market, or the recordings and their speed."""
        parser.add_argument("--port", type=int, default=8090)
        parser.add_argument("--seed", type=int, default=7, help="another seed, another market")
        parser.add_argument("--instruments", type=int, help="markets per venue, up to 5000")
        parser.add_argument("--recordings", type=Path, help="folder of one recorded set")
        parser.add_argument(
            "--speed", type=float, default=24.0, help="recorded seconds per second; 0 = by /_next"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Say what is served, then serve it."""
        source = self._source(options)
        port: int = options["port"]
        for venue, hosts in urls(port, ADDRESS).items():
            self.stdout.write(f"{venue:10} {'  '.join(hosts.values())}")
        self.stdout.write(f"faults and state: http://{ADDRESS}:{port}/_faults  /_state")
        self.stdout.write(f"customers and keys: http://{ADDRESS}:{port}/_accounts")
        try:
            serve(build(source), port, ADDRESS)
        except OSError as error:
            raise CommandError(f"cannot listen on {ADDRESS}:{port}: {error}") from error
        self.stdout.write("simulator stopped")
        leave()

    def _source(self, options: dict[str, Any]) -> Source:
        if options["recordings"]:
            replay = Replay(options["recordings"], speed=options["speed"])
            self.stdout.write(replay.title())
            return replay
        if options["instruments"] and not 2 <= options["instruments"] <= 5000:
            raise CommandError("--instruments takes 2 to 5000 markets per venue")
        world = World(options["seed"], options["instruments"])
        self.stdout.write(
            f"seed {world.seed}: {len(world.coins)} coins, {len(PLANTED)} planted opportunities, "
            f"{len(TRAPS)} traps"
        )
        return Market(world)
