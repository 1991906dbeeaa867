"""What people's rooms need done by the clock. Each task may run twice."""

from __future__ import annotations

import redis
import structlog
from celery import shared_task
from django.utils import timezone

from accounts import (
    activity,
    affiliates,
    audit_life,
    invitations,
    lockout,
    magic_links,
    mutes,
    payouts,
    referrals,
    sessions,
    subscriptions,
    telegram_login,
    token_use,
    websessions,
)

log = structlog.get_logger(__name__)


@shared_task(name="accounts.prune_audit")
def prune_audit() -> None:
    """Removes lines of the audit whose time is over."""
    pruned = audit_life.prune(timezone.now())
    log.info("audit_pruned", removed=pruned.removed, finished=pruned.finished)


@shared_task(name="accounts.clear_web_logins")
def clear_web_logins() -> None:
    """Removes web log-ins that are over, and counters of failed tries nobody needs."""
    websessions.SessionStore.clear_expired()
    log.info("login_locks_cleared", removed=lockout.clean_up(timezone.now()))


@shared_task(name="accounts.expire_tiers")
def expire_tiers() -> None:
    """Moves on everybody whose paid time or beta is over."""
    expired = subscriptions.expire(timezone.now())
    if expired.tiers or expired.betas:
        log.info("tiers_expired", tiers=expired.tiers, betas=expired.betas)


@shared_task(name="accounts.end_mutes", expires=60)
def end_mutes() -> None:
    """Shows again what was muted for a time that is over."""
    ended = mutes.expire(timezone.now())
    if ended:
        log.info("mutes_ended", ended=ended)


@shared_task(name="accounts.end_all_sessions")
def end_all_sessions(by_id: int, reason: str) -> None:
    """Ends everybody's sessions, as an operator decided; running it again finishes it."""
    from accounts import audit, sessions
    from accounts.models import Outcome, User
    from arbedge.names import Door

    by = User.objects.get(pk=by_id)
    with audit.doing(Door.CONSOLE, by):
        ended = sessions.end_all(None, Outcome.BY_STAFF, timezone.now(), by=by)
    log.info("all_sessions_ended", ended=ended, by=by_id, reason=reason)


@shared_task(name="accounts.flush_activity", expires=30)
def flush_activity() -> None:
    """Writes what people did in their sessions since they were written last."""
    try:
        flushed = activity.flush(timezone.now())
    except redis.RedisError as error:
        log.warning("activity_not_flushed", error=str(error))
        return
    if flushed.written or flushed.left:
        log.info("activity_flushed", written=flushed.written, left=flushed.left)


@shared_task(name="accounts.clean_up_sessions")
def clean_up_sessions() -> None:
    """Settles sessions that time has ended."""
    log.info("sessions_cleaned", settled=sessions.clean_up(timezone.now()))


@shared_task(name="accounts.tidy_invitations")
def tidy_invitations() -> None:
    """Empties the sealed text of codes that can be used no more."""
    log.info("invitations_tidied", emptied=invitations.tidy(timezone.now()))


@shared_task(name="accounts.follow_referrals")
def follow_referrals() -> None:
    """Notes which referred people have subscribed, and which stayed, with points for it."""
    log.info("referrals_followed", advanced=referrals.follow(timezone.now()))


@shared_task(name="accounts.grade_affiliates")
def grade_affiliates() -> None:
    """Gives affiliates the grade of their last 90 days."""
    log.info("affiliates_graded", changed=affiliates.regrade(timezone.now()))


@shared_task(name="accounts.make_payouts")
def make_payouts() -> None:
    """Makes payouts of complete months that have none yet."""
    log.info("payouts_made", made=payouts.make_payouts(timezone.now()))


@shared_task(name="accounts.flush_token_use", expires=60)
def flush_token_use() -> None:
    """Writes when API tokens were used last."""
    touched = token_use.flush()
    if touched:
        log.info("token_use_written", tokens=touched)


@shared_task(name="accounts.clear_log_ins")
def clear_log_ins() -> None:
    """Forgets log-in links and Telegram log-ins that can serve no more."""
    now = timezone.now()
    links, log_ins = magic_links.forget_old(now), telegram_login.forget_old(now)
    log.info("log_ins_cleared", links=links, telegram=log_ins)
