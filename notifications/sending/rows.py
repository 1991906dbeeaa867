"""A delivery in a worker's hand, what was tried with it, and what is to become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from arbedge.names import Channel
from notifications.channels.base import Result
from notifications.codes import Code
from notifications.names import CHANNELS, DeliveryState


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery claimed by `token` until `lease_until`; columns as in models.Delivery.

    `attempts` counts this claim, `unended` the claims whose end was never told, this one included.
    `opening_refs` are the `refs` of the opening this follows up on. `silent` is True too for a
    follow-up to somebody who does not want to be disturbed now.
    """

    id: int
    token: UUID
    lease_until: datetime
    message_id: int
    facts_of_id: int
    recipient: str
    recipient_id: int
    topic: str
    opportunity_id: int | None
    opening_id: int | None
    items: tuple[int, ...]
    priority: int
    tier: int
    silent: bool
    counted: bool
    language: str
    zone: str
    notional_usd: int
    horizon_hours: int
    vip_levels: int
    leverage: float
    channels: tuple[int, ...]
    place: int
    channel: int
    to_all: bool
    attempts: int
    unended: int
    refs: Mapping[str, str]
    variant: str
    created_at: datetime
    due_at: datetime
    expires_at: datetime | None
    fingerprint: str
    opening_refs: Mapping[str, str] = field(default_factory=dict)

    @property
    def on(self) -> Channel:
        """The channel being tried."""
        return CHANNELS[self.channel]


COLUMNS: Final = tuple(
    name for name in Claimed.__slots__ if name not in {"fingerprint", "opening_refs"}
)


@dataclass(frozen=True, slots=True)
class Try:
    """One message that was handed to a channel, or could not be, and the answer.

    By its `id` it is kept once, though a worker that lost the database tells it again.
    """

    channel: Channel
    result: Result
    at: datetime
    address_id: int | None = None
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a worker tells of a claimed row: its tries, or (without any) why it is cancelled."""

    row: Claimed
    tries: tuple[Try, ...] = ()
    cancelled: Code | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A row that a claim found to be in need of no worker any more."""

    id: int
    state: DeliveryState
    code: Code
    channel: Channel
    counted: bool


@dataclass(slots=True)
class Batch:
    """What one claim gave: rows to send now, and rows it ended instead."""

    rows: list[Claimed] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
