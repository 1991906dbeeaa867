"""A tier in lines: what it is, what of it is used, what the next ones add."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts import standing, tiers, usage
from accounts.models import User
from accounts.tiers import COUNTED
from arbedge.names import Language, Tier
from notifications.bot.asks import Ask, Place, Sender
from notifications.bot.preferences import tier_lines
from tests.notifications.bot.asking import member
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db
LANGUAGES = [one.value for one in Language]


def asked(who: User) -> Ask:
    """Somebody who asks in private."""
    return Ask(NOON, Sender(7), Place(7), who, standing.known(who.pk))


def have(who: User) -> tiers.Allowance:
    """What the person may."""
    return tiers.of(standing.known(who.pk), now=NOON)


@pytest.mark.parametrize("tier", list(Tier))
def test_the_tier_is_named(tier: Tier) -> None:
    assert tier.capitalize() in " ".join(tier_lines.tier(asked(member(tier=tier))))


def test_a_beta_is_told_beside_the_tier() -> None:
    who = member(beta_until=NOON + timedelta(days=30))
    first, second = tier_lines.tier(asked(who))
    assert "Premium" in first
    assert "21 Dec 2026" in second


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_limit_is_told(language: str) -> None:
    who = member(language=language)
    _, *lines = tier_lines.used(asked(who), have(who))
    assert len(lines) == len(COUNTED)


def test_only_some_limits_are_told_where_only_they_are_asked_for() -> None:
    who = member()
    _, line = tier_lines.used(asked(who), have(who), ["opportunities_per_hour"])
    assert "0 of 5" in line


def test_a_limit_nobody_counts_is_told_without_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "_counters", {})
    who = member()
    _, line = tier_lines.used(asked(who), have(who), ["pushes_per_day"])
    assert line.endswith("up to 20")


def test_no_cap_is_said() -> None:
    who = member(tier=Tier.ENTERPRISE)
    assert any("no cap" in line for line in tier_lines.used(asked(who), have(who)))


@pytest.mark.parametrize(
    ("tier", "above"), [(Tier.FREE, 4), (Tier.PREMIUM, 2), (Tier.ENTERPRISE, 0)]
)
def test_each_tier_above_is_offered_with_its_price(tier: Tier, above: int) -> None:
    who = member(tier=tier)
    found = list(tier_lines.offers(asked(who), have(who)))
    assert len(found) == above
    assert all("$" in title for title, *_ in found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_offers_say_no_inner_names(language: str) -> None:
    who = member(language=language)
    lines = [line for offer in tier_lines.offers(asked(who), have(who)) for line in offer]
    assert len(lines) > 10
    assert not [line for line in lines if "_" in line]
