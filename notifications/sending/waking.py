"""Wakes the workers of this floor. A wake that is lost costs seconds: the sweeper looks every few.

A broker that is gone is logged and never raised, for what is to be done lies in the database. To
find out that it is gone takes seconds, so that it is left alone for a while then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from arbedge.names import Channel

FAN_OUT: Final = "notifications.fan_out"
DELIVER: Final = "notifications.deliver"
BUNDLE: Final = "notifications.digests"
BROADCAST: Final = "notifications.broadcast"
MENU: Final = "notifications.menu"
LONGEST_S: Final = 300.0  # a later wake is the sweeper's
LAPSE_S: Final = 60.0  # a wake nobody took for so long is one of many
MENU_LAPSE_S: Final = 3600.0
LEFT_ALONE_S: Final = 10.0

log = structlog.get_logger(__name__)


@dataclass
class _Broker:
    """Until when this process does not try the broker again (monotonic)."""

    gone_until: float = 0.0


_broker: Final = _Broker()


def fan_out(after_s: float = 0.0) -> bool:
    """Has due slices fanned out, `after_s` from now (at most 300). False: the broker is gone."""
    return _send(FAN_OUT, "fanout", after_s)


def deliver(channels: Iterable[Channel], after_s: float = 0.0) -> bool:
    """Has what is due on these channels sent, `after_s` from now. False: the broker is gone."""
    sent = [_send(DELIVER, "deliver", after_s, channel.value) for channel in channels]
    return all(sent)


def bundle() -> bool:
    """Has what is due in bundles sent. False: the broker is gone."""
    return _send(BUNDLE, "fanout", 0.0)


def broadcast() -> bool:
    """Has running broadcasts written out. False: the broker is gone."""
    return _send(BROADCAST, "fanout", 0.0)


def menu(user_id: int) -> bool:
    """Has a person's menu in the bot set anew. False: the broker is gone; no sweeper looks, but
    the bot's next start sets all of them."""
    return _send(MENU, "default", 0.0, user_id, lapse_s=MENU_LAPSE_S)


def after_commit(wake: Callable[..., bool], *args: Any) -> None:
    """Calls one of the above when this transaction is committed, and not at all if it is not."""
    transaction.on_commit(partial(wake, *args), robust=True)


def _send(
    task: str, queue: str, after_s: float, *args: str | int, lapse_s: float = LAPSE_S
) -> bool:
    wait_s = min(max(after_s, 0.0), LONGEST_S)
    if time.monotonic() < _broker.gone_until:
        log.warning("wake_not_tried", task=task, args=args)
        return False
    try:
        current_app.send_task(
            task, args, queue=queue, countdown=wait_s or None, expires=wait_s + lapse_s, retry=False
        )
    except (OperationalError, RedisError, OSError) as error:
        _broker.gone_until = time.monotonic() + LEFT_ALONE_S
        log.warning("wake_lost", task=task, args=args, error=str(error))
        return False
    return True
