"""The simulated market: the same for the same seed and time, moving, and exact where planted."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest

from exchanges.simulator.expected import TAKER_BPS
from exchanges.simulator.listing import (
    DAY_MS,
    HOUR_MS,
    VENUES,
    Leg,
    Motion,
    Quirk,
    Sort,
    next_settlement,
    offline_ms,
    plain,
)
from exchanges.simulator.planted import PLANTED, Case, perp
from exchanges.simulator.traps import TRAPS
from exchanges.simulator.world import Row, World
from tests.exchanges.simulator.speaking import TEN_OCLOCK, Hands, world

LATER = TEN_OCLOCK + 7 * HOUR_MS


def quotes(market: World, now_ms: int) -> list[tuple[str, ...]]:
    return [
        (row.bid, row.ask, row.bid_size, row.mark)
        for venue in VENUES
        for sort in (Sort.SPOT, Sort.PERP)
        for row in market.rows(venue, sort, now_ms)
    ]


def row_of(market: World, leg: Leg, now_ms: int) -> Row:
    return next(row for row in market.rows(leg.venue, leg.sort, now_ms) if row.leg is leg)


def middle(row: Row) -> Decimal:
    return (Decimal(row.bid) + Decimal(row.ask)) / 2


def test_the_same_seed_and_time_give_the_same_market() -> None:
    assert quotes(world(seed=3), LATER) == quotes(world(seed=3), LATER)


def test_the_order_of_asking_does_not_matter() -> None:
    asked_before = world()
    quotes(asked_before, LATER)

    assert quotes(asked_before, TEN_OCLOCK) == quotes(world(), TEN_OCLOCK)


def test_another_seed_is_another_market() -> None:
    assert quotes(world(seed=3), LATER) != quotes(world(seed=4), LATER)


def test_ordinary_prices_move_within_a_minute() -> None:
    market = world()
    ordinary = next(coin for coin in market.coins if coin.motion is Motion.WALK)
    leg = ordinary.legs[0]

    assert row_of(market, leg, LATER).bid != row_of(market, leg, LATER + 60_000).bid


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.coin.name)
@pytest.mark.parametrize("now_ms", [TEN_OCLOCK, LATER, LATER + 1_234_500])
def test_planted_gaps_and_spreads_are_exact_at_any_time(case: Case, now_ms: int) -> None:
    market = world()
    long, short = (row_of(market, leg, now_ms) for leg in (case.long, case.short))
    units = case.short.multiplier / case.long.multiplier

    assert middle(short) / middle(long) / units - 1 == case.expected(now_ms).gap
    for row in (long, short):
        spread = (Decimal(row.ask) - Decimal(row.bid)) / middle(row)
        assert spread == 2 * row.leg.half


def test_planted_prices_step_together_on_all_venues() -> None:
    market = world()
    steps = {
        tuple(middle(row_of(market, leg, TEN_OCLOCK + minute * 60_000)) / leg.level for leg in legs)
        for legs in [PLANTED[0].coin.legs]
        for minute in range(0, 120, 5)
    }

    assert len(steps) > 1
    assert all(long == short for long, short in steps)


def test_planted_quotes_are_never_taken_for_frozen() -> None:
    market = world()
    leg = PLANTED[0].long

    assert row_of(market, leg, LATER).bid_size != row_of(market, leg, LATER + 5_000).bid_size


def test_the_frozen_quote_never_changes_while_its_peers_move() -> None:
    market = world()
    trap = next(trap for trap in TRAPS if trap.at.quirk is Quirk.FROZEN)
    peer = next(leg for leg in trap.coin.legs if leg is not trap.at)

    frozen = {row_of(market, trap.at, LATER + 5_000 * scan)[2:6] for scan in range(20)}
    moved = middle(row_of(market, peer, LATER + 100_000)) / middle(row_of(market, peer, LATER))

    assert len(frozen) == 1
    assert abs(moved - 1) > Decimal("0.0020")


def test_no_ordinary_coin_pays() -> None:
    """Every pair of every ordinary coin, in spot and in funding over 72 h, at the standard fees."""
    market = world()
    rows = dict(_ordinary_rows(market, LATER))
    coins = [coin for coin in market.coins if coin.motion is Motion.WALK]

    best_spot = max(
        Decimal(rows[sell].bid) / Decimal(rows[buy].ask) - 1 - _fees(buy, sell)
        for coin in coins
        for buy, sell in permutations([leg for leg in coin.legs if leg.sort is Sort.SPOT], 2)
    )
    best_carry = max(
        72 * (short.rate / short.interval_h - _hourly(long)) - 2 * _fees(long, short)
        for coin in coins
        for long, short in permutations(coin.legs, 2)
        if short.sort is Sort.PERP
    )

    assert best_spot < 0
    assert best_carry < 0


def _ordinary_rows(market: World, now_ms: int) -> list[tuple[Leg, Row]]:
    return [
        (row.leg, row)
        for venue in VENUES
        for sort in (Sort.SPOT, Sort.PERP)
        for row in market.rows(venue, sort, now_ms)
    ]


def _fees(one: Leg, other: Leg) -> Decimal:
    places = [TAKER_BPS[leg.venue][leg.sort is Sort.PERP] for leg in (one, other)]
    return sum(places, Decimal(0)) / 10_000


def _hourly(leg: Leg) -> Decimal:
    return leg.rate / leg.interval_h if leg.sort is Sort.PERP else Decimal(0)


def test_planted_and_ordinary_names_are_disjoint() -> None:
    market = world()
    ordinary = {coin.name for coin in market.coins if coin.motion is Motion.WALK}
    planted = [case.coin.name for case in PLANTED]
    traps = {trap.coin.name for trap in TRAPS} - {"BTC", "ETH"}  # their quarterlies

    assert not ordinary & ({*planted} | traps)
    assert not {*planted} & traps
    assert len(planted) == len(set(planted))


def test_coins_that_only_look_leveraged_are_ordinary() -> None:
    names = {coin.name for coin in world().coins if coin.motion is Motion.WALK}

    assert {"JUP", "SYRUP", "1INCH"} <= names


@pytest.mark.parametrize("instruments", [200, 5000])
def test_a_load_world_has_as_many_markets_per_venue_as_asked(instruments: int) -> None:
    market = world(instruments=instruments)

    for venue in VENUES:
        listed = sum(leg.venue == venue for coin in market.coins for leg in coin.legs)
        assert instruments <= listed <= instruments + 60


def test_a_settlement_passes_and_the_venue_shows_the_next_one_only_after_its_lag() -> None:
    hands = Hands()
    market = World(clock=hands, lags_s={"binance": 3.0, "bybit": 0.0, "okx": 0.0, "bitget": 0.0})
    leg = PLANTED[0].long
    due = next_settlement(leg, hands())

    assert row_of(market, leg, due + 2_500).next_ms == due
    assert row_of(market, leg, due + 3_000).next_ms == due + 8 * HOUR_MS


@pytest.mark.parametrize("hours", [1, 2, 4, 8])
def test_settlements_fall_on_whole_utc_hours(hours: int) -> None:
    leg = perp("okx", "X", "0.0001", hours)

    assert (
        next_settlement(leg, TEN_OCLOCK) == TEN_OCLOCK + {1: 1, 2: 2, 4: 2, 8: 6}[hours] * HOUR_MS
    )


def test_an_interval_that_changes_with_the_hour() -> None:
    leg = perp("okx", "X", "0.0001", 8, fast_from_h=16)

    assert next_settlement(leg, TEN_OCLOCK + 5 * HOUR_MS) == TEN_OCLOCK + 6 * HOUR_MS
    assert next_settlement(leg, TEN_OCLOCK + 6 * HOUR_MS) == TEN_OCLOCK + 10 * HOUR_MS


def test_history_goes_back_from_the_newest_settlement() -> None:
    leg = perp("bitget", "X", "0.0005", 4, settled="0.0003")

    past = world().settlements(leg, TEN_OCLOCK, TEN_OCLOCK - DAY_MS, 1000)

    assert [at for at, _ in past] == [
        TEN_OCLOCK - hours * HOUR_MS for hours in (2, 6, 10, 14, 18, 22)
    ]
    assert {rate for _, rate in past} == {"0.0003"}


def test_history_is_told_up_to_the_limit() -> None:
    leg = perp("bitget", "X", "0.0005", 1, settled="0.0003")

    assert len(world().settlements(leg, TEN_OCLOCK, 0, 100)) == 100


def test_without_kept_history_none_is_told() -> None:
    assert world().settlements(perp("okx", "X", "0.0001"), TEN_OCLOCK, 0, 100) == []


def test_a_delisting_lies_between_one_and_two_days_ahead() -> None:
    leg = perp("okx", "X", "0.0001", offline_days=2)

    for hour in range(24):
        ends = offline_ms(leg, TEN_OCLOCK + hour * HOUR_MS)
        assert ends is not None
        assert DAY_MS <= ends - (TEN_OCLOCK + hour * HOUR_MS) <= 2 * DAY_MS


@pytest.mark.parametrize(
    ("number", "text"),
    [("1E-9", "0.000000001"), ("12000", "12000"), ("1.500", "1.5"), ("-0.0100", "-0.01")],
)
def test_numbers_are_written_without_exponent(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text
