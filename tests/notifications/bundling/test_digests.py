"""What waited for somebody's window becomes one message, best first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts import tiers
from arbedge.names import Tier
from notifications.bundling import digests
from notifications.models import Delivery, DigestItem, Message
from notifications.names import Topic
from opportunities.models import Opportunity
from tests.notifications.bundling.waiting import got, opening, waiting
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    MessageFactory,
    reachable_person,
)
from tests.opportunities.factories import cohorts

pytestmark = pytest.mark.django_db


def about(message: Message) -> int:
    assert message.opportunity_id is not None
    return message.opportunity_id


def test_what_waits_becomes_one_message_best_first() -> None:
    person = reachable_person(language="es", notional_usd=5_000)
    poor, best, fair = opening(0.002), opening(0.009), opening(0.004)
    waiting(person, poor, best, fair)

    done = digests.run(NOON)

    [delivery] = got(person)
    assert delivery.topic == Topic.DIGEST
    assert delivery.items == [best.pk, fair.pk, poor.pk]
    assert (delivery.counted, delivery.language, delivery.notional_usd) == (True, "es", 5_000)
    assert (done.bundles, done.singles, done.items, done.more) == (1, 0, 3, False)
    assert not DigestItem.objects.exists()


def test_best_is_what_pays_the_persons_own_cohort() -> None:
    large = reachable_person(notional_usd=50_000)
    small = reachable_person(notional_usd=100)
    deep, thin = opening(), opening()
    for message, at_size in ((deep, [0.004] * 5), (thin, [0.006, 0.006, 0.005, 0.003, 0.001])):
        message.facts["cohorts"] = cohorts([0.004] * 4, list(at_size))
        message.save()
    for person in (large, small):
        waiting(person, deep, thin)

    digests.run(NOON)

    assert got(large)[0].items == [deep.pk, thin.pk]
    assert got(small)[0].items == [thin.pk, deep.pk]


def test_a_single_item_goes_out_as_the_ordinary_opening() -> None:
    person, message = reachable_person(), opening()
    waiting(person, message)

    done = digests.run(NOON)

    [delivery] = got(person)
    assert (delivery.topic, delivery.message_id, delivery.items) == ("opened", message.pk, None)
    assert delivery.opportunity_id == message.opportunity_id
    assert delivery.counted
    assert (done.bundles, done.singles) == (0, 1)


def test_what_is_over_drops_out_and_is_counted() -> None:
    person = reachable_person()
    closed, expired, alive = opening(closed=True), opening(), opening()
    Opportunity.objects.filter(pk=about(expired)).update(
        confirmed_at=NOON - 5 * HOUR, opened_at=NOON - 6 * HOUR, promise_at=NOON - 6 * HOUR,
        expires_at=NOON,
    )  # fmt: skip
    waiting(person, closed, expired, alive)

    done = digests.run(NOON)

    assert (done.ended, done.items) == (2, 1)
    assert [delivery.message_id for delivery in got(person)] == [alive.pk]


def test_what_was_confirmed_since_outlives_the_expiry_of_its_message() -> None:
    person = reachable_person()
    message = opening()
    Message.objects.update(expires_at=NOON - HOUR)
    waiting(person, message)

    digests.run(NOON)

    [delivery] = got(person)
    row = Opportunity.objects.get(pk=about(message))
    assert delivery.expires_at == row.expires_at


def announced(opening: Message, topic: str, net: float) -> Message:
    """A later message about the same opportunity."""
    later: Message = MessageFactory(
        topic=topic, opportunity_id=opening.opportunity_id, opening=opening,
        facts=opening.facts | {"net": net, "net_at_size": net},
    )  # fmt: skip
    return later


@pytest.mark.parametrize("topic", ["improved", "recovered"])
def test_figures_announced_since_are_what_is_told(topic: str) -> None:
    person = reachable_person()
    other, grown = opening(0.005), opening(0.002)
    announced(grown, topic, 0.003)
    latest = announced(grown, topic, 0.009)
    waiting(person, other, grown)

    digests.run(NOON)

    assert got(person)[0].items == [latest.pk, other.pk]


def test_a_single_opening_tells_the_latest_figures_too() -> None:
    person, message = reachable_person(), opening(0.002)
    latest = announced(message, "improved", 0.009)
    waiting(person, message)

    digests.run(NOON)

    [delivery] = got(person)
    assert (delivery.message_id, delivery.facts_of_id) == (message.pk, latest.pk)
    assert delivery.topic == Topic.OPENED


def test_fading_figures_are_told_only_while_it_fades() -> None:
    person = reachable_person()
    faded, back = opening(state="fading"), opening()
    fading, gone_by = announced(faded, "fading", 0.001), announced(back, "fading", 0.001)
    waiting(person, faded, back)

    digests.run(NOON)

    assert got(person)[0].items == [back.pk, fading.pk]
    assert gone_by.pk not in (got(person)[0].items or [])


def test_recorded_opportunities_expire_by_their_own_clock() -> None:
    person = reachable_person()
    waiting(person, opening(at=NOON - timedelta(days=90), written_at=NOON - HOUR))

    digests.run(NOON)

    [delivery] = got(person)
    assert delivery.expires_at == NOON + 3 * HOUR


def test_items_are_left_until_their_window() -> None:
    person = reachable_person()
    waiting(person, opening(), due_at=NOON + MINUTE)

    assert digests.run(NOON).items == 0
    assert digests.run(NOON + MINUTE).items == 1


def test_quiet_hours_are_waited_for() -> None:
    person = reachable_person(quiet_from_min=11 * 60, quiet_to_min=13 * 60, time_zone="UTC")
    waiting(person, opening(), opening())

    assert digests.run(NOON).items == 0
    assert digests.run(NOON + HOUR).bundles == 1


def test_whoever_has_no_session_is_not_written_to() -> None:
    waiting(reachable_person(session_until=NOON), opening(), opening())

    done = digests.run(NOON)

    assert (done.unreachable, done.bundles) == (2, 0)
    assert not Delivery.objects.exists()
    assert not DigestItem.objects.exists()


def test_people_share_a_message_but_not_their_items() -> None:
    first, second = reachable_person(), reachable_person()
    both, one, other = opening(0.009), opening(), opening()
    waiting(first, both, one)
    waiting(second, both, other)

    digests.run(NOON)

    assert got(first)[0].items == [both.pk, one.pk]
    assert got(second)[0].items == [both.pk, other.pk]
    assert got(first)[0].message_id == got(second)[0].message_id


def test_a_run_takes_no_more_people_than_asked_and_says_that_others_wait() -> None:
    people = [reachable_person() for _ in range(3)]
    for person in people:
        waiting(person, opening())

    assert digests.run(NOON, limit=2).more
    assert not digests.run(NOON, limit=2).more
    assert Delivery.objects.count() == 3


@pytest.mark.parametrize("tier", [Tier.FREE, Tier.BASIC, Tier.PREMIUM])
def test_a_bundle_shows_no_more_than_the_tier_shows_in_an_hour(tier: Tier) -> None:
    person = reachable_person(tier=tier)
    messages = [opening(0.001 + n / 1e6) for n in range(25)]
    waiting(person, *messages)

    digests.run(NOON)

    most = tiers.table()[tier].opportunities_per_hour
    assert got(person)[0].items == [one.pk for one in reversed(messages[-most:])]


def test_a_message_keeps_no_endless_list() -> None:
    person = reachable_person(tier=Tier.ENTERPRISE)
    messages = [opening(0.001 + n / 1e6) for n in range(55)]
    waiting(person, *messages)

    digests.run(NOON)

    assert got(person)[0].items == [one.pk for one in reversed(messages[5:])]


def test_the_number_of_statements_does_not_grow(django_assert_num_queries: Any) -> None:
    for _ in range(5):
        waiting(reachable_person(), opening(), opening())
    with django_assert_num_queries(7):  # with the savepoints' two
        digests.run(NOON)


@pytest.mark.django_db(transaction=True)
def test_every_item_is_in_exactly_one_message_when_several_bundle_at_once() -> None:
    people = [reachable_person() for _ in range(12)]
    messages = [opening() for _ in range(4)]
    for person in people:
        waiting(person, *messages)

    def bundle(_: int) -> None:
        try:
            while digests.run(NOON, limit=3).items or DigestItem.objects.exists():
                pass
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bundle, range(4)))

    for person in people:
        [delivery] = got(person)
        assert sorted(delivery.items or []) == sorted(one.pk for one in messages)
