"""Who is told what is due: everybody whom nothing holds back, by his own tier and figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts import memory, tiers
from accounts.tiers import Allowance
from arbedge.choices import VENUES, mask
from arbedge.errors import NoData
from arbedge.names import Role, Tier
from notifications import fanout
from notifications.choosing import eligibility, quotas
from notifications.choosing.eligibility import Held
from notifications.codes import Why
from notifications.models import Message
from notifications.names import Topic
from tests.notifications.choosing.due import ON_NO_SHELF, TECHNICAL, counts, due, only, told
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    MessageFactory,
    rank,
    reachable_person,
)

pytestmark = pytest.mark.django_db


# Everybody whom nothing holds back


def test_a_person_without_any_wish_is_told_what_stands_on_the_beginners_shelves() -> None:
    person = reachable_person()
    assert counts(due()) == only(Why.ELIGIBLE)
    [row] = told(person)
    assert (row.state, row.priority, row.tier, row.counted) == ("pending", 2, 0, True)
    assert (row.channels, row.channel, row.place, row.to_all) == ([0], 0, 0, False)
    assert (row.notional_usd, row.horizon_hours, row.vip_levels) == (1_000, 72, 0)
    assert row.expires_at == NOON + 4 * HOUR
    assert row.due_at <= NOON


def test_a_delivery_knows_the_cohort_the_words_and_the_channels_of_its_person() -> None:
    person = reachable_person(
        language="es", time_zone="Asia/Tokyo", notional_usd=5_000, horizon_hours=168,
        leverage=3.0, vip_levels={"okx": 2}, channels=["email", "telegram"], spread="all",
        switches={"opened": "silent"},
    )  # fmt: skip
    one = due()
    assert counts(one) == only(Why.ELIGIBLE)
    [row] = told(person)
    assert (row.language, row.zone) == ("es", "Asia/Tokyo")
    assert (row.notional_usd, row.horizon_hours, row.leverage) == (5_000, 168, 3.0)
    assert row.vip_levels == 2 << 4 * VENUES.index("okx")
    assert (row.channels, row.channel, row.to_all) == ([1, 0], 1, True)
    assert row.silent
    assert (row.message_id, row.facts_of_id) == (one.message_id, one.facts_of_id)
    assert (row.topic, row.opportunity_id) == ("opened", one.opportunity_id)


def test_the_figures_of_a_slice_may_be_those_of_a_later_message() -> None:
    person = reachable_person()
    later = MessageFactory(topic=Topic.IMPROVED)
    counts(due(facts_of_id=later.pk))
    assert [row.facts_of_id for row in told(person)] == [later.pk]


def test_nobody_is_told_the_same_twice() -> None:
    person = reachable_person()
    one = due()
    assert counts(one) == only(Why.ELIGIBLE)
    assert counts(one) == only(Why.TOLD_ALREADY)
    assert len(told(person)) == 1


def test_the_best_is_claimed_first() -> None:
    person = reachable_person()
    some = [due(net=net) for net in (0.002, 0.009, 0.005)]
    eligibility.match(some, NOON, held=Held())
    assert [row.message_id for row in told(person)] == [
        some[place].message_id for place in (1, 2, 0)
    ]


def test_what_is_urgent_is_claimed_before_what_pays_more() -> None:
    person = reachable_person()
    some = [due(net=0.009), due(net=0.002, priority=1)]
    eligibility.match(some, NOON, held=Held())
    assert [row.message_id for row in told(person)] == [some[1].message_id, some[0].message_id]


def test_nothing_due_asks_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert eligibility.match([], NOON, held=Held()) == {}


def test_as_many_statements_for_twenty_events_and_people_as_for_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    reachable_person()
    first = due()
    with django_assert_num_queries(QUERIES):
        eligibility.match([first], NOON, held=Held())
    for place in range(20):
        reachable_person(min_net=place / 10_000)
    many = [due(tier=tier) for tier in range(5) for _ in range(4)]
    with django_assert_num_queries(QUERIES):
        eligibility.match(many, NOON, held=Held())


QUERIES = 11  # a savepoint and its end, 4 about settings, absent, shares, room, told, matching


# Tiers


@pytest.mark.parametrize(
    ("tier", "user"),
    [
        (Tier.BASIC, {"tier": Tier.BASIC}),
        (Tier.ENTERPRISE, {"tier": Tier.ENTERPRISE}),
        (Tier.FREE, {"tier": Tier.PRO, "tier_since": NOON - HOUR, "tier_until": NOON}),
        (Tier.PRO, {"tier": Tier.PRO, "tier_since": NOON - HOUR, "tier_until": NOON + MINUTE}),
        (Tier.PREMIUM, {"tier": Tier.FREE, "beta_until": NOON + MINUTE}),
        (Tier.FREE, {"tier": Tier.FREE, "beta_until": NOON}),
        (Tier.PRO, {"tier": Tier.PRO, "beta_until": NOON + HOUR}),
        (Tier.ENTERPRISE, {"role": Role.ADMIN, "is_staff": True}),
    ],
)
def test_a_person_is_told_with_the_tier_that_counts_now(tier: Tier, user: dict[str, Any]) -> None:
    reachable_person(**user)
    one = due()
    message = Message.objects.get(pk=one.message_id)
    found = eligibility.match([due(message, tier=each) for each in range(5)], NOON, held=Held())
    told_in = [slice_id % 10 for slice_id, people in found.items() if people]
    assert told_in == [rank(tier)]
    assert found[10 * one.message_id + rank(tier)] == only(Why.ELIGIBLE)


def test_support_is_told_by_its_own_tier() -> None:
    reachable_person(role=Role.SUPPORT, is_staff=True)
    assert counts(due(tier=0)) == only(Why.ELIGIBLE)


def test_admins_see_every_shelf_and_are_told_first() -> None:
    reachable_person(role=Role.ADMIN, is_staff=True, shelves=1023)
    assert counts(due(tier=4, **TECHNICAL)) == only(Why.ELIGIBLE)


def test_what_stands_on_no_shelf_is_told_where_every_arbitrage_shelf_is() -> None:
    reachable_person(tier=Tier.BASIC, shelves=1023)
    assert counts(due(tier=1, **ON_NO_SHELF)) == only(Why.ELIGIBLE)


# Own figures


def test_of_the_levels_at_both_venues_the_lower_one_counts() -> None:
    def table(low: float, high: float) -> dict[str, Any]:
        net = [[[low], [high]]]
        return {"horizons_hours": [72], "vip_levels": [0, 2], "notionals_usd": [1000],
                "net": net, "net_at_size": net}  # fmt: skip

    both = reachable_person(min_net=0.005, vip_levels={"okx": 3, "bybit": 2})
    reachable_person(min_net=0.005, vip_levels={"okx": 9, "bybit": 1})
    reachable_person(min_net=0.005, vip_levels={"okx": 9})
    assert counts(due(cohorts=table(0.004, 0.006))) == {"eligible": 1, "net_too_low": 2}
    assert told(both)


def test_without_a_table_the_opportunitys_own_figures_count() -> None:
    reachable_person(min_net=0.004, notional_usd=50_000, horizon_hours=8)
    reachable_person(min_net=0.0041, notional_usd=50_000, horizon_hours=8)
    assert counts(due(cohorts=None)) == {"eligible": 1, "net_too_low": 1}


def test_one_venue_is_enough_for_a_trade_of_one_leg() -> None:
    reachable_person(venues=mask(("okx",), VENUES))
    assert counts(due(short=None)) == only(Why.ELIGIBLE)


def test_an_hour_later_the_session_is_over() -> None:
    reachable_person(session_until=NOON + HOUR)
    one = due()
    assert counts(one, now=NOON + HOUR) == only(Why.NO_SESSION)
    assert counts(one, now=NOON + HOUR - timedelta(seconds=1)) == only(Why.ELIGIBLE)


def test_without_the_cache_limits_are_left_to_the_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(now: datetime) -> None:
        raise NoData("The cache is gone.", code="cache")

    monkeypatch.setattr(quotas, "exhausted", gone)
    reachable_person()
    one = due()
    assert eligibility.match([one], NOON)[one.slice_id] == only(Why.ELIGIBLE)


def test_a_fan_out_looks_for_what_operators_changed_before_its_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[bool] = []
    known = tiers.table()

    def table() -> Mapping[Tier, Allowance]:
        looked.append(memory.settled())
        return known

    monkeypatch.setattr(tiers, "table", table)
    fanout.run(NOON)
    assert looked[0]


def test_limits_are_those_the_cache_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    full, cool, free = (reachable_person() for _ in range(3))
    one = due()
    monkeypatch.setattr(quotas, "exhausted", lambda now: quotas.Exhausted(hour=[full.pk]))
    monkeypatch.setattr(quotas, "cooling", lambda prints, now: {prints[0]: [cool.pk]})
    found = eligibility.match([one], NOON)[one.slice_id]
    assert found == {"hour_full": 1, "cooldown": 1, "eligible": 1}
    assert told(free)
