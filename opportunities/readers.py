"""What a reader's tier lets him see of what lives: kinds, shelves, delay, how many an hour.

The same rules hold for the board, an opportunity's page, its pictures and every list to come. What
is held back is counted and told, so that nobody takes a short list for an empty market.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import structlog
from django.conf import settings
from django.http import HttpRequest

from accounts import doors, preferences, sessions, tiers, wishes
from accounts.standing import Standing, effective_tier
from accounts.tiers import ADMINS, Allowance
from accounts.wishes import Economics
from arbedge import cache, writing
from arbedge.errors import NoData
from arbedge.names import Kind, Shelf, State, Tier
from opportunities.models import Opportunity

HOUR_S: Final = 3600
ANYBODY: Final = "anybody"
KIND_BIT: Final = {kind.value: 1 << bit for bit, kind in enumerate(Kind)}
SHELFLESS: Final = 1 << list(Shelf).index(Shelf.ADVANCED)  # what stands on no shelf

# KEYS[1] what was shown, by time; ARGV now in s, an hour ago, limit, ids best first.
# Returns the ids that may be shown: those shown within the hour, and new ones up to the limit.
_ADMIT: Final = """
redis.call('zremrangebyscore', KEYS[1], '-inf', ARGV[2])
local left = tonumber(ARGV[3]) - redis.call('zcard', KEYS[1])
local shown = {}
for place = 4, #ARGV do
    if redis.call('zscore', KEYS[1], ARGV[place]) then
        table.insert(shown, ARGV[place])
    elseif left > 0 then
        redis.call('zadd', KEYS[1], ARGV[1], ARGV[place])
        left = left - 1
        table.insert(shown, ARGV[place])
    end
end
redis.call('expire', KEYS[1], 3600)
return shown
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: `key` counts what is shown to him; None is staff, or whoever sits at a local
    installation, who see everything."""

    key: str | None
    tier: Tier | None
    allowance: Allowance
    user_id: int | None = None

    @property
    def sees_all(self) -> bool:
        """Whether no tier holds anything back."""
        return self.key is None


STAFF: Final = Reader(None, None, ADMINS)


class Hold(StrEnum):
    """Why a reader may not see an opportunity now."""

    SHELVES = "shelves"
    DELAY = "delay"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class Held:
    """What keeps an opportunity from a reader of this tier: the delay and what is left of it in
    seconds, or the number of an hour that is used up."""

    why: Hold
    tier: Tier
    delay_s: int = 0
    left_s: float = 0.0
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """The rows a reader's tier shows now, and how many it keeps back by its delay and shelves."""

    rows: Sequence[Opportunity]
    later: int = 0
    higher: int = 0


def of(request: HttpRequest, now: datetime) -> Reader:
    """The reader of this request: a person with a session, staff of the console, or anybody."""
    who = doors.standing_of(request)
    if who is not None:
        return person(who, now)
    return STAFF if request.user.is_staff else anybody()


def person(who: Standing, now: datetime) -> Reader:
    """A person as a reader."""
    key = None if who.role in tiers.HAVE_ADMINS_COLUMN else f"user:{who.user_id}"
    return Reader(key, effective_tier(who, now), tiers.of(who, now=now), who.user_id)


def group(chat_id: int, who: Standing, now: datetime) -> Reader:
    """A group or channel as a reader: what the tier of who registered it allows, twice."""
    allowance = tiers.of(who, group=True, now=now)
    return Reader(f"chat:{chat_id}", effective_tier(who, now), allowance)


def economics(reader: Reader) -> Economics | None:
    """What the reader's own figures are computed for; None for whoever is not known."""
    return None if reader.user_id is None else wishes.economics(preferences.of(reader.user_id))


def anybody() -> Reader:
    """A visitor nobody knows sees what the free tier sees; a local installation is its owner's."""
    if settings.VISITORS_SEE_ALL:
        return STAFF
    return Reader(ANYBODY, Tier.FREE, tiers.table()[Tier.FREE])


def due(reader: Reader, rows: Sequence[Opportunity], now: datetime) -> Due:
    """Of these rows the ones of the reader's kinds and shelves whose delay is over."""
    if reader.sees_all:
        return Due(rows)
    allowed = [row for row in rows if _within_tier(reader, row)]
    over = [row for row in allowed if _waits_s(reader, row, now) <= 0]
    return Due(over, later=len(allowed) - len(over), higher=len(rows) - len(allowed))


def admit(reader: Reader, ids: Sequence[int], now: datetime, *, new: bool = True) -> set[int]:
    """Those of the ids, best first, that count within the reader's hour.

    What was shown stays for an hour; new ones join up to the limit, if `new`. The count is the
    cache's: without it nothing can be counted, and the best up to the limit are shown.
    """
    if reader.sees_all:
        return set(ids)
    limit, at_s = reader.allowance.opportunities_per_hour, now.timestamp()
    try:
        with cache.reachable("what was shown"):
            shown: Any = cache.client().eval(
                _ADMIT, 1, _shown_key(reader),
                at_s, at_s - HOUR_S, limit if new else 0, *ids,
            )  # fmt: skip
    except NoData as error:
        log.warning("readers.cache_gone", cause=str(error))
        return set(ids[:limit])
    return {int(one) for one in shown}


def would_admit(reader: Reader, ids: Sequence[int], now: datetime) -> list[int]:
    """Those of the ids, best first, that `admit` would let through; nothing is counted."""
    if reader.sees_all:
        return list(ids)
    left = reader.allowance.opportunities_per_hour
    try:
        with cache.reachable("what was shown"):
            since = f"({now.timestamp() - HOUR_S}"
            told: Any = cache.client().zrangebyscore(_shown_key(reader), since, "+inf")
    except NoData as error:
        log.warning("readers.cache_gone", cause=str(error))
        return list(ids[:left])
    shown = {int(one) for one in told}
    fresh = [one for one in ids if one not in shown]
    may = shown.union(fresh[: max(0, left - len(shown))])
    return [one for one in ids if one in may]


def held(reader: Reader, one: Opportunity, now: datetime) -> Held | None:
    """Why the reader may not see this one now, None where he may; seeing it counts in his hour.

    What is closed is history, and history is everybody's.
    """
    if reader.sees_all or one.state == State.CLOSED:
        return None
    tier, may = reader.tier or Tier.FREE, reader.allowance
    if not _within_tier(reader, one):
        return Held(Hold.SHELVES, tier)
    if (left_s := _waits_s(reader, one, now)) > 0:
        return Held(Hold.DELAY, tier, delay_s=may.delay_s, left_s=left_s)
    if one.pk not in admit(reader, [one.pk], now):
        return Held(Hold.HOUR, tier, limit=may.opportunities_per_hour)
    return None


def refusal(reader: Reader, one: Opportunity, now: datetime) -> str:
    """Why the reader may not see this one now, and what to do about it; "" where he may."""
    found = held(reader, one, now)
    if found is None:
        return ""
    tier = found.tier.value.capitalize()
    if found.why is Hold.SHELVES:
        return f"{tier} shows the beginners' shelves. A higher tier shows all arbitrage."
    if found.why is Hold.DELAY:
        waits, delay = writing.duration(found.left_s), writing.duration(found.delay_s)
        return f"{tier} sees opportunities {delay} after they opened: come back in {waits}."
    return f"{tier} shows {found.limit} opportunities an hour, and these were shown already."


def looked(reader: Reader) -> None:
    """Somebody opened an opportunity's page: counted in the session of whoever is known."""
    if reader.user_id is not None:
        sessions.seen(reader.user_id, datetime.now(UTC))


def used(user_id: int, now: datetime) -> int | None:
    """How many opportunities a person was shown within the hour; None where it cannot be told."""
    try:
        with cache.reachable("what was shown"):
            since = now.timestamp() - HOUR_S
            count: Any = cache.client().zcount(
                cache.key("shown", f"user:{user_id}"), f"({since}", "+inf"
            )
    except NoData:
        return None
    return int(count)


def shelves_of(row: Opportunity) -> int:
    """The bits of its shelves. What stands on none is shown where every arbitrage shelf is."""
    return row.shelves or SHELFLESS


def _shown_key(reader: Reader) -> str:
    return cache.key("shown", str(reader.key))


def _within_tier(reader: Reader, row: Opportunity) -> bool:
    """By kind and shelf."""
    may = reader.allowance
    return bool(KIND_BIT[row.kind] & may.kinds and shelves_of(row) & may.shelves)


def _waits_s(reader: Reader, row: Opportunity, now: datetime) -> float:
    """Seconds until the reader's delay is over."""
    return reader.allowance.delay_s - (now - row.opened_at).total_seconds()
