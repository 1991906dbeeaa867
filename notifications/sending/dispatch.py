"""Sending letters side by side on the process's event loop, most urgent first."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from queue import SimpleQueue
from typing import Final

import structlog
from django.utils import timezone

from arbedge.names import Channel
from notifications import counters
from notifications.channels.base import Result, sender
from notifications.codes import Code
from notifications.names import Outcome
from notifications.sending import gates
from notifications.sending.handover import Letter, Sheet
from notifications.sending.rows import Try

# Messages of one call of a sender. Their answers come together: what a killed worker had sent and
# could not tell is at most the chunks under way. A mail's connection is worth some more.
CHUNK: Final = 5
CHUNKS: Final[Mapping[Channel, int]] = {Channel.EMAIL: 25}
SIDE_BY_SIDE: Final = 6
SEND_WITHIN_S: Final = 30.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one sheet: its try, or how long it waits because it was not begun."""

    delivery_id: int
    tried: Try | None
    wait_s: float = 0.0


Answers = SimpleQueue[list[Answered] | None]  # None: nothing more will come


@dataclass(slots=True)
class _Sending:
    """Sheets in chunks of one channel, and what was learned on the way."""

    chunks: deque[list[Sheet]]
    answers: Answers
    begin_by: float  # monotonic: later the lease might run out before the answer comes
    paused: dict[tuple[Channel, str], float] = field(default_factory=dict)  # until, monotonic


async def send(letters: Sequence[Letter], answers: Answers, begin_by: float) -> None:
    """Sends every sheet and puts what came of each into `answers`, then None.

    Raises, when all that is under way has been answered, what nobody foresaw; sheets without an
    answer are then to be tried again.
    """
    work = _Sending(_chunks(letters), answers, begin_by)
    try:
        workers = (_work_off(work) for _ in range(SIDE_BY_SIDE))
        ends = await asyncio.gather(*workers, return_exceptions=True)
    finally:
        answers.put(None)
    for end in ends:
        if end is not None:
            raise end


def _chunks(letters: Sequence[Letter]) -> deque[list[Sheet]]:
    """Chunks of one channel each, in the order of their most urgent letters."""
    chunks: deque[list[Sheet]] = deque()
    last: dict[Channel, list[Sheet]] = {}
    for letter in letters:
        for sheet in letter.sheets:
            channel = sheet.stop.channel
            most = min(sender(channel).batch, CHUNKS.get(channel, CHUNK))
            if channel not in last or len(last[channel]) >= most:
                last[channel] = []
                chunks.append(last[channel])
            last[channel].append(sheet)
    return chunks


async def _work_off(work: _Sending) -> None:
    while work.chunks:
        begun = [sheet for sheet in work.chunks.popleft() if not _must_wait(work, sheet)]
        if begun:
            results = await _send(begun[0].stop.channel, begun)
            at = timezone.now()
            told = list(zip(begun, results, strict=True))
            work.answers.put(
                [
                    Answered(sheet.message.delivery_id, _try(sheet, result, at))
                    for sheet, result in told
                ]
            )
            await _learn(work, told)


def _must_wait(work: _Sending, sheet: Sheet) -> bool:
    """Whether it is too late to begin, or its host asked for a pause; told as not begun."""
    now = time.monotonic()
    until = work.paused.get((sheet.stop.channel, sheet.stop.host), 0.0)
    if until <= now < work.begin_by:
        return False
    work.answers.put([Answered(sheet.message.delivery_id, None, max(until - now, 0.0))])
    return True


async def _send(channel: Channel, sheets: Sequence[Sheet]) -> list[Result]:
    """One result per sheet, whatever the sender does."""
    messages = [sheet.message for sheet in sheets]
    try:
        async with asyncio.timeout(SEND_WITHIN_S):
            results = await sender(channel).send(messages)
        if len(results) == len(messages):
            return results
        said = f"{len(results)} answers for {len(messages)} messages"
        code = Code.MALFORMED
    except TimeoutError:
        said, code = f"no answer within {SEND_WITHIN_S:g} s", Code.TIMEOUT
    except Exception as error:  # counted and logged: a sender's mistake is no reason to lose others
        log.exception("sender_failed", channel=channel)
        said, code = type(error).__name__, Code.MALFORMED
    counters.WORKER_ERRORS.labels("sender").inc()
    return [Result(one.delivery_id, Outcome.RETRY, code, said) for one in messages]


async def _learn(work: _Sending, told: Sequence[tuple[Sheet, Result]]) -> None:
    for sheet, result in told:
        if result.pause_s is not None:
            until = time.monotonic() + result.pause_s
            work.paused[sheet.stop.channel, sheet.stop.host] = until
    await gates.heard([(sheet.stop, result) for sheet, result in told])


def _try(sheet: Sheet, result: Result, at: datetime) -> Try:
    return Try(sheet.stop.channel, result, at, sheet.message.address_id)
