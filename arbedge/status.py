"""Lines for the screen of `manage.py up`: upper floors say how their part is doing.

The ground floor imports nothing above it, so each app registers a callable when it is ready.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How good a line's news is."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Line:
    """One line of a section: `Line("binance", Level.GOOD, "3 s old, 412 weight used")`."""

    label: str
    level: Level
    text: str


Source = Callable[[], Iterable[Line]]
sources: dict[str, Source] = {}


def register(section: str, source: Source) -> None:
    """Adds a section; `source` is called every few seconds by `up` and should be cheap."""
    sources[section] = source


def report() -> dict[str, list[Line]]:
    """Returns {section: lines}. A section that cannot answer says why, and stops no other."""
    told: dict[str, list[Line]] = {}
    for section, source in sources.items():
        try:
            told[section] = list(source())
        except Exception as error:  # noqa: BLE001  shown to the operator as the section's line
            text = f"unknown: {error or type(error).__name__}"
            told[section] = [Line(section, Level.UNKNOWN, text)]
    return told
