"""Openings that wait for somebody's window."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import User
from notifications.models import Delivery, DigestItem, Message
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    MessageFactory,
    facts,
)
from tests.opportunities.factories import OpportunityFactory

COINS = iter(f"COIN{n}" for n in range(1_000_000))


def opening(
    net: float = 0.004,
    at: datetime = NOON - MINUTE,
    written_at: datetime | None = None,
    **more: Any,
) -> Message:
    """The opening of a live opportunity that pays this much; `at` is the clock of its data."""
    coin = next(COINS)
    row = OpportunityFactory(asset=coin, as_of=at, **more)
    told = facts(opportunity_id=row.pk, asset=coin, net=net, net_at_size=net, cohorts=None)
    message: Message = MessageFactory(opportunity_id=row.pk, asset=coin, facts=told, at=at)
    Message.objects.filter(pk=message.pk).update(created_at=written_at or at)
    return message


def waiting(person: User, *messages: Message, due_at: datetime = NOON) -> None:
    """These messages wait for the person's window."""
    for message in messages:
        DigestItem.objects.create(
            recipient="user", recipient_id=person.pk, message=message, due_at=due_at,
            created_at=NOON - HOUR,
        )  # fmt: skip


def got(person: User) -> list[Delivery]:
    """What is to be sent to the person."""
    return list(Delivery.objects.filter(recipient="user", recipient_id=person.pk).order_by("pk"))
