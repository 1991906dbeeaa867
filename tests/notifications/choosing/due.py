"""Slices that are due, and who was told: for tests of matching people with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import User
from arbedge.choices import mask
from arbedge.names import Shelf
from notifications.choosing import eligibility
from notifications.choosing.eligibility import Due, Held
from notifications.codes import Why
from notifications.models import Chat, Delivery, DigestItem, Distribution, Message
from notifications.names import Recipient, Strategy, Topic
from tests.notifications.factories import HOUR, NOON, MessageFactory, facts
from tests.opportunities.factories import cohorts

ON_NO_SHELF: dict[str, Any] = {"shelves": 0}
WITHOUT_BOOKS = {"cohorts": cohorts([0.0002, 0.0013, 0.0042, 0.0092], [None] * 5)}
TECHNICAL: dict[str, Any] = {"kind": "technical", "shelves": mask((Shelf.TECHNICAL,), Shelf)}

NOBODY_AT_A_LIMIT = Held()


def due(message: Message | None = None, *, tier: int = 0, **changes: Any) -> Due:
    """The slice of one tier of an opening; `changes` are of its facts, or of the slice itself."""
    of_slice = {
        name: changes.pop(name)
        for name in list(changes)
        if name in Due.__dataclass_fields__ and name not in {"kind", "asset", "fingerprint"}
    }
    if message is None:
        own = facts(**changes)
        message = MessageFactory(
            kind=own["kind"], asset=own["asset"], topic=of_slice.pop("topic", Topic.OPENED)
        )
        message.facts = own | {
            "opportunity_id": message.opportunity_id, "fingerprint": message.fingerprint,
        }  # fmt: skip
        message.save()
    return Due(
        **{
            "slice_id": 10 * message.pk + tier,
            "message_id": message.pk,
            "facts_of_id": message.pk,
            "tier": tier,
            "topic": message.topic,
            "facts": message.facts,
            "priority": message.priority,
            "expires_at": NOON + 4 * HOUR,
            "opportunity_id": message.opportunity_id,
            "fingerprint": message.fingerprint,
            "kind": message.kind,
            "asset": message.asset,
            "breaks_cooldown": message.topic == Topic.IMPROVED,
        }
        | of_slice
    )


def counts(one: Due, *, now: datetime = NOON, held: Held = NOBODY_AT_A_LIMIT) -> dict[str, int]:
    """What one slice comes to: people by reason code."""
    return eligibility.match([one], now, held=held)[one.slice_id]


def only(why: Why) -> dict[str, int]:
    """Exactly one person, for this reason."""
    return {why.code: 1}


def told(person: User | Chat) -> list[Delivery]:
    """The deliveries of a person or a chat, in the order they will be claimed."""
    recipient = Recipient.CHAT if isinstance(person, Chat) else Recipient.USER
    rows = Delivery.objects.filter(recipient=recipient, recipient_id=person.pk)
    return list(rows.order_by("due_at", "pk"))


def kept(person: User) -> list[DigestItem]:
    """What waits for a person's digest."""
    return list(DigestItem.objects.filter(recipient_id=person.pk).order_by("due_at", "pk"))


def share_out(
    strategy: Strategy = Strategy.BROADCAST, places: int | None = 1, **columns: Any
) -> Distribution:
    """Has what pays funding shared out so, among so many at the most."""
    return Distribution.objects.create(
        kind="funding", strategy=strategy, participants=places, **columns
    )


def tiered(message: Message | None = None, **facts: Any) -> list[Due]:
    """An event that is due for every tier at once."""
    first = due(message, tier=0, **facts)
    whole = message or Message.objects.get(pk=first.message_id)
    return [first, *(due(whole, tier=tier) for tier in range(1, 5))]
