"""What the instrument lists of all venues have in common, column by column."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest

from exchanges.columns import INSTRUMENT
from exchanges.venues.lists import always_text, filled, known_contracts, listing, one_each

FRAME = pl.DataFrame({"symbol": ["BTCUSDT", "ETHUSDT"], "tick": [0.1, 0.01], "places": [1.0, 2.0]})


def texts(*values: str | None) -> pl.Series:
    return pl.Series("settle", values, dtype=pl.String)


def test_a_listing_has_exactly_the_columns_of_an_instrument() -> None:
    listed = listing(FRAME)
    assert listed.schema == pl.Schema(INSTRUMENT)
    assert listed.get_column("tick").to_list() == [0.1, 0.01]
    assert listed.get_column("base").to_list() == [None, None]


def test_a_given_column_takes_the_place_of_the_frames_own() -> None:
    listed = listing(FRAME, pl.Series("tick", [5.0, 6.0]), texts("USDT", "USDC"))
    assert listed.get_column("tick").to_list() == [5.0, 6.0]
    assert listed.get_column("settle").to_list() == ["USDT", "USDC"]


def test_an_empty_list_is_an_empty_listing() -> None:
    listed = listing(FRAME.clear(), one_each(FRAME.clear()))
    assert (listed.height, listed.schema) == (0, pl.Schema(INSTRUMENT))


def test_contracts_of_no_known_market_are_dropped_and_counted() -> None:
    listed = listing(FRAME, pl.Series("market", [None, "perp"]))
    dropped: Counter[str] = Counter()
    assert known_contracts(listed, dropped).get_column("symbol").to_list() == ["ETHUSDT"]
    assert dropped == {"other_contract": 1}


def test_known_contracts_all_stay() -> None:
    listed = listing(FRAME, always_text("market", "spot", FRAME))
    dropped: Counter[str] = Counter()
    assert known_contracts(listed, dropped).height == 2
    assert not +dropped


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (("A", "B"), ["A", "B"]),
        (("A", None), ["A", "Y"]),
        ((None, None), ["X", "Y"]),
        (("", None), ["", "Y"]),
    ],
)
def test_what_is_missing_is_filled_from_the_other_column(
    first: tuple[str | None, ...], then: list[str]
) -> None:
    whole = filled(texts(*first), pl.Series("quote", ["X", "Y"]))
    assert (whole.name, whole.to_list()) == ("settle", then)


def test_what_both_columns_lack_stays_null() -> None:
    assert filled(texts("A", None), pl.Series("quote", ["X", None])).to_list() == ["A", None]


def test_every_row_says_the_same() -> None:
    assert always_text("market", "spot", FRAME).to_list() == ["spot", "spot"]
    assert one_each(FRAME).to_list() == [1.0, 1.0]
