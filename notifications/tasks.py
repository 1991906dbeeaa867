"""What messages need done by the clock or when woken. Each task may run twice; none sleeps."""

from __future__ import annotations

from typing import Any

import structlog
from celery import Task, shared_task
from django.utils import timezone

from accounts.credentials import Unchecked
from arbedge import cache
from arbedge.errors import NoData
from arbedge.names import Channel
from notifications import days, fanout, pruning
from notifications.addressing import verification
from notifications.alerts import trigger_accounts, triggers
from notifications.bot import intake, questions, setup, talks
from notifications.bot.staff import own_menu
from notifications.broadcasting import broadcasts
from notifications.bundling import digests
from notifications.sending import delivery, journal, sweeping, waking

MENU_AGAIN_S, MENU_TRIES = 15, 4
ACCOUNTS_MS = 250_000  # as long as a reader of accounts may live

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


@shared_task(name="notifications.accounts", expires=240)
def check_accounts() -> None:
    """Reads the accounts alerts are about; one reader at a time."""
    try:
        with cache.reachable("reader of accounts"):
            token = cache.acquire("alerts:accounts", ACCOUNTS_MS)
        if token is None:
            return
        try:
            fired = trigger_accounts.check(timezone.now())
        finally:
            with cache.reachable("reader of accounts"):
                cache.release("alerts:accounts", token)
        log.info("accounts_read", fired=fired)
    except (NoData, Unchecked) as error:
        log.warning("accounts_unread", reason=error.message)


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


@shared_task(name="notifications.deliver", expires=60)
def deliver(channel: str) -> None:
    """Sends what is due on a channel for some seconds, and wakes whoever goes on."""
    on = Channel(channel)
    ran = delivery.run(on, timezone.now())
    delivery.wake(on, ran, timezone.now())
    if ran.sent or ran.failed or ran.late:
        log.info("delivered", channel=channel, sent=ran.sent, failed=ran.failed, late=ran.late)


@shared_task(name="notifications.sweep", expires=5)
def sweep() -> None:
    """Finds what nobody was woken for, and what lost workers held."""
    sweeping.sweep(timezone.now())


@shared_task(name="notifications.journal", expires=60)
def move_to_log() -> None:
    """Moves settled deliveries out of the queue."""
    journal.move(timezone.now())


@shared_task(name="notifications.prune")
def prune() -> None:
    """Makes the days to come and removes what was kept long enough."""
    days.ensure(timezone.now())
    for run in pruning.prune(now=timezone.now()):
        if run.removed or not run.finished:
            log.info("pruned", table=run.table, removed=run.removed, finished=run.finished)


@shared_task(name="notifications.menu", bind=True, max_retries=MENU_TRIES)
def set_menu(self: Task[Any, None], user_id: int) -> None:
    """Shows a member of staff the commands of his role."""
    try:
        own_menu.tell(user_id)
    except setup.Unreachable as error:
        raise self.retry(exc=error, countdown=MENU_AGAIN_S * 2**self.request.retries) from error


@shared_task(name="notifications.bot", expires=600)
def tidy_bot() -> None:
    """Forgets updates that ended, conversations and questions whose time is over."""
    now = timezone.now()
    given_up, updates = intake.tidy(now)
    asked = talks.forget_old(now) + questions.forget_old(now)
    if given_up or updates or asked:
        log.info("bot_tidied", given_up=given_up, updates=updates, conversations=asked)


@shared_task(name="notifications.codes", expires=3600)
def forget_codes() -> None:
    """Deletes proofs of addresses a day after their end."""
    verification.forget_old(timezone.now())
