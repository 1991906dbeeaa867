"""What is due, who is at a limit, and how slices are put together into batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from arbedge.choices import VENUE_BITS
from arbedge.names import Risk
from notifications.writing.cohort_figures import venues_of
from opportunities.readers import KIND_BIT, SHELFLESS

MOST_EVENTS: Final = 60  # bits of a number of PostgreSQL that are surely positive
NO_ONES_VENUE: Final = 62  # the bit of a venue nobody can choose
_RISKS: Final = {risk.value: place for place, risk in enumerate(Risk)}


@dataclass(frozen=True)
class Due:
    """A slice that is due: one message for the people of one tier, told with `facts`.

    `facts` are those of `facts_of_id`. `breaks_cooldown` is said of improvements.
    """

    slice_id: int
    message_id: int
    facts_of_id: int
    tier: int
    topic: str
    facts: Mapping[str, Any]
    priority: int
    expires_at: datetime | None
    opportunity_id: int | None
    fingerprint: str
    kind: str
    asset: str
    breaks_cooldown: bool = False


@dataclass(frozen=True)
class Held:
    """Who is at a limit: ids of people and of chats, and ids by fingerprint, chats as negative."""

    hour: Sequence[int] = ()
    day: Sequence[int] = ()
    chats_hour: Sequence[int] = ()
    chats_day: Sequence[int] = ()
    cooling: Mapping[str, Sequence[int]] | None = None


@dataclass(frozen=True)
class Occasion:
    """One message with its facts, whatever the tiers it is due for; `bit` stands for it."""

    number: int
    one: Due

    @property
    def bit(self) -> int:
        return 1 << self.number

    @property
    def facts(self) -> Mapping[str, Any]:
        return self.one.facts

    @property
    def kind(self) -> int:
        """Its kind as a bit."""
        return KIND_BIT.get(self.one.kind, 0)

    @property
    def risk(self) -> int:
        """The place of its risk class; an unknown one is above every limit."""
        return _RISKS.get(str(self.facts.get("risk")), len(_RISKS))

    @property
    def confidence(self) -> float:
        return float(self.facts.get("score") or 0.0)

    @property
    def shelves(self) -> int:
        """What stands on no shelf counts as advanced, as on the board."""
        return int(self.facts.get("shelves") or SHELFLESS)

    @property
    def venues(self) -> int:
        """Its venues as bits; a venue nobody can choose takes a bit nobody has."""
        return sum(1 << VENUE_BITS.get(venue, NO_ONES_VENUE) for venue in venues_of(self.facts))


@dataclass(frozen=True)
class Batch:
    """Events in the order they shall be told, best first, and the slices by event and tier."""

    events: Sequence[Occasion]
    slices: Mapping[tuple[int, int], int]

    @property
    def every(self) -> int:
        """The bits of all events."""
        return (1 << len(self.events)) - 1


def batches(due: Iterable[Due]) -> list[Batch]:
    """The slices in as few batches as can be: in one no opportunity comes twice, as whoever is told
    of it must be known before it is told again."""
    rounds: list[dict[tuple[int, int], list[Due]]] = []
    taken: list[set[int | None]] = []
    for one in sorted(due, key=lambda one: (one.message_id, one.slice_id)):
        key = (one.message_id, one.facts_of_id)
        for held, seen in zip(rounds, taken, strict=True):
            if key in held or (one.opportunity_id not in seen and len(held) < MOST_EVENTS):
                break
        else:
            held, seen = {}, set()
            rounds.append(held)
            taken.append(seen)
        held.setdefault(key, []).append(one)
        seen.add(one.opportunity_id)
    return [_batch(held) for held in rounds]


def _batch(held: Mapping[tuple[int, int], list[Due]]) -> Batch:
    ordered = sorted(held.values(), key=lambda some: _rank(some[0]))
    events = [Occasion(number, some[0]) for number, some in enumerate(ordered)]
    slices = {
        (number, one.tier): one.slice_id for number, some in enumerate(ordered) for one in some
    }
    return Batch(events, slices)


def _rank(one: Due) -> tuple[int, float, int]:
    return (one.priority, -float(one.facts.get("net") or 0.0), one.message_id)
