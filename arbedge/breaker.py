"""Circuit breakers shared by all processes, one per (venue, host), opened by kind of failure.

Libraries know one reset time; venues tell us until when. So the state is our own: closed, open
until a moment, then half open for one probing request at a time. It lives in one hash of the cache
and is changed by compare-and-set, so that workers never undo each other's step.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import msgspec

from arbedge import cache
from arbedge.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from arbedge.names import Fault

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"

TOLERATED = 3  # failures in a row before a fault that may be chance opens the breaker
PROBE_MS = 10 * SECOND_MS  # how long one probe may take before another may try
MAX_DOUBLINGS = 20
JITTER = 0.2

_SWAP = """
local now = redis.call('hget', KEYS[1], ARGV[1])
if (now or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('hdel', KEYS[1], ARGV[1])
else redis.call('hset', KEYS[1], ARGV[1], ARGV[3]) end
return 1
"""


@dataclass(frozen=True, slots=True)
class State:
    """Where one breaker stands. `opens` counts openings in a row and drives the doubling."""

    venue: str
    host: str
    state: str = CLOSED
    until_ms: float = 0.0
    reason: str = ""
    failures: int = 0
    opens: int = 0
    at_ms: float = 0.0

    def admits(self, now_ms: float) -> bool:
        """Whether a request may go (as the probe, when the breaker is not closed)."""
        return self.state == CLOSED or now_ms >= self.until_ms


@dataclass(frozen=True, slots=True)
class Rule:
    """How long a fault keeps the breaker open, and after how many in a row it does."""

    first_ms: float
    cap_ms: float
    after: int = 1
    doubling: bool = False
    jitter: bool = False


_FAILING = Rule(10 * SECOND_MS, 5 * MINUTE_MS, after=TOLERATED, doubling=True, jitter=True)

RULES: dict[Fault, Rule] = {
    Fault.RATE_LIMITED: Rule(MINUTE_MS, HOUR_MS),
    Fault.BANNED: Rule(2 * MINUTE_MS, 3 * DAY_MS, doubling=True),
    Fault.FORBIDDEN: Rule(10 * MINUTE_MS, HOUR_MS),
    Fault.LOCATION: Rule(HOUR_MS, HOUR_MS),
    Fault.SERVER: _FAILING,
    Fault.TIMEOUT: _FAILING,
    Fault.UNREACHABLE: _FAILING,
    Fault.MALFORMED: Rule(MINUTE_MS, MINUTE_MS, after=TOLERATED),
}


def after_failure(
    was: State,
    fault: Fault,
    now_ms: float,
    *,
    retry_after_s: float | None = None,
    chance: float = 0.0,
) -> State:
    """Returns the state after a failure; `chance` (0-1) spreads the back-off where it is jittered.

    Requests already under way when a breaker opens fail too: they may extend it, never double it.
    A REJECTED request is the caller's mistake and changes nothing.
    """
    rule = RULES.get(fault)
    if rule is None:
        return was
    failures = was.failures + 1
    if was.state != HALF_OPEN and was.until_ms <= now_ms and failures < rule.after:
        return replace(was, failures=failures, reason=str(fault), at_ms=now_ms, state=CLOSED)
    fresh = was.state != OPEN or was.until_ms <= now_ms
    opens = was.opens + 1 if fresh else was.opens
    until_ms = now_ms + _open_ms(rule, opens, retry_after_s, chance)
    longer = fresh or until_ms > was.until_ms
    return replace(
        was,
        state=OPEN,
        until_ms=until_ms if longer else was.until_ms,
        reason=str(fault) if longer else was.reason,
        failures=failures,
        opens=opens,
        at_ms=now_ms,
    )


def after_success(was: State, now_ms: float) -> State | None:
    """Returns the state after an answer; None is a breaker as new.

    An answer that was under way when the breaker opened does not close it.
    """
    if was.state == OPEN and was.until_ms > now_ms:
        return was
    return None


def _open_ms(rule: Rule, opens: int, retry_after_s: float | None, chance: float) -> float:
    if retry_after_s is not None and retry_after_s > 0:
        return max(SECOND_MS, min(retry_after_s * SECOND_MS, 3 * DAY_MS))
    doublings = float(min(max(opens - 1, 0), MAX_DOUBLINGS)) if rule.doubling else 0.0
    spread = 1 + JITTER * chance if rule.jitter else 1.0
    length_ms: float = min(rule.first_ms * 2.0**doublings, rule.cap_ms)
    return length_ms * spread


@dataclass
class Board:
    """All breakers as read at one moment, for one round of requests; changes are shared at once."""

    held: dict[tuple[str, str], State] = field(default_factory=dict)

    def state(self, venue: str, host: str) -> State:
        """The breaker as last seen."""
        return self.held.get((venue, host)) or State(venue, host)

    async def admit(self, venue: str, host: str, now_ms: float) -> bool:
        """Whether a request may go now. After its time an open breaker admits one probe a time."""
        seen = self.state(venue, host)
        if seen.state == CLOSED:
            return True
        won = False

        def probe(was: State) -> State:
            nonlocal won
            won = was.state == CLOSED or was.admits(now_ms)
            if not won or was.state == CLOSED:
                return was
            return replace(was, state=HALF_OPEN, until_ms=now_ms + PROBE_MS, at_ms=now_ms)

        await self._change(venue, host, probe)
        return won

    async def succeeded(self, venue: str, host: str, now_ms: float) -> None:
        """Tells that an answer came."""
        if (venue, host) in self.held:
            await self._change(venue, host, lambda was: after_success(was, now_ms))

    async def failed(
        self,
        venue: str,
        host: str,
        fault: Fault,
        now_ms: float,
        retry_after_s: float | None = None,
    ) -> State:
        """Tells of a failure; returns the breaker's state after it."""
        chance = random.random()  # noqa: S311  spreads retries, no secret
        return await self._change(
            venue,
            host,
            lambda was: after_failure(
                was, fault, now_ms, retry_after_s=retry_after_s, chance=chance
            ),
        )

    async def _change(self, venue: str, host: str, step: Callable[[State], State | None]) -> State:
        redis, name, entry = cache.aclient(), cache.key("breakers"), f"{venue} {host}"
        while True:
            raw: Any = await redis.hget(name, entry)
            was = _decode(raw) if raw else State(venue, host)
            now = step(was)
            text = b"" if now is None or now == State(venue, host) else _encode(now)
            done: Any = text == (raw or b"") or await redis.eval(
                _SWAP, 1, name, entry, raw or b"", text
            )
            if done:
                break
        if text:
            self.held[venue, host] = now or was
        else:
            self.held.pop((venue, host), None)
        return now or State(venue, host)


async def board() -> Board:
    """Returns all breakers in one read. Raises NoData when the cache cannot be reached."""
    with cache.reachable("breakers"):
        raw: Any = await cache.aclient().hgetall(cache.key("breakers"))
    return board_of(raw.values())


def board_of(raw: Iterable[bytes]) -> Board:
    """Returns the board of breakers read elsewhere: the values of the hash `breakers`."""
    return Board({(one.venue, one.host): one for one in map(_decode, raw)})


def states() -> list[dict[str, Any]]:
    """Returns every breaker that is not as new, for people: venue, host, state, until_ms, reason,
    failures, opens, at_ms. Raises NoData when the cache cannot be reached."""
    with cache.reachable("breakers"):
        raw: Any = cache.client().hvals(cache.key("breakers"))
    return sorted(
        (asdict(_decode(one)) for one in raw), key=lambda one: (one["venue"], one["host"])
    )


def reset(venue: str, host: str) -> bool:
    """Closes a breaker by hand. Returns whether there was one to close."""
    with cache.reachable("breakers"):
        removed: Any = cache.client().hdel(cache.key("breakers"), f"{venue} {host}")
    return bool(removed)


_decoder = msgspec.json.Decoder(State)


def _decode(raw: bytes) -> State:
    return _decoder.decode(raw)


def _encode(state: State) -> bytes:
    return msgspec.json.encode(state)
