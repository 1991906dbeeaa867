"""What a worker tells the queue of the rows in its hands, while others are still under way."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, connection

from arbedge.names import Channel
from notifications import counters
from notifications.addressing import notices
from notifications.choosing import quotas
from notifications.names import CHANNELS, DeliveryState, Outcome
from notifications.sending import outbox
from notifications.sending.dispatch import Answered
from notifications.sending.handover import Letter, Sorted
from notifications.sending.rows import Settled, Try
from notifications.sending.settling import STEP, Told, channels_of
from notifications.writing import wording

TELL_WITHIN_S: Final = 55.0  # of the lease of 60 s
LISTEN_S: Final = 0.5

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


class UnderWay:
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


class Teller:
    """Tells the queue what became of rows; a database that is away for a moment is waited for."""

    def __init__(self, clock: Clock, ran: Ran, claimed_at: float) -> None:
        self.clock = clock
        self.ran = ran
        self.give_up_at = claimed_at + TELL_WITHIN_S
        self.ends = Sorted()

    def take(self, letter: UnderWay, answered: Answered) -> None:
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
        pause: SimpleQueue[None] = SimpleQueue()
        while not self.tell():
            try:
                pause.get(timeout=LISTEN_S)
            except Empty:
                continue

    def _done(self, told: Told) -> None:
        self.ran.add(told)
        counters.told(told)
        for late in told.late:
            log.warning("settled_late", delivery_id=late.row.id)
        try:
            self._follow(told)
        except Exception as error:  # counted and logged: else what was sent would be sent again
            counters.WORKER_ERRORS.labels("after").inc()
            log.exception("after_settling_failed", rows=len(told.done))
            if isinstance(error, OperationalError | InterfaceError):
                connection.close()  # the next to need it opens it anew

    def _follow(self, told: Told) -> None:
        """What follows from answers that are told: places, counts of wordings, notices."""
        quotas.release(
            [
                one.row.id
                for one, found in told.done
                if one.row.counted and found.state is DeliveryState.FAILED
            ]
        )
        wording.told(
            [
                (one.row, try_.channel)
                for one, found in told.done
                if found.state is DeliveryState.SENT
                for try_ in one.tries
                if try_.result.outcome is Outcome.SENT
            ],
            self.clock.now,
        )
        notices.switched_off(told.disabled, self.clock.now)

    def _waits(self) -> None:
        counters.put_back((row.on.value, why) for row, _, why in self.ends.waiting)
        self.ran.given_back += len(self.ends.waiting)
        self.ends.waiting.clear()
