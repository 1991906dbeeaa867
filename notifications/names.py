"""Words of this floor. Values are stored and sent, so they never change."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final

from arbedge.names import Channel


class Recipient(StrEnum):
    """Who can be told something."""

    USER = "user"
    CHAT = "chat"


class Topic(StrEnum):
    """What a message is about; each has templates of its own."""

    OPENED = "opened"
    IMPROVED = "improved"
    FADING = "fading"
    RECOVERED = "recovered"
    CLOSED = "closed"
    VENUE_BLIND = "venue_blind"
    ALERT = "alert"
    DIGEST = "digest"
    BROADCAST = "broadcast"
    CODE = "code"
    TEST = "test"


OPENINGS: Final = (Topic.OPENED, Topic.IMPROVED, Topic.RECOVERED)  # to whoever was not told yet
FOLLOW_UPS: Final = (Topic.IMPROVED, Topic.FADING, Topic.RECOVERED, Topic.CLOSED)
# Somebody waits for these: they come without a session too, and with sound.
ASKED_FOR: Final = (Topic.CODE, Topic.TEST)


class Priority(IntEnum):
    """The lower is sent first."""

    CRITICAL = 0
    HIGH = 1
    MEDIUM = 2
    LOW = 3
    BACKGROUND = 4


class SliceState(StrEnum):
    """Where a fan-out slice stands."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class DeliveryState(StrEnum):
    """Where a delivery stands; from `sent` on it is settled."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    DEAD = "dead"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


WAITING: Final = (DeliveryState.PENDING, DeliveryState.SENDING)
ARRIVED: Final = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
SETTLED: Final = tuple(state for state in DeliveryState if state not in WAITING)


class Outcome(StrEnum):
    """What one attempt on one channel came to."""

    SENT = "sent"
    RETRY = "retry"
    PERMANENT = "permanent"


class AddressState(StrEnum):
    """Whether an address may be used."""

    UNVERIFIED = "unverified"
    ACTIVE = "active"
    DISABLED = "disabled"


class ChatType(StrEnum):
    """Kinds of Telegram chats that are recipients of their own."""

    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class Strategy(StrEnum):
    """How the receivers of an opportunity are chosen where it cannot be for all."""

    BROADCAST = "broadcast"
    ROUND_ROBIN = "round_robin"
    PRIORITY = "priority"
    TIERED = "tiered"
    PERSONALISED = "personalised"
    REGIONAL = "regional"


class TriggerKind(StrEnum):
    """What a person may have watched for him."""

    PRICE_ABOVE = "price_above"
    PRICE_BELOW = "price_below"
    NET_ABOVE = "net_above"
    FUNDING_ABOVE = "funding_above"
    VENUE_BLIND = "venue_blind"
    BALANCE_CHANGE = "balance_change"
    PROFIT_AND_LOSS = "profit_and_loss"


class BroadcastState(StrEnum):
    """Where a broadcast stands."""

    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


# The position of a channel is its number in the audience's lists.
CHANNELS: Final = tuple(Channel)
CHANNEL_NUMBERS: Final = {channel: number for number, channel in enumerate(CHANNELS)}
