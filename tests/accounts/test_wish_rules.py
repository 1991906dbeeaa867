"""Rules between preferences, and between them and the tier: refused with what would do."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import preferences
from accounts.models import Preferences, User
from arbedge.errors import ArbEdgeError, BadInput, Forbidden
from arbedge.names import AccountState, Door, Role, Shelf, Tier
from tests.accounts.factories import NOON, UserFactory

pytestmark = pytest.mark.django_db


def person(**facts: Any) -> User:
    made: User = UserFactory.create(**facts)
    return made


def change(user: User, changes: dict[str, Any], **more: Any) -> Preferences:
    return preferences.change(user.pk, changes, door=Door.WEB, now=NOON, **more)


def refusal(user: User, changes: dict[str, Any]) -> ArbEdgeError:
    with pytest.raises((BadInput, Forbidden)) as caught:
        change(user, changes)
    return caught.value


def stored(user: User) -> Preferences:
    return Preferences.objects.get(pk=user.pk)


@pytest.mark.parametrize("pair", ["active", "quiet"])
def test_hours_are_set_and_emptied_in_pairs(pair: str) -> None:
    user = person()
    first, second = f"{pair}_from_min", f"{pair}_to_min"

    assert "both" in refusal(user, {first: "08:00"}).message
    change(user, {first: "08:00", second: "20:00"})
    assert "both" in refusal(user, {second: None}).message
    change(user, {first: None, second: None})

    assert getattr(stored(user), first) is None


def test_hours_of_no_length_are_refused() -> None:
    refused = refusal(person(), {"quiet_from_min": "08:00", "quiet_to_min": 480})

    assert refused.details["field"] == "quiet_to_min"


def test_a_coin_cannot_be_both_the_only_one_and_never_shown() -> None:
    user = person()
    change(user, {"assets_in": "btc eth"})

    refused = refusal(user, {"assets_out": "eth doge"})

    assert (refused.details["field"], refused.details["limit"]) == ("assets_out", ["ETH"])


@pytest.mark.parametrize(
    ("automation", "experience", "need"),
    [
        ("semi", "beginner", "intermediate"),
        ("full", "beginner", "advanced"),
        ("full", "intermediate", "advanced"),
    ],
)
def test_automation_needs_experience(automation: str, experience: str, need: str) -> None:
    changes = {"automation": automation, "experience": experience}

    refused = refusal(person(tier=Tier.PRO), changes)

    assert refused.code == "needs_experience"
    assert refused.details["limit"] == need


def test_experience_cannot_fall_below_what_automation_needs() -> None:
    user = person()
    change(user, {"experience": "intermediate", "automation": "semi"})

    assert refusal(user, {"experience": "beginner"}).details["field"] == "automation"


def test_full_automation_needs_a_tier_that_has_it() -> None:
    changes = {"automation": "full", "experience": "advanced"}

    refused = refusal(person(tier=Tier.BASIC), changes)

    assert (refused.code, refused.details["need"]) == ("missing_tier", Tier.PREMIUM)
    assert change(person(tier=Tier.PREMIUM), changes).automation == "full"


def test_full_automation_is_refused_to_a_suspended_person() -> None:
    user = person(tier=Tier.PRO, state=AccountState.SUSPENDED)

    assert refusal(user, {"automation": "full", "experience": "advanced"}).code == "suspended"


@pytest.mark.parametrize(
    ("changes", "need"),
    [
        ({"kinds": ["technical"]}, Tier.PREMIUM),
        ({"shelves": ["advanced"]}, Tier.BASIC),
        ({"shelves": ["ai"]}, Tier.PREMIUM),
        ({"shelves": ["momentum"]}, Tier.PRO),
    ],
)
def test_what_the_tier_lacks_is_refused_with_the_tier_that_has_it(
    changes: dict[str, Any], need: Tier
) -> None:
    refused = refusal(person(), changes)

    assert isinstance(refused, Forbidden)
    assert refused.message.startswith(f"{need.value.capitalize()} has ")
    assert (refused.code, refused.details["need"]) == ("missing_tier", need)


def test_a_beta_opens_what_premium_has() -> None:
    user = person(beta_until=NOON.replace(year=2027))

    assert change(user, {"kinds": ["technical"]}).kinds == 0b1000


def test_administrators_lack_nothing() -> None:
    assert change(person(role=Role.ADMIN), {"shelves": list(Shelf)}).shelves == 0b1111111111


def test_what_an_earlier_tier_allowed_does_not_hinder_other_changes() -> None:
    user = person(tier=Tier.PRO)
    change(user, {"kinds": ["technical"]})
    User.objects.filter(pk=user.pk).update(tier=Tier.FREE)

    assert change(user, {"min_net": 0.01}).min_net == 0.01
