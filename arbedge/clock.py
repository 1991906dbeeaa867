"""The wall clock. Only doors (tasks, commands, the collector) read it; everything else is told."""

from __future__ import annotations

import time

SECOND_MS = 1_000.0
MINUTE_MS = 60_000.0
HOUR_MS = 3_600_000.0
DAY_MS = 86_400_000.0


def now_ms() -> float:
    """Returns the time now, in milliseconds since 1970 UTC."""
    return time.time() * SECOND_MS
