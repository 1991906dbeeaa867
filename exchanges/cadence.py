"""When a feed is due again: a key stands in the cache for as long as it is not."""

from __future__ import annotations

from typing import Any

from arbedge import cache
from arbedge.clock import SECOND_MS

CLAIM_SLACK_MS = 500  # schedules jitter: a feed due in half a second is due


def due_key(venue: str, feed: str) -> str:
    """Returns the key that stands while a feed is not due."""
    return cache.key("due", venue, feed)


def claim(pipe: Any, venue: str, feed: str, every_s: float) -> None:
    """Takes a due feed for this process, within the pipeline given; its answer is truthy if won."""
    lasts_ms = max(1, int(every_s * SECOND_MS) - CLAIM_SLACK_MS)
    pipe.set(due_key(venue, feed), 1, nx=True, px=lasts_ms)


async def due_in(venue: str, feed: str, seconds: float) -> None:
    """Makes a claimed feed due again after so long."""
    await cache.aclient().pexpire(due_key(venue, feed), max(1, int(seconds * SECOND_MS)))
