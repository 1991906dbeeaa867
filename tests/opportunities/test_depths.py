"""Order books walked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from exchanges.venues.base import Ladder
from opportunities import depths
from opportunities.depths import Slippage, slippage, walk
from opportunities.detectors.figures import Figures
from opportunities.universe import Universe
from tests.opportunities.markets import chain, find, market, networks, only, perp, spot

close = pytest.approx
ASKS = ((100.0, 5.0), (101.0, 5.0), (110.0, 100.0))  # 500, 1,005 and 12,005 dollars deep


def test_the_top_level_fills_a_small_order_at_its_price() -> None:
    assert walk(ASKS, [100.0, 500.0], 1).tolist() == close([100.0, 100.0])


def test_a_larger_order_pays_the_average_of_the_levels() -> None:
    # 500 at 100 = 5 coins, 202 at 101 = 2 coins: 702 / 7
    assert walk(ASKS, [702.0], 1)[0] == close(702 / 7)


def test_an_order_may_reach_into_the_third_level() -> None:
    # 5 coins, 5 coins, 995 / 110 coins
    assert walk(ASKS, [2000.0], 1)[0] == close(2000 / (10 + 995 / 110))


def test_the_whole_book_can_be_bought_but_no_more() -> None:
    assert walk(ASKS, [12_005.0, 12_006.0], 1).tolist() == close(
        [12_005 / 110, np.nan], nan_ok=True
    )


def test_an_empty_book_fills_nothing() -> None:
    assert np.isnan(walk((), [100.0], 1)).all()


def test_contracts_of_several_coins_make_the_book_deeper() -> None:
    assert np.isnan(walk(((100.0, 5.0),), [1000.0], 1)[0])
    assert walk(((100.0, 5.0),), [1000.0], 10)[0] == close(100.0)


def test_contracts_of_a_part_of_a_coin_make_it_thinner() -> None:
    assert np.isnan(walk(ASKS, [500.0], 0.01)[0])
    assert walk(ASKS, [5.0], 0.01)[0] == close(100.0)


BOOK = Ladder(bids=((99.0, 10.0), (98.0, 100.0)), asks=((101.0, 10.0), (103.0, 100.0)))


def test_slippage_is_measured_from_the_top_and_from_the_middle() -> None:
    seen = slippage(BOOK, [1000.0], 1)
    # buying 1,000: all at 101; selling 1,000: 990 at 99 and 10 at 98
    sold = 1000 / (10 + 10 / 98)
    assert seen.buying[0] == close(0.0)
    assert seen.selling[0] == close(1 - sold / 99)
    assert seen.round_trip[0] == close((101 / 100 - 1) + (1 - sold / 100))


def test_scaled_prices_cost_the_same() -> None:
    # 1000PEPE: prices a thousand times higher, amounts a thousand times lower
    scaled = Ladder(
        tuple((price * 1000, size / 1000) for price, size in BOOK.bids),
        tuple((price * 1000, size / 1000) for price, size in BOOK.asks),
    )
    plain, thousand = slippage(BOOK, [5000.0], 1), slippage(scaled, [5000.0], 1)
    assert thousand.round_trip[0] == close(plain.round_trip[0])


@pytest.mark.parametrize("book", [Ladder((), BOOK.asks), Ladder(BOOK.bids, ())])
def test_a_book_with_one_side_says_nothing(book: Ladder) -> None:
    assert np.isnan(slippage(book, [100.0, 1000.0], 1).round_trip).all()


# -- what depth makes of a net


def carry() -> tuple[Figures, Universe]:
    """Long row 0 on OKX, short row 1 on Bybit, each with a spread of 2 bp."""
    seen = market(perp("okx", "WIF"), perp("bybit", "WIF", rate=0.002))
    return only(find(seen), "funding", "okx", "bybit"), seen


def flat(round_trip: float) -> Slippage:
    """A book that costs the same at two sizes."""
    both = np.full(2, round_trip)
    return Slippage(both / 2, both / 2, both)


def test_depth_takes_the_place_of_the_spread() -> None:
    figures, seen = carry()
    books = depths.of_candidates(figures, {0: flat(0.0012), 1: flat(0.0022)}, (100.0, 1000.0))
    lost = (0.0012 - 0.0002) + (0.0022 - 0.0002)
    assert depths.net_at_sizes(figures, seen, books)[0] == close([figures.net[0] - lost] * 2)


def test_depth_is_never_cheaper_than_the_spread() -> None:
    figures, seen = carry()
    books = depths.of_candidates(figures, {0: flat(0.0), 1: flat(0.0001)}, (100.0, 1000.0))
    assert depths.net_at_sizes(figures, seen, books)[0] == close([figures.net[0]] * 2)


def test_a_book_too_thin_leaves_no_net_at_that_size() -> None:
    figures, seen = carry()
    thin = Slippage(*(np.array([0.001, np.nan]) for _ in range(3)))
    books = depths.of_candidates(figures, {0: thin, 1: flat(0.001)}, (100.0, 1000.0))
    at_sizes = depths.net_at_sizes(figures, seen, books)[0]
    assert np.isfinite(at_sizes[0])
    assert np.isnan(at_sizes[1])
    assert books.known.tolist() == [True]


def test_one_book_alone_is_not_enough() -> None:
    figures, seen = carry()
    books = depths.of_candidates(figures, {0: flat(0.001)}, (100.0, 1000.0))
    assert books.known.tolist() == [False]
    assert np.isnan(depths.net_at_sizes(figures, seen, books)).all()


def test_no_candidates_need_no_books() -> None:
    figures, seen = carry()
    none = figures.take(np.empty(0, dtype=np.int64))
    assert depths.net_at_sizes(none, seen, depths.of_candidates(none, {})).shape == (0, 5)


def test_spot_buys_and_sells_at_average_prices() -> None:
    seen = market(spot("okx", "WIF", ask=100.0), spot("bybit", "WIF", bid=102.0, ask=102.1))
    figures = only(find(seen), "spot", "okx", "bybit")
    slip = Slippage(np.array([0.002]), np.array([0.001]), np.array([0.004]))
    books = depths.of_candidates(figures, {0: slip, 1: slip}, (1000.0,))
    paid, got = 100 * 1.002 * 1.001, 102 * 0.999 * 0.999
    assert depths.net_at_sizes(figures, seen, books)[0, 0] == close((got - paid) / paid)


def test_moving_coins_weighs_less_on_a_larger_size() -> None:
    seen = market(spot("okx", "WIF", ask=100.0), spot("bybit", "WIF", bid=102.0, ask=102.1))
    told = networks(chain("okx", "WIF", "SOL", 0.02), chain("bybit", "WIF", "SOL"))
    figures = only(find(seen, routes=told), "spot", "okx", "bybit")
    slip = Slippage(np.zeros(3), np.zeros(3), np.zeros(3))
    books = depths.of_candidates(figures, {0: slip, 1: slip}, (100.0, 1000.0, 10_000.0))
    paid = figures.net_announced - depths.net_at_sizes(figures, seen, books)[0]
    assert paid == close([0.02, 0.002, 0.0002])


def test_every_book_is_asked_for_once_in_order_of_need() -> None:
    seen = market(*(perp(venue, "WIF") for venue in ("okx", "bybit", "bitget")))
    part = find(seen).parts()[0]
    rows = np.array([4, 0, 4])
    wanted = depths.book_positions(part, rows)
    assert wanted[:2] == [int(part.long[4]), int(part.short[4])]
    assert len(wanted) == len(set(wanted)) == len({*part.long[rows], *part.short[rows]})
