"""How good the data of a venue is: rows dropped by reason, and answers in time, over 24 hours.

Counters live in the cache, one hash per venue, one field per hour: every process adds to them, and
each is read in one call.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from arbedge import cache
from arbedge.clock import HOUR_MS

WINDOW_HOURS = 24
KEEP_S = (WINDOW_HOURS + 2) * 3600
SLOW_MS = 2_000.0

IN_TIME, LATE, FAILED = "in_time", "late", "failed"


def verdict_on(took_ms: float) -> str:
    """Whether an answer that took so long came in time."""
    return IN_TIME if took_ms <= SLOW_MS else LATE


def note_answer(pipe: Any, venue: str, outcome: str, now_ms: float) -> None:
    """Adds one answer (in_time, late or failed) to the venue's hour, within the pipeline given."""
    name = cache.key("answers", venue)
    pipe.hincrby(name, f"{_hour(now_ms)} {outcome}", 1)
    pipe.expire(name, KEEP_S)


def note_dropped(
    pipe: Any, venue: str, feed: str, dropped: Mapping[str, int], now_ms: float
) -> None:
    """Adds rows dropped, by reason, to the venue's hour, within the pipeline given."""
    name = cache.key("drops", venue)
    for reason, count in dropped.items():
        if count:
            pipe.hincrby(name, f"{_hour(now_ms)} {feed} {reason}", count)
            pipe.expire(name, KEEP_S)


def reliability_of(counts: Mapping[bytes, bytes], now_ms: float) -> float | None:
    """Returns answers in time / all answers of the last 24 h; None before the first."""
    told = answers_of(counts, now_ms)
    return told[IN_TIME] / told.total() if told.total() else None


def answers_of(counts: Mapping[bytes, bytes], now_ms: float) -> Counter[str]:
    """Returns how many answers came in time, late or not at all in the last 24 h."""
    told: Counter[str] = Counter()
    for field, count in _recent(counts, now_ms):
        told[field[0]] += count
    return told


def answers(venues: Iterable[str], now_ms: float) -> dict[str, Counter[str]]:
    """Returns the answers of the last 24 h by venue. Raises NoData when the cache is gone."""
    read = _read("answers", venues)
    return {venue: answers_of(counts, now_ms) for venue, counts in read.items()}


def dropped(venues: Iterable[str], now_ms: float) -> dict[str, dict[str, Counter[str]]]:
    """Returns rows dropped in the last 24 h: {venue: {feed: {reason: rows}}}.

    A row that is dropped at every answer counts at every answer. Raises NoData when the cache is
    gone.
    """
    told: dict[str, dict[str, Counter[str]]] = {}
    for venue, counts in _read("drops", venues).items():
        feeds: dict[str, Counter[str]] = defaultdict(Counter)
        for (feed, reason), count in _recent(counts, now_ms):
            feeds[feed][reason] += count
        told[venue] = dict(feeds)
    return told


def prune(venues: Iterable[str], now_ms: float) -> int:
    """Removes the fields of hours outside the window. Returns how many."""
    removed = 0
    redis = cache.client()
    for kind in ("answers", "drops"):
        for venue, counts in _read(kind, venues).items():
            old = [field for field in counts if not _is_recent(field, now_ms)]
            if old:
                redis.hdel(cache.key(kind, venue), *old)
                removed += len(old)
    return removed


def _read(kind: str, venues: Iterable[str]) -> dict[str, dict[bytes, bytes]]:
    names = list(venues)
    with cache.reachable("data quality"):
        pipe = cache.client().pipeline(transaction=False)
        for venue in names:
            pipe.hgetall(cache.key(kind, venue))
        return dict(zip(names, pipe.execute(), strict=True))


def _recent(counts: Mapping[bytes, bytes], now_ms: float) -> list[tuple[list[str], int]]:
    return [
        (field.decode().split(" ")[1:], int(count))
        for field, count in counts.items()
        if _is_recent(field, now_ms)
    ]


def _is_recent(field: bytes, now_ms: float) -> bool:
    return _hour(now_ms) - WINDOW_HOURS < int(field.split(b" ", 1)[0]) <= _hour(now_ms)


def _hour(now_ms: float) -> int:
    return int(now_ms // HOUR_MS)
