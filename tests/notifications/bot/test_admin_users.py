"""/admin_users: looking people up and deciding about them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts import usage
from accounts.models import Session, SessionState, Subscription, User
from arbedge import cache
from arbedge.errors import NotFound
from arbedge.names import AccountState, Door, Role, Tier
from notifications.bot.staff import people_found
from tests.accounts.console import audited
from tests.accounts.factories import UserFactory
from tests.notifications.bot.asking import ask, member, press
from tests.notifications.bot.staff import staff, sure, yes
from tests.notifications.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
NOBODY = "Nobody is called “"


def ada(**more: Any) -> User:
    made: User = UserFactory(
        name="Ada", telegram_id=555_001, telegram_name="ada", email="ada@example.com", **more
    )
    return made


class TestFinding:
    @pytest.mark.parametrize("who", ["555001", "@ada", "@ADA", "ada", "ada@Example.com"])
    def test_by_exactly_what_names_somebody(self, who: str) -> None:
        ada()
        assert "Ada · #" in ask(staff(), f"/admin_users {who}").text

    def test_by_our_own_number(self) -> None:
        assert people_found.found(f"#{ada().pk}")[0].name == "Ada"

    @pytest.mark.parametrize("who", ["55500", "@ad", "ada@", "example.com", "#0", "%", "@", "#x"])
    def test_nobody_is_found_by_a_part(self, who: str) -> None:
        ada()
        assert ask(staff(), f"/admin_users {who}").text.startswith(NOBODY)

    def test_whoever_has_no_name_is_not_found_by_none(self) -> None:
        UserFactory(telegram_name="")
        with pytest.raises(NotFound):
            people_found.found("@")

    def test_several_of_one_name_are_offered_by_number(self) -> None:
        first, second = UserFactory(telegram_name="twin"), UserFactory(telegram_name="Twin")
        said = ask(staff(), "/admin_users @twin")
        assert said.lines == [f"admin_users #{first.pk}", f"admin_users #{second.pk}"]

    def test_a_name_from_outside_cannot_write_html(self) -> None:
        UserFactory(name="<b>Eve", telegram_name="eve")
        assert "&lt;b&gt;Eve" in ask(staff(), "/admin_users @eve").html


class TestStanding:
    def test_tells_state_role_tier_and_beta(self) -> None:
        ada(tier=Tier.PRO, tier_since=NOON, tier_until=NOON + timedelta(days=30),
            beta_until=NOON + timedelta(days=60))  # fmt: skip
        text = ask(staff(), "/admin_users @ada").text
        assert "active · user\n" in text
        assert "Tier Pro until 21 Dec 2026 12:00 UTC\nBeta until 20 Jan 2027" in text

    def test_tells_why_somebody_is_not_served(self) -> None:
        ada(state=AccountState.SUSPENDED, state_reason="odd log-ins", is_active=False)
        assert "⚠ suspended · user\nbecause: odd log-ins" in ask(staff(), "/admin_users @ada").text

    def test_tells_of_sessions_and_their_lack(self) -> None:
        ada()
        other = member(telegram_name="bob")
        boss = staff()
        assert "No session: nothing is sent." in ask(boss, "/admin_users @ada").text
        assert "Sessions: 1, last word now" in ask(boss, f"/admin_users #{other.pk}").text

    def test_tells_what_is_used_where_it_is_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(usage, "_counters", {"pushes_per_day": lambda *_: 3})
        ada()
        text = ask(staff(), "/admin_users @ada").text
        assert "Messages, per day: 3 of 20" in text
        assert "API requests" not in text

    def test_support_sees_and_is_offered_nothing(self) -> None:
        ada()
        said = ask(staff(Role.SUPPORT), "/admin_users @ada")
        assert "Ada · #" in said.text
        assert said.lines == []

    def test_others_see_nothing(self) -> None:
        ada()
        said = ask(member(tier=Tier.ENTERPRISE), "/admin_users @ada")
        assert said.text == "Only the staff of ArbEdge may use this."

    def test_offers_what_may_be_done_now(self) -> None:
        person = ada(state=AccountState.BANNED, is_active=False)
        lines = ask(staff(Role.ADMIN), "/admin_users @ada").lines
        assert f"admin_users #{person.pk} reinstate" in lines
        assert f"admin_users #{person.pk} suspend" not in lines

    def test_offers_nothing_against_somebody_of_the_same_role(self) -> None:
        UserFactory(role=Role.ADMIN, telegram_name="peer")
        assert ask(staff(Role.ADMIN), "/admin_users @peer").lines == []


class TestDeciding:
    def test_nothing_happens_before_the_yes(self) -> None:
        person = ada()
        said = ask(staff(), "/admin_users @ada tier premium 30")
        assert "Give Ada (#" in said.text
        assert "the tier Premium, 30\u2009d?" in said.text
        assert not Subscription.objects.filter(user=person).exists()

    def test_a_tier_is_given_for_days(self) -> None:
        person = ada()
        said = sure(staff(), "/admin_users @ada tier premium 30")
        assert "Tier Premium until 21 Dec 2026 12:00 UTC" in said.text
        assert Subscription.objects.get(user=person).ends_at == NOON + timedelta(days=30)

    def test_a_tier_is_given_for_good_only_where_that_is_said(self) -> None:
        person, boss = ada(), staff()
        assert "For how many days?" in ask(boss, "/admin_users @ada tier pro").text
        sure(boss, "/admin_users @ada tier pro forever")
        assert Subscription.objects.get(user=person).ends_at is None

    def test_the_beta_is_given_for_ninety_days(self) -> None:
        person = ada()
        sure(staff(Role.ADMIN), "/admin_users @ada beta")
        person.refresh_from_db()
        assert person.beta_until == NOON + timedelta(days=90)

    @pytest.mark.parametrize(
        ("line", "state"),
        [("suspend odd log-ins", AccountState.SUSPENDED), ("ban fraud", AccountState.BANNED)],
    )
    def test_somebody_is_kept_out_with_a_reason(self, line: str, state: AccountState) -> None:
        person = ada()
        sure(staff(Role.ADMIN), f"/admin_users @ada {line}")
        person.refresh_from_db()
        assert (person.state, person.state_reason) == (state, line.partition(" ")[2])

    def test_without_a_reason_some_are_offered(self) -> None:
        person = ada()
        boss = staff()
        said = ask(boss, "/admin_users @ada suspend")
        assert f"admin_users #{person.pk} suspend under review" in said.lines
        yes(boss, press(boss, said.lines[0]))
        person.refresh_from_db()
        assert person.state_reason == "abuse of the service"

    def test_somebody_is_let_in_again(self) -> None:
        person = ada(state=AccountState.SUSPENDED, is_active=False)
        sure(staff(), "/admin_users @ada reinstate")
        person.refresh_from_db()
        assert person.state == AccountState.ACTIVE

    def test_sessions_are_ended(self) -> None:
        person = member(telegram_name="bob")
        sure(staff(), f"/admin_users #{person.pk} end")
        assert Session.objects.get(user=person).state == SessionState.TERMINATED

    @pytest.mark.parametrize(
        ("line", "what"),
        [("tier premium 30", "tier.granted"), ("beta 10", "beta.granted"),
         ("suspend odd", "person.suspended"), ("end", "sessions.ended")],
    )  # fmt: skip
    def test_every_deed_is_audited_with_person_and_door(self, line: str, what: str) -> None:
        person, boss = member(telegram_name="bob"), staff()
        sure(boss, f"/admin_users #{person.pk} {line}")
        written = audited(person, what)
        assert (written.actor, written.additional_data["door"]) == (boss, Door.TELEGRAM)

    @pytest.mark.parametrize("line", ["tier premium 30", "beta", "suspend odd", "reinstate", "end"])
    def test_support_may_do_nothing(self, line: str) -> None:
        person = ada()
        said = ask(staff(Role.SUPPORT), f"/admin_users @ada {line}")
        assert said.text == "Only the staff of ArbEdge may use this."
        assert said.lines == []
        person.refresh_from_db()
        assert (person.state, person.tier) == (AccountState.ACTIVE, Tier.FREE)

    @pytest.mark.parametrize("line", ["suspend odd", "ban odd", "end", "tier pro 3"])
    def test_nobody_touches_his_own_role_or_a_higher_one(self, line: str) -> None:
        UserFactory(role=Role.SUPER_ADMIN, telegram_name="boss")
        said = ask(staff(Role.ADMIN), f"/admin_users @boss {line}")
        assert said.text.startswith("This person has your role or a higher one.")

    def test_nobody_suspends_himself(self) -> None:
        boss = staff()
        said = ask(boss, f"/admin_users #{boss.pk} suspend odd")
        assert said.text == "That is about yourself. Somebody else must decide."

    def test_a_yes_counts_once(self) -> None:
        ada()
        boss = staff()
        asked = ask(boss, "/admin_users @ada tier premium 30")
        yes(boss, asked)
        assert "This was answered before." in yes(boss, asked).toast
        assert Subscription.objects.count() == 1

    def test_a_yes_of_another_does_nothing(self) -> None:
        ada()
        asked = ask(staff(), "/admin_users @ada tier premium 30")
        yes(staff(), asked)
        assert not Subscription.objects.exists()

    def test_who_lost_the_role_meanwhile_may_not_say_yes(self) -> None:
        person, boss = ada(), staff(Role.ADMIN)
        asked = ask(boss, "/admin_users @ada suspend odd")
        User.objects.filter(pk=boss.pk).update(role=Role.USER, is_staff=False)
        cache.client().flushdb()
        yes(boss, asked)
        person.refresh_from_db()
        assert person.state == AccountState.ACTIVE
