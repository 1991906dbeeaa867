"""/referral and /invite."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts import invitations, referrals
from accounts.models import Invitation, Points, Referral, ReferralCode, Stage, Subscription, User
from arbedge.names import Door, Tier
from tests.accounts.console import audited
from tests.accounts.factories import UserFactory
from tests.notifications.bot.asking import Said, ask, member, press
from tests.notifications.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


def with_points(points: int) -> User:
    who = member()
    Points.objects.create(user=who, points=points, note="given")
    return who


def brought(who: User, *, stages: int = 1) -> Referral:
    """Somebody came by this person's code and reached so many stages."""
    row = referrals.credit(UserFactory(date_joined=NOON + timedelta(hours=1)), who, now=NOON)
    assert row is not None
    for stage in list(Stage)[1:stages]:
        referrals.progress(row.referred_id, stage, now=NOON)
    return row


class TestReferral:
    def test_tells_the_code_and_its_link(self) -> None:
        who = member()
        said = ask(who, "/referral")
        code = ReferralCode.objects.get(user=who).code
        assert f"Your referral code: {code}" in said.text
        assert referrals.deep_link(code) in said.text

    def test_tells_how_far_people_came_and_what_it_brought(self) -> None:
        who = member()
        brought(who, stages=2)
        brought(who)
        text = ask(who, "/referral").text
        assert "· came: 2 (5)\n· traded: 1 (20)\n" in text
        assert "Points earned: 30, to spend: 30" in text

    def test_tells_the_place_among_others(self) -> None:
        first, second = member(), member()
        brought(first, stages=2)
        brought(second)
        text = ask(second, "/referral").text
        assert "Your place in the last 30 days: 2, with 5 points" in text

    def test_has_no_place_for_whoever_brought_nobody(self) -> None:
        assert "Your place" not in ask(member(), "/referral").text

    def test_takes_another_code(self) -> None:
        who = member()
        said = ask(who, "/referral mycode77")
        assert "Your code is changed." in said.text
        assert ReferralCode.objects.get(user=who).code == "MYCODE77"

    def test_the_change_is_audited_as_the_person_s_own(self) -> None:
        who = member()
        ask(who, "/referral mycode77")
        line = audited(who, "referral.code_changed")
        assert (line.actor, line.additional_data["door"]) == (who, Door.TELEGRAM)

    @pytest.mark.parametrize(
        ("code", "answer"),
        [("abc", "A referral code has 6 to 12"), ("SUPPORT1", "could be taken for ArbEdge’s own")],
    )
    def test_refuses_codes_that_cannot_be(self, code: str, answer: str) -> None:
        who = member()
        assert answer in ask(who, f"/referral {code}").text
        assert not ReferralCode.objects.filter(user=who, code=code).exists()

    def test_refuses_the_code_of_another(self) -> None:
        referrals.edit(member(), "TAKEN777", door=Door.TELEGRAM)
        assert "Somebody has this code already." in ask(member(), "/referral taken777").text


class TestPoints:
    def test_are_offered_only_where_they_are_enough(self) -> None:
        assert "points basic" in ask(with_points(35), "/referral").lines
        assert "points basic" not in ask(with_points(34), "/referral").lines

    def test_the_price_is_told_before_they_are_spent(self) -> None:
        who = with_points(200)
        said = press(who, "points premium")
        assert "Spend 105 points for 7 days of Premium?" in said.text
        assert not Subscription.objects.filter(user=who).exists()

    def test_are_spent_once_the_person_says_yes(self) -> None:
        who = with_points(200)
        said = yes(who, press(who, "points premium"))
        assert "You have Premium until 28 Nov 2026 12:00 UTC. It cost 105 points." in said.text
        assert Subscription.objects.get(user=who).tier == Tier.PREMIUM
        assert audited(who, "points.spent").additional_data["door"] == Door.TELEGRAM

    def test_are_spent_once_by_one_yes(self) -> None:
        who = with_points(300)
        asked = press(who, "points premium")
        yes(who, asked)
        assert "This was answered before." in yes(who, asked).toast
        assert Subscription.objects.filter(user=who).count() == 1

    def test_a_lack_of_them_is_told_with_the_price(self) -> None:
        who = with_points(10)
        said = yes(who, press(who, "points premium"))
        assert said.toast.startswith("This costs 105 points and you have 10.")


def yes(who: User, asked: Said) -> Said:
    return press(who, asked.buttons["Yes"])


class TestInvite:
    def test_makes_a_code_and_tells_its_link(self) -> None:
        who = member()
        said = ask(who, "/invite new")
        made = Invitation.objects.get(inviter=who)
        assert invitations.own(who, NOON)[0].code in said.text
        assert f"invite_withdraw {made.pk}" in said.lines
        assert "1 of at most 10" in said.text

    def test_making_one_is_audited(self) -> None:
        who = member()
        ask(who, "/invite new")
        line = audited(who, "invitations.made")
        assert (line.actor, line.additional_data["door"]) == (who, Door.TELEGRAM)

    def test_says_that_there_is_none(self) -> None:
        said = ask(member(), "/invite")
        assert "None of your codes waits to be used." in said.text
        assert said.lines == ["invite new"]

    def test_offers_no_more_beyond_ten(self) -> None:
        who = member()
        for _ in range(10):
            invitations.make_own(who, door=Door.TELEGRAM, now=NOON)
        assert "invite new" not in ask(who, "/invite").lines
        assert "10 of your codes still wait to be used." in ask(who, "/invite new").text

    def test_shows_no_code_that_can_be_used_no_more(self) -> None:
        who = member()
        old = NOON - timedelta(days=31)
        code = invitations.make_own(who, door=Door.TELEGRAM, now=old).code
        assert code not in ask(who, "/invite").text

    def test_withdraws_a_code_after_a_yes(self) -> None:
        who = member()
        made = invitations.make_own(who, door=Door.TELEGRAM, now=NOON)
        row = made.invitation
        asked = press(who, f"invite_withdraw {row.pk}")
        assert f"Withdraw the code {made.code}?" in asked.text
        assert "The code is withdrawn." in yes(who, asked).text
        row.refresh_from_db()
        assert row.revoked_by == who

    def test_withdraws_no_code_of_another(self) -> None:
        row = invitations.make_own(member(), door=Door.TELEGRAM, now=NOON).invitation
        who = member()
        said = press(who, f"invite_withdraw {row.pk}")
        assert "You have no such code." in said.toast
        row.refresh_from_db()
        assert row.revoked_at is None
