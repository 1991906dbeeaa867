"""What a venue file declares: hosts, budgets, bulk answers to ask for, and how to read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from arbedge.names import Fault, Market
from exchanges.columns import Parsed

EVERY_SCAN = 0.0
EVERY_MINUTE = 60.0
EVERY_TEN_MINUTES = 600.0


@dataclass(frozen=True, slots=True)
class Pool:
    """A budget of request weight per address: `limit` units in `per_s` seconds.

    `used_header` is the answer header that says how much is used; `share` is what we allow
    ourselves.
    """

    limit: int
    per_s: float
    used_header: str | None = None
    clock_aligned: bool = False
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Ask:
    """One GET request: which host, path and query, and what it costs from which pool."""

    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    weight: int = 1
    pool: str = "ip"
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """A bulk answer that is asked for again and again.

    `name` is unique within the venue. `parse` is pure: bytes to wire or instrument columns
    (exchanges.columns). `follow` gives the next page's extra query from a body, or None at the end.
    `essential` feeds carry prices or rates: a scan of this venue is not complete without them.
    """

    name: str
    market: Market
    ask: Ask
    parse: Callable[[bytes], Parsed]
    every_s: float = EVERY_SCAN
    essential: bool = False
    instruments: bool = False
    follow: Callable[[bytes], Mapping[str, str] | None] | None = None
    # Only for a feed of intervals: what holds for a symbol that a received answer does not list.
    absent_interval_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """One order book: prices per unit as quoted, sizes in contracts or coins, best first."""

    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]
    venue_at_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Venue:
    """Everything ArbEdge knows about asking one venue."""

    name: str
    title: str
    monogram: str
    tint: str
    hosts: Mapping[str, str]
    pools: Mapping[str, Pool]
    feeds: tuple[Feed, ...]
    clock: Ask
    parse_clock: Callable[[bytes], float]
    depth: Callable[[Market, str], Ask]
    parse_depth: Callable[[bytes], Ladder]
    history: Callable[[str, int], Ask]  # symbol, since_ms
    parse_history: Callable[[bytes], pl.DataFrame]  # symbol, settled_at_ms, rate
    classify: Callable[[int, Mapping[str, str], bytes], Fault | None]
    networks: Ask | None = None
    parse_networks: Callable[[bytes], pl.DataFrame] | None = None
    sign: Callable[[Ask, Mapping[str, str], float], Mapping[str, Any]] | None = None
    mirrors: Mapping[str, str] = field(default_factory=dict)  # host key -> URL tried on 451
    http2: bool = False


# Columns of a networks answer.
NETWORK_COLUMNS = {
    "coin": pl.String,
    "chain": pl.String,
    "contract": pl.String,
    "can_deposit": pl.Boolean,
    "can_withdraw": pl.Boolean,
    "withdraw_fee": pl.Float64,  # coins
}
HISTORY_COLUMNS = {"symbol": pl.String, "settled_at_ms": pl.Float64, "rate": pl.Float64}
