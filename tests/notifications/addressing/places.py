"""Addresses that open, and deliveries that look for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from accounts.models import User
from arbedge.names import Channel
from notifications.addressing import address_rows
from notifications.models import Address, Chat
from notifications.names import CHANNEL_NUMBERS, AddressState, Recipient, Topic
from tests.notifications.factories import AddressFactory

_ids = count(1)
HOOK = {"url": "https://hooks.example.org/arbedge", "secret": "a secret of the hook"}
OTHER_MAIL = {"email": "ada@elsewhere.example"}


@dataclass(frozen=True)
class Wanted:
    """A delivery as far as the finding of addresses looks at it."""

    id: int
    recipient: str
    recipient_id: int
    topic: str
    channels: Sequence[int]
    place: int = 0
    to_all: bool = False


def wanted(
    who: User | Chat,
    *channels: Channel,
    place: int = 0,
    to_all: bool = False,
    topic: Topic = Topic.OPENED,
) -> Wanted:
    """A delivery to this person or chat by these channels."""
    kind = Recipient.CHAT if isinstance(who, Chat) else Recipient.USER
    numbers = [CHANNEL_NUMBERS[channel] for channel in channels]
    return Wanted(next(_ids), kind.value, who.pk, topic.value, numbers, place, to_all)


def kept(
    user: User,
    channel: Channel,
    address: Mapping[str, Any],
    state: AddressState = AddressState.ACTIVE,
    **columns: Any,
) -> Address:
    """A row that holds this address."""
    row: Address = AddressFactory(
        recipient_id=user.pk,
        channel=channel.value,
        sealed=address_rows.sealed(address),
        digest=address_rows.digest(channel, address),
        state=state.value,
        **columns,
    )
    return row
