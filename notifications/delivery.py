"""From the queue to the channels: claim, make ready, send, and tell the queue at once.

A run works until nothing is due or its time is up, and never sleeps: what pace, breakers or limits
do not allow now goes back to the queue with the time to come again. Answers are settled while
further messages are on their way, so that a worker killed at any moment repeats at most those.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, connection
from redis.exceptions import RedisError

from arbedge import aio
from arbedge.errors import NoData
from arbedge.names import Channel
from notifications import (
    counters,
    dispatch,
    gates,
    handover,
    notices,
    outbox,
    quotas,
    turns,
    waking,
    wording,
)
from notifications.dispatch import Answered, Answers
from notifications.handover import Letter, Sorted
from notifications.names import CHANNELS, DeliveryState
from notifications.rows import Claimed, Settled, Try
from notifications.settling import STEP, Told, channels_of

BUDGET_S: Final = 2.0  # then others get their turn: fan-outs wait for the same workers
MOST_ROWS: Final = 100
MOST_SLOW_ROWS: Final = 50  # of hosts that may take seconds to answer
SOON: Final = timedelta(seconds=10)  # later, the sweeper looks
NEXT_TURN: Final = timedelta(seconds=1)
BEGIN_WITHIN_S: Final = 20.0  # of the lease of 60 s, so that every answer is told within it
TELL_WITHIN_S: Final = 55.0
LISTEN_S: Final = 0.5
SHORTEST_WAIT_S: Final = 0.25  # rows that pace spreads are taken some at a time

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Ran:
    """What a run did: rows by what became of them, and what is to be woken when.

    `more` tells that time was up before the queue was empty, `next_at` when the next row is due
    if that is soon, `elsewhere` the channels that got rows from this one.
    """

    sent: int = 0
    failed: int = 0
    later: int = 0
    cancelled: int = 0
    given_back: int = 0
    late: int = 0
    more: bool = False
    next_at: datetime | None = None
    elsewhere: set[Channel] = field(default_factory=set)

    def add(self, told: Told) -> None:
        """Counts what a settle came to."""
        for _, found in told.done:
            if found.state is DeliveryState.SENT:
                self.sent += 1
            elif found.state is DeliveryState.PENDING:
                self.later += 1
            elif found.state is DeliveryState.CANCELLED:
                self.cancelled += 1
            else:
                self.failed += 1
        self.late += len(told.late)
        self.elsewhere |= {CHANNELS[number] for number in channels_of(told)}


@dataclass(frozen=True, slots=True)
class Clock:
    """The time as it goes on from the moment a run began."""

    began_at: datetime
    began: float = field(default_factory=time.monotonic)

    @property
    def spent_s(self) -> float:
        return time.monotonic() - self.began

    @property
    def now(self) -> datetime:
        return self.began_at + timedelta(seconds=self.spent_s)


def run(channel: Channel, now: datetime, *, budget_s: float = BUDGET_S) -> Ran:
    """Sends what is due on a channel, the most urgent first.

    Raises OperationalError where the database is gone for longer than a lease; what was claimed is
    then claimed again by whoever comes next.
    """
    clock, ran = Clock(now), Ran()
    limit = MOST_ROWS if channel is Channel.TELEGRAM else MOST_SLOW_ROWS
    with turns.taken(channel) as mine:
        if not mine:
            ran.next_at = now + NEXT_TURN
            return ran
        while clock.spent_s < budget_s:
            if not _work_off(channel, clock, ran, limit) and not _suspect(channel, clock, ran):
                ran.next_at = outbox.next_due(channel, clock.now, SOON)
                return ran
        _suspect(channel, clock, ran)
    ran.more = True
    return ran


def _suspect(channel: Channel, clock: Clock, ran: Ran) -> bool:
    """One row that was lost with its workers before: after the others, or once a run."""
    return _work_off(channel, clock, ran, 1, alone=True)


def _work_off(channel: Channel, clock: Clock, ran: Ran, limit: int, *, alone: bool = False) -> bool:
    """One claim and all that follows; False where there was nothing to claim."""
    batch = outbox.claim(channel, clock.now, limit=limit, alone=alone)
    counters.ended(batch.ended)
    quotas.release([one.id for one in batch.ended if one.counted])
    ran.cancelled += len(batch.ended)
    if batch.rows:
        _hand_over(batch.rows, clock, ran)
    return bool(batch.rows or batch.ended)


def wake(channel: Channel, ran: Ran, now: datetime) -> None:
    """Wakes whoever goes on after a run: other channels, this one at once or when a row is due.

    Of many runs that wait for the same moment one is woken.
    """
    if ran.elsewhere:
        waking.deliver(sorted(ran.elsewhere))
    if ran.more:
        waking.deliver([channel])
    elif ran.next_at is not None:
        wait_s = max((ran.next_at - now).total_seconds(), SHORTEST_WAIT_S)
        if turns.first_to_wait(channel, wait_s):
            waking.deliver([channel], wait_s)


def _hand_over(rows: Sequence[Claimed], clock: Clock, ran: Ran) -> None:
    """One claimed batch from start to end."""
    claimed_at = time.monotonic()
    teller = _Teller(clock, ran, claimed_at)
    try:
        letters = _made_ready(rows, clock, teller.ends)
    except (OperationalError, InterfaceError, RedisError, NoData):
        # No fault of the rows: without this they would be taken for what kills workers.
        teller.ends = Sorted()
        for row in rows:
            teller.ends.waits(row, clock.now + NEXT_TURN, "servers")
        teller.tell_all()
        raise
    if letters:
        _send(letters, teller, claimed_at + BEGIN_WITHIN_S)
    teller.tell_all()


def _made_ready(rows: Sequence[Claimed], clock: Clock, ends: Sorted) -> list[Letter]:
    allowed = handover.with_places(rows, clock.now, ends)
    parcels = handover.addressed(allowed, clock.now, ends)
    if parcels:
        parcels = aio.run(gates.passed(parcels, clock.now, ends))
    return handover.written(parcels, clock.now, ends)


def _send(letters: Sequence[Letter], teller: _Teller, begin_by: float) -> None:
    """Listens to the answers while the letters are sent, and tells the queue as they come."""
    answers: Answers = Answers()
    under_way = {letter.row.id: _UnderWay(letter) for letter in letters}
    sending = asyncio.run_coroutine_threadsafe(
        dispatch.send(letters, answers, begin_by), aio.loop()
    )
    try:
        while True:
            try:
                some = answers.get(timeout=LISTEN_S)
            except Empty:
                teller.tell()
                continue
            if some is None:
                break
            for answered in some:
                teller.take(under_way[answered.delivery_id], answered)
            if answers.empty() or len(teller.ends.settled) >= STEP:
                teller.tell()
        sending.result(timeout=1.0)
    finally:
        sending.cancel()


class _UnderWay:
    """A letter whose sheets are being sent."""

    def __init__(self, letter: Letter) -> None:
        self.row = letter.row
        self.tries: list[Try] = list(letter.skipped)
        self.left = len(letter.sheets)
        self.begun = False
        self.wait_s = 0.0

    def take(self, answered: Answered) -> bool:
        """Whether this was the last answer."""
        if answered.tried is not None:
            self.tries.append(answered.tried)
            self.begun = True
        self.wait_s = max(self.wait_s, answered.wait_s)
        self.left -= 1
        return self.left == 0


class _Teller:
    """Tells the queue what became of rows; a database that is away for a moment is waited for."""

    def __init__(self, clock: Clock, ran: Ran, claimed_at: float) -> None:
        self.clock = clock
        self.ran = ran
        self.give_up_at = claimed_at + TELL_WITHIN_S
        self.ends = Sorted()

    def take(self, letter: _UnderWay, answered: Answered) -> None:
        """Takes an answer; a letter of which nothing was begun goes back."""
        if not letter.take(answered):
            return
        if letter.begun:
            self.ends.settled.append(Settled(letter.row, tuple(letter.tries)))
        else:
            until = self.clock.now + timedelta(seconds=letter.wait_s)
            self.ends.waits(letter.row, until, "not begun")

    def tell(self) -> bool:
        """Tells what there is; False where the database is away, so that it is told again."""
        try:
            while self.ends.settled:
                told = outbox.settle(self.ends.settled[:STEP], self.clock.now)
                del self.ends.settled[:STEP]
                self._done(told)
            if self.ends.waiting:
                waiting = [(row, until) for row, until, _ in self.ends.waiting]
                outbox.put_back(waiting, self.clock.now)
                self._waits()
        except (OperationalError, InterfaceError) as error:
            counters.WORKER_ERRORS.labels("database").inc()
            log.warning("database_away", rows=len(self.ends.settled), error=str(error))
            if time.monotonic() > self.give_up_at:
                raise
            connection.close()
            return False
        return True

    def tell_all(self) -> None:
        """Tells everything, patiently within the lease: a repeat would be worse than a wait."""
        pause = Answers()
        while not self.tell():
            try:
                pause.get(timeout=LISTEN_S)
            except Empty:
                continue

    def _done(self, told: Told) -> None:
        self.ran.add(told)
        counters.told(told)
        wording.told(
            [
                (one.row, try_.channel)
                for one, found in told.done
                if found.state is DeliveryState.SENT
                for try_ in one.tries[:1]
            ],
            self.clock.now,
        )
        notices.switched_off(told.disabled, self.clock.now)
        for late in told.late:
            log.warning("settled_late", delivery_id=late.row.id)
        quotas.release(
            [
                one.row.id
                for one, found in told.done
                if one.row.counted and found.state is DeliveryState.FAILED
            ]
        )

    def _waits(self) -> None:
        counters.put_back((row.on.value, why) for row, _, why in self.ends.waiting)
        self.ran.given_back += len(self.ends.waiting)
        self.ends.waiting.clear()
