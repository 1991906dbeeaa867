"""/admin_config: settings by name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts import tiers
from accounts.models import TierSetting
from arbedge.errors import NotFound
from arbedge.names import Door, Kind, Profile, Role, Tier
from notifications.bot.staff import configured
from opportunities import limit_settings
from opportunities.models import LimitSetting
from tests.notifications.bot.asking import ask, member, press
from tests.notifications.bot.staff import done, staff, sure, yes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


def threshold() -> float:
    return limit_settings.held("threshold").value


class TestReading:
    def test_lists_the_profile_and_what_operators_set(self) -> None:
        boss = staff()
        sure(boss, "/admin_config threshold 0.2%")
        sure(boss, "/admin_config premium.delay_s 5")
        text = ask(boss, "/admin_config").text
        assert "profile: strict\nthreshold: 0.2\u2009% (product: 0.15\u2009%)\n" in text
        assert "premium.delay_s: 5\u2009s (product: 10\u2009s)" in text

    def test_what_tiers_have_of_their_own_costs_one_query_however_much_it_is(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for tier in (Tier.PREMIUM, Tier.PRO, Tier.ENTERPRISE):
            TierSetting.objects.create(tier=tier, name="pushes_per_day", value=700)
        with django_assert_num_queries(1):
            assert len(configured.of_tiers()) == 3

    def test_shows_a_limit_with_bounds_and_how_to_change_it(self) -> None:
        text = ask(staff(), "/admin_config threshold").text
        assert text == (
            "threshold: 0.15\u2009%\nNet needed to open.\nFrom 0.001\u2009% to 100\u2009%.\n"
            "/admin_config threshold 0.0015"
        )

    def test_shows_a_kind_s_own_limit(self) -> None:
        assert "threshold.spot: 0.1\u2009%" in ask(staff(), "/admin_config threshold.spot").text

    def test_shows_a_tier_s_figure(self) -> None:
        text = ask(staff(), "/admin_config enterprise.pushes_per_day").text
        assert "enterprise.pushes_per_day: no cap" in text

    def test_money_is_written_as_money(self) -> None:
        assert "min_volume: $200,000" in ask(staff(), "/admin_config min_volume").text
        assert "pro.price_usd: $49" in ask(staff(), "/admin_config pro.price_usd").text

    def test_names_the_nearest_where_there_is_no_such_setting(self) -> None:
        with pytest.raises(NotFound) as refused:
            configured.find("treshold")
        assert refused.value.details["near"] == "threshold"
        answer = ask(staff(), "/admin_config treshold").text
        assert answer.startswith("There is no setting “treshold”.")

    def test_every_name_there_is_can_be_found(self) -> None:
        for name in configured.names():
            assert configured.find(name).name == name


class TestChanging:
    def test_the_value_before_and_after_is_told_before_it_is_changed(self) -> None:
        said = ask(staff(), "/admin_config threshold 0.2%")
        assert "Change threshold from 0.15\u2009% to 0.2\u2009%?" in said.text
        assert threshold() == 0.0015

    def test_it_is_changed_after_a_yes_and_can_be_undone(self) -> None:
        boss = staff()
        said = sure(boss, "/admin_config threshold 0.002")
        assert said.text == "threshold was 0.15\u2009% and is 0.2\u2009%."
        assert threshold() == 0.002
        yes(boss, press(boss, said.buttons["Undo"]))
        assert threshold() == 0.0015
        assert not LimitSetting.objects.exists()

    def test_undo_gives_back_what_an_operator_had_set(self) -> None:
        boss = staff()
        sure(boss, "/admin_config threshold 0.0017")
        undo = sure(boss, "/admin_config threshold 0.002").buttons["Undo"]
        assert undo == "admin_config threshold 0.0017"

    def test_a_kind_s_own_limit_is_changed_alone(self) -> None:
        sure(staff(), "/admin_config threshold.spot 0.3%")
        assert threshold() == 0.0015
        assert limit_settings.held("threshold", Kind.SPOT).value == 0.003

    def test_a_tier_s_figure_is_changed(self) -> None:
        sure(staff(), "/admin_config premium.delay_s 5")
        row = TierSetting.objects.get(tier=Tier.PREMIUM, name="delay_s")
        assert row.value == Decimal(5)

    def test_a_cap_is_taken_away_and_put_back(self) -> None:
        boss = staff()
        sure(boss, "/admin_config pro.pushes_per_day none")
        assert TierSetting.objects.get(name="pushes_per_day").value is None
        sure(boss, "/admin_config pro.pushes_per_day default")
        assert not TierSetting.objects.exists()

    def test_a_permission_is_switched(self) -> None:
        sure(staff(), "/admin_config premium.permission:analytics.view 1")
        held = tiers.with_settings(TierSetting.objects.values_list("tier", "name", "value"))
        assert "analytics.view" in held[Tier.PREMIUM].permissions

    def test_another_profile_is_put_in_force_and_undone(self) -> None:
        boss = staff()
        said = sure(boss, "/admin_config profile permissive")
        assert limit_settings.profile() is Profile.PERMISSIVE
        yes(boss, press(boss, said.buttons["Undo"]))
        assert limit_settings.profile() is Profile.STRICT

    @pytest.mark.parametrize(
        ("line", "answer"),
        [
            ("threshold 200%", "no number from"),
            ("threshold soon", "no number from"),
            ("min_volume none", "no number from"),
            ("pro.delay_s 2.5", "here there are 0"),
            ("profile loose", "is not one of: strict, permissive"),
            ("threshold 0.15%", "It is so already."),
            ("threshold default", "It is so already."),
            ("pro.permission:trading.manual 0", "would then have less than a lower one"),
        ],
    )
    def test_what_cannot_be_is_refused(self, line: str, answer: str) -> None:
        boss = staff()
        said = ask(boss, f"/admin_config {line}")
        told = yes(boss, said).toast if "Yes" in said.buttons else said.text
        assert answer in told
        assert not LimitSetting.objects.exists()
        assert not TierSetting.objects.exists()

    @pytest.mark.parametrize("role", [Role.USER, Role.SUPPORT, Role.ADMIN])
    def test_only_super_administrators_may(self, role: Role) -> None:
        who = member(role=role)
        for line in ("", " threshold", " threshold 0.2%"):
            assert ask(who, f"/admin_config{line}").text.startswith("Only ")
        assert threshold() == 0.0015

    @pytest.mark.parametrize(
        ("line", "what"),
        [("threshold 0.2%", "limit.changed"), ("pro.delay_s 3", "tier.setting_changed"),
         ("profile permissive", "profile.put_in_force")],
    )  # fmt: skip
    def test_every_change_is_audited_with_person_and_door(self, line: str, what: str) -> None:
        boss = staff()
        sure(boss, f"/admin_config {line}")
        written = done(what)
        assert (written.actor, written.additional_data["door"]) == (boss, Door.TELEGRAM)
