"""Market frames as arrays."""

from __future__ import annotations

import numpy as np
import pytest

from tests.opportunities.markets import market, perp, spot


def test_spot_rows_come_first_and_perpetuals_after_them() -> None:
    seen = market(perp("okx", "WIF"), spot("okx", "WIF"), spot("bybit", "WIF"))
    assert seen.spots == 2
    assert seen.perp.tolist() == [False, False, True]
    assert seen.frame["market"].to_list() == ["spot", "spot", "perp"]


def test_equal_names_have_equal_codes() -> None:
    seen = market(spot("okx", "WIF"), spot("okx", "BTC"), perp("bybit", "WIF"))
    assert seen.asset[0] == seen.asset[2] != seen.asset[1]


def test_a_venues_code_is_its_place_among_the_names() -> None:
    seen = market(spot("okx", "WIF"), perp("bybit", "WIF"), perp("okx", "WIF"))
    assert sorted(seen.venues) == ["bybit", "okx"]
    assert [seen.venues[code] for code in seen.venue] == seen.frame["venue"].to_list()


def test_quote_and_settle_can_be_compared() -> None:
    seen = market(perp("okx", "WIF"), perp("okx", "BTC", settle="USDC"))
    assert (seen.quote == seen.settle).tolist() == [True, False]


def test_unknown_names_are_no_trouble() -> None:
    seen = market(perp("okx", "WIF", settle=None), spot("okx", "WIF"))
    assert (seen.quote == seen.settle).tolist() == [True, False]


def test_only_dollar_quotes_are_compared() -> None:
    seen = market(
        spot("okx", "WIF"), spot("okx", "WIF", quote="EUR"), spot("okx", "X", quote="BTC")
    )
    assert seen.dollar.tolist() == [True, False, False]


def test_prices_have_a_middle_and_a_width() -> None:
    seen = market(spot("okx", "WIF", bid=99.0, ask=101.0))
    assert seen.mid[0] == 100.0
    assert seen.spread[0] == pytest.approx(0.02)


def test_what_is_null_becomes_nan() -> None:
    seen = market(perp("okx", "WIF", rate=None, interval=None, volume_usd=None))
    assert np.isnan(seen.rate[0])
    assert np.isnan(seen.interval_hours[0])
    assert np.isnan(seen.hourly[0])
    assert np.isnan(seen.numbers("volume_usd")[0])


def test_funding_per_hour_is_nothing_for_spot() -> None:
    seen = market(spot("okx", "WIF"), perp("okx", "WIF", rate=0.0008, interval=8))
    assert seen.hourly.tolist() == [0.0, pytest.approx(0.0001)]


def test_settled_history_is_nothing_for_spot_and_unknown_without_prints() -> None:
    seen = market(
        spot("okx", "WIF"),
        perp("okx", "WIF"),
        perp("bybit", "WIF"),
        settled={("bybit", "WIF"): 0.00002},
    )
    assert seen.mean_hourly[0] == 0.0
    assert np.isnan(seen.mean_hourly[1])
    assert seen.mean_hourly[2] == 0.00002


def test_a_missing_fee_is_nan() -> None:
    seen = market(spot("kraken", "WIF"), spot("okx", "WIF"))
    assert np.isnan(seen.fees[0, 0])
    assert seen.fees[0, 1] == pytest.approx(0.001)


def test_fees_have_one_row_per_vip_level() -> None:
    seen = market(spot("okx", "WIF"), fees_bps=[{("okx", "spot"): 10.0}, {("okx", "spot"): 8.0}])
    assert seen.fees[:, 0].tolist() == pytest.approx([0.001, 0.0008])


def test_an_empty_market_is_a_universe_of_nothing() -> None:
    seen = market()
    assert seen.size == 0
    assert seen.venues == ()


def test_flags_are_no_where_nothing_is_said() -> None:
    seen = market(spot("okx", "WIF", leveraged=None), spot("okx", "BTC3L", leveraged=True))
    assert seen.leveraged.tolist() == [False, True]
    assert seen.named("asset", ["WIF", "BTC"]).tolist() == [True, False]


def test_coins_and_quotes_that_should_be_worth_a_dollar_are_told() -> None:
    seen = market(spot("okx", "USDC"), spot("okx", "WIF"), spot("okx", "WIF", quote="BTC"))
    assert seen.pegged.tolist() == [True, False, False]
    assert seen.dollar.tolist() == [True, True, False]


def test_work_is_done_once_for_one_universe() -> None:
    seen, done = market(spot("okx", "WIF")), []
    for _ in range(3):
        assert seen.once("answer", lambda: done.append(1) or 42) == 42  # type: ignore[func-returns-value]
    assert done == [1]
    assert seen.numbers("bid") is seen.numbers("bid")


def test_what_follows_from_names_is_kept_while_prices_move() -> None:
    made: list[str] = []
    for bid in (1.0, 2.0):
        seen = market(spot("okx", "WIF", bid=bid), perp("okx", "WIF"))
        seen.of_names("while prices move", lambda: made.append("once"))
    assert made == ["once"]


def test_what_follows_from_names_ends_with_them() -> None:
    made: list[str] = []
    for coin in ("WIF", "BTC", "WIF"):
        seen = market(spot("okx", coin), perp("okx", coin))
        seen.of_names("test", lambda: made.append("again"))
    assert len(made) == 3
