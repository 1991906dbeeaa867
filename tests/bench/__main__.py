"""`python -m tests.bench [--quick] [--full] [a … j]`: how fast the engine is, as one table.

a: bytes to columns, and to ranked rows, against ccxt's own parsers on the same bytes; b: detect,
gate and rank; c: the lifecycle in PostgreSQL; d: bytes and rows a second; e: book and depth;
f: people; g: the console of people; h: reaching people; i: sending; j: talking.
"""

from __future__ import annotations

import os

# One core is what is measured and promised; read when polars is first imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arbedge.settings")

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.bench import storing
from tests.bench.console import console as desk
from tests.bench.people import people
from tests.bench.reaching import reaching
from tests.bench.report import Line, show
from tests.bench.sending import sending
from tests.bench.talking import talking

SCALES = (0.25, 0.5, 1.0, 2.0)  # doubled three times
WIDE = 150
PARTS = {
    "a": "bytes to columns and to ranked rows, against ccxt",
    "b": "detect, gate and rank",
    "c": "lifecycle in PostgreSQL",
    "d": "bytes and rows a second",
    "e": "book and depth",
    "f": "people: sessions, permissions, audience",
    "g": "the console of people",
    "h": "reaching people: eligibility and fan-out",
    "i": "sending: rate, pace, time to the first message",
    "j": "talking: updates through webhook, handler and answer",
}


def main() -> int:
    """Run the chosen parts and print the table; 1 when an aim was missed."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    asked.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="part", help="a to j")
    asked.add_argument("--quick", action="store_true", help="one size, few repeats")
    asked.add_argument(
        "--full", action="store_true", help="f to h: up to a million people; i: 5,000 at the pace"
    )
    options = asked.parse_args()
    chosen = options.parts or list(PARTS)
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    with _stores(chosen):
        lines = _measured(chosen, quick=options.quick, full=options.full)
    show(console, lines)
    return int(any(line.met is False for line in lines))


@contextlib.contextmanager
def _stores(chosen: list[str]) -> Iterator[None]:
    """Django with a database and a cache of our own, or without any where none is needed."""
    if {"c", "e", "f", "g", "h", "i", "j"} & set(chosen):
        with storing.engines():
            yield
    else:
        import django

        django.setup()
        yield


def _measured(chosen: list[str], *, quick: bool, full: bool) -> list[Line]:
    work = _work((1.0,) if quick else SCALES, 5 if quick else 15)
    work["f"] = (lambda: people(quick=quick, full=full),)
    work["h"] = (lambda: reaching(quick=quick, full=full),)
    work["i"] = (lambda: sending(quick=quick, full=full),)
    work["j"] = (lambda: talking(quick=quick, full=full),)
    work["g"] = (lambda: desk(quick=quick, full=full),)
    lines: list[Line] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        for part in chosen:
            for run in work[part]:
                progress.update(task, description=f"({part}) {PARTS[part]}")
                lines.extend(run())
    return lines


def _work(
    scales: tuple[float, ...], repeats: int
) -> dict[str, tuple[Callable[[], Iterator[Line]], ...]]:
    from tests.bench.ranking import ranking
    from tests.bench.reading import columns, speed
    from tests.bench.walking import walking

    return {
        "a": (lambda: columns(scales, repeats),),
        "b": (lambda: ranking(scales, repeats),),
        "c": (lambda: storing.lifecycle(scales),),
        "d": (lambda: speed(scales, repeats),),
        "e": (lambda: storing.book(repeats), lambda: walking(repeats)),
    }


if __name__ == "__main__":
    sys.exit(main())
