"""What was measured, as one table; and the machine it was measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.timing import Timed

LINEAR_WITHIN = 1.1  # an exponent up to here counts as linear: short runs wobble


@dataclass(frozen=True, slots=True)
class Line:
    """One measurement. `met` is None where nothing was promised; `growth` an exponent of size."""

    part: str
    what: str
    size: str
    time: Timed
    result: str = ""
    aim: str = ""
    met: bool | None = None
    growth: float | None = None


def show(console: Console, lines: Iterable[Line]) -> None:
    """Print the table and the machine."""
    table = Table("", "what", "size")
    for name in ("best ms", "median ms", "result", "aim", "met", "growth"):
        table.add_column(name, justify="right", no_wrap=True)
    last = None
    for line in lines:
        if last not in {None, line.part}:
            table.add_section()
        last = line.part
        table.add_row(*_cells(line))
    console.print(table)
    console.print(machine())


def machine() -> str:
    """Cores, processor, Python and load: what the figures depend on."""
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {_processor()}, {platform.system()}, "
        f"Python {platform.python_version()}, load {load:.1f}; "
        "processor time of one core; c, e to i by the wall clock"
    )


def _cells(line: Line) -> tuple[str, ...]:
    growth = ""
    if line.growth is not None:
        mark = "" if line.growth <= LINEAR_WITHIN else " !"
        growth = f"n^{line.growth:.2f}{mark}"
    met = "" if line.met is None else ("yes" if line.met else "[red]NO[/red]")
    times = (f"{line.time.best_ms:.1f}", f"{line.time.median_ms:.1f}")
    return (line.part, line.what, line.size, *times, line.result, line.aim, met, growth)


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for row in listed.read_text().splitlines():
            if row.startswith("model name"):
                return row.partition(":")[2].strip()
    return platform.processor() or platform.machine()
