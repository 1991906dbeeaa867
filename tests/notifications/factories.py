"""Messages, deliveries and the people who get them; a test names only what it is about."""

# factory_boy has no types of its own:
# mypy: disable-error-code="misc"
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from accounts.models import Preferences, User
from arbedge.choices import mask
from arbedge.names import Shelf, Tier
from notifications import models
from notifications.names import (
    AddressState,
    ChatType,
    DeliveryState,
    Priority,
    Recipient,
    SliceState,
    Topic,
)
from tests.accounts.factories import SessionFactory
from tests.opportunities.factories import cohorts, fingerprint

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TIERS = tuple(Tier)


def rank(tier: Tier) -> int:
    """The number of a tier, as slices and the audience hold it."""
    return TIERS.index(tier)


def leg(venue: str, **figures: float) -> dict[str, Any]:
    """A perpetual's leg as facts hold it."""
    return {
        "venue": venue,
        "symbol": "WIFUSDT",
        "market": "perp",
        "next_at": (NOON + 38 * MINUTE).isoformat(),
        "age_ms": 1_400.0,
        **figures,
    }


LONG = leg("okx", rate=0.000089, interval_hours=4.0, bid=2.0000, ask=2.0004, fee_bps=5.0)
SHORT = leg("bybit", rate=0.0009, interval_hours=8.0, bid=2.0008, ask=2.0012, fee_bps=5.5)


def facts(**changes: Any) -> dict[str, Any]:
    """The facts of a message about WIF's funding between OKX and Bybit: +0.42 % in 72 h.

    `long` and `short` are merged into the legs; all else replaces what is there.
    """
    long, short = changes.pop("long", {}), changes.pop("short", {})
    net = changes.get("net", 0.0042)
    made: dict[str, Any] = {
        "opportunity_id": 1,
        "fingerprint": fingerprint("funding WIF okx bybit"),
        "kind": "funding",
        "asset": "WIF",
        "quote": "USDT",
        "family": "funding:WIF",
        "long": LONG | long,
        "short": None if short is None else SHORT | short,
        "net": net,
        "net_announced": 0.005,
        "net_at_size": 0.0040,
        "gross_announced": 0.0065,
        "first": 0.000811,
        "later": 0.0057,
        "k": 0.8,
        "cost": 0.0023,
        "gap": 0.0004,
        "apr_net": 0.511,
        "break_even_at": (NOON + 24 * HOUR).isoformat(),
        "return_on_capital": 0.0042,
        "horizon_hours": 72.0,
        "risk": "low",
        "score": 0.82,
        "shelves": mask((Shelf.LOW_RISK, Shelf.HIGH_CONFIDENCE, Shelf.BEGINNER), Shelf),
        "reasons": 0,
        "opened_at": NOON.isoformat(),
        "close_reason": "",
        "also": [],
        "old_net": None,
        "cohorts": cohorts(
            [net - 0.0040, net - 0.0029, net, net + 0.0050],
            [net, net - 0.0002, net - 0.0011, net - 0.0020, None],
        ),
        "paper_net": None,
    }
    return made | changes


class MessageFactory(DjangoModelFactory[models.Message]):
    """The opening of an opportunity of its own; `facts` say what the columns say."""

    class Meta:
        model = models.Message

    topic = Topic.OPENED
    event_id = factory.Sequence(lambda n: 500_000 + n)
    opportunity_id = factory.Sequence(lambda n: 900_000 + n)
    asset = "WIF"
    kind = "funding"
    fingerprint = factory.LazyAttribute(lambda row: fingerprint(f"{row.opportunity_id}"))
    priority = Priority.MEDIUM
    facts = factory.LazyAttribute(
        lambda row: facts(
            opportunity_id=row.opportunity_id,
            fingerprint=row.fingerprint,
            kind=row.kind,
            asset=row.asset,
            family=f"{row.kind}:{row.asset}",
        )
    )
    at = NOON
    expires_at = factory.LazyAttribute(lambda row: row.at + 4 * HOUR)


class SliceFactory(DjangoModelFactory[models.Slice]):
    """An open slice of the free tier, due at noon."""

    class Meta:
        model = models.Slice

    message = factory.SubFactory(MessageFactory)
    facts_of = factory.SelfAttribute("message")
    tier = 0
    state = SliceState.OPEN
    due_at = NOON
    ended_at = factory.LazyAttribute(lambda row: None if row.state == SliceState.OPEN else NOON)


def settled_at(row: Any) -> datetime | None:
    """When a delivery in such a state was settled."""
    waits = row.state in {DeliveryState.PENDING, DeliveryState.SENDING}
    return None if waits else row.due_at


class DeliveryFactory(DjangoModelFactory[models.Delivery]):
    """A message that waits for one person, by Telegram."""

    class Meta:
        model = models.Delivery

    message = factory.SubFactory(MessageFactory)
    facts_of = factory.SelfAttribute("message")
    recipient = Recipient.USER
    recipient_id = factory.LazyFunction(lambda: SessionFactory().user.pk)
    topic = factory.SelfAttribute("message.topic")
    opportunity_id = factory.SelfAttribute("message.opportunity_id")
    priority = factory.SelfAttribute("message.priority")
    state = DeliveryState.PENDING
    tier = 0
    channels = factory.LazyFunction(lambda: [0])
    channel = factory.LazyAttribute(lambda row: row.channels[0])
    created_at = NOON
    due_at = NOON
    expires_at = factory.SelfAttribute("message.expires_at")
    settled_at = factory.LazyAttribute(settled_at)
    sent_at = factory.LazyAttribute(
        lambda row: row.due_at if row.state in {"sent", "delivered", "read"} else None
    )
    token = factory.LazyAttribute(
        lambda row: "00000000-0000-4000-8000-000000000001" if row.state == "sending" else None
    )
    lease_until = factory.LazyAttribute(
        lambda row: row.due_at + MINUTE if row.state == "sending" else None
    )


class DeliveryLogFactory(DjangoModelFactory[models.DeliveryLog]):
    """A delivery that ended and was moved to the log: an opening that was sent."""

    class Meta:
        model = models.DeliveryLog

    id = factory.Sequence(lambda n: 70_000_000 + n)
    message_id = factory.LazyFunction(lambda: MessageFactory().pk)
    facts_of_id = factory.SelfAttribute("message_id")
    recipient = Recipient.USER
    recipient_id = factory.LazyFunction(lambda: SessionFactory().user.pk)
    topic = Topic.OPENED
    state = DeliveryState.SENT
    priority = Priority.MEDIUM
    tier = 0
    channels = factory.LazyFunction(lambda: [0])
    channel = factory.LazyAttribute(lambda row: row.channels[0])
    created_at = NOON
    due_at = NOON
    sent_at = factory.LazyAttribute(lambda row: row.due_at)
    settled_at = factory.LazyAttribute(lambda row: row.due_at)


class ChatFactory(DjangoModelFactory[models.Chat]):
    """A group somebody registered."""

    class Meta:
        model = models.Chat

    telegram_id = factory.Sequence(lambda n: -1_001_000_000_000 - n)
    type = ChatType.SUPERGROUP
    title = factory.Sequence(lambda n: f"Group {n}")
    registered_by = factory.LazyFunction(lambda: SessionFactory().user)


class AddressFactory(DjangoModelFactory[models.Address]):
    """A verified address; `sealed` is no real one, for tests that never open it."""

    class Meta:
        model = models.Address

    recipient = Recipient.USER
    recipient_id = factory.LazyFunction(lambda: SessionFactory().user.pk)
    channel = "webhook"
    sealed = "sealed"
    digest = factory.Sequence(lambda n: n.to_bytes(32, "big"))
    shown = "https://…/hook"
    state = AddressState.ACTIVE
    verified_at = NOON


def reachable_person(**wishes: Any) -> User:
    """A person in the audience: a user with a session and these preferences.

    `tier`, `tier_until`, `language`, `country`, `time_zone`, `telegram_id` and the like are the
    user's own; `session_until` the end of his session; all else are columns of Preferences.
    """
    of_user = {
        name: wishes.pop(name)
        for name in list(wishes)
        if name in {field.name for field in User._meta.get_fields()}
    }
    until = wishes.pop("session_until", NOON + timedelta(days=7))
    person: User = SessionFactory(
        expires_at=until, **{f"user__{name}": value for name, value in of_user.items()}
    ).user
    if wishes:
        Preferences.objects.create(user=person, **wishes)
    return person
