"""What a quote coin is worth, read from the dollars traded in it."""

from __future__ import annotations

from opportunities import depeg
from tests.opportunities.markets import market, perp, spot


def test_only_instruments_in_the_lost_quote_are_named() -> None:
    seen = market(
        spot("okx", "USDC", bid=1.0199, ask=1.0201),
        spot("okx", "WIF"),
        spot("okx", "WIF", quote="USDC"),
        perp("okx", "WIF"),
    )
    assert depeg.lost(seen, 0.005).tolist() == [True, True, False, True]


def test_a_perpetual_on_a_dollar_coin_says_nothing() -> None:
    assert not depeg.lost(market(perp("okx", "USDC", bid=1.0499, ask=1.0501)), 0.005).any()


def test_the_limit_decides() -> None:
    seen = market(spot("okx", "USDC", bid=1.0079, ask=1.0081))
    assert depeg.lost(seen, 0.005).all()
    assert not depeg.lost(seen, 0.010).any()


def test_nobody_to_ask_means_nothing_is_concluded() -> None:
    assert not depeg.lost(market(spot("okx", "WIF")), 0.005).any()
