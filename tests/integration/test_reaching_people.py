"""From a scan to what people read: the lifecycle, births, eligibility, fan-out and the queue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from arbedge.names import Channel, Tier
from notifications import fanout
from notifications.models import Delivery, Slice
from notifications.sending import outbox
from tests.accounts.memories import forget
from tests.notifications.factories import reachable_person
from tests.opportunities.rows import Pair, scan

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def now() -> datetime:
    """The wall clock when the scans begin; what they see is of another day, as in a replay."""
    return timezone.now()


def person(tier: Tier, now: datetime) -> User:
    return reachable_person(tier=tier, session_until=now + 7 * DAY)


def read(now: datetime) -> list[tuple[int, str, float]]:
    """What everybody reads now that everything due is fanned out and sent: who, topic, net."""
    while fanout.run(now).slices:
        pass
    arrived: list[tuple[int, str, float]] = []
    while rows := outbox.claim(Channel.TELEGRAM, now, limit=100).rows:
        for row in rows:
            sent = Delivery.objects.get(pk=row.id)
            sent.state, sent.sent_at, sent.settled_at, sent.token = "sent", now, now, None
            sent.save()
            arrived.append((row.recipient_id, row.topic, sent.facts_of.facts["net"]))
    return arrived


def test_a_life_is_read_by_each_tier_in_its_time(now: datetime) -> None:
    pro, free = person(Tier.PRO, now), person(Tier.FREE, now)
    pair = Pair.make()
    pair.open(bp=20)
    at = timezone.now()
    assert read(at + SECOND) == [(pro.pk, "opened", 0.002)]
    scan(45, pair.seen(bp=40))
    assert read(at + 10 * SECOND) == [(pro.pk, "improved", 0.004)]
    assert read(at + 301 * SECOND) == [(free.pk, "opened", 0.004)]
    scan(60, pair.seen(bp=10))
    assert sorted(read(at + 302 * SECOND)) == sorted(
        [(pro.pk, "fading", 0.001), (free.pk, "fading", 0.001)]
    )
    for at_s in (75, 140):
        scan(at_s, pair.seen(bp=5))
    assert {topic for _, topic, _ in read(at + 400 * SECOND)} == {"closed"}
    assert Delivery.objects.count() == 7


def test_an_end_before_the_delay_is_over_spares_the_free_both(now: datetime) -> None:
    pro, free = person(Tier.PRO, now), person(Tier.FREE, now)
    pair = Pair.make()
    pair.open(bp=20)
    at = timezone.now()
    read(at + SECOND)
    for at_s in (45, 110):
        scan(at_s, pair.seen(bp=5))
    told = read(at + 400 * SECOND)
    assert [who for who, _, _ in told] == [pro.pk]
    assert not Delivery.objects.filter(recipient_id=free.pk).exists()


def test_whoever_is_told_of_a_blind_venue_was_told_of_what_it_held(now: datetime) -> None:
    pro = person(Tier.PRO, now)
    pair = Pair.make()
    pair.open(bp=20)
    at = timezone.now()
    read(at + SECOND)
    newcomer = person(Tier.PRO, now)
    for at_s in (45, 700):
        scan(at_s, pair.seen(bp=20), blind=("bybit",))
    while fanout.run(at + 60 * SECOND).slices:
        pass
    notice = Delivery.objects.get(topic="venue_blind")
    assert notice.recipient_id == pro.pk != newcomer.pk
    assert notice.message.facts["venue"] == "bybit"


def test_every_slice_says_who_was_held_back_and_why(now: datetime) -> None:
    person(Tier.PRO, now)
    reachable_person(tier=Tier.PRO, session_until=now + 7 * DAY, min_net=0.5)
    Pair.make().open(bp=20)
    fanout.run(timezone.now() + SECOND)
    pro = Slice.objects.get(tier=list(Tier).index(Tier.PRO))
    assert pro.counts == {"eligible": 1, "net_too_low": 1}
