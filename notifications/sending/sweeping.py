"""Looks every few seconds for what nobody was woken for, and frees what lost workers held."""
# ruff: noqa: S608  (statements are put together from this module's own words, never from data)

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import connection

from arbedge.errors import NoData
from arbedge.names import Channel
from notifications import counters, fanout
from notifications.choosing import quota_rebuild, quotas
from notifications.names import CHANNELS, DeliveryState
from notifications.sending import outbox, waking

OVERDUE: Final = timedelta(seconds=3)  # somebody who was woken would have been there by now
_DEAD: Final = f"('{DeliveryState.FAILED}', '{DeliveryState.DEAD}')"
_DUE: Final = f"""
SELECT channel, count(*), min(due_at) FROM notifications_delivery
WHERE state = '{DeliveryState.PENDING}' AND due_at <= %s GROUP BY channel
"""
_LETTERS: Final = f"""
SELECT (SELECT count(*) FROM notifications_deliverylog
        WHERE state IN {_DEAD} AND settled_at > %(since)s)
     + (SELECT count(*) FROM notifications_delivery
        WHERE settled_at > %(since)s AND state IN {_DEAD})
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: rows freed and dead, channels woken, whether slices were overdue."""

    freed: int
    dead: int
    woken: tuple[Channel, ...]
    slices: bool


def sweep(now: datetime) -> Swept:
    """Frees lapsed claims, wakes channels and fan-out for what is overdue, tells Prometheus."""
    freed, dead = outbox.release_lapsed(now)
    counters.LAPSED.inc(freed + len(dead))
    counters.ended(dead)
    quotas.release([one.id for one in dead if one.counted])
    if freed or dead:
        log.warning("leases_lapsed", freed=freed, dead=len(dead))
    _remember(now)
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now])
        due = {channel: (rows, since) for channel, rows, since in cursor.fetchall()}
        cursor.execute(_LETTERS, {"since": now - timedelta(days=1)})
        letters = int(cursor.fetchone()[0])
    counters.queue(due, letters, now)
    late = [CHANNELS[number] for number, (_, since) in due.items() if since <= now - OVERDUE]
    if late:
        waking.deliver(late)
    slices = fanout.overdue(now - OVERDUE)
    if slices:
        waking.fan_out()
    return Swept(freed, len(dead), tuple(late), slices)


def _remember(now: datetime) -> None:
    """What people were told is known again soon after the cache was lost."""
    try:
        quota_rebuild.ensure(now)
    except NoData as error:
        log.warning("quotas_unknown", reason=error.message)
