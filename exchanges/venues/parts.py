"""Reading what all venues send alike: order books, clocks, coins' networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec
import polars as pl

from exchanges.venues.base import NETWORK_COLUMNS
from exchanges.wire import MalformedAnswer

T = TypeVar("T")

# Reason for instruments that are neither spot, perpetual nor dated: known, and left out.
OTHER_CONTRACT: Final = "other_contract"
Level = tuple[float, float]
NetworkRow = tuple[str, str, str | None, bool | None, bool | None, float | None]


def levels(raw: Sequence[Sequence[Any]]) -> tuple[Level, ...]:
    """Price and size of each level; further elements (orders, liquidations) are left out.

    Raises MalformedAnswer for a level without two numbers.
    """
    try:
        return tuple((float(level[0]), float(level[1])) for level in raw)
    except (IndexError, TypeError, ValueError) as error:
        raise MalformedAnswer(f"was an order book with an unreadable level: {error}") from error


def decode(body: bytes, kind: type[T]) -> T:
    """The body as `kind`. Raises MalformedAnswer."""
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except msgspec.DecodeError as error:
        raise MalformedAnswer(f"was no {kind.__name__.strip('_').lower()}: {error}") from error


def only(rows: Sequence[T]) -> T:
    """The first of an answer's rows. Raises MalformedAnswer where there is none."""
    if not rows:
        raise MalformedAnswer("was an answer without a row")
    return rows[0]


def optional_float(text: str | float | None) -> float | None:
    """The number a text holds; None for none."""
    return float(text) if text not in (None, "") else None


def networks_frame(rows: Iterable[NetworkRow]) -> pl.DataFrame:
    """NETWORK_COLUMNS of (coin, chain, contract, can deposit, can withdraw, fee in coins)."""
    return pl.DataFrame(list(rows), schema=NETWORK_COLUMNS, orient="row")
