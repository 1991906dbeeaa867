"""What the venues' instrument lists have in common, column by column.

A query costs more than its work on a few thousand rows, so that none is asked here.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from exchanges.columns import INSTRUMENT, NUMBER, TEXT, conform, constant
from exchanges.sanity import keep
from exchanges.venues.parts import OTHER_CONTRACT


def listing(frame: pl.DataFrame, *columns: pl.Series) -> pl.DataFrame:
    """INSTRUMENT columns: those of `frame`, and `columns` in place of its own."""
    named = {column.name: column for column in (*frame.get_columns(), *columns)}
    return conform(pl.DataFrame(list(named.values())), INSTRUMENT)


def known_contracts(listed: pl.DataFrame, dropped: Counter[str]) -> pl.DataFrame:
    """Rows whose market is known; the others are counted as `other_contract`."""
    market = listed.get_column("market")
    dropped[OTHER_CONTRACT] += market.null_count()
    return keep(listed, market.is_not_null()) if market.null_count() else listed


def filled(first: pl.Series, second: pl.Series) -> pl.Series:
    """`first`, and `second` where that has nothing."""
    missing = first.null_count()
    if missing in {0, len(first)}:
        return second.alias(first.name) if missing else first
    return first.zip_with(first.is_not_null(), second)


def always_text(name: str, text: str, frame: pl.DataFrame) -> pl.Series:
    """A column of `frame`'s height with this text in every row."""
    return constant(name, text, frame.height, TEXT)


def one_each(frame: pl.DataFrame) -> pl.Series:
    """The contract size of venues that trade in coins."""
    return constant("contract_size", 1.0, frame.height, NUMBER)
