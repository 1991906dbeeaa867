"""What people do in their sessions: counted in the cache, written to the database once a minute.

A word of a person costs one command to the cache: his counters grow, and the session is put on the
list of what is due to be written, a minute after it was written last. `flush` takes what is due,
writes it for all at once and subtracts what it wrote. A flush that dies leaves its work to the next
one after a lease: counters may then count twice, but no session ends for it. What a lost cache
takes along is the activity since the last writing. While the cache is gone the session is slid in
the database itself, at most once a minute.

A session slides only from a moment at which it was alive: `first`, the first word since the last
writing, must lie before the end the row knows. What has ended gets its counts and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from accounts import memory, standing
from accounts.activity_rows import (
    ACTED,
    COMMAND,
    INTERACTIONS,
    LIFE,
    SEEN,
    Told,
    slide,
    write,
)
from arbedge import cache

LIFE_MS: Final = round(LIFE.total_seconds() * 1000)
GAP_MS: Final = 58_000  # a minute, less what beat may be late
LEASE_MS: Final = 180_000
KEPT_MS: Final = 86_400_000
BATCH: Final = 1_000
LONGEST_NAME: Final = 32


# KEYS counters, due, written; ARGV session, user, now or "" (does not slide), gap, life of the
# counters, then pairs of what to count and how many.
_NOTE: Final = """
redis.call('hset', KEYS[1], 'user', ARGV[2])
local now = tonumber(ARGV[3])
if now then
    redis.call('hsetnx', KEYS[1], 'first', ARGV[3])
    local last = tonumber(redis.call('hget', KEYS[1], 'last') or '0')
    if last < now then redis.call('hset', KEYS[1], 'last', ARGV[3]) end
end
for i = 7, #ARGV, 2 do redis.call('hincrby', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('pexpire', KEYS[1], ARGV[6])
if not redis.call('zscore', KEYS[2], ARGV[1]) then
    local written = tonumber(redis.call('get', KEYS[3]) or '0')
    redis.call('zadd', KEYS[2], math.max(tonumber(ARGV[4]), written + tonumber(ARGV[5])), ARGV[1])
end
return 1
"""

# KEYS due; ARGV until when due, how many, leased until, beginning of the counters' keys.
_TAKE: Final = """
local due = redis.call('zrangebyscore', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local taken = {}
for i, session in ipairs(due) do
    redis.call('zadd', KEYS[1], ARGV[3], session)
    taken[i] = {session, redis.call('hgetall', ARGV[4] .. session)}
end
return taken
"""

# KEYS counters, due, written; ARGV session, now, gap, last word written or "", then what was
# written. Words that came meanwhile stay; they follow on words that were written.
_SETTLE: Final = """
for i = 5, #ARGV, 2 do
    if redis.call('hincrby', KEYS[1], ARGV[i], -ARGV[i + 1]) <= 0 then
        redis.call('hdel', KEYS[1], ARGV[i])
    end
end
if redis.call('hget', KEYS[1], 'last') == ARGV[4] then
    redis.call('hdel', KEYS[1], 'first', 'last')
elseif ARGV[4] ~= '' then
    redis.call('hset', KEYS[1], 'first', ARGV[4])
end
redis.call('set', KEYS[3], ARGV[2], 'PX', ARGV[3])
if redis.call('hlen', KEYS[1]) <= 1 then
    redis.call('del', KEYS[1])
    redis.call('zrem', KEYS[2], ARGV[1])
else
    redis.call('zadd', KEYS[2], ARGV[2] + ARGV[3], ARGV[1])
end
return 1
"""


@dataclass(frozen=True)
class Flushed:
    """How many sessions were written, and how many were left to the next flush."""

    written: int
    left: int


def word(user_id: int, session_id: int, what: str, now: datetime) -> None:
    """Counts a command or button of the person and slides his session, without the database."""
    counts = {INTERACTIONS: 1, COMMAND + what[:LONGEST_NAME]: 1}
    if not _note(user_id, session_id, now, counts, slides=True):
        slide(user_id, session_id, now)


def opportunities(
    user_id: int, session_id: int, now: datetime, *, seen: int = 0, acted: int = 0
) -> None:
    """Counts opportunities shown and acted on; being shown something is no sign of life."""
    counts = {name: n for name, n in ((SEEN, seen), (ACTED, acted)) if n}
    _note(user_id, session_id, now, counts, slides=False)


def slid_until_ms(session_id: int, until_ms: int) -> int:
    """The end of a session that was to end at `until_ms`, with the words not written yet."""
    counters = _counters(str(session_id))
    found: Any = memory.ask("activity", lambda client: client.hmget(counters, "first", "last"))
    if found is None or found[0] is None or int(found[0]) >= until_ms:
        return until_ms
    return max(until_ms, int(found[1]) + LIFE_MS)


def flush(now: datetime, *, everything: bool = False) -> Flushed:
    """Writes what is due; with `everything` also what was written less than a minute ago.

    People whose rows another transaction holds are left to the next flush. Raises redis' errors
    where the cache is gone.
    """
    now_ms = standing.ms(now)
    until_ms = now_ms + GAP_MS - 1 if everything else now_ms
    written, left = 0, list[Told]()
    while taken := _take(until_ms, now_ms):
        done, held = write(taken)
        _settle(done, now_ms)
        standing.refill({one.user_id for one in done if one.last is not None})
        written += len(done)
        left += held
    _leave(left, now_ms)
    return Flushed(written, len(left))


def _counters(session: str) -> str:
    return cache.key("activity", session)


def _due() -> str:
    return cache.key("activity_due")


def _written(session_id: int) -> str:
    return cache.key("activity_written", str(session_id))


def _note(
    user_id: int, session_id: int, now: datetime, counts: Mapping[str, int], *, slides: bool
) -> bool:
    """Counts in the cache. Returns False where it is gone."""
    now_ms = standing.ms(now)
    keys = (_counters(str(session_id)), _due(), _written(session_id))
    facts = (session_id, user_id, now_ms if slides else "", now_ms, GAP_MS, KEPT_MS)
    pairs = [part for pair in counts.items() for part in pair]
    return bool(memory.ask("activity", lambda client: client.eval(_NOTE, 3, *keys, *facts, *pairs)))


def _take(until_ms: int, now_ms: int) -> list[Told]:
    """What is due, leased to this flush; sessions whose counters lapsed are taken off the list."""
    client = cache.client()
    told = list[Told]()
    while not told:
        found: Any = client.eval(
            _TAKE, 1, _due(), until_ms, BATCH, now_ms + LEASE_MS, _counters("")
        )
        if not found:
            return told
        told = [_told(int(session), _pairs(flat)) for session, flat in found if flat]
        lapsed = [session for session, flat in found if not flat]
        if lapsed:
            client.zrem(_due(), *lapsed)
    return told


def _pairs(flat: Sequence[bytes]) -> dict[str, str]:
    texts = [part.decode() for part in flat]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _told(session_id: int, held: dict[str, str]) -> Told:
    user_id, first, last = int(held.pop("user")), held.pop("first", None), held.pop("last", None)
    counts = {name: int(times) for name, times in held.items()}
    return Told(session_id, user_id, _moment(first), _moment(last), counts)


def _moment(at_ms: str | None) -> datetime | None:
    return None if at_ms is None else datetime.fromtimestamp(int(at_ms) / 1000, UTC)


def _settle(told: Sequence[Told], now_ms: int) -> None:
    """Subtracts what was written from the counters."""
    pipe = cache.client().pipeline(transaction=False)
    for one in told:
        keys = (_counters(str(one.session_id)), _due(), _written(one.session_id))
        last = "" if one.last is None else standing.ms(one.last)
        pairs = [part for pair in one.counts.items() for part in pair]
        pipe.eval(_SETTLE, 3, *keys, one.session_id, now_ms, GAP_MS, last, *pairs)
    pipe.execute()


def _leave(told: Sequence[Told], now_ms: int) -> None:
    """Gives the lease back: the next flush tries again."""
    if told:
        cache.client().zadd(_due(), {str(one.session_id): now_ms for one in told})
