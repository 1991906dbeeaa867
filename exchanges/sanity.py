"""What a figure and a row of an answer can be: the rest becomes null or is dropped and counted."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
import polars as pl

# Reasons a row is dropped for, or (one_sided) kept without one of its figures.
MALFORMED_ROW: Final = "malformed_row"
NO_SYMBOL: Final = "no_symbol"
DUPLICATE_SYMBOL: Final = "duplicate_symbol"
NO_PRICE: Final = "no_price"
ONE_SIDED: Final = "one_sided"

# Figures that mean nothing unless above zero; a zero there is the venue's way to say "none".
POSITIVE: Final = frozenset(
    {
        *("bid", "ask", "last", "mark", "index", "high", "low", "interval_hours"),
        *("contract_size", "tick", "lot", "min_notional"),
        *("listed_at_ms", "offline_at_ms", "venue_at_ms"),
    }
)
SIGNED: Final = frozenset({"rate", "rate_cap", "rate_floor"})


def sane(figure: pl.Series) -> pl.Series:
    """`figure` with null for what it cannot be: below zero, or zero where that means "none"."""
    least = figure.min()
    if figure.name in SIGNED or not isinstance(least, float) or least > 0:
        return figure
    if figure.name in POSITIVE:
        return figure.set(figure <= 0, None)
    return figure.set(figure < 0, None) if least < 0 else figure


def keep(frame: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """The rows under `mask`. Column by column: for few thousand rows a frame's own filter costs
    eight times as much, most of it waking threads.
    """
    return pl.DataFrame([column.filter(mask) for column in frame.get_columns()])


def without_nameless(frame: pl.DataFrame, dropped: Counter[str]) -> pl.DataFrame:
    """Rows with a symbol, the first of each; the others are counted."""
    symbols = frame.get_column("symbol")
    if symbols.null_count() or symbols.min() == "":  # no text is less than the empty one
        named = symbols.is_not_null() & (symbols != "")
        dropped[NO_SYMBOL] += frame.height - int(named.sum())
        frame = keep(frame, named)
        symbols = frame.get_column("symbol")
    if symbols.n_unique() < frame.height:
        first = symbols.is_first_distinct()
        dropped[DUPLICATE_SYMBOL] += frame.height - int(first.sum())
        frame = keep(frame, first)
    return frame


def without_dead(frame: pl.DataFrame, dropped: Counter[str]) -> pl.DataFrame:
    """Rows with a bid or an ask. Rows with only one of them stay and are counted as `one_sided`."""
    bid, ask = frame.get_column("bid"), frame.get_column("ask")
    if not bid.null_count() and not ask.null_count():
        return frame
    # A series' own is_null() costs more than the rest of an answer's figures together.
    no_bid, no_ask = np.isnan(bid.to_numpy()), np.isnan(ask.to_numpy())
    dead = no_bid & no_ask
    dropped[NO_PRICE] += int(dead.sum())
    dropped[ONE_SIDED] += int((no_bid ^ no_ask).sum())
    return keep(frame, pl.Series(~dead)) if dead.any() else frame
