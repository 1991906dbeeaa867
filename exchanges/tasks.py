"""What the market needs done by the clock. Each task may run twice; none waits for another."""

from __future__ import annotations

from celery import shared_task

from arbedge import clock
from exchanges import history, intake, networks, quality, rounds, routes


@shared_task(name="exchanges.collect")
def collect_markets() -> None:
    """Asks all venues once; the last one in, or the deadline, starts the scan."""
    report = rounds.run()
    if report is None:
        return
    if report.came():
        rounds.wake_scan()
    if report.lists_came:
        rounds.read_lists()
        if networks.missing():
            read_networks.delay()


@shared_task(name="exchanges.instruments")
def read_instruments() -> None:
    """Takes new instrument lists into the database and the book."""
    intake.refresh(routes.configured(), clock.now_ms())


@shared_task(name="exchanges.history")
def read_history() -> None:
    """Fetches the settled funding of a few perpetuals of the short list."""
    history.refresh(clock.now_ms())


@shared_task(name="exchanges.networks")
def read_networks() -> None:
    """Fetches which networks are open, from the venues that say so."""
    networks.refresh()


@shared_task(name="exchanges.prune_quality")
def prune_quality() -> None:
    """Drops the hourly counters that have left the window."""
    quality.prune([venue.name for venue in routes.configured()], clock.now_ms())
