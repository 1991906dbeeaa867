"""Risk by rules, plainly told to be no AI; the AI, which nobody has brought here yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts import preferences
from accounts.models import User
from arbedge import cache
from arbedge.names import Door, Reason, Tier
from opportunities.models import Opportunity
from tests.notifications.bot.asking import ask, member
from tests.notifications.factories import NOON
from tests.opportunities.factories import OpportunityFactory

pytestmark = pytest.mark.django_db
LANGUAGES = pytest.mark.parametrize("language", ["en", "es", "fr"])
NO_AI = "No AI was asked"


@pytest.fixture(autouse=True)
def nothing_shown() -> None:
    """What was shown within the hour is the cache's."""
    client = cache.client()
    for name in client.scan_iter(f"{cache.key('shown', '')}*"):
        client.delete(name)


def living(**columns: Any) -> Opportunity:
    columns.setdefault("shelves", 0b111)
    row: Opportunity = OpportunityFactory(as_of=NOON - timedelta(seconds=4), **columns)
    return row


def risk_of(person: User, about: object = "") -> str:
    return ask(person, f"/risk_assessment {about}".strip()).text


class TestRiskOfOne:
    def test_by_number_and_by_coin(self) -> None:
        row = living(asset="WIF")
        person = member()

        assert risk_of(person, row.pk) == risk_of(person, "wif")
        assert "Risk: low" in risk_of(person, row.pk)

    def test_it_says_that_rules_have_judged(self) -> None:
        assert NO_AI in risk_of(member(), living().pk)

    def test_what_holds_for_every_trade(self) -> None:
        said = risk_of(member(), living().pk)

        assert "Only the next payment of each leg is announced" in said
        assert "Both legs must be held at once" in said

    def test_a_gap_may_close(self) -> None:
        row = living(kind="spot", long_market="spot", short_market="spot", apr_net=None,
                     long_next_at=None, short_next_at=None)  # fmt: skip
        said = risk_of(member(), row.pk)

        assert "The gap may close" in said
        assert "announced" not in said

    @pytest.mark.parametrize(
        ("columns", "told"),
        [
            ({"gap": 0.0051}, "apart"),
            ({"gap": 0.0029}, None),
            ({"short_bid": 2.0000, "short_ask": 2.0100}, "leaving in a hurry"),
            ({"risk": "high"}, "small size"),
            ({"ends_at": NOON + timedelta(hours=5)}, "off line in 5"),
            ({"reasons": 1 << Reason.NO_HISTORY}, "No settled history"),
        ],
    )
    def test_what_is_known_of_this_one(self, columns: dict[str, Any], told: str | None) -> None:
        plain = risk_of(member(), living(asset="WIF").pk).splitlines()
        said = risk_of(member(), living(asset="SXP", **columns).pk)

        if told is None:
            assert len(said.splitlines()) == len(plain)
        else:
            assert told.lower() in said.lower()
            assert len(said.splitlines()) == len(plain) + 1

    def test_unknown_ones(self) -> None:
        assert "There is no opportunity 4711" in risk_of(member(), 4711)
        assert "Nothing lives of DOGE" in risk_of(member(), "doge")

    def test_a_delay_is_kept(self) -> None:
        row = living(opened_at=NOON - timedelta(seconds=60))

        assert "Free sees opportunities" in risk_of(member(), row.pk)
        assert "Risk: low" in risk_of(member(tier=Tier.PRO), row.pk)

    def test_shelves_of_a_tier_are_kept(self) -> None:
        row = living(shelves=0)

        assert "Free shows the beginners’ shelves" in risk_of(member(), row.pk)

    def test_the_hour_is_kept(self) -> None:
        person = member()
        said = [risk_of(person, living(asset=f"COIN{number}").pk) for number in range(6)]

        assert "Risk: low" in said[4]
        assert "Free shows 5 opportunities an hour" in said[5]

    def test_what_is_closed_is_history_and_not_judged(self) -> None:
        row = living(closed=True, shelves=0)
        said = ask(member(), f"/risk_assessment {row.pk}")

        assert "is closed" in said.text
        assert "Risk:" not in said.text
        assert said.lines == [f"opportunity {row.pk}"]

    def test_the_net_is_that_of_the_readers_own_size_and_horizon(self) -> None:
        row = living(asset="WIF")
        person = member()
        preferences.change(person.pk, {"horizon_hours": 168}, door=Door.WEB)

        net = ask(person, f"/opportunity {row.pk}").text.split(" net")[0].split()[-2:]
        assert risk_of(person, row.pk).split()[:2] == net


class TestRiskOfAll:
    def test_nothing_lives(self) -> None:
        said = risk_of(member())

        assert "nothing to judge" in said
        assert NO_AI in said

    def test_classes_and_what_weighs(self) -> None:
        doubt = 1 << Reason.NO_HISTORY
        for coin, risk, reasons in (("A", "low", 0), ("B", "medium", doubt), ("C", "high", doubt)):
            living(asset=coin, risk=risk, reasons=reasons)
        said = risk_of(member())

        assert "Risk of what lives for you (3)\nlow: 1\nmedium: 1\nhigh: 1" in said
        assert "2× no settled history" in said
        assert NO_AI in said

    def test_it_shows_no_opportunity_and_costs_none(self) -> None:
        for number in range(6):
            living(asset=f"COIN{number}")
        person = member()

        assert "COIN" not in risk_of(person).upper().replace("OR COIN", "")
        assert "Risk: low" in risk_of(person, "COIN1")

    @LANGUAGES
    def test_in_every_language(self, language: str) -> None:
        row = living(asset="WIF", gap=0.01, reasons=1 << Reason.NO_HISTORY)
        person = member(language=language)

        assert "WIF" in risk_of(person, row.pk)
        assert "(1)" in risk_of(person)


class TestInsights:
    def test_a_key_of_ones_own_comes_first(self) -> None:
        said = ask(member(), "/ai_insights WIF").text

        assert "/setup_ai" in said
        assert "not switched on" not in said

    def test_it_is_said_to_be_off(self) -> None:
        said = ask(member(tier=Tier.PREMIUM), "/ai_insights WIF")

        assert "AI analyses are not switched on here" in said.text
        assert "risk_assessment" in said.lines
