"""Points: what they buy, that none are spent twice, the leaderboard and people's figures."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from auditlog.models import LogEntry

from accounts import preferences, referrals, rewards
from accounts.models import Points, Stage, Subscription, User
from arbedge.errors import ArbEdgeError, BadInput, Forbidden
from arbedge.names import AccountState, Door, Role, Tier
from tests.accounts.factories import NOON, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db


def person(points: int = 0, **facts: Any) -> User:
    made: User = UserFactory.create(**facts)
    if points:
        Points.objects.create(user=made, points=points)
    return made


def spend(user: User, tier: Tier = Tier.BASIC, days: int = 10) -> Subscription:
    return rewards.redeem_points(user, tier, days, door=Door.WEB, now=NOON)


def refusal(user: User, tier: Tier = Tier.BASIC, days: int = 10) -> ArbEdgeError:
    with pytest.raises(ArbEdgeError) as caught:
        spend(user, tier, days)
    return caught.value


def referral(owner: User, *stages: Stage) -> None:
    user = person()
    referrals.referred(user, referrals.code_of(owner), door=Door.WEB, now=NOON)
    for stage in stages:
        referrals.progress(user, stage, now=NOON)


def test_points_buy_days_of_a_tier() -> None:
    user = person(points=60)

    row = spend(user)

    assert (row.tier, row.source, row.price_usd) == ("basic", "referral", Decimal(0))
    assert row.ends_at == NOON + timedelta(days=10)
    assert (rewards.balance(user.pk), User.objects.get(pk=user.pk).tier) == (10, Tier.BASIC)


def test_bought_days_follow_those_that_are_left() -> None:
    user = person(points=60, tier=Tier.BASIC, tier_until=NOON + timedelta(days=30), tier_since=NOON)
    SubscriptionFactory.create(user=user, tier=Tier.BASIC)

    assert spend(user).ends_at == NOON + timedelta(days=40)


def test_nobody_pays_for_what_he_has_for_good() -> None:
    user = person(points=60, tier=Tier.BASIC)
    SubscriptionFactory.create(user=user, tier=Tier.BASIC, ends_at=None)

    assert refusal(user).code == "tier_is_for_good"
    assert rewards.balance(user.pk) == 60


def test_points_do_not_take_a_higher_tier_away() -> None:
    user = person(points=60, tier=Tier.PRO)

    assert refusal(user).code == "tier_is_higher"
    assert rewards.balance(user.pk) == 60


def test_too_few_points_buy_nothing_and_say_how_many_are_missing() -> None:
    refused = refusal(person(points=49))

    assert refused.code == "short_of_points"
    assert (refused.details["balance"], refused.details["cost"]) == (49, 50)
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(("days", "field"), [(6, "days"), (366, "days")])
def test_days_have_limits(days: int, field: str) -> None:
    assert refusal(person(points=10_000), days=days).details["field"] == field


@pytest.mark.parametrize("tier", [Tier.FREE, Tier.ENTERPRISE])
def test_some_tiers_are_not_for_points(tier: Tier) -> None:
    assert refusal(person(points=10_000), tier).details["field"] == "tier"


def test_spending_is_audited() -> None:
    user = person(points=60)

    spend(user)

    line = LogEntry.objects.get(additional_data__what="points.spent")
    assert (line.actor, line.changes["points"]) == (user, ["", "-50"])


def test_staff_gives_and_takes_points_but_never_below_zero() -> None:
    user, operator = person(points=20), person(role=Role.ADMIN)

    def adjust(points: int) -> int:
        return rewards.adjust(user, points, "a mistake of ours", door=Door.CONSOLE, by=operator)

    assert adjust(30) == 50
    assert adjust(-50) == 0
    with pytest.raises(BadInput, match="you have 0"):
        adjust(-1)


@pytest.mark.parametrize(("points", "note"), [(0, "why"), (100_001, "why"), (5, " ")])
def test_staff_says_how_many_and_why(points: int, note: str) -> None:
    with pytest.raises(BadInput):
        rewards.adjust(person(), points, note, door=Door.CONSOLE, by=person(role=Role.ADMIN))


def test_whoever_was_referred_pays_less_the_first_time() -> None:
    owner, user = person(), person()
    referrals.referred(user, referrals.code_of(owner), door=Door.WEB, now=NOON)

    assert rewards.discount(user.pk) == Decimal("0.10")
    referrals.progress(user, Stage.SUBSCRIBED, now=NOON)
    assert rewards.discount(user.pk) == 0
    assert rewards.discount(owner.pk) == 0


def test_figures_count_every_stage_and_point(django_assert_num_queries: Any) -> None:
    owner = person(points=-20)
    referral(owner)
    referral(owner, Stage.TRADED, Stage.SUBSCRIBED)

    with django_assert_num_queries(3):
        told = rewards.figures(owner.pk)

    assert (told.registered, told.traded, told.subscribed, told.active) == (2, 1, 1, 0)
    assert (told.earned, told.spent, told.balance) == (130, 20, 110)
    assert told.code == referrals.code_of(owner)


def test_figures_of_whoever_did_nothing_are_zero() -> None:
    assert rewards.figures(person().pk) == rewards.Figures("", 0, 0, 0, 0, 0, 0)


def test_the_leaderboard_ranks_by_points_in_one_query(django_assert_num_queries: Any) -> None:
    good, best = person(name="Ann Smith"), person(name="Bo")
    referral(good)
    referral(best, Stage.TRADED)

    with django_assert_num_queries(1):
        places = rewards.leaderboard(NOON - timedelta(days=1))

    assert [(one.rank, one.user_id, one.points) for one in places] == [
        (1, best.pk, 25), (2, good.pk, 5),
    ]  # fmt: skip
    assert (places[1].name, places[1].registered, places[1].subscribed) == ("An…", 1, 0)


def test_equal_points_share_a_rank_in_a_stable_order() -> None:
    owners = [person() for _ in range(3)]
    for owner in reversed(owners):
        referral(owner)

    places = rewards.leaderboard(NOON)

    assert [(one.rank, one.user_id) for one in places] == [(1, owner.pk) for owner in owners]


def test_the_leaderboard_is_about_referrals_since_then_and_people_who_are_here() -> None:
    referral(person(points=500, state=AccountState.BANNED))
    early = person(points=500)
    referral(early)

    assert [one.points for one in rewards.leaderboard(NOON)] == [5]
    assert rewards.leaderboard(NOON + timedelta(seconds=1)) == []


@pytest.mark.parametrize(("limit", "shown"), [(2, 2), (0, 0), (-1, 0), (1_000, 3)])
def test_the_leaderboard_has_an_end(limit: int, shown: int) -> None:
    for _ in range(3):
        referral(person())

    assert len(rewards.leaderboard(NOON, limit)) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ann Smith", "An…"), ("Zoë", "Zo…"), ("محمد علي", "مح…"), ("", "Someone"),
        ("ann@example.org", "Someone"), ("7000001", "Someone"), ("🚀 moon", "Someone"),
    ],
)  # fmt: skip
def test_strangers_see_no_more_than_the_beginning_of_a_name(name: str, shown: str) -> None:
    assert rewards.public(name) == shown


@pytest.mark.parametrize(
    ("chosen", "shown"), [("full", "Ann Smith"), ("short", "An…"), ("hidden", "Someone")]
)
def test_the_leaderboard_names_people_as_they_chose(chosen: str, shown: str) -> None:
    owner = person(name="Ann Smith")
    preferences.change(owner.pk, {"public_name": chosen}, door=Door.WEB, now=NOON)
    referral(owner)

    assert [one.name for one in rewards.leaderboard(NOON)] == [shown]


def test_an_address_is_never_a_public_name() -> None:
    assert rewards.public("ann@example.org", "full") == "Someone"


@pytest.mark.parametrize("role", [Role.USER, Role.SUPPORT])
def test_only_administrators_give_points(role: Role) -> None:
    with pytest.raises(Forbidden):
        rewards.adjust(person(), 5, "why", door=Door.CONSOLE, by=person(role=role))


def test_nobody_gives_himself_points() -> None:
    operator = person(role=Role.ADMIN)

    with pytest.raises(Forbidden) as caught:
        rewards.adjust(operator, 5, "why", door=Door.CONSOLE, by=operator)

    assert caught.value.code == "own_affair"
