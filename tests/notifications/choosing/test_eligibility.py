"""Each rule alone gives exactly its reason, and the first that fails is the one that is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts import memory, tiers
from accounts.models import StoredKey, TierSetting, User
from accounts.tiers import Allowance
from arbedge.choices import VENUES, mask
from arbedge.errors import NoData
from arbedge.names import AccountState, Kind, Role, Shelf, Tier
from notifications import fanout
from notifications.choosing import eligibility, quotas
from notifications.choosing.eligibility import Held
from notifications.codes import Why
from notifications.models import Delivery, Message
from notifications.names import DeliveryState, Topic
from tests.accounts.factories import SessionFactory, UserFactory
from tests.notifications.choosing.due import counts, due, kept, only, told
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    ChatFactory,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    rank,
    reachable_person,
)
from tests.opportunities.factories import cohorts

pytestmark = pytest.mark.django_db

ON_NO_SHELF: dict[str, Any] = {"shelves": 0}
WITHOUT_BOOKS = {"cohorts": cohorts([0.0002, 0.0013, 0.0042, 0.0092], [None] * 5)}
TECHNICAL: dict[str, Any] = {"kind": "technical", "shelves": mask((Shelf.TECHNICAL,), Shelf)}


def shelf(*shelves: Shelf) -> int:
    return mask(shelves, Shelf)


def key(person: User, *venues: str, kind: str = "exchange") -> None:
    for slot, venue in enumerate(venues, 1):
        StoredKey.objects.create(
            user=person, slot=slot, kind=kind, provider=venue, digest=venue.encode().ljust(32),
            sealed="x", can_trade=True,
        )  # fmt: skip


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


# The reasons, one by one


@pytest.mark.parametrize(
    ("why", "wishes", "event"),
    [
        (Why.TIER_KIND, {}, TECHNICAL),
        (Why.TIER_SHELF, {"shelves": 1023}, {"shelves": shelf(Shelf.ADVANCED)}),
        (Why.TIER_SHELF, {"shelves": 1023}, ON_NO_SHELF),
        (Why.SWITCHED_OFF, {"switches": {"opened": "off"}}, {}),
        (Why.KIND_UNWANTED, {"kinds": mask((Kind.SPOT, Kind.BASIS), Kind)}, {}),
        (Why.SHELF_UNWANTED, {"shelves": shelf(Shelf.BEGINNER)}, {"shelves": 1}),
        (Why.VENUE_UNWANTED, {"venues": mask(("okx", "binance"), VENUES)}, {}),
        (Why.ASSET_UNWANTED, {"assets_in": ["BTC", "ETH"]}, {}),
        (Why.ASSET_UNWANTED, {"assets_out": ["BTC", "WIF"]}, {}),
        (Why.NET_TOO_LOW, {"min_net": 0.0041}, {}),
        (Why.APR_TOO_LOW, {"min_apr": 0.6}, {}),
        (Why.RISK_TOO_HIGH, {"max_risk": "medium"}, {"risk": "high"}),
        (Why.CONFIDENCE_TOO_LOW, {"min_confidence": 0.83}, {}),
        (Why.CONFIDENCE_TOO_LOW, {"min_confidence": 0.01}, {"score": None}),
        (Why.NO_CHANNEL, {"telegram_id": None}, {}),
        (Why.DO_NOT_DISTURB, {"quiet_from_min": 660, "quiet_to_min": 780}, {}),
        (Why.DO_NOT_DISTURB, {"active_from_min": 780, "active_to_min": 1200}, {}),
        (Why.KEYS_MISSING, {"executable_only": True}, {}),
        (Why.NO_SESSION, {"session_until": NOON}, {}),
    ],
)  # fmt: skip
def test_each_rule_alone_gives_its_reason(
    why: Why, wishes: dict[str, Any], event: dict[str, Any]
) -> None:
    person = reachable_person(**wishes)
    assert counts(due(**event)) == only(why)
    assert not told(person)
    assert not kept(person)


@pytest.mark.parametrize(
    ("wishes", "event"),
    [
        ({"kinds": mask((Kind.FUNDING,), Kind)}, {}),
        ({"shelves": shelf(Shelf.BEGINNER, Shelf.AI)}, {}),
        ({"venues": mask(("okx", "bybit"), VENUES)}, {}),
        ({"assets_in": ["BTC", "WIF"]}, {}),
        ({"assets_out": ["BTC", "ETH"]}, {}),
        ({"min_net": 0.0042 - 0.0002}, {}),  # the net at his size
        ({"min_apr": 0.51}, {}),
        ({"min_apr": 9.9}, {"kind": "spot"}),
        ({"max_risk": "medium"}, {"risk": "medium"}),
        ({"min_confidence": 0.82}, {}),
        ({"min_net": 0.0041, "notional_usd": 100}, {}),
        ({"min_net": 0.0092, "horizon_hours": 168}, WITHOUT_BOOKS),
        ({"quiet_from_min": 1320, "quiet_to_min": 420}, {}),
        ({"active_from_min": 480, "active_to_min": 1200}, {}),
    ],
)
def test_what_just_satisfies_a_wish_is_told(wishes: dict[str, Any], event: dict[str, Any]) -> None:
    reachable_person(**wishes)
    assert counts(due(**event)) == only(Why.ELIGIBLE)


def test_a_person_nobody_sees_any_more_has_no_session() -> None:
    UserFactory()
    assert counts(due()) == only(Why.NO_SESSION)


def test_the_account_counts_once_there_is_a_session() -> None:
    person = SessionFactory().user
    User.objects.filter(pk=person.pk).update(state=AccountState.SUSPENDED, is_active=False)
    assert counts(due()) == only(Why.ACCOUNT_STATE)
    UserFactory(state=AccountState.BANNED, is_active=False)
    assert counts(due()) == {"account_state": 1, "no_session": 1}


def test_keys_for_both_venues_make_a_trade_executable() -> None:
    person = reachable_person(executable_only=True)
    key(person, "okx")
    assert counts(due()) == only(Why.KEYS_MISSING)
    StoredKey.objects.all().delete()
    key(person, "okx", "bybit", "kraken")
    assert counts(due()) == only(Why.ELIGIBLE)


@pytest.fixture
def no_ai_for_premium() -> Iterator[None]:
    """The AI of the platform is not for premium: they need a key of their own."""
    TierSetting.objects.create(tier="premium", name="ai_platform_per_day", value=0)
    tiers._announce()
    tiers.table()  # within a transaction of its own the matching would take an older one
    yield
    TierSetting.objects.all().delete()
    tiers._announce()


@pytest.mark.usefixtures("no_ai_for_premium")
def test_what_the_ai_says_needs_a_key_where_the_tier_has_no_ai_of_its_own() -> None:
    person = reachable_person(tier=Tier.PREMIUM, shelves=1023)
    on_the_shelf: dict[str, Any] = {"shelves": shelf(Shelf.AI)}
    assert counts(due(tier=2, **on_the_shelf)) == only(Why.AI_KEY_MISSING)
    key(person, "openai", kind="ai")
    assert counts(due(tier=2, **on_the_shelf)) == only(Why.ELIGIBLE)


@pytest.mark.parametrize(
    ("blocked", "why"),
    [
        (["DE"], Why.REGION_BLOCKED),
        (["funding:de"], Why.REGION_BLOCKED),
        (["spot:DE"], Why.ELIGIBLE),
        (["US", "FR"], Why.ELIGIBLE),
    ],
)
def test_countries_may_be_blocked_altogether_or_for_a_kind(
    settings: Settings, blocked: list[str], why: Why
) -> None:
    settings.REGIONS_BLOCKED = blocked
    reachable_person(country="DE")
    assert counts(due()) == only(why)


# Limits


@pytest.mark.parametrize(
    ("why", "held"),
    [
        (Why.HOUR_FULL, lambda who, one: Held(hour=[who])),
        (Why.DAY_FULL, lambda who, one: Held(day=[who])),
        (Why.COOLDOWN, lambda who, one: Held(cooling={one.fingerprint: [who]})),
        (Why.ELIGIBLE, lambda who, one: Held(cooling={"another": [who]})),
        (Why.ELIGIBLE, lambda who, one: Held(chats_hour=[who], hour=[who + 1], day=[who - 1])),
    ],
)
def test_whoever_is_at_a_limit_is_left_out(
    why: Why, held: Callable[[int, eligibility.Due], Held]
) -> None:
    person = reachable_person()
    one = due()
    assert counts(one, held=held(person.pk, one)) == only(why)


def test_an_improvement_breaks_the_cooldown_of_people() -> None:
    person = reachable_person()
    one = due(topic=Topic.IMPROVED)
    assert counts(one, held=Held(cooling={one.fingerprint: [person.pk]})) == only(Why.ELIGIBLE)


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.READ])
def test_whoever_was_told_of_the_opportunity_is_not_told_as_if_it_were_new(
    state: DeliveryState,
) -> None:
    person = reachable_person()
    opening = MessageFactory()
    DeliveryFactory(message=opening, recipient_id=person.pk, state=state)
    improved = due(topic=Topic.IMPROVED, opportunity_id=opening.opportunity_id)
    assert counts(improved) == only(Why.TOLD_ALREADY)


def test_whoever_was_told_is_known_from_the_log_too() -> None:
    person = reachable_person()
    opening = MessageFactory(created_at=NOON)
    DeliveryLogFactory(
        message_id=opening.pk, recipient_id=person.pk, opportunity_id=opening.opportunity_id,
        settled_at=opening.created_at + MINUTE,
    )  # fmt: skip
    improved = due(topic=Topic.IMPROVED, opportunity_id=opening.opportunity_id)
    assert counts(improved) == only(Why.TOLD_ALREADY)


def test_whoever_could_not_be_told_of_the_opening_may_be_told_of_the_improvement() -> None:
    person = reachable_person()
    opening = MessageFactory()
    DeliveryFactory(message=opening, recipient_id=person.pk, state=DeliveryState.CANCELLED)
    improved = due(topic=Topic.IMPROVED, opportunity_id=opening.opportunity_id)
    assert counts(improved) == only(Why.ELIGIBLE)


def test_of_two_messages_about_one_opportunity_that_are_due_together_one_is_told() -> None:
    person = reachable_person()
    opening = due()
    improved = due(topic=Topic.IMPROVED, opportunity_id=opening.opportunity_id)
    found = eligibility.match([improved, opening], NOON, held=Held())
    assert found[opening.slice_id] == only(Why.ELIGIBLE)
    assert found[improved.slice_id] == only(Why.TOLD_ALREADY)
    assert [row.message_id for row in told(person)] == [opening.message_id]


# The order of the layers


LAYERS: list[tuple[Why, dict[str, Any]]] = [
    (Why.TIER_KIND, {"kind": "technical"}),
    (Why.TIER_SHELF, {"shelves": shelf(Shelf.ADVANCED)}),
    (Why.SWITCHED_OFF, {"switches": {"opened": "off"}}),
    (Why.KIND_UNWANTED, {"kinds": mask((Kind.SPOT,), Kind)}),
    (Why.VENUE_UNWANTED, {"venues": mask(("okx",), VENUES)}),
    (Why.ASSET_UNWANTED, {"assets_out": ["WIF"]}),
    (Why.NET_TOO_LOW, {"min_net": 0.4}),
    (Why.APR_TOO_LOW, {"min_apr": 9.9}),
    (Why.RISK_TOO_HIGH, {"max_risk": "low", "risk": "high"}),
    (Why.CONFIDENCE_TOO_LOW, {"min_confidence": 0.99}),
    (Why.NO_CHANNEL, {"telegram_id": None}),
    (Why.DO_NOT_DISTURB, {"quiet_from_min": 0, "quiet_to_min": 0}),
    (Why.COOLDOWN, {"cooling": True}),
    (Why.HOUR_FULL, {"hour": True}),
    (Why.DAY_FULL, {"day": True}),
    (Why.KEYS_MISSING, {"executable_only": True}),
    (Why.REGION_BLOCKED, {"country": "DE"}),
]
OF_EVENT = {"kind", "risk"}
OF_LIMITS = {"cooling", "hour", "day"}


@pytest.mark.parametrize("place", range(len(LAYERS)))
def test_of_all_rules_that_fail_the_first_is_the_reason(place: int, settings: Settings) -> None:
    settings.REGIONS_BLOCKED = ["DE"]
    failing: dict[str, Any] = {}
    for _, one in reversed(LAYERS[place:]):
        failing |= one
    event = {name: failing.pop(name) for name in OF_EVENT & set(failing)}
    if LAYERS[place][0] in {Why.TIER_KIND, Why.TIER_SHELF}:
        event["shelves"] = failing.pop("shelves")
    limits = {name for name in OF_LIMITS if failing.pop(name, False)}
    person = reachable_person(**failing)
    one = due(**event)
    who = [person.pk]
    held = Held(
        hour=who if "hour" in limits else (),
        day=who if "day" in limits else (),
        cooling={one.fingerprint: who} if "cooling" in limits else None,
    )
    assert counts(one, held=held) == only(LAYERS[place][0])


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


# Groups


def test_a_group_is_told_by_the_tier_of_whoever_registered_it_without_a_session() -> None:
    chat = ChatFactory(registered_by=UserFactory(tier=Tier.PRO), language="fr", zone="Asia/Tokyo")
    assert counts(due(tier=3)) == {"eligible": 1, "no_session": 1}
    [row] = told(chat)
    assert (row.language, row.zone, row.channels, row.tier) == ("fr", "Asia/Tokyo", [0], 3)
    assert row.counted
    assert not row.silent


@pytest.mark.parametrize(
    ("why", "chat", "event"),
    [
        (Why.CHAT_PAUSED, {"paused": True}, {}),
        (Why.NO_CHANNEL, {"gone": "blocked"}, {}),
        (Why.KIND_UNWANTED, {"kinds": mask((Kind.SPOT,), Kind)}, {}),
        (Why.SHELF_UNWANTED, {"shelves": 0}, {}),
        (Why.SHELF_UNWANTED, {}, ON_NO_SHELF),
        (Why.VENUE_UNWANTED, {"venues": mask(("okx",), VENUES)}, {}),
        (Why.NET_TOO_LOW, {"min_net": 0.005}, {}),
        (
            Why.ELIGIBLE,
            {"min_net": 0.0092, "horizon_hours": 168, "notional_usd": 100},
            WITHOUT_BOOKS,
        ),
        (Why.ELIGIBLE, {"notional_usd": 777, "min_net": 0.0039}, {"risk": "high", "score": None}),
    ],
)
def test_each_rule_of_a_group_gives_its_reason(
    why: Why, chat: dict[str, Any], event: dict[str, Any]
) -> None:
    ChatFactory(registered_by=UserFactory(tier=Tier.BASIC), **chat)
    assert counts(due(tier=1, **event)) == {why.code: 1, "no_session": 1}


def test_a_group_of_a_banned_person_is_told_nothing() -> None:
    ChatFactory(registered_by=UserFactory(state=AccountState.BANNED, is_active=False))
    assert counts(due()) == {"account_state": 1, "no_session": 1}


def test_limits_of_groups_are_their_own() -> None:
    chat = ChatFactory()
    one = due()
    full = Held(hour=[chat.pk], chats_hour=[chat.pk + 1])
    assert counts(one, held=full)["eligible"] >= 1
    Delivery.objects.all().delete()
    assert counts(one, held=Held(chats_hour=[chat.pk]))["hour_full"] == 1
    assert counts(one, held=Held(chats_day=[chat.pk]))["day_full"] == 1


def test_an_improvement_does_not_break_the_cooldown_of_a_group() -> None:
    chat = ChatFactory(registered_by=UserFactory())
    one = due(topic=Topic.IMPROVED)
    found = counts(one, held=Held(cooling={one.fingerprint: [-chat.pk]}))
    assert found == {"cooldown": 1, "no_session": 1}


def test_a_person_and_a_group_of_the_same_number_are_two() -> None:
    person = reachable_person()
    chat = ChatFactory(id=person.pk, registered_by=person)
    opening = MessageFactory()
    DeliveryFactory(message=opening, recipient="chat", recipient_id=chat.pk)
    again = due(topic=Topic.IMPROVED, opportunity_id=opening.opportunity_id)
    assert counts(again) == {"eligible": 1, "told_already": 1}
    assert [row.message_id for row in told(person)] == [again.message_id]


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
