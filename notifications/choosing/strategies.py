"""How many may be told of an opportunity, and by which strategy they are chosen.

A kind without a row in Distribution is for everybody who is eligible, until the channel cannot
carry it: then what Telegram can send within one rotation is shared by the events that are due.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection

from accounts import tiers
from arbedge.names import Channel, Tier
from notifications.choosing.eligibility_due import Batch
from notifications.choosing.eligibility_rules import COLUMN_OF_TIER, HIGHEST
from notifications.models import Delivery, Distribution
from notifications.names import CHANNEL_NUMBERS, DeliveryState, Strategy

ROTATION_S: Final = 900
MOST_WHEN_SHORT: Final = 100  # each opportunity's, where a channel is short; more if it can carry
WEIGHT_OF_ADMINS: Final = 1_000.0  # they stand outside of the rotation: always first

_PEOPLE: Final = f"""
SELECT least({COLUMN_OF_TIER}, {HIGHEST}), count(*) FROM accounts_audience
WHERE session_until > %(now)s GROUP BY 1
"""  # noqa: S608


@dataclass(frozen=True)
class Shares:
    """Per event, in the order of the batch: places (None: no limit of its own), strategy and
    countries; and what Telegram can still carry: `room` in all (None: anything), `each` per event.
    """

    places: Sequence[int | None]
    strategies: Sequence[Strategy]
    countries: Sequence[Sequence[str]]
    room: int | None = None
    each: int | None = None


def choose(batch: Batch, now: datetime) -> Shares:
    """How each event of the batch is shared out, as the console has it now.

    Tiers are due one after the other: a kind's places are divided among them by weight and number
    of people, and what the tiers before left over goes to those that follow. The tiered strategy
    divides nothing, round robin by the number of people alone.
    """
    by_kind = {row.kind: row for row in Distribution.objects.all()}
    rows = [by_kind.get(event.one.kind) for event in batch.events]
    strategies = [Strategy(row.strategy) if row else Strategy.BROADCAST for row in rows]
    limits = [row.participants if row else None for row in rows]
    people = _people(now) if any(limit is not None for limit in limits) else {}
    room = _room()
    return Shares(
        places=[
            None if limit is None else math.ceil(limit * _share(strategy, people, last))
            for limit, strategy, last in zip(limits, strategies, _last_due(batch), strict=True)
        ],
        strategies=strategies,
        countries=[[str(one) for one in row.countries] if row else [] for row in rows],
        room=room,
        each=None if room is None else max(MOST_WHEN_SHORT, room // len(rows)),
    )


def weights() -> list[float]:
    """The weights of the tiers, and last that of the admins."""
    table = tiers.table()
    own = [table[tier].weight for tier in Tier]
    return [*(WEIGHT_OF_ADMINS if one is None else one for one in own), WEIGHT_OF_ADMINS]


def _share(strategy: Strategy, people: Mapping[int, int], last: int) -> float:
    """Which part of the places belongs to the tiers that are due no later than `last`."""
    if strategy is Strategy.TIERED:
        return 1.0
    table = tiers.table()
    delays_s = [table[tier].delay_s for tier in Tier]
    own = [1.0] * len(Tier) if strategy is Strategy.ROUND_ROBIN else weights()
    parts = [own[rank] * people.get(rank, 0) for rank in range(len(Tier))]
    due = sum(part for part, delay_s in zip(parts, delays_s, strict=True)
              if delay_s <= delays_s[last])  # fmt: skip
    return due / sum(parts) if sum(parts) else 1.0


def _last_due(batch: Batch) -> list[int]:
    """For every event the tier that waits longest of those it is due for now."""
    table = tiers.table()
    ranked = [table[tier].delay_s for tier in Tier]
    return [
        max((rank for number, rank in batch.slices if number == event.number),
            key=lambda rank: ranked[rank])
        for event in batch.events
    ]  # fmt: skip


def _people(now: datetime) -> dict[int, int]:
    """How many people of each tier have a session."""
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, {"now": now})
        return dict(cursor.fetchall())


def _room() -> int | None:
    """How many more messages Telegram can send within one rotation; None where nothing paces it."""
    capacity = settings.TELEGRAM_PER_SECOND * ROTATION_S
    if capacity <= 0:
        return None
    waiting = Delivery.objects.filter(
        state=DeliveryState.PENDING, channel=CHANNEL_NUMBERS[Channel.TELEGRAM]
    )
    return capacity - min(capacity, waiting[:capacity].count())
