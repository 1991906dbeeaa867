"""Codes wanted by several at once: the database lets exactly one have what there is once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts import invitations, referrals, rewards
from accounts.models import (
    Invitation,
    Points,
    Purpose,
    Redemption,
    Referral,
    ReferralCode,
    Stage,
    Subscription,
    User,
)
from arbedge import cache
from arbedge.errors import ArbEdgeError
from arbedge.names import Door, Tier
from tests.accounts.factories import NOON, UserFactory
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


def people(number: int) -> list[User]:
    made: list[User] = UserFactory.create_batch(number)
    return made


def code(max_uses: int = 1) -> str:
    [made] = invitations.make(Purpose.BETA, door=Door.TASK, max_uses=max_uses, now=NOON)
    return made.code


def redeeming(user: User, typed: str) -> Callable[[], Any]:
    return lambda: invitations.redeem(user, typed, Door.TELEGRAM, now=NOON)


def refusals(answers: list[Any]) -> list[str]:
    return [answer.code for answer in answers if isinstance(answer, ArbEdgeError)]


@pytest.mark.parametrize("left", [1, 3])
def test_of_eight_wanting_the_last_uses_exactly_as_many_win(left: int) -> None:
    typed = code(max_uses=left)

    answers = at_once(*(redeeming(user, typed) for user in people(8)))

    assert refusals(answers) == ["code_used_up"] * (8 - left)
    assert Redemption.objects.count() == Invitation.objects.get().uses == left
    assert User.objects.filter(beta_until__isnull=False).count() == left


def test_one_person_redeeming_two_codes_gets_one() -> None:
    [user] = people(1)

    answers = at_once(redeeming(user, code()), redeeming(user, code()))

    assert refusals(answers) == ["already_invited"]
    assert sorted(Invitation.objects.values_list("uses", flat=True)) == [0, 1]


def test_one_person_pressing_twice_uses_a_code_once() -> None:
    [user] = people(1)
    typed = code(max_uses=5)

    answers = at_once(*[redeeming(user, typed)] * 4)

    assert refusals(answers) == ["already_invited"] * 3
    assert Invitation.objects.get().uses == 1


def test_two_inviting_each_other_do_not_wait_for_each_other() -> None:
    older, newer = people(2)
    to_newer = invitations.make_own(older, door=Door.WEB, now=NOON).code
    to_older = invitations.make_own(newer, door=Door.WEB, now=NOON).code

    answers = at_once(redeeming(newer, to_newer), redeeming(older, to_older))

    assert refusals(answers) == []
    assert [row.referrer for row in Referral.objects.all()] == [older]


def test_a_code_withdrawn_while_it_is_redeemed_is_used_or_withdrawn() -> None:
    [user, owner] = people(2)
    made = invitations.make_own(owner, door=Door.WEB, now=NOON)

    def withdraw() -> int:
        return invitations.revoke([made.invitation.pk], door=Door.WEB, by=owner, now=NOON)

    answers = at_once(redeeming(user, made.code), withdraw)

    used = Invitation.objects.get().uses == 1
    assert used == (refusals(answers) == [])
    assert used == Redemption.objects.exists()


def test_ten_open_codes_are_the_most_also_when_asked_for_at_once() -> None:
    [owner] = people(1)
    for _ in range(8):
        invitations.make_own(owner, door=Door.WEB, now=NOON)

    answers = at_once(*[lambda: invitations.make_own(owner, door=Door.WEB, now=NOON)] * 4)

    assert refusals(answers) == ["too_many_open"] * 2


def test_of_two_choosing_the_same_referral_code_one_gets_it() -> None:
    first, second = people(2)
    before = {user.pk: referrals.code_of(user) for user in (first, second)}

    answers = at_once(
        lambda: referrals.edit(first, "MOONSHOT", door=Door.WEB),
        lambda: referrals.edit(second, "MOONSHOT", door=Door.WEB),
    )

    assert refusals(answers) == ["code_taken"]
    winner = ReferralCode.objects.get(code="MOONSHOT").user_id
    [loser] = ReferralCode.objects.exclude(user=winner)
    assert loser.code == before[loser.user_id]


def test_a_first_code_asked_for_at_once_is_one_and_the_same() -> None:
    [user] = people(1)

    codes = at_once(*[lambda: referrals.code_of(user)] * 6)

    assert len(set(codes)) == 1


def test_a_person_named_by_two_referrers_counts_for_one() -> None:
    first, second, user = people(3)
    codes = [referrals.code_of(first), referrals.code_of(second)]

    def by(typed: str) -> Callable[[], Any]:
        return lambda: referrals.referred(user, typed, door=Door.WEB, now=NOON)

    answers = at_once(by(codes[0]), by(codes[1]))

    assert refusals(answers) == ["already_referred"]
    assert Points.objects.get().user_id == Referral.objects.get().referrer_id


def test_a_stage_reached_twice_at_once_brings_points_once() -> None:
    owner, user = people(2)
    referrals.referred(user, referrals.code_of(owner), door=Door.WEB, now=NOON)

    credited = at_once(*[lambda: referrals.progress(user, Stage.TRADED, now=NOON)] * 6)

    assert sorted(map(len, credited)) == [0, 0, 0, 0, 0, 1]
    assert Points.objects.filter(stage=Stage.TRADED).count() == 1


def test_points_are_spent_once_and_never_fall_below_zero() -> None:
    [user] = people(1)
    Points.objects.create(user=user, points=100)

    answers = at_once(
        *[lambda: rewards.redeem_points(user, Tier.BASIC, 14, door=Door.WEB, now=NOON)] * 4
    )

    assert refusals(answers) == ["short_of_points"] * 3
    assert rewards.balance(user.pk) == 30
    assert Subscription.objects.count() == 1
