"""Who is told where it cannot be for all: how many, by which strategy, in turns, by weight."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import Session, User
from arbedge.names import Tier
from notifications.choosing import eligibility
from notifications.choosing.eligibility import Due, Held
from notifications.codes import Why
from notifications.models import Delivery, DigestItem, Message, Served
from notifications.names import Strategy
from tests.notifications.choosing.due import counts, due, kept, share_out, tiered, told
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    ChatFactory,
    DeliveryFactory,
    reachable_person,
)

pytestmark = pytest.mark.django_db


LONG_AGO = NOON - 9 * HOUR


def serve(person: User, times: float, at: datetime = LONG_AGO) -> None:
    Served.objects.create(recipient="user", recipient_id=person.pk, times=times, last_at=at)


def whom(*some: Due, now: datetime = NOON) -> set[int]:
    """Who is told of these now."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    eligibility.match(some, now, held=Held())
    rows = Delivery.objects.exclude(pk__in=before)
    return set(rows.values_list("recipient_id", flat=True))


# How many


def test_a_kind_without_a_limit_is_for_everybody() -> None:
    share_out(Strategy.PRIORITY, None)
    people = {reachable_person().pk for _ in range(3)}
    assert whom(due()) == people
    assert not Served.objects.exists()


def test_no_more_are_told_than_there_are_places() -> None:
    share_out(places=2)
    for _ in range(5):
        reachable_person()
    assert counts(due()) == {"eligible": 2, "not_chosen": 3}
    assert Delivery.objects.count() == Served.objects.count() == 2


def test_places_that_are_enough_leave_nobody_out() -> None:
    share_out(places=9)
    people = {reachable_person().pk for _ in range(3)}
    one = due()
    assert counts(one) == {"eligible": 3}
    assert set(Served.objects.values_list("recipient_id", "times")) == {
        (person, 1.0) for person in people
    }


def test_other_kinds_are_not_limited() -> None:
    share_out(places=1)
    people = {reachable_person().pk for _ in range(3)}
    assert whom(due(kind="basis")) == people


def test_whoever_was_told_by_an_earlier_slice_has_his_place() -> None:
    share_out(places=2)
    reachable_person()
    reachable_person()
    one = due()
    DeliveryFactory(message_id=one.message_id, opportunity_id=one.opportunity_id)
    assert counts(one) == {"eligible": 1, "not_chosen": 1, "told_already": 1}


def test_a_place_may_be_in_a_digest() -> None:
    share_out(places=1)
    person = reachable_person(frequency="hourly")
    assert counts(due()) == {"for_digest": 1}
    assert kept(person)
    reachable_person(frequency="hourly")
    assert counts(due()) == {"for_digest": 1, "not_chosen": 1}


def test_groups_have_their_turns_as_people_do() -> None:
    share_out(places=1)
    chat = ChatFactory(registered_by=reachable_person(telegram_id=None))
    assert counts(due())["eligible"] == 1
    [row] = Served.objects.all()
    assert (row.recipient, row.recipient_id, row.last_at) == ("chat", chat.pk, NOON)
    assert told(chat)


def test_tiers_that_are_due_later_keep_the_places_that_are_theirs() -> None:
    """Two of a weight of 2.5, five of 1: half of the places are the first ones'."""
    share_out(places=4)
    for _ in range(4):
        reachable_person(tier=Tier.PRO)
    for _ in range(10):
        reachable_person()
    (
        first,
        *_,
    ) = tiered()
    message = Message.objects.get(pk=first.message_id)
    assert counts(due(message, tier=3)) == {"eligible": 2, "not_chosen": 2}
    later = counts(due(message, tier=0), now=NOON + 5 * MINUTE)
    assert later == {"eligible": 2, "not_chosen": 8}


def test_places_the_first_tiers_leave_over_are_for_those_that_follow() -> None:
    share_out(places=4)
    for _ in range(4):
        reachable_person(tier=Tier.PRO, min_net=0.4)
    for _ in range(10):
        reachable_person()
    message = Message.objects.get(pk=due().message_id)
    assert counts(due(message, tier=3)) == {"net_too_low": 4}
    assert counts(due(message, tier=0))["eligible"] == 4


# The channel


def test_what_telegram_can_carry_in_a_rotation_is_shared_by_the_events(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notifications.choosing import strategies

    monkeypatch.setattr(strategies, "MOST_WHEN_SHORT", 2)
    monkeypatch.setattr(strategies, "ROTATION_S", 6)
    settings.TELEGRAM_PER_SECOND = 1
    for _ in range(4):
        reachable_person()
    by_mail = reachable_person(channels=["email"])
    some = [due(), due()]
    found = eligibility.match(some, NOON, held=Held())
    for one in some:
        assert found[one.slice_id] == {"eligible": 4, "not_chosen": 1}
    assert len(told(by_mail)) == 2


def test_a_channel_that_can_carry_everything_leaves_nobody_out(settings: Settings) -> None:
    settings.TELEGRAM_PER_SECOND = 1
    people = {reachable_person().pk for _ in range(3)}
    assert whom(due()) == people
    assert not Served.objects.exists()


def test_without_pacing_there_is_room_for_all(settings: Settings) -> None:
    settings.TELEGRAM_PER_SECOND = 0
    reachable_person()
    assert counts(due()) == {"eligible": 1}


# Who first


def test_whoever_was_served_in_this_rotation_comes_last() -> None:
    share_out(places=2)
    served = reachable_person(tier=Tier.ENTERPRISE)
    serve(served, times=0.1, at=NOON - 14 * MINUTE)
    waiting = {reachable_person().pk, reachable_person().pk}
    assert whom(*tiered()) == waiting


def test_a_rotation_is_over_after_fifteen_minutes() -> None:
    share_out(places=1)
    served = reachable_person(tier=Tier.ENTERPRISE)
    serve(served, times=0.1, at=NOON - 15 * MINUTE)
    reachable_person()
    assert whom(*tiered()) == {served.pk}


@pytest.mark.parametrize("strategy", [Strategy.BROADCAST, Strategy.PRIORITY])
def test_the_heavier_tier_comes_first(strategy: Strategy) -> None:
    share_out(strategy, places=1)
    reachable_person(tier=Tier.BASIC)
    heavy = reachable_person(tier=Tier.PREMIUM)
    reachable_person()
    assert whom(*tiered()) == {heavy.pk}


def test_whoever_got_little_goes_before_a_heavier_tier_that_got_much() -> None:
    share_out(places=1)
    serve(reachable_person(tier=Tier.ENTERPRISE), times=9)
    serve(poor := reachable_person(), times=0.5)
    assert whom(*tiered()) == {poor.pk}


def test_what_was_given_counts_half_after_a_day() -> None:
    share_out(places=1)
    serve(long_ago := reachable_person(), times=3, at=NOON - 2 * timedelta(days=1))
    serve(reachable_person(), times=1, at=NOON - HOUR)
    assert whom(due()) == {long_ago.pk}
    assert Served.objects.get(recipient_id=long_ago.pk).times == pytest.approx(3 / 4 + 1)


def test_whoever_was_active_within_the_hour_comes_first() -> None:
    share_out(places=1)
    idle, active = reachable_person(), reachable_person()
    Session.objects.filter(user=idle).update(seen_at=NOON - HOUR)
    Session.objects.filter(user=active).update(seen_at=NOON - 59 * MINUTE)
    assert whom(due()) == {active.pk}


def test_in_round_robin_only_counts_who_was_served_least() -> None:
    share_out(Strategy.ROUND_ROBIN, places=1)
    serve(reachable_person(tier=Tier.ENTERPRISE), times=0.4)
    serve(least := reachable_person(), times=0.3)
    assert whom(*tiered()) == {least.pk}


def test_tiered_goes_by_tier_alone() -> None:
    share_out(Strategy.TIERED, places=2)
    serve(top := reachable_person(tier=Tier.ENTERPRISE), times=9, at=NOON - MINUTE)
    second = reachable_person(tier=Tier.BASIC)
    reachable_person()
    assert whom(*tiered()) == {top.pk, second.pk}


def test_regional_serves_the_countries_first_and_then_the_others() -> None:
    share_out(Strategy.REGIONAL, places=2, countries=["DE", "FR"])
    abroad = reachable_person(country="JP", tier=Tier.PRO)
    reachable_person(country="")
    at_home = reachable_person(country="FR")
    assert whom(*tiered()) == {at_home.pk, abroad.pk}


@pytest.mark.parametrize(
    "wishes", [{"assets_in": ["WIF", "BTC"]}, {"kinds": 1}, {"focus": "hybrid"}]
)
def test_personalised_serves_those_first_who_asked_for_it(wishes: dict[str, Any]) -> None:
    share_out(Strategy.PERSONALISED, places=1)
    reachable_person(tier=Tier.PRO, focus="technical")
    asked = reachable_person(**wishes)
    assert whom(*tiered()) == {asked.pk}


def test_events_of_one_batch_go_to_different_people() -> None:
    share_out(places=2)
    people = {reachable_person().pk for _ in range(6)}
    some = [due(net=0.003 + place / 1_000) for place in range(3)]
    assert whom(*some) == people
    assert set(Served.objects.values_list("times", flat=True)) == {1.0}


def test_places_that_are_left_go_to_whoever_is_there() -> None:
    share_out(places=3)
    people = [reachable_person() for _ in range(2)]
    some = [due(), due()]
    found = eligibility.match(some, NOON, held=Held())
    assert [found[one.slice_id] for one in some] == [{"eligible": 2}, {"eligible": 2}]
    assert all(len(told(person)) == 2 for person in people)


def test_every_person_is_counted_once() -> None:
    share_out(places=3)
    for place in range(8):
        reachable_person(frequency="hourly" if place % 2 else "immediate", min_net=place / 1_500)
    found = counts(due())
    assert sum(found.values()) == 8
    assert found[Why.ELIGIBLE.code] == Delivery.objects.count()
    assert found.get(Why.FOR_DIGEST.code, 0) == DigestItem.objects.count()
    assert found[Why.ELIGIBLE.code] + found.get(Why.FOR_DIGEST.code, 0) == 3
