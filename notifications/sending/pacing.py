"""How fast each provider lets us write, shared by all workers: who may be sent to now, who when.

A batch is asked for at once, the most urgent first; what is let go now must be sent now. Nothing
here waits: what may not go yet is told when to ask again. Limits are the providers' published
ones; a provider's 429 pauses everything that goes to it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import redis
import structlog
from django.conf import settings

from arbedge import cache, clock
from arbedge.clock import MINUTE_MS, SECOND_MS
from arbedge.names import Channel
from notifications.sending import pacing_alone
from notifications.sending.pacing_script import ADMIT, PAUSE, ROOM

HORIZON_MS: Final = 60 * SECOND_MS
LATE: Final = 1.03  # who waits comes in rounds, each a little late: the one before may be late too
BURST: Final = 2 / 3  # of a second's messages, the share that may leave at once
BURST_MS: Final = 600.0
LONGEST_PAUSE_S: Final = 3600.0
KEPT: Final = 1

# Name, messages, within milliseconds, and milliseconds between rounds of those who wait.
Limit = tuple[str, float, float, float]


@dataclass(frozen=True, slots=True)
class Want:
    """A message that wants to go: `key` is its address's own, by which it is known again.

    The lower `priority`, a whole number, the earlier the moment that is told to who must wait.
    """

    key: str
    channel: Channel
    host: str
    chat_id: int | None = None
    is_group: bool = False
    priority: int = 2


@dataclass(frozen=True, slots=True)
class Go:
    """0 is now; else the moment (ms since 1970) before which asking again is no use."""

    at_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Room:
    """How many messages a host takes at a moment; if none, when it takes the next (ms since 1970).

    `number` is None where nobody knows.
    """

    number: int | None
    opens_at_ms: float = 0.0


# Messages a second to one host, and to one address of it. Sources: core.telegram.org/bots/faq;
# api.slack.com/docs/rate-limits; discord.com/developers/docs/topics/rate-limits. Where a provider
# publishes none, what no server minds.
TO_HOST: Final[Mapping[Channel, float]] = {
    Channel.EMAIL: 20, Channel.WEB_PUSH: 100, Channel.WEBHOOK: 5, Channel.SMS: 10,
    Channel.SLACK: 50, Channel.DISCORD: 50, Channel.CUSTOM: 2,
}  # fmt: skip
TO_ADDRESS: Final[Mapping[Channel, float]] = {Channel.SLACK: 1, Channel.DISCORD: 2, Channel.SMS: 1}
TO_CHAT: Final = 1.0
TO_GROUP_A_MINUTE: Final = 20.0

log = structlog.get_logger(__name__)
_marks: dict[str, str] = {}  # by prefix: what the cache was marked with when we last asked


async def admit(wants: Sequence[Want], now_ms: float) -> list[Go]:
    """Whether each may go now, the first ones first; one call of the cache for all.

    Where the cache is gone, one process of all sends on, slowly; the others wait.
    """
    if not wants:
        return []
    prefix = _prefix()
    told = [(one.key, f"{one.channel}:{one.host}", one.priority, limits(one)) for one in wants]
    try:
        answer: Any = await cache.aclient().eval(
            ADMIT, 0, prefix, now_ms, HORIZON_MS,
            _marks.get(prefix, ""), secrets.token_hex(4), msgspec.json.encode(told),
        )  # fmt: skip
    except (redis.ConnectionError, redis.TimeoutError) as error:
        log.warning("pace_without_cache", error=type(error).__name__)
        return [Go(at) for at in await pacing_alone.admit(told, now_ms)]
    await pacing_alone.end()
    _marks[prefix] = answer[0].decode()
    return [Go(float(at)) for at in answer[1:]]


async def room(channel: Channel, host: str, at_ms: float) -> Room:
    """What a host has places for, whatever its single addresses allow; nothing is let go by it.

    One of Telegram's is kept for the bot's answers, which people wait for.
    """
    wanted = limits(Want("", channel, host))
    kept = KEPT if channel is Channel.TELEGRAM and settings.TELEGRAM_PER_SECOND > KEPT else 0
    try:
        answer: Any = await cache.aclient().eval(
            ROOM, 0, _prefix(), at_ms, f"{channel}:{host}", msgspec.json.encode(wanted), kept
        )
    except (redis.ConnectionError, redis.TimeoutError):
        return Room(None)
    return Room(int(answer[0]), float(answer[1]))


async def pause(channel: Channel, host: str, seconds: float) -> None:
    """Nothing goes to that host for so long, whoever sends; an earlier, longer pause stays."""
    wait_ms = min(max(seconds, 0.0), LONGEST_PAUSE_S) * SECOND_MS
    until_ms = clock.now_ms() + wait_ms
    pacing_alone.pause(f"{channel}:{host}", until_ms)
    try:
        name = f"{_prefix()}pause:{channel}:{host}"
        await cache.aclient().eval(PAUSE, 1, name, f"{until_ms:.3f}", f"{max(wait_ms, 1):.0f}")
    except (redis.ConnectionError, redis.TimeoutError) as error:
        log.warning("pause_without_cache", channel=channel, error=type(error).__name__)


async def paused_until(channel: Channel, host: str) -> float:
    """When the pause of that host ends (ms since 1970), 0 where there is none.

    Raises NoData when the cache cannot be reached.
    """
    with cache.reachable("pauses"):
        told: Any = await cache.aclient().get(f"{_prefix()}pause:{channel}:{host}")
    return float(told or 0)


def limits(want: Want) -> list[Limit]:
    """All that limits a message: its channel's or host's pace, and its address's own.

    Two thirds of the pace of a second leave at once at most: messages bunch on their way, and what
    leaves in smaller bunches is never seen as many more than were let go.
    """
    if want.channel is not Channel.TELEGRAM:
        name = f"{want.channel}:{want.host}"
        found = [_within_a_second(name, TO_HOST[want.channel])]
        if want.channel in TO_ADDRESS:
            found.append(_within_a_second(f"{name}:{want.key}", TO_ADDRESS[want.channel]))
        return found
    per_second = max(1.0, float(settings.TELEGRAM_PER_SECOND))
    most = max(1.0, float(round(per_second * BURST)))
    apart_ms = LATE * most / per_second * SECOND_MS
    found = [_within_a_second("bot", per_second), ("burst", most, BURST_MS, apart_ms)]
    if want.chat_id is not None:
        found.append(_within_a_second(f"chat:{want.chat_id}", TO_CHAT))
        if want.is_group:
            name = f"group:{want.chat_id}"
            found.append((name, TO_GROUP_A_MINUTE, MINUTE_MS, LATE * MINUTE_MS))
    return found


def _within_a_second(name: str, most: float) -> Limit:
    return (name, most, SECOND_MS, LATE * SECOND_MS)


def _prefix() -> str:
    return cache.key("pace", "")
