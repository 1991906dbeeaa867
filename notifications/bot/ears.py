"""Whether the bot hears: what its process last found when it asked Telegram, kept for the console.

It says so again with every look, so that a process that ended is seen by its silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import redis
import structlog

from arbedge import cache
from arbedge.errors import NoData

KEEP_S: Final = 24 * 3600
NAME: Final = ("bot", "ears")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was found at `at`, by when the next look is due, and since when there is a trouble.

    `trouble` says what to do about it; "" where updates come.
    """

    at: datetime
    next_at: datetime
    trouble: str = ""
    since: datetime | None = None


def tell(now: datetime, next_at: datetime, trouble: str = "") -> None:
    """Keeps what was found just now; the next look is due at `next_at`. Without a cache only the
    log tells."""
    try:
        was = found() if trouble else None
        since = was.since if was and was.since else now
        told = Heard(now, next_at, trouble, since if trouble else None)
        with cache.reachable("bot's ears"):
            cache.client().set(cache.key(*NAME), msgspec.json.encode(told), ex=KEEP_S)
    except (NoData, redis.RedisError) as gone:
        log.warning("ears_not_kept", cause=str(gone), trouble=trouble)


def found() -> Heard | None:
    """What was last found; None where nobody looked within a day. Raises NoData without a cache."""
    with cache.reachable("bot's ears"):
        kept: Any = cache.client().get(cache.key(*NAME))
    return None if kept is None else msgspec.json.decode(kept, type=Heard)
