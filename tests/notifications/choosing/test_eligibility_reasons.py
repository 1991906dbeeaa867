"""Each rule alone gives exactly its reason, and the first that fails is the one that is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts import tiers
from accounts.models import StoredKey, TierSetting, User
from arbedge.choices import VENUES, mask
from arbedge.names import AccountState, Kind, Shelf, Tier
from notifications.choosing.eligibility import Held
from notifications.codes import Why
from tests.accounts.factories import SessionFactory, UserFactory
from tests.notifications.choosing.due import (
    ON_NO_SHELF,
    TECHNICAL,
    WITHOUT_BOOKS,
    counts,
    due,
    kept,
    only,
    told,
)
from tests.notifications.factories import (
    NOON,
    reachable_person,
)

pytestmark = pytest.mark.django_db


def shelf(*shelves: Shelf) -> int:
    return mask(shelves, Shelf)


def key(person: User, *venues: str, kind: str = "exchange") -> None:
    for slot, venue in enumerate(venues, 1):
        StoredKey.objects.create(
            user=person, slot=slot, kind=kind, provider=venue, digest=venue.encode().ljust(32),
            sealed="x", can_trade=True,
        )  # fmt: skip


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
