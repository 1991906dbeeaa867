"""From the queue to the channels: claim, make ready, send, and tell the queue at once.

A run works until nothing is due or its time is up, and hardly sleeps: what pace, breakers or
limits do not allow now stays in the queue or goes back with the time to come again. Answers are
settled while further messages are on their way, so that a worker killed at any moment repeats at
most those.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from queue import Empty
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from arbedge import aio
from arbedge.errors import NoData
from arbedge.names import Channel
from notifications import counters
from notifications.channels.base import sender
from notifications.choosing import quotas
from notifications.sending import dispatch, gates, handover, outbox, turns, waking
from notifications.sending.dispatch import Answers
from notifications.sending.handover import Letter, Sorted
from notifications.sending.rows import Claimed
from notifications.sending.settling import STEP
from notifications.sending.teller import LISTEN_S, Clock, Ran, Teller, UnderWay

log = structlog.get_logger(__name__)

BUDGET_S: Final = 2.0  # then others get their turn: fan-outs wait for the same workers
MOST_ROWS: Final = 200
MOST_SLOW_ROWS: Final = 50  # of hosts that may take seconds to answer
SOON: Final = timedelta(seconds=10)  # later, the sweeper looks
NEXT_TURN: Final = timedelta(seconds=1)
BEGIN_WITHIN_S: Final = 20.0  # of the lease of 60 s, so that every answer is told within it
SHORTEST_WAIT_S: Final = 0.1  # rows that pace spreads are taken some at a time


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
            room, opens_at = _room(channel, clock, limit)
            if not room and outbox.is_due(channel, opens_at):
                ran.next_at = min(opens_at - gates.NEAR, clock.now + SOON)
                return ran
            worked = _work_off(channel, clock, ran, room or limit)
            if not worked and not _suspect(channel, clock, ran):
                ran.next_at = outbox.next_due(channel, clock.now, SOON)
                return ran
        _suspect(channel, clock, ran)
    ran.more = True
    return ran


def _room(channel: Channel, clock: Clock, most: int) -> tuple[int, datetime]:
    """How many rows to claim, and if none, when there is room: more would only go back.

    Where rows go to many hosts, only the rows themselves can tell.
    """
    if channel not in turns.MANY_AT_ONCE:
        return most, clock.now
    number, opens_at = aio.run(gates.room(channel, sender(channel).host({}), clock.now))
    return (most if number is None else min(number, most)), opens_at


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
    teller = Teller(clock, ran, claimed_at)
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


def _send(letters: Sequence[Letter], teller: Teller, begin_by: float) -> None:
    """Listens to the answers while the letters are sent, and tells the queue as they come."""
    answers: Answers = Answers()
    under_way = {letter.row.id: UnderWay(letter) for letter in letters}
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
        error = sending.exception(timeout=1.0)
        if error is not None:
            # What was answered is told all the same; the rest lapses with its lease.
            counters.WORKER_ERRORS.labels("sending").inc()
            log.error("sending_failed", channel=letters[0].row.on, exc_info=error)
    finally:
        sending.cancel()
