"""Frames brought into the one vocabulary of columns."""

from __future__ import annotations

import polars as pl
import pytest

from exchanges.columns import NUMBER, TEXT, conform, constant, empty

SCHEMA = {"symbol": TEXT, "bid": NUMBER, "leveraged": pl.Boolean}


def test_columns_come_in_the_order_of_the_schema_and_no_others() -> None:
    frame = pl.DataFrame({"other": [1], "leveraged": [True], "bid": [2.5], "symbol": ["BTC"]})
    assert conform(frame, SCHEMA).to_dicts() == [{"symbol": "BTC", "bid": 2.5, "leveraged": True}]


def test_an_absent_column_is_null_in_every_row() -> None:
    frame = conform(pl.DataFrame({"symbol": ["BTC", "ETH"]}), SCHEMA)
    assert frame.get_column("bid").to_list() == [None, None]
    assert frame.schema == pl.Schema(SCHEMA)


def test_whole_numbers_become_the_schemas_floats() -> None:
    assert conform(pl.DataFrame({"bid": [2]}), SCHEMA).get_column("bid").to_list() == [2.0]


def test_a_value_that_is_none_of_the_schemas_kind_is_refused() -> None:
    with pytest.raises(pl.exceptions.InvalidOperationError, match="conversion"):
        conform(pl.DataFrame({"bid": ["much"]}), SCHEMA)


def test_no_rows_stay_no_rows() -> None:
    assert conform(empty(SCHEMA), SCHEMA).equals(empty(SCHEMA))
    assert conform(pl.DataFrame(), SCHEMA).height == 0


@pytest.mark.parametrize("height", [0, 1, 3])
def test_a_constant_is_as_long_as_asked_for(height: int) -> None:
    assert constant("size", 1.0, height, NUMBER).to_list() == [1.0] * height
