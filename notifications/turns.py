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
    """Whether nobody else is to be woken for this channel within the time; True without the
    cache, for then the sweeper alone would be left."""
    try:
        with cache.reachable("turns"):
            name = cache.key("deliver", "waits", channel.value)
            return bool(cache.client().set(name, 1, nx=True, px=max(1, round(wait_s * 1000))))
    except NoData:
        return True
