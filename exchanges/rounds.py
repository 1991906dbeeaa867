"""One round of the market: collect, learn new instruments, and wake the scan."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from django.conf import settings
from kombu.exceptions import OperationalError

from arbedge import aio, cache, clock
from arbedge.celery import app
from exchanges import book, collect, intake, pausing, routes
from exchanges.outcomes import Report
from exchanges.venues.base import Venue

SCAN_TASK = "opportunities.scan"
LISTS_TASK = "exchanges.instruments"
LISTS_LAPSE_S = 300
NAMES_AGAIN_S = 60
SCAN_TOKEN_MS = 15_000  # a scan that died gives way after so long
GRACE_S = 10.0

log = structlog.get_logger(__name__)


def run(
    venues: Collection[Venue] | None = None, *, deadline_ms: float | None = None
) -> Report | None:
    """Collects once and keeps the report for people; None when another process is collecting.

    Until an instrument list is known it is read at once, afterwards by a task of its own. Raises
    NoData when the cache cannot be reached.
    """
    asked = tuple(venues if venues is not None else routes.configured())
    limit_ms = deadline_ms or settings.SCAN_DEADLINE_MS
    with cache.reachable("collector"):
        token = cache.acquire("collect", int(limit_ms + GRACE_S * clock.SECOND_MS))
    if token is None:
        return None
    try:
        report = aio.run(
            collect.collect_once(asked, deadline_ms=limit_ms),
            limit_ms / clock.SECOND_MS + GRACE_S,
        )
        book.publish("collected", msgspec.json.encode(report))
        if report.came() and (book.known().is_empty() or _names_are_due()):
            intake.refresh(asked, clock.now_ms())
    finally:
        cache.release("collect", token)
    return report


def _names_are_due() -> bool:
    """Where symbols stand in for lists, new ones are looked for once a minute."""
    if not settings.INSTRUMENTS_FROM_NAMES:
        return False
    mark = cache.key("asked", "names")
    return bool(cache.client().set(mark, 1, nx=True, ex=NAMES_AGAIN_S))


def wake_scan() -> bool:
    """Starts the scan unless one is under way. Returns whether it was started.

    The scan gives its token back with `cache.release("scan", token)`.
    """
    with cache.reachable("scan token"):
        token = cache.acquire("scan", SCAN_TOKEN_MS)
    if token is None:
        return False
    lapse_s = max(settings.SCAN_EVERY_S, 1.0)
    if _sent(SCAN_TASK, queue="scan", kwargs={"token": token}, expires=lapse_s):
        return True
    cache.release("scan", token)
    return False


def read_lists() -> bool:
    """Has new instrument lists read by the task for it. Returns whether it was told."""
    return _sent(LISTS_TASK, queue="default", expires=LISTS_LAPSE_S)


def _sent(task: str, **options: Any) -> bool:
    """The tables and the book are the truth, a task only a wake-up: a broker gone is logged."""
    try:
        app.send_task(task, **options)
    except OperationalError as error:
        log.warning("the broker cannot be reached", task=task, why=str(error))
        return False
    return True


def last() -> dict[str, Any] | None:
    """Returns the report of the last round as plain values, None where there is none."""
    raw = book.fetch("collected")
    report: dict[str, Any] | None = msgspec.json.decode(raw) if raw is not None else None
    return report


def paused(now_ms: float) -> frozenset[str]:
    """Returns the venues an operator has paused, or that are in announced maintenance now."""
    return frozenset(pausing.held(datetime.fromtimestamp(now_ms / clock.SECOND_MS, UTC)))
