"""What is known about a person by one look-up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts import memory, standing
from accounts.models import StoredKey, User
from accounts.standing import Standing
from arbedge import cache
from arbedge.choices import VENUE_BITS
from arbedge.errors import NotFound
from arbedge.names import AccountState, Door, Language, Role, Tier
from tests.accounts.factories import NOON, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.client().flushdb()
    memory.trust.failed_ms = memory.trust.paused_until = 0.0
    yield
    cache.client().flushdb()


def key(user: User, slot: int, provider: str, **more: object) -> StoredKey:
    values = {"kind": "exchange", "last4": "abcd", "sealed": "x", **more}
    return StoredKey.objects.create(
        user=user, slot=slot, provider=provider, digest=slot.to_bytes(32, "big"), **values
    )


def test_a_standing_has_the_facts_of_the_person() -> None:
    person = UserFactory(
        role=Role.SUPPORT, tier=Tier.PRO, tier_since=NOON, tier_until=NOON + timedelta(days=30),
        beta_until=NOON + timedelta(days=90), language=Language.ES, time_zone="Europe/Madrid",
        country="ES",
    )  # fmt: skip

    noon_ms = standing.ms(NOON)
    day_ms = 86_400_000
    assert standing.known(person.pk) == Standing(
        user_id=person.pk, version=1, role=Role.SUPPORT, state=AccountState.ACTIVE, tier=Tier.PRO,
        tier_until_ms=noon_ms + 30 * day_ms, beta_until_ms=noon_ms + 90 * day_ms, keys=0,
        trading_keys=0, ai_keys=False, language=Language.ES, time_zone="Europe/Madrid",
        country="ES", joined_ms=noon_ms, session_id=None, session_until_ms=0,
    )  # fmt: skip
