"""What lets a parcel through now: the breaker of its channel and host, and the pace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from redis.exceptions import RedisError

from arbedge import breaker, clock
from arbedge.breaker import Board
from arbedge.errors import NoData
from arbedge.names import Channel, Fault
from notifications import counters
from notifications.channel_health import Break
from notifications.channels.base import Result
from notifications.codes import Code
from notifications.names import Outcome
from notifications.sending import pacing
from notifications.sending.handover import Parcel, Sorted, Stop, failed
from notifications.sending.pacing import Go, Want
from notifications.sending.verdicts import may_go_elsewhere

LONG: Final = timedelta(seconds=60)  # the recipient's next channel is not kept waiting longer
PROBING: Final = timedelta(seconds=1)
# What is so near is waited for here: rows that went back to the queue come a little late each time,
# and a window begins anew with what was let go late.
NEAR: Final = timedelta(milliseconds=100)

FAULTS: Final[Mapping[str, Fault]] = {
    Code.TIMEOUT: Fault.TIMEOUT,
    Code.UNREACHABLE: Fault.UNREACHABLE,
    Code.SERVER: Fault.SERVER,
    Code.MALFORMED: Fault.MALFORMED,
}
# Where we are known by one account of ours, a refusal of it concerns every message.
OUR_ACCOUNT: Final = (Channel.TELEGRAM, Channel.EMAIL, Channel.SMS)

log = structlog.get_logger(__name__)


def venue(channel: Channel) -> str:
    """A channel's name among the breakers."""
    return f"channel:{channel.value}"


async def passed(parcels: Sequence[Parcel], now: datetime, ends: Sorted) -> list[Parcel]:
    """The parcels that breakers and pace let go now; the others wait, or try elsewhere."""
    board = await _board()
    whole = [one for one in parcels if await _past_breakers(board, one, now, ends)]
    wants = [_want(parcel, stop) for parcel in whole for stop in parcel.stops]
    answers = iter(await _paced(wants, now.timestamp() * 1000) if wants else ())
    let_go = []
    for parcel in whole:
        at_ms = max([next(answers).at_ms for _ in parcel.stops])
        if at_ms > 0:
            ends.waits(parcel.row, datetime.fromtimestamp(at_ms / 1000, UTC), "pace")
        else:
            let_go.append(parcel)
    return let_go


async def room(channel: Channel, host: str, now: datetime) -> tuple[int | None, datetime]:
    """How many messages a host takes in a moment, None where nobody knows; if none, when."""
    soon = now + NEAR
    found = await pacing.room(channel, host, soon.timestamp() * 1000)
    opens_at = datetime.fromtimestamp(found.opens_at_ms / 1000, UTC)
    return found.number, max(opens_at, soon)


async def _paced(wants: Sequence[Want], now_ms: float) -> list[Go]:
    """When each may go; those whose moment is near are asked for again when it has come."""
    answers = await pacing.admit(wants, now_ms)
    near_ms = now_ms + NEAR / timedelta(milliseconds=1)
    near = [place for place, go in enumerate(answers) if 0 < go.at_ms <= near_ms]
    if near:
        at_ms = max(answers[place].at_ms for place in near)
        await asyncio.sleep((at_ms - now_ms) / 1000)
        again = await pacing.admit([wants[place] for place in near], at_ms)
        for place, go in zip(near, again, strict=True):
            answers[place] = go
    return answers


async def heard(answers: Sequence[tuple[Stop, Result]]) -> None:
    """Tells breakers and pace what addresses answered."""
    try:
        for stop, result in answers:
            if result.pause_s is not None:
                await pacing.pause(stop.channel, stop.host, result.pause_s)
        held, now_ms = await _board(), clock.now_ms()
        for stop, result in answers:
            await _hear(held, stop, result, now_ms)
    except (NoData, RedisError) as error:
        counters.WORKER_ERRORS.labels("breaker").inc()
        log.warning("breakers_not_told", answers=len(answers), error=str(error))


async def _hear(held: Board, stop: Stop, result: Result, now_ms: float) -> None:
    fault = _fault(stop.channel, result)
    if fault is not None:
        was = held.state(venue(stop.channel), stop.host)
        now = await held.failed(was.venue, was.host, fault, now_ms, result.retry_after_s)
        if now.state == breaker.OPEN and was.state == breaker.CLOSED:
            shut = Break(stop.channel, stop.host, now.reason, now.until_ms)
            again_s = round((now.until_ms - now_ms) / 1000)
            log.warning("channel_not_asked", channel=stop.channel, why=shut.why, again_s=again_s)
    elif result.code != Code.RATE_LIMITED:
        await held.succeeded(venue(stop.channel), stop.host, now_ms)


async def _board() -> Board:
    """The breakers as they are now; without the cache none is known to be open."""
    try:
        return await breaker.board()
    except NoData as gone:
        log.warning("breakers_unknown", reason=gone.message)
        return Board()


def _fault(channel: Channel, result: Result) -> Fault | None:
    """What a breaker should know of an answer; nothing of what concerns one message or address."""
    if result.outcome is Outcome.SENT:
        return None
    if result.code == Code.UNAUTHORISED and channel in OUR_ACCOUNT:
        return Fault.FORBIDDEN
    return FAULTS.get(result.code)


async def _past_breakers(board: Board, parcel: Parcel, now: datetime, ends: Sorted) -> bool:
    """A short break is waited out; in a long one the addresses behind it are left out, or all of
    the row goes to the recipient's next channel."""
    row, now_ms = parcel.row, now.timestamp() * 1000
    open_: list[tuple[Stop, datetime]] = []
    for stop in parcel.stops:
        name = venue(stop.channel)
        if not await board.admit(name, stop.host, now_ms):
            until_ms = board.state(name, stop.host).until_ms
            until = datetime.fromtimestamp(until_ms / 1000, UTC)
            open_.append((stop, max(until, now + PROBING)))
    if not open_:
        return True
    long = [stop for stop, until in open_ if until > now + LONG]
    if len(long) == len(open_) < len(parcel.stops):
        parcel.skipped += [failed(row, stop.channel, Code.BREAKER, now) for stop in long]
        parcel.stops = [stop for stop in parcel.stops if stop not in long]
        return True
    if len(long) == len(parcel.stops) and may_go_elsewhere(row):
        ends.fails(row, Code.BREAKER, now)
    else:
        ends.waits(row, max(until for _, until in open_), "breaker")
    return False


def _want(parcel: Parcel, stop: Stop) -> Want:
    """A group is known by its number, which is negative."""
    row, chat_id = parcel.row, stop.reach.address.get("chat_id")
    return Want(
        key=f"{row.recipient}:{row.recipient_id}:{stop.reach.address_id}",
        channel=stop.channel,
        host=stop.host,
        chat_id=chat_id,
        is_group=chat_id is not None and chat_id < 0,
        priority=100 * row.priority - row.tier,  # among equals the higher tier first
    )
