"""What is due, as the numbers the matching statement compares with people.

Up to 60 events are the bits of one 64-bit number. For every rule, what a person wishes leads to
the events that satisfy him by one look-up: in a list by his number (kinds, shelves, risk), or among
the events' figures in falling order (net, APR, confidence). So a million people cost a million
look-ups per rule, not twenty million comparisons.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from itertools import accumulate, chain
from operator import or_
from typing import Any, Final

from django.conf import settings

from accounts import tiers
from accounts.tiers import ADMINS
from arbedge.choices import HORIZONS_HOURS, NOTIONALS_USD, VENUE_BITS, VIP_LEVELS
from arbedge.names import Kind, Risk, Shelf, Tier
from notifications.choosing.eligibility_due import Batch, Held, Occasion
from notifications.choosing.strategies import Shares, weights
from notifications.codes import Why
from notifications.writing.cohort_figures import (
    LEVEL_BITS,
    VENUES_WITH_LEVELS,
    Cell,
    cells,
    figures_for,
    venues_of,
)

NO_VENUE: Final = 60  # a shift that leaves no level
_AI: Final = 1 << list(Shelf).index(Shelf.AI)


def values(batch: Batch, held: Held, shares: Shares, now: datetime) -> dict[str, Any]:
    """The parameters of the matching statement (see eligibility_sql)."""
    events = batch.events
    return {
        "now": now,
        "every": batch.every,
        **_columns(events),
        **_figures(events),
        **_by_tier(batch),
        **_limits(batch, held),
        **_shared(shares),
        "kinds": _by_mask(len(Kind), [(event.bit, event.kind) for event in events]),
        "shelves": _by_mask(len(Shelf), [(event.bit, event.shelves) for event in events]),
        "kinds_due": reduce(or_, (event.kind for event in events), 0),
        "shelves_due": reduce(or_, (event.shelves for event in events), 0),
        "risks": [
            *(_bits(one for one in events if one.risk <= limit) for limit in range(len(Risk))),
            batch.every,  # chats ask for no limit
        ],
        **_falling("confidence", [(event.bit, event.confidence) for event in events]),
        "regions": json.dumps(_regions(events)),
        "needs_ai": _bits(event for event in events if event.shelves & _AI),
    }


def idle(values: Mapping[str, Any]) -> set[Why]:
    """The rules that can stop nobody, as these parameters are. Whether anybody was told already is
    for others to know."""
    every = values["every"]
    can_stop = {
        Why.TIER_KIND: any(bits != every for bits in values["tier_kinds"]),
        Why.TIER_SHELF: any(bits != every for bits in values["tier_shelves"]),
        Why.COOLDOWN: values["cool_ids"],
        Why.HOUR_FULL: values["hour"],
        Why.DAY_FULL: values["day"],
        Why.AI_KEY_MISSING: values["needs_ai"],
        Why.REGION_BLOCKED: settings.REGIONS_BLOCKED,
    }
    return {why for why, does in can_stop.items() if not does}


def venue_terms(events: Sequence[Occasion]) -> list[tuple[int, int]]:
    """Bits of venues with the bits of the events on exactly these, each pair once."""
    found: dict[int, int] = {}
    for event in events:
        found[event.venues] = found.get(event.venues, 0) | event.bit
    return sorted(found.items())


def asset_terms(events: Sequence[Occasion]) -> list[tuple[str, int]]:
    """Coins with the bits of their events."""
    found: dict[str, int] = {}
    for event in events:
        found[event.one.asset] = found.get(event.one.asset, 0) | event.bit
    return sorted(found.items())


def _columns(events: Sequence[Occasion]) -> dict[str, Any]:
    """A row per event; `early_us` puts the best first among what is due at the same time."""
    return {
        "numbers": [event.number for event in events],
        "bits": [event.bit for event in events],
        "messages": [event.one.message_id for event in events],
        "facts_of": [event.one.facts_of_id for event in events],
        "topics": [event.one.topic for event in events],
        "priorities": [event.one.priority for event in events],
        "expiries": [event.one.expires_at for event in events],
        "opportunities": [event.one.opportunity_id for event in events],
        "early_us": [len(events) - event.number for event in events],
        "shifts_long": [_shifts(event)[0] for event in events],
        "shifts_short": [_shifts(event)[-1] for event in events],
        "rows": [_rows(event) for event in events],
        "kind_bits": [event.kind for event in events],
        "assets": [event.one.asset for event in events],
    }


def _shifts(event: Occasion) -> list[int]:
    """Where the levels at its venues stand in the audience's bits."""
    places = [VENUE_BITS.get(venue, VENUES_WITH_LEVELS) for venue in venues_of(event.facts)]
    return [LEVEL_BITS * place if place < VENUES_WITH_LEVELS else NO_VENUE for place in places] or [
        NO_VENUE
    ]


def _levels(event: Occasion) -> list[int]:
    """The levels from which on the event's figures may be others."""
    table = event.facts.get("cohorts") or {}
    return sorted({0, *(level for level in table.get("vip_levels", ()) if level in VIP_LEVELS)})


def _rows(event: Occasion) -> int:
    """For every level held the one whose figures count, four bits each."""
    levels = _levels(event)
    counting = (max(one for one in levels if one <= held) for held in VIP_LEVELS)
    return sum(one << LEVEL_BITS * held for held, one in enumerate(counting))


def _figures(events: Sequence[Occasion]) -> dict[str, Any]:
    """Every event's figures per horizon, level and size, column by column.

    Whoever's cohort has no cell is matched by the opportunity's own figures, as on the board.
    """
    rows: list[tuple[int, Cell]] = [
        (event.number, cell) for event in events for cell in cells(event.facts, _levels(event))
    ]
    own = [figures_for(event.facts, 0.0, 0.0, 0, 1.0) for event in events]
    return {
        "notionals": list(NOTIONALS_USD),
        "horizons": list(HORIZONS_HOURS),
        "own_pays": [one.pays for one in own],
        "own_aprs": [one.apr_net for one in own],
        "cell_numbers": [number for number, _ in rows],
        "cell_horizons": [cell.horizon_hours for _, cell in rows],
        "cell_levels": [cell.level for _, cell in rows],
        "cell_notionals": [cell.notional_usd for _, cell in rows],
        "cell_pays": [cell.pays for _, cell in rows],
        "cell_aprs": [cell.apr_net for _, cell in rows],
    }


def _by_tier(batch: Batch) -> dict[str, Any]:
    """Per tier, and for the admins: events due, of their kinds, on their shelves, with their AI.

    Admins are told at the time of the highest tier.
    """
    table = tiers.table()
    events = batch.events
    every = [*(table[tier] for tier in Tier), ADMINS]
    due_for = [*range(len(Tier)), len(Tier) - 1]
    return {
        "open": [
            _bits(event for event in events if (event.number, rank) in batch.slices)
            for rank in due_for
        ],
        "tier_kinds": [_bits(one for one in events if one.kind & may.kinds) for may in every],
        "tier_shelves": [
            _bits(one for one in events if one.shelves & may.shelves) for may in every
        ],
        "tier_ai": [0 if may.ai_platform_per_day == 0 else batch.every for may in every],
    }


def _limits(batch: Batch, held: Held) -> dict[str, Any]:
    """Who is at a limit, chats as negative numbers; who cools, with the bits of the events."""
    cooling = held.cooling or {}
    cool = [
        (event.bit, _still(event, cooling.get(event.one.fingerprint, ()))) for event in batch.events
    ]
    return {
        "hour": [*held.hour, *(-chat for chat in held.chats_hour)],
        "day": [*held.day, *(-chat for chat in held.chats_day)],
        "cool_ids": list(chain.from_iterable(ids for _, ids in cool)),
        "cool_bits": list(chain.from_iterable([bit] * len(ids) for bit, ids in cool)),
    }


def _shared(shares: Shares) -> dict[str, Any]:
    """How many may be told, and who first (see fairness)."""
    return {
        "places": shares.places,
        "strategies": [one.value for one in shares.strategies],
        "countries": [",".join(names) for names in shares.countries],
        "room": shares.room,
        "each": shares.each,
        "weights": weights(),
    }


def _still(event: Occasion, ids: Sequence[int]) -> Sequence[int]:
    """An improvement breaks the cooldown of people, not that of chats."""
    return [who for who in ids if who < 0] if event.one.breaks_cooldown else ids


def _regions(events: Sequence[Occasion]) -> dict[str, int]:
    """Events by country in which they are not told: "US", or "funding:US" for one kind."""
    blocked: dict[str, int] = {}
    for entry in settings.REGIONS_BLOCKED:
        kind, _, country = entry.strip().rpartition(":")
        bits = _bits(event for event in events if kind in {"", event.one.kind})
        blocked[country.upper()] = blocked.get(country.upper(), 0) | bits
    return blocked


def _bits(events: Iterable[Occasion]) -> int:
    return sum(event.bit for event in events)


def _by_mask(width: int, masks: Sequence[tuple[int, int]]) -> list[int]:
    """For every number of so many bits the events whose mask has one of them."""
    return [sum(bit for bit, own in masks if own & wished) for wished in range(1 << width)]


def _falling(name: str, figures: Iterable[tuple[int, float]]) -> dict[str, Any]:
    """The figures in falling order, negated so that they rise, and the events up to each."""
    ordered = sorted(figures, key=lambda one: -one[1])
    up_to = list(accumulate((bit for bit, _ in ordered), or_, initial=0))
    return {f"{name}_figures": [-figure for _, figure in ordered], f"{name}_bits": up_to}
