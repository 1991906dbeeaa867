"""Whose tier, filters and figures count: the person's in private, the chat's in a group."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts import standing
from accounts.models import Audience, User
from accounts.tiers import DEFAULTS
from arbedge.choices import VENUES, Experience, mask
from arbedge.errors import Forbidden
from arbedge.names import Kind, Role, Shelf, Tier
from notifications.bot.asks import Ask, Place, Sender
from notifications.bot.market import viewers
from notifications.bot.market.viewers import Filters
from notifications.writing.cohort_figures import level_of
from opportunities.board import DEFAULT_ECONOMICS
from tests.notifications.bot.living import reader
from tests.notifications.factories import NOON, ChatFactory

pytestmark = pytest.mark.django_db


def asked(person: User | None, chat: Any = None, *, whose: User | None = None) -> Ask:
    """An ask of this person; in a group with the rights of whoever registered it."""
    place = Place(1) if chat is None else Place(chat.telegram_id, "supergroup", chat=chat)
    of = whose or person
    held = None if of is None else standing.known(of.pk)
    return Ask(NOON, Sender(7), place, person=person, standing=held)


@pytest.mark.parametrize("tier", list(Tier))
def test_a_person_is_a_reader_of_his_tier(tier: Tier) -> None:
    person = reader(tier)

    found = viewers.reader(asked(person))

    assert (found.key, found.tier, found.user_id) == (f"user:{person.pk}", tier, person.pk)
    assert found.allowance == DEFAULTS[tier]


def test_admins_see_everything() -> None:
    assert viewers.reader(asked(reader(role=Role.ADMIN))).sees_all


def test_a_group_has_twice_its_registrars_number_and_his_delay() -> None:
    owner, stranger = reader(Tier.BASIC), reader(Tier.ENTERPRISE)
    chat = ChatFactory(registered_by=owner)

    found = viewers.reader(asked(stranger, chat, whose=owner))

    assert (found.key, found.user_id) == (f"chat:{chat.pk}", None)
    assert (found.allowance.opportunities_per_hour, found.allowance.delay_s) == (20, 60)


def test_an_admins_group_is_counted_too() -> None:
    owner = reader(role=Role.ADMIN)

    found = viewers.reader(asked(None, ChatFactory(registered_by=owner), whose=owner))

    assert not found.sees_all
    assert found.allowance.opportunities_per_hour == 200


def test_a_chat_nobody_registered_sees_nothing() -> None:
    nobody = Ask(NOON, Sender(7), Place(-1, "supergroup"))

    with pytest.raises(Forbidden) as told:
        viewers.reader(nobody)

    assert told.value.code == "unregistered_chat"


# Figures.


def test_economics_are_the_persons_own() -> None:
    person = reader(notional_usd=5_000, horizon_hours=24, vip_levels={"okx": 3}, leverage=4)

    own = viewers.economics(asked(person))

    assert (own.notional_usd, own.horizon_hours, own.leverage) == (5_000, 24, 4)
    assert own.vip_levels == (("okx", 3),)


def test_a_groups_figures_are_its_own_and_nobodys() -> None:
    person = reader(notional_usd=50_000, vip_levels={"okx": 3})
    chat = ChatFactory(registered_by=person, notional_usd=5_000, horizon_hours=8)

    own = viewers.economics(asked(person, chat))

    assert (own.notional_usd, own.horizon_hours, own.vip_levels) == (5_000, 8, ())


def test_whoever_is_not_known_sees_the_usual_figures() -> None:
    assert viewers.economics(asked(None)) == DEFAULT_ECONOMICS


@pytest.mark.parametrize("levels", [{}, {"okx": 3}, {"binance": 9, "bybit": 1}])
def test_levels_are_those_of_messages(levels: dict[str, int]) -> None:
    person = reader(vip_levels=levels)
    ask = asked(person)

    bits = viewers.eyes(ask, ask.style()).vip_levels

    assert bits == Audience.objects.get(pk=person.pk).vip_levels
    assert {venue: level_of(bits, venue) for venue in levels} == levels


# Filters.


@pytest.mark.parametrize("experience", list(Experience))
def test_shelves_by_experience_are_those_of_pushes(experience: Experience) -> None:
    person = reader(experience=experience.value)

    found = viewers.filters(asked(person)).shelves

    pushed = Audience.objects.get(pk=person.pk).shelves
    assert found is not None
    assert found == pushed & mask(Shelf, Shelf)


def test_filters_are_what_the_person_wishes() -> None:
    person = reader(
        kinds=mask([Kind.SPOT], Kind), shelves=mask([Shelf.AI], Shelf), assets_out=["WIF"],
        venues=mask(["okx"], VENUES), min_net=0.002, max_risk="medium", min_confidence=0.7,
    )  # fmt: skip

    found = viewers.filters(asked(person))

    assert found.kinds == mask([Kind.SPOT], Kind)
    assert found.shelves == mask([Shelf.AI], Shelf)
    assert (found.venues, found.assets_out) == (("okx",), ("WIF",))
    assert (found.min_net, found.max_risk, found.min_confidence) == (0.002, "medium", 0.7)


def test_filters_of_a_group_are_what_its_admins_chose() -> None:
    person = reader(assets_out=["WIF"])
    chosen = ChatFactory(
        registered_by=person, kinds=mask([Kind.SPOT], Kind), venues=mask(["okx", "bybit"], VENUES),
        min_net=0.003,
    )  # fmt: skip

    found = viewers.filters(asked(person, chosen))

    assert found == Filters(
        mask([Kind.SPOT], Kind), 7, tuple(one for one in VENUES if one in {"okx", "bybit"}),
        min_net=0.003,
    )  # fmt: skip


def test_a_session_that_is_over_changes_no_filter() -> None:
    person = reader(session_until=NOON - timedelta(days=1), assets_out=["WIF"])

    assert viewers.filters(asked(person)).assets_out == ("WIF",)


def test_preferences_are_read_once_an_ask(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    one = asked(reader(Tier.PRO))

    with django_assert_num_queries(1):
        viewers.economics(one)
        viewers.filters(one)
