"""Equal coins in whole lots, and how far liquidation is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from opportunities import positions
from opportunities.policy import Policy
from tests.opportunities.factories import LegFactory, OpportunityFactory

pytestmark = pytest.mark.django_db


def leg(venue: str, lot: str | None, *, contract: str = "1", market: str = "perp") -> object:
    return LegFactory(
        venue=venue,
        symbol=f"{venue}-WIF",
        market=market,
        asset="WIF",
        lot=None if lot is None else Decimal(lot),
        contract_size=Decimal(contract),
        multiplier=Decimal(1),
    )


def test_both_legs_hold_the_coins_the_coarser_lot_allows() -> None:
    one = OpportunityFactory(
        long=leg("bybit", "0.1"), short=leg("okx", "1", contract="10"), long_bid=2.99, long_ask=3.0
    )
    position = positions.of(one, Policy())
    assert position is not None
    assert (position.step_coins, position.coins) == (10.0, 330.0)  # 333.3 coins, lots of ten
    assert position.worth_usd == pytest.approx(990.0)
    assert (position.coins_text, position.step_text) == ("330", "10")


def test_a_lot_dearer_than_the_size_does_not_fit() -> None:
    one = OpportunityFactory(long=leg("bybit", "1000"), short=leg("okx", "1"))
    position = positions.of(one, Policy())
    assert position is not None
    assert not position.fits


def test_an_unknown_lot_is_said_and_rounds_nothing() -> None:
    one = OpportunityFactory(
        long=leg("bybit", None), short=leg("okx", "1"), long_bid=2.99, long_ask=3.0
    )
    position = positions.of(one, Policy())
    assert position is not None
    assert position.step_text == "unknown"
    assert position.worth_usd == pytest.approx(1000.0)


def test_liquidation_is_told_where_a_leg_is_margined() -> None:
    policy = Policy().with_settings(["leverage=4"])
    carried = OpportunityFactory(long=leg("bybit", "1"), short=leg("okx", "1"))
    assert positions.of(carried, policy).liquidation == pytest.approx(0.245)  # type: ignore[union-attr]


def test_spot_coins_cannot_be_liquidated() -> None:
    one = OpportunityFactory(
        kind="spot",
        long=leg("bybit", "1", market="spot"),
        short=leg("okx", "1", market="spot"),
    )
    assert positions.of(one, Policy()).liquidation is None  # type: ignore[union-attr]
