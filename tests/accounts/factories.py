"""People for tests, valid as they come; a test names only what it is about."""

# factory_boy has no types of its own:
# mypy: disable-error-code="misc"
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import factory
from factory.django import DjangoModelFactory

from accounts.models import Session, Subscription, TierSource, User
from arbedge.names import Door, Tier

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"person{n}")
    name = factory.Sequence(lambda n: f"Person {n}")
    telegram_id = factory.Sequence(lambda n: 7_000_000 + n)
    date_joined = NOON


class SubscriptionFactory(DjangoModelFactory[Subscription]):
    class Meta:
        model = Subscription

    user = factory.SubFactory(UserFactory)
    tier = Tier.PREMIUM
    starts_at = NOON
    ends_at = NOON + timedelta(days=30)
    source = TierSource.PAID


class SessionFactory(DjangoModelFactory[Session]):
    class Meta:
        model = Session

    user = factory.SubFactory(UserFactory)
    door = Door.TELEGRAM
    digest = factory.Sequence(lambda n: n.to_bytes(32, "big"))
    started_at = NOON
    seen_at = NOON
    expires_at = NOON + timedelta(days=7)
