"""Claimed rows and what channels answer, for tests of what becomes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from arbedge.names import Channel
from notifications.channels.base import Result
from notifications.models import Delivery
from notifications.names import CHANNELS, Outcome
from notifications.sending.claims import CLAIMED_ALONE, claim
from notifications.sending.rows import Claimed, Settled, Try
from tests.notifications.factories import NOON, DeliveryFactory


def take(now: datetime = NOON, **columns: Any) -> Claimed:
    """A delivery with these columns, claimed."""
    made: Delivery = DeliveryFactory(**columns)
    return again(made.pk, now)


def again(delivery_id: int, now: datetime = NOON) -> Claimed:
    """The same delivery, claimed on the channel where it waits."""
    waiting = Delivery.objects.get(pk=delivery_id)
    alone = waiting.unended >= CLAIMED_ALONE
    [row] = claim(CHANNELS[waiting.channel], now, limit=1, alone=alone).rows
    assert row.id == delivery_id
    return row


def tried(row: Claimed, outcome: Outcome, *, channel: Channel | None = None, **told: Any) -> Try:
    """One try on the row's channel (or another), answered like this."""
    address_id = told.pop("address_id", None)
    return Try(channel or row.on, Result(row.id, outcome, **told), NOON, address_id)


def sent(row: Claimed, provider_id: str = "1001", **told: Any) -> Settled:
    return Settled(row, (tried(row, Outcome.SENT, provider_id=provider_id, **told),))


def later(row: Claimed, code: str = "timeout", **told: Any) -> Settled:
    return Settled(row, (tried(row, Outcome.RETRY, code=code, **told),))


def refused(row: Claimed, code: str = "blocked", **told: Any) -> Settled:
    return Settled(row, (tried(row, Outcome.PERMANENT, code=code, **told),))
