"""Sessions: begun by consent, alive for seven days from the last word, ended by either side.

A check is one look-up of the person's standing in the cache. Time ends a session by itself; rows
that still say active are settled once a day.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import redis
import structlog
from django.db import transaction
from django.db.models import QuerySet

from accounts import activity, audit, session_rows, session_tokens, standing
from accounts.activity_rows import LIFE
from accounts.models import Outcome, Session, SessionState, User
from accounts.standing import Standing
from arbedge import sealing
from arbedge.errors import Forbidden, NotFound
from arbedge.names import AccountState, Door

TOKEN_BYTES: Final = 32

log = structlog.get_logger(__name__)

_REFUSALS: Final = {
    AccountState.SUSPENDED: "Your account is suspended.",
    AccountState.BANNED: "Your account is banned.",
    AccountState.DEACTIVATED: "Your account is deactivated.",
}


@dataclass(frozen=True)
class Started:
    """A session and, by doors where one is presented, the token that is shown this once."""

    session: Session
    token: str = ""
    is_new: bool = True


def start(user: User | int, door: Door, now: datetime, *, ip: str = "", agent: str = "") -> Started:
    """Begins a session; in Telegram it goes on with the one there is.

    Raises Forbidden(suspended, banned, deactivated) where the account may not be used, and
    NotFound(user_unknown).
    """
    with transaction.atomic():
        person = _locked(user)
        held = _in_telegram(person, now) if door is Door.TELEGRAM else None
        if held is not None:
            _go_on(held, now)
            started = Started(held, is_new=False)
        else:
            started = _begin(person, door, now, ip, agent)
        standing.changed([person.pk])
    activity.word(person.pk, started.session.pk, "start", now)
    return started


def check(user_id: int, now: datetime) -> Standing | None:
    """The standing of a person with an active session at `now`, else None. One cache look-up."""
    try:
        known = standing.known(user_id)
    except NotFound:
        return None
    if known.session_id is None:
        return None
    if known.has_session(now):
        return known
    until_ms = _slid(known.session_id, known.session_until_ms, now)
    slid = msgspec.structs.replace(known, session_until_ms=until_ms)
    return slid if slid.has_session(now) else None


def check_token(token: str, now: datetime) -> tuple[int, Standing] | None:
    """The id of the session of this token and its person's standing; None where it is over."""
    held = session_tokens.known(sealing.sha256(token))
    if held is None:
        return None
    until_ms = held.until_ms
    if until_ms <= standing.ms(now):
        until_ms = _slid(held.session_id, until_ms, now)
    if until_ms <= standing.ms(now):
        return None
    return held.session_id, standing.known(held.user_id)


def touch(user_id: int, session_id: int, what: str, now: datetime) -> None:
    """The person did something: `what`, a known command or button. His session lives on."""
    activity.word(user_id, session_id, what, now)


def seen(user_id: int, now: datetime, opportunities: int = 1) -> None:
    """Opportunities were shown to the person; counted with his session, if he has one."""
    _count(user_id, now, seen=opportunities)


def acted(user_id: int, now: datetime, opportunities: int = 1) -> None:
    """The person acted on opportunities."""
    _count(user_id, now, acted=opportunities)


def active(user_id: int, now: datetime) -> QuerySet[Session]:
    """The person's sessions that have not ended, newest word first."""
    rows = Session.objects.filter(user_id=user_id, state=SessionState.ACTIVE, expires_at__gt=now)
    return rows.order_by("-seen_at", "-id")


def end(session_id: int, outcome: Outcome, now: datetime, *, by: User | None = None) -> bool:
    """Ends a session for good. Returns False where it had ended before."""
    session = Session.objects.filter(pk=session_id).first()
    if session is None:
        return False
    with transaction.atomic():
        ended = session_rows.end([session.user_id], outcome, now, by, session_id=session_id)
        if ended and by is not None:
            audit.record("session.ended", session, whom=session.user_id, security=True, by=by)
    return bool(ended)


def end_all(
    user_id: int | None,
    outcome: Outcome,
    now: datetime,
    *,
    by: User | None = None,
    told: Callable[[int], None] = lambda _: None,
) -> int:
    """Ends every session of a person, or of everybody where `user_id` is None. Returns how many.

    Everybody is worked off in batches, each its own transaction, in the order of ids; `told` hears
    how many each batch ended. A run that was stopped is finished by running it again.
    """
    number = 0
    for people in [[user_id]] if user_id is not None else session_rows.everybody():
        with transaction.atomic():
            ended = session_rows.end(people, outcome, now, by)
        number += ended
        told(ended)
    if by is not None:
        changes = {"sessions": number, "outcome": outcome.value}
        audit.record("sessions.ended", Session, whom=user_id, changes=changes, security=True, by=by)
    return number


def clean_up(now: datetime, batch: int = session_rows.BATCH) -> int:
    """Settles rows of sessions that time has ended. Returns how many.

    Words not written yet are written first. People another transaction holds are left to the next
    run; a run that was stopped is finished by running it again.
    """
    try:
        activity.flush(now, everything=True)
    except redis.RedisError as error:
        log.warning("sessions_cleaned_without_cache", error=str(error))
    number = 0
    while ended := session_rows.settle_lapsed(now, batch):
        number += ended
    return number


def _locked(user: User | int) -> User:
    """The person, his row held until the end of the transaction; two starts wait for each other."""
    pk = user.pk if isinstance(user, User) else user
    person = User.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if person is None:
        raise NotFound("There is no such person.", code="user_unknown", user_id=pk)
    state = AccountState(person.state)
    if state is not AccountState.ACTIVE:
        raise Forbidden(_REFUSALS[state], code=state.value)
    return person


def _in_telegram(person: User, now: datetime) -> Session | None:
    """The session to go on with. One that time has ended is settled: a new one may begin."""
    rows = Session.objects.filter(user=person, door=Door.TELEGRAM, state=SessionState.ACTIVE)
    held = rows.select_for_update().first()
    if held is None:
        return None
    until_ms = activity.slid_until_ms(held.pk, standing.ms(held.expires_at))
    if until_ms > standing.ms(now):
        return held
    session_rows.end([person.pk], Outcome.EXPIRED, now, None, session_id=held.pk)
    return None


def _go_on(session: Session, now: datetime) -> None:
    session.seen_at = max(session.seen_at, now)
    session.expires_at = max(session.expires_at, now + LIFE)
    session.save(update_fields=["seen_at", "expires_at"])


def _begin(person: User, door: Door, now: datetime, ip: str, agent: str) -> Started:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session = Session.objects.create(
        user=person,
        door=door,
        digest=sealing.sha256(token),
        started_at=now,
        seen_at=now,
        expires_at=now + LIFE,
        ip=ip or None,
        agent=agent[:200],
    )
    User.objects.filter(pk=person.pk).update(seen_at=now)
    return Started(session, "" if door is Door.TELEGRAM else token)


def _slid(session_id: int, until_ms: int, now: datetime) -> int:
    """The end of a session that seems to be over: words not written yet, then the row itself."""
    until_ms = activity.slid_until_ms(session_id, until_ms)
    if until_ms > standing.ms(now):
        return until_ms
    row = Session.objects.filter(pk=session_id, state=SessionState.ACTIVE, expires_at__gt=now)
    until = row.values_list("expires_at", flat=True).first()
    return until_ms if until is None else standing.ms(until)


def _count(user_id: int, now: datetime, *, seen: int = 0, acted: int = 0) -> None:
    known = check(user_id, now)
    if known is not None and known.session_id is not None:
        activity.opportunities(user_id, known.session_id, now, seen=seen, acted=acted)
