"""Hours and paces as people type them: `23-07`, `8h30`, `15 min`, `daily`."""

from __future__ import annotations

import re
from typing import Final

from accounts.wishes import HOUR_MIN
from arbedge.choices import Frequency

_AT: Final = r"(\d{1,2})(?:[:h]?(\d\d))?h?"
_CLOCK: Final = re.compile(_AT)
_SPAN: Final = re.compile(rf"{_AT}\s*(?:[-–—−]|to|a|à)\s*{_AT}")
# What people write for the frequencies of choices.Frequency.
_PACES: Final = {
    "at_once": Frequency.IMMEDIATE, "off": Frequency.IMMEDIATE, "immediate": Frequency.IMMEDIATE,
    "5": Frequency.EVERY_5_MIN, "5min": Frequency.EVERY_5_MIN,
    "15": Frequency.EVERY_15_MIN, "15min": Frequency.EVERY_15_MIN,
    "30": Frequency.EVERY_30_MIN, "30min": Frequency.EVERY_30_MIN,
    "60": Frequency.HOURLY, "hourly": Frequency.HOURLY,
    "daily": Frequency.DAILY, "on": Frequency.DAILY,
}  # fmt: skip


def clock(text: str) -> int | None:
    """The minute of the day a clock time means (24:00 is midnight), None where it is none."""
    found = _CLOCK.fullmatch(text.strip().casefold())
    return None if found is None else _minute(found[1], found[2])


def span(text: str) -> tuple[int, int] | None:
    """The minutes of the day at which hours begin and end, None where the text names no hours."""
    found = _SPAN.fullmatch(text.strip().casefold())
    if found is None:
        return None
    first, second = _minute(found[1], found[2]), _minute(found[3], found[4])
    return None if first is None or second is None else (first, second)


def pace(text: str) -> Frequency | None:
    """How often messages are to come, None where the text does not tell it in words for all."""
    return _PACES.get("".join(text.casefold().split()))


def _minute(hours: str, minutes: str | None) -> int | None:
    hour, minute = int(hours), int(minutes or 0)
    if hour > 24 or minute >= HOUR_MIN or (hour == 24 and minute):
        return None
    return hour % 24 * HOUR_MIN + minute
