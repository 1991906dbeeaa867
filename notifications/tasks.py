"""What messages need done by the clock or when woken. Each task may run twice; none sleeps."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from arbedge.errors import NoData
from notifications import broadcasts, digests, fanout, triggers, waking

log = structlog.get_logger(__name__)


@shared_task(name="notifications.fan_out", expires=60)
def fan_out() -> None:
    """Writes the deliveries of every slice that is due."""
    fanout.run(timezone.now())


@shared_task(name="notifications.alerts", expires=10)
def check_alerts() -> None:
    """Compares people's alerts with the market of now."""
    try:
        done = triggers.check()
    except NoData as error:
        log.warning("alerts_without_prices", reason=error.message)
        return
    if done.fired:
        log.info("alerts_fired", fired=done.fired, told=done.told)


@shared_task(name="notifications.digests", expires=60)
def bundle() -> None:
    """Sends what waited for somebody's window."""
    done = digests.run(timezone.now())
    while done.more:
        done = digests.run(timezone.now())


@shared_task(name="notifications.broadcast", expires=60)
def broadcast() -> None:
    """Writes running broadcasts out, some thousands a run."""
    if broadcasts.run(timezone.now()):
        waking.broadcast()
