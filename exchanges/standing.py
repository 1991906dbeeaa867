"""How every venue stands right now, for people: age, reliability and breakers, cheaply read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.conf import settings

from arbedge import breaker, cache, clock
from arbedge.errors import NoData
from arbedge.status import Level, Line
from exchanges import book, keys, quality, routes
from exchanges.venues.base import Venue

HEAD_BYTES = 2_000  # an entry's line of times and counts comes before its columns


class _Head(msgspec.Struct, frozen=True):
    captured_at_ms: float
    took_ms: float = 0.0
    offset_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker that is not closed."""

    host: str
    state: str
    reason: str
    until_ms: float


@dataclass(frozen=True, slots=True)
class Standing:
    """One venue; `age_s` is that of its oldest essential answer, None where one is missing."""

    name: str
    age_s: float | None
    took_ms: float | None
    reliability: float | None
    answers: int
    breakers: tuple[Breaker, ...] = ()

    @property
    def word(self) -> str:
        """What an operator wants to know first: broken, silent, late or well."""
        if self.breakers:
            return "broken"
        if self.age_s is None:
            return "silent"
        return "well" if self.age_s < 30 else "late"


def all_venues(now_ms: float) -> list[Standing]:
    """Returns the configured venues in their order, read in one call to the cache.

    In a replay ages count from the newest answer, and feeds that were not recorded are not missed.
    Raises NoData when the cache cannot be reached.
    """
    venues = routes.configured()
    names = [(one.name, feed.name) for one in venues for feed in one.feeds if feed.essential]
    with cache.reachable("venue ages"):
        pipe = cache.client().pipeline(transaction=False)
        for name in names:
            pipe.getrange(book.piece_key(*name), 0, HEAD_BYTES)
        heads = {
            name: head
            for name, raw in zip(names, pipe.execute(), strict=True)
            if (head := _head(raw)) is not None or settings.MARKET_MODE != "replay"
        }
    seen_ms = now_ms
    if settings.MARKET_MODE == "replay":  # a recording's clock is its newest answer
        seen_ms = max((head.captured_at_ms for head in heads.values() if head), default=now_ms)
    answers = quality.answers((one.name for one in venues), now_ms)
    breakers = breaker.states()
    return [_standing(one, heads, answers[one.name], breakers, seen_ms) for one in venues]


def lines() -> list[Line]:
    """One line per venue for the screen of `manage.py up`: age, speed, reliability, what broke."""
    return [_line(one) for one in all_venues(clock.now_ms())]


def _line(one: Standing) -> Line:
    if one.age_s is None:
        return Line(one.name, Level.UNKNOWN, "no complete answer yet")
    parts = [f"{one.age_s:.0f} s old" if settings.MARKET_MODE != "replay" else "recorded"]
    if one.took_ms is not None:
        parts.append(f"answers in {one.took_ms:.0f} ms")
    if one.reliability is not None:
        parts.append(f"{one.reliability:.1%} in time")
    parts += [f"{broken.host} {broken.state}: {broken.reason}" for broken in one.breakers]
    levels = {"well": Level.GOOD, "late": Level.WARN, "silent": Level.UNKNOWN}
    return Line(one.name, levels.get(one.word, Level.BAD), ", ".join(parts))


def known(now_ms: float) -> tuple[list[Standing], str]:
    """Returns the venues, or none and why nothing is known of them."""
    try:
        return all_venues(now_ms), ""
    except NoData as error:
        return [], str(error)


def _standing(
    venue: Venue,
    heads: Mapping[tuple[str, str], _Head | None],
    answers: Mapping[str, int],
    breakers: Sequence[Mapping[str, Any]],
    now_ms: float,
) -> Standing:
    told = [head for (name, _), head in heads.items() if name == venue.name]
    seen = [one for one in told if one is not None]
    complete = bool(told) and len(seen) == len(told)
    total = sum(answers.values())
    return Standing(
        name=venue.name,
        age_s=max((now_ms - one.captured_at_ms) / 1000 for one in seen) if complete else None,
        took_ms=max((one.took_ms for one in seen), default=None),
        reliability=answers[quality.IN_TIME] / total if total else None,
        answers=total,
        breakers=tuple(
            Breaker(one["host"], one["state"], one["reason"], one["until_ms"])
            for one in breakers
            if one["venue"] == venue.name
            and one["state"] != breaker.CLOSED
            and one["host"] != keys.BREAKER  # says nothing of the venue's markets
        ),
    )


_decode_head = msgspec.json.Decoder(_Head).decode


def _head(raw: bytes) -> _Head | None:
    return _decode_head(raw.split(b"\n", 1)[0]) if raw else None
