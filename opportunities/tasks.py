"""What opportunities need done by the clock. Each task may run twice; none waits for another."""

from __future__ import annotations

import structlog
from celery import shared_task

from arbedge import cache, clock
from arbedge.errors import NoData
from exchanges import book, history
from opportunities import live, outcomes, retention

log = structlog.get_logger(__name__)


@shared_task(name="opportunities.scan", expires=30)
def scan_markets(token: str | None = None) -> None:
    """Scans the book once and moves every opportunity on; one scan at a time."""
    try:
        live.run()
    except NoData as error:
        log.warning("scan_without_data", reason=error.message)
    finally:
        if token is not None:
            cache.release("scan", token)


@shared_task(name="opportunities.outcomes")
def follow_outcomes() -> None:
    """Looks at the due checkpoints of followed trades, with the prices of now."""
    try:
        snapshot = book.load()
    except NoData as error:
        log.warning("outcomes_without_prices", reason=error.message)
        return
    progress = outcomes.follow(snapshot.now_ms, outcomes.quotes(snapshot))
    history.want((history.Wanted(*leg) for leg in outcomes.awaited()), clock.now_ms())
    log.info("outcomes", due=progress.due, judged=progress.judged, finished=progress.finished)


@shared_task(name="opportunities.prune")
def prune_tables() -> None:
    """Removes what the tables have kept long enough; what is left over goes at the next run."""
    for run in retention.prune():
        if run.removed or not run.finished:
            log.info("pruned", table=run.table, removed=run.removed, finished=run.finished)
