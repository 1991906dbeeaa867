"""(c) the lifecycle in a real database, and the book in a real cache; both started for this."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from tests.bench.report import Line
from tests.bench.timing import WALL, growth, measured, once, timed
from tests.engines import FOREIGN, OWN_SETTINGS

AIM_MS = 500.0
SIZE = 5000
REPEATS = 5


@contextlib.contextmanager
def engines() -> Iterator[None]:
    """A database and a cache of our own while this lasts; settings are read within."""
    import django

    from arbedge.addresses import valkey_url
    from arbedge.embedded import hold

    folder = Path(tempfile.mkdtemp(prefix="arbedge-bench-"))
    folder.chmod(0o711)
    for name in FOREIGN:
        os.environ.pop(name, None)
    held = hold(folder)  # durable: a commit waits for the disk, as in production
    try:
        socket = held.state["valkey_socket"]
        os.environ.update(OWN_SETTINGS, ARBEDGE_DATA=str(folder), CACHE_PREFIX="bench")
        os.environ["DATABASE_URL"] = held.database_url()
        os.environ["BROKER_URL"], os.environ["CACHE_URL"] = (
            valkey_url(socket, number) for number in (0, 1)
        )
        django.setup()
        _migrate(held.database_url("postgres"))
        yield
    finally:
        held.release()
        shutil.rmtree(folder, ignore_errors=True)


def _migrate(server_url: str) -> None:
    from django.core.management import call_command

    from arbedge.embedded import ensure_database

    ensure_database(server_url, "arbedge")
    call_command("migrate", verbosity=0, interactive=False)


def lifecycle(scales: Sequence[float]) -> Iterator[Line]:
    """First sighting, opening and steady update of so many candidates, each one transaction."""
    steps: dict[str, dict[float, list[float]]] = {}
    for scale in (*scales, 1.0):  # the size that counts lives twice
        for step, spent in _life(round(SIZE * scale)):
            steps.setdefault(step, {}).setdefault(scale, []).append(spent)
    for step, by_scale in steps.items():
        time = measured(by_scale[1.0])
        yield Line(
            "c",
            f"lifecycle: {step}",
            f"{SIZE:,} candidates",
            time,
            "",
            f"{AIM_MS:.0f} ms",
            time.best_ms <= AIM_MS,
            growth(list(by_scale), [min(spent) for spent in by_scale.values()]),
        )


def _life(number: int) -> Iterator[tuple[str, float]]:
    """Milliseconds of every scan in the life of so many opportunities."""
    from opportunities import lifecycle as life
    from tests.opportunities.stories import ALL_ANSWERED, NOON_MS

    _empty()
    rows = _candidates(number)

    def scan(at_s: float, frame: pl.DataFrame) -> float:
        return once(
            lambda: life.advance(frame, as_of_ms=NOON_MS + at_s * 1000, answered=ALL_ANSWERED)
        )

    yield "first sighting", scan(0, rows)
    scan(15, rows)
    yield "opening", scan(30, rows)
    for turn in range(REPEATS):
        moved = rows.with_columns(pl.col("net", "net_announced", "measured") + 1e-5 * (turn % 2))
        yield "steady update", scan(35 + 5 * turn, moved)
    for turn in range(REPEATS):
        moved = rows.with_columns(pl.col("net", "net_announced", "measured") + 3e-4 * (turn % 2))
        yield "update with a row of history each", scan(120 + 61 * turn, moved)


def _empty() -> None:
    from django.db import connection

    from exchanges.models import Instrument
    from opportunities.models import Opportunity, ScanRecord, Sighting

    tables = (Opportunity, Sighting, ScanRecord, Instrument)
    names = ", ".join(model._meta.db_table for model in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {names} CASCADE")


def _candidates(number: int) -> pl.DataFrame:
    """So many candidates whose legs exist."""
    from exchanges.models import Instrument
    from tests.factories import InstrumentFactory
    from tests.opportunities.stories import candidate, frame

    legs = [
        InstrumentFactory.build(venue=venue, asset=f"C{coin}")
        for coin in range(number)
        for venue in ("bybit", "binance")
    ]
    made = Instrument.objects.bulk_create(legs)
    pairs = zip(made[::2], made[1::2], strict=True)
    return frame(
        *(candidate(long.asset, long_id=long.pk, short_id=short.pk) for long, short in pairs)
    )


def book(repeats: int) -> Iterator[Line]:
    """A round's answers into the cache, and all markets out of it."""
    from exchanges import book as shelf
    from exchanges.venues import VENUES
    from tests.bench import bodies
    from tests.bench.pipeline import NOW_MS, listed, pieces_of

    made = bodies.made(1.0)
    pieces = pieces_of(bodies.markets(made))
    flat = [piece for feeds in pieces.values() for piece in feeds.values()]
    shelf.put_known(listed(made, pieces))
    put = timed(lambda: shelf.put(flat), repeats=repeats, clock=WALL)
    yield Line("e", "book: store a round's answers", f"{len(flat)} answers", put)
    load = timed(
        lambda: shelf.load(NOW_MS, venues=tuple(VENUES.values())), repeats=repeats, clock=WALL
    )
    held = shelf.load(NOW_MS, venues=tuple(VENUES.values()))
    size = f"{held.spot.height + held.perp.height:,} instruments"
    yield Line("e", "book: read and join all markets", size, load)
