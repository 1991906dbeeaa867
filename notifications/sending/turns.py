"""Who may work on a channel: slow ones never hold all workers, and nobody waits twice for a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, connection

from arbedge import cache
from arbedge.errors import NoData
from arbedge.names import Channel
from notifications.names import CHANNEL_NUMBERS

LOCK: Final = 4_407_004
# One host, quick, and most of the messages; other channels' hosts may take seconds to answer.
MANY_AT_ONCE: Final = (Channel.TELEGRAM,)

# KEYS when somebody is woken; ARGV how long to wait (ms). A wake that comes later is no help.
_EARLIER: Final = """
if redis.call('exists', KEYS[1]) == 1 and redis.call('pttl', KEYS[1]) <= tonumber(ARGV[1]) then
    return 0
end
redis.call('set', KEYS[1], 1, 'PX', ARGV[1])
return 1
"""

log = structlog.get_logger(__name__)


@contextmanager
def taken(channel: Channel) -> Iterator[bool]:
    """Whether this worker may work on the channel for the time of the block.

    The turn is a lock of the database's session: it ends with the worker, however that ends.
    """
    if channel in MANY_AT_ONCE:
        yield True
        return
    place = [LOCK, CHANNEL_NUMBERS[channel]]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", place)
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            _give_back(place)


def _give_back(place: list[int]) -> None:
    """A connection that broke meanwhile has given the turn back by itself."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", place)
    except (OperationalError, InterfaceError) as error:
        log.warning("turn_lost", error=str(error))


def first_to_wait(channel: Channel, wait_s: float) -> bool:
    """Whether nobody is woken for this channel as early as in `wait_s`; True without the cache,
    for then the sweeper alone would be left."""
    try:
        with cache.reachable("turns"):
            wait_ms = max(1, round(wait_s * 1000))
            name = cache.key("deliver", "waits", channel.value)
            return bool(cache.client().eval(_EARLIER, 1, name, wait_ms))
    except NoData:
        return True
