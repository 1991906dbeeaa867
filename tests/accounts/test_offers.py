"""What a tier adds to another, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts import offers
from accounts.tiers import DEFAULTS
from arbedge.names import Tier

FREE, BASIC, PREMIUM, PRO, ENTERPRISE = (DEFAULTS[tier] for tier in Tier)


def test_sooner_comes_first() -> None:
    assert offers.adds(FREE, PREMIUM)[0] == (
        "Opportunities 10 s after they are found, not after 300 s"
    )
    assert offers.adds(PREMIUM, PRO)[0] == "Opportunities at once, not after 10 s"


def test_kinds_and_shelves_are_those_one_has_not() -> None:
    told = offers.adds(BASIC, PREMIUM)
    assert "Kinds: technical" in told
    assert "Shelves: technical, hybrid, AI" in told


def test_rights_are_told_in_words() -> None:
    told = offers.adds(FREE, PRO)
    assert "Automated trading on your own keys" in told
    assert "The analytics dashboard" in told
    assert "The analytics dashboard" not in offers.adds(FREE, PREMIUM)


def test_no_cap_is_told_as_such() -> None:
    assert "Messages, per day: no cap" in offers.adds(PRO, ENTERPRISE)


def test_what_has_no_cap_can_get_no_more() -> None:
    assert not any("Messages" in line for line in offers.adds(ENTERPRISE, PRO))


@pytest.mark.parametrize("tier", list(Tier))
def test_a_tier_adds_nothing_to_itself(tier: Tier) -> None:
    assert offers.adds(DEFAULTS[tier], DEFAULTS[tier]) == []


def test_what_an_operator_changed_is_told() -> None:
    generous = replace(BASIC, pushes_per_day=1_234)
    assert "Messages, per day: 1,234" in offers.adds(FREE, generous)
