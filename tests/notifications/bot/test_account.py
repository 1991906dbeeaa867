"""/status and /subscription."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from accounts import mutes, usage
from accounts.models.mute import Muted
from accounts.tiers import COUNTED
from arbedge.errors import NoData
from arbedge.names import Door, Language, Tier
from exchanges import standing
from notifications.bot import words
from notifications.bot.commands import account
from notifications.choosing import quotas
from notifications.models import BotUpdate, Delivery
from tests.accounts.factories import SubscriptionFactory, UserFactory
from tests.notifications.bot.asking import ask, member
from tests.notifications.factories import HOUR, MINUTE, NOON, DeliveryFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
NARROW = 40


def venue(name: str, age_s: float | None, **more: object) -> standing.Standing:
    return standing.Standing(name, age_s, 120.0, 0.99, 1_000, **more)  # type: ignore[arg-type]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[standing.Standing]:
    """What is known of the venues."""
    found: list[standing.Standing] = []
    monkeypatch.setattr(standing, "all_venues", lambda _: found)
    return found


class TestStatus:
    def test_says_until_when_the_session_lasts(self) -> None:
        said = ask(member(session_until=NOON + 5 * HOUR), "/status")
        assert "Your session lasts until in 5\u2009h." in said.text

    def test_says_the_tier_and_its_end(self) -> None:
        who = member(tier=Tier.PRO, tier_until=NOON + timedelta(days=9))
        SubscriptionFactory(user=who, tier=Tier.PRO, ends_at=NOON + timedelta(days=9))
        assert "Tier: Pro until 30 Nov 2026 12:00 UTC" in ask(who, "/status").text

    def test_says_that_the_beta_runs(self) -> None:
        who = member(beta_until=NOON + timedelta(days=9))
        text = ask(who, "/status").text
        assert "Tier: Premium\nBeta with the features of Premium until 30 Nov 2026" in text

    def test_counts_the_messages_of_today(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(usage._counters, "pushes_per_day", lambda *_: 12)
        assert "Messages today: 12 of 20" in ask(member(), "/status").text

    def test_tells_the_limit_alone_where_nothing_is_known_of_the_count(self) -> None:
        who = member()
        assert quotas.used(who.pk, NOON) is None
        assert "Messages today: up to 20\n" in ask(who, "/status").text

    def test_counts_what_is_muted(self) -> None:
        who = member()
        mutes.mute(who, Muted.COIN, "WIF", None, door=Door.TELEGRAM, now=NOON)
        assert "Muted: 1. /mute" in ask(who, "/status").text

    def test_is_silent_about_mutes_where_there_are_none(self) -> None:
        assert "Muted" not in ask(member(), "/status").text

    @pytest.mark.parametrize(
        ("hours", "line"),
        [((11 * 60, 13 * 60), "Quiet now"), ((13 * 60, 14 * 60), "Messages come through now.")],
    )
    def test_says_whether_it_is_quiet(self, hours: tuple[int, int], line: str) -> None:
        who = member(quiet_from_min=hours[0], quiet_to_min=hours[1])
        assert line in ask(who, "/status").text

    def test_knows_nothing_of_quiet_for_whoever_cannot_be_reached(self) -> None:
        assert account.awake(UserFactory(), NOON) is None

    def test_tells_the_age_of_every_venue(self, told: list[standing.Standing]) -> None:
        breaker = standing.Breaker("api.bitget.com", "open", "rate limit", 0.0)
        told += [venue("okx", 3), venue("bybit", 45), venue("binance", None),
                 venue("bitget", 4, breakers=(breaker,))]  # fmt: skip
        assert (
            "Venues\nOKX: 3\u2009s old\n⚠ Bybit: late, 45\u2009s old\n⚠ Binance: no answer yet\n"
            "⚠ Bitget: does not answer us now"
        ) in ask(member(), "/status").text

    def test_says_so_where_the_venues_are_not_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def gone(_: float) -> list[standing.Standing]:
            raise NoData("The cache is gone.")

        monkeypatch.setattr(standing, "all_venues", gone)
        assert "Nothing is known of the venues at the moment." in ask(member(), "/status").text

    def test_says_that_messages_are_late(self) -> None:
        DeliveryFactory(due_at=NOON - 5 * MINUTE)
        text = ask(member(), "/status").text
        assert "⚠ Messages are late: the oldest waits for 5\u2009min." in text

    def test_says_that_answers_are_late(self) -> None:
        waiting(NOON - 2 * MINUTE)
        text = ask(member(), "/status").text
        assert "⚠ Answers are late: somebody has waited for 2\u2009min." in text

    def test_says_that_all_is_well(self) -> None:
        assert not Delivery.objects.exists()
        text = ask(member(), "/status").text
        assert text.endswith("Messages go out at once.\nAnswers come at once.")

    def test_leads_to_the_tier(self) -> None:
        assert ask(member(), "/status").lines == ["status", "subscription"]


def waiting(since: datetime) -> None:
    BotUpdate.objects.create(
        update_id=99, lane=1, kind="message", sealed="…", due_at=since, received_at=since
    )


class TestSubscription:
    def test_tells_what_is_used_of_every_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(usage._counters, "api_per_hour", lambda *_: 7)
        text = ask(member(), "/subscription").text
        assert "· API requests, per hour: 7 of 100\n" in text
        assert "· Executions, per hour: up to 3\n" in text

    def test_tells_what_each_higher_tier_adds_and_costs(self) -> None:
        text = ask(member(tier=Tier.PREMIUM), "/subscription").text
        assert "Pro adds ($49 a month)\n· Opportunities at once, not after 10\u2009s\n" in text
        assert "Enterprise adds ($99 a month)\n" in text
        assert "Basic adds" not in text

    def test_names_the_kinds_and_shelves_that_come(self) -> None:
        text = ask(member(tier=Tier.BASIC), "/subscription").text
        assert "· Kinds: technical signals\n· Shelves: technical, hybrid, AI\n" in text
        assert "· Opportunities after 10\u2009s, not after 1\u2009min\n" in text
        assert "· Automated trading on your keys\n" in text

    def test_has_nothing_to_add_to_the_highest(self) -> None:
        assert " adds " not in ask(member(tier=Tier.ENTERPRISE), "/subscription").text

    def test_says_how_to_get_another(self) -> None:
        said = ask(member(), "/subscription")
        assert "write to us: /feedback" in said.text
        assert "/account" in said.html
        assert said.lines == ["referral"]

    @pytest.mark.parametrize(
        ("language", "line"),
        [("es", "· Operativa automática con tus claves"),
         ("fr", "· Trading automatique avec vos clés")],
    )  # fmt: skip
    def test_speaks_the_reader_s_language(self, language: str, line: str) -> None:
        text = ask(member(tier=Tier.BASIC, language=language), "/subscription").text
        assert line in text
        assert "adds" not in text


@pytest.mark.parametrize("language", [one.value for one in Language])
@pytest.mark.parametrize("tier", [Tier.FREE, Tier.PRO])
def test_no_line_with_figures_breaks_on_a_phone(tier: Tier, language: str) -> None:
    titles = [words.say(language, f"account.limits.{name}") for name in COUNTED]
    lines = ask(member(language=language, tier=tier), "/subscription").text.splitlines()
    figures = [line for line in lines if any(line.startswith(f"· {one}") for one in titles)]
    assert len(figures) >= len(COUNTED)
    assert [line for line in figures if len(line) > NARROW] == []
