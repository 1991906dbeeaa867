"""One person's updates in the order they came, whoever of the bot's workers takes them.

An update is claimed, its attempt counted, and only then handled: one that kills its workers is
given up after some. Handling ends in one transaction with the answers, which are sent after that;
so an update whose worker is lost later is answered again, but not handled again unless it changed
nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.views.decorators.debug import sensitive_variables
from prometheus_client import Counter, Histogram

from arbedge import sealing
from notifications.bot import answering, dispatch, intake, lane_sql
from notifications.models.bot import UpdateState

AT_ONCE: Final = 8  # updates of one lane, before others have their turn
ATTEMPTS: Final = 5
ANSWERED_WITHIN: Final = timedelta(minutes=5)
NOT_NOW_S: Final = 2.0
FOUND: Final = 200
# What was just stored has its wake on the way; where many are woken, it waits among them.
WOKEN_WITHIN: Final = timedelta(seconds=1)
WOKEN_LATE: Final = timedelta(seconds=30)

ENDED: Final = Counter("arbedge_bot_ended", "Updates by how they ended.", ["how"])
PUT_OFF: Final = Counter("arbedge_bot_put_off", "Updates to be gone on with later.", ["why"])
SECONDS: Final = Histogram(
    "arbedge_bot_seconds", "From an update coming in to its last answer.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 15, 60, 300),
)  # fmt: skip

Calls = Sequence[dict[str, Any]]
log = structlog.get_logger(__name__)


class TurnLost(OperationalError):
    """Another worker has the update by now: this one's connection, and its turn, were lost."""


@dataclass(slots=True)
class _Row:
    """An update this worker has claimed. `handled_at` is when its answers were kept; `began` tells
    how long the worker takes, on a clock of its own."""

    update_id: int
    sealed: str = field(repr=False)
    state: int
    attempts: int
    calls: Calls = field(repr=False)
    received_at: datetime
    handled_at: datetime | None
    began: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class _Turn:
    """A lane for the time it is this worker's (`mine`): the update claimed first, how much is done,
    whether there is `next`, so far as is known, and whether more is due after the turn."""

    lane: int
    now: datetime
    mine: bool = False
    first: _Row | None = None
    next: bool = False
    more: bool = False
    done: int = 0

    def told(self, **more: Any) -> dict[str, Any]:
        """The parameters of a statement about this lane."""
        return {"lock": lane_sql.LOCK, "lane": self.lane, "now": self.now, **more}


def work(lane: int, now: datetime) -> int:
    """Handles and answers what is due in a lane, eight updates at most; returns how many.

    Another worker's lane is left to that one. Whatever an update leads to stays its own affair.
    """
    done = 0
    while done < AT_ONCE:
        with _taken(lane, now) as turn:
            row = turn.first
            while row is not None:
                turn.next = False
                _go_safely(row, turn)
                goes_on = turn.next and done + turn.done < AT_ONCE
                row = _claim(turn) if goes_on else None
        done += turn.done
        if not turn.more:
            return done
    intake.wake(lane)
    return done


def due(now: datetime, after: timedelta = WOKEN_WITHIN) -> list[int]:
    """Lanes with something due that came so long ago, or was put off until now; 200 at most."""
    with connection.cursor() as cursor:
        cursor.execute(lane_sql.DUE, [now, now - after, FOUND])
        return [int(lane) for (lane,) in cursor.fetchall()]


@contextmanager
def _taken(lane: int, now: datetime) -> Iterator[_Turn]:
    """The turn is a lock of the database's session: it ends with the worker, however that ends.
    An update that is due is claimed with it."""
    turn = _Turn(lane, now)
    with connection.cursor() as cursor:
        cursor.execute(lane_sql.TAKE, turn.told())
        mine, *found = cursor.fetchone()
    turn.mine, turn.first = bool(mine), _read(found)
    try:
        yield turn
    finally:
        if turn.mine:
            _give_back(turn)


def _give_back(turn: _Turn) -> None:
    """Looks once more: who was woken for an update meanwhile found the lane taken and left."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(lane_sql.GIVE_BACK, turn.told())
            turn.more = bool(cursor.fetchone()[1])
    except (OperationalError, InterfaceError) as error:
        log.warning("lane_lost", error=type(error).__name__)


def _go_safely(row: _Row, turn: _Turn) -> None:
    """One update's way, as far as it goes now; where that is not to its end, the lane waits."""
    try:
        _go(row, turn)
    except (OperationalError, InterfaceError) as error:
        log.warning("update_interrupted", update_id=row.update_id, error=type(error).__name__)
        _again(row, turn.now, "database")
    except Exception:  # counted as an attempt, of which there are few
        log.exception("update_not_done", update_id=row.update_id)
        _again(row, turn.now, "failed")


def _go(row: _Row, turn: _Turn) -> None:
    if row.attempts > ATTEMPTS:
        log.error("update_given_up", update_id=row.update_id, attempts=row.attempts - 1)
        _end(row, "poison", turn)
        return
    if row.state == UpdateState.WAITING:
        _handle(row, turn)
    if row.calls:
        _answer(row, turn)


def _claim(turn: _Turn) -> _Row | None:
    """The first open update of the lane, its attempt counted; None where it is not due yet."""
    with connection.cursor() as cursor:
        cursor.execute(lane_sql.CLAIM, turn.told())
        return _read(cursor.fetchone())


def _read(found: Sequence[Any] | None) -> _Row | None:
    if not found or found[0] is None:
        return None
    row = _Row(*found)
    row.calls = json.loads(found[4])
    return row


@sensitive_variables()
def _handle(row: _Row, turn: _Turn) -> None:
    now = turn.now
    try:
        update = json.loads(sealing.unseal(row.sealed))
    except sealing.Unsealable as error:
        log.warning("update_unsealable", update_id=row.update_id, reason=error.message)
        _end(row, error.code, turn)
        return

    def keep(calls: Calls) -> None:
        state = UpdateState.ANSWERING if calls else UpdateState.DONE
        written = json.dumps(list(calls))
        with connection.cursor() as cursor:
            cursor.execute(lane_sql.KEEP, [state.value, written, now, row.update_id, row.attempts])
            if cursor.rowcount != 1:
                raise TurnLost("another worker has the update")
        row.calls, row.handled_at, row.state = calls, now, state.value

    unkept = dispatch.handle(update, now, keep)
    if unkept:
        row.calls, row.handled_at, row.state = unkept, now, UpdateState.ANSWERING.value
    if row.state == UpdateState.DONE:
        turn.next = True
        _ended(row, "nothing_to_say", turn)


def _answer(row: _Row, turn: _Turn) -> None:
    """Sends what is to be sent; what cannot be sent now goes on later, for some minutes."""
    sent, now = answering.send(row.calls), turn.now
    if not sent.left:
        _end(row, "", turn)
        return
    if row.handled_at is not None and now - row.handled_at > ANSWERED_WITHIN:
        log.warning("answers_dropped", update_id=row.update_id, number=len(sent.left))
        _end(row, "unanswered", turn)
        return
    wait = timedelta(seconds=sent.wait_s or NOT_NOW_S)
    with connection.cursor() as cursor:
        written = json.dumps(list(sent.left))
        cursor.execute(lane_sql.LATER, [row.handled_at, written, now + wait, row.update_id])
    PUT_OFF.labels("answer").inc()


def _end(row: _Row, problem: str, turn: _Turn) -> None:
    state = UpdateState.FAILED if problem else UpdateState.DONE
    told = turn.told(state=state.value, problem=problem, number=row.update_id)
    with connection.cursor() as cursor:
        cursor.execute(lane_sql.END, told)
        turn.mine = turn.next = bool(cursor.fetchone()[0])
    _ended(row, problem or "answered", turn)


def _ended(row: _Row, how: str, turn: _Turn) -> None:
    turn.done += 1
    row.calls = []
    ENDED.labels(how).inc()
    waited_s = max(0.0, (turn.now - row.received_at).total_seconds())
    SECONDS.observe(waited_s + time.monotonic() - row.began)


def _again(row: _Row, now: datetime, why: str) -> None:
    """Later and later; where the database is gone, whoever claims it next is no sooner."""
    PUT_OFF.labels(why).inc()
    wait = timedelta(seconds=2.0 ** (row.attempts - 1))
    with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
        cursor.execute(lane_sql.AGAIN, [now + wait, row.update_id])
