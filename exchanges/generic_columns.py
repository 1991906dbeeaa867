"""From ccxt's unified structures to the book's columns. Pure; ccxt itself is not imported."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import polars as pl

from arbedge.names import Market
from exchanges.columns import INSTRUMENT, Parsed, conform
from exchanges.sanity import sane, without_dead, without_nameless
from exchanges.venues.parts import OTHER_CONTRACT

DECIMAL_PLACES: Final = 2  # ccxt's precisionMode; its other modes give the step itself
QUOTES: Final = {
    "bid": "bid",
    "ask": "ask",
    "bid_size": "bidVolume",
    "ask_size": "askVolume",
    "venue_at_ms": "timestamp",
}
DAY: Final = {"last": "last", "high": "high", "low": "low", "volume_quote": "quoteVolume"}
MARKS: Final = {"mark": "markPrice", "index": "indexPrice"}
RATES: Final = {
    **MARKS,
    "rate": "fundingRate",
    "next_settlement_ms": "fundingTimestamp",
}
STATUSES: Final = {True: "trading", False: "halted", None: "unknown"}
_INTERVAL: Final = re.compile(r"^(\d+)(h|m)?$")
_PER_HOUR: Final = {"h": 1.0, "m": 60.0, None: 3_600_000.0}

Markets = Mapping[str, Mapping[str, Any]]
Row = Mapping[str, Any]


def tickers(rows: Iterable[Row], markets: Markets, market: Market) -> Parsed:
    """Best bid and ask, 24 h figures and marks of one market type."""
    return _parsed(rows, {**QUOTES, **DAY, **MARKS}, markets, market)


def day(rows: Iterable[Row], markets: Markets, market: Market) -> Parsed:
    """24 h figures and marks, where they come apart from bid and ask."""
    return _parsed(rows, {**DAY, **MARKS}, markets, market)


def funding(rows: Iterable[Row], markets: Markets, intervals: Mapping[str, Row]) -> Parsed:
    """Rate, interval and next settlement of perpetuals.

    `intervals` are rows asked for apart, by unified symbol. An interval told nowhere stays null.
    """
    rows = [
        {**row, "hours": hours(row.get("interval") or _interval(intervals, row))} for row in rows
    ]
    return _parsed(rows, {**RATES, "interval_hours": "hours"}, markets, Market.PERP)


def hours(interval: str | None) -> float | None:
    """Hours of ccxt's interval: "8h", "30m", or milliseconds where it knows no name for them."""
    found = _INTERVAL.match(interval or "")
    return float(found.group(1)) / _PER_HOUR[found.group(2)] if found else None


def market_of(listed: Row) -> Market | None:
    """Spot, linear perpetual or linear dated contract; None for what the product does not trade."""
    if listed.get("spot"):
        return Market.SPOT
    if not listed.get("linear"):
        return None
    if listed.get("swap"):
        return Market.PERP
    return Market.DATED if listed.get("future") else None


def instruments(listed: Iterable[Row], market: Market, mode: int) -> Parsed:
    """INSTRUMENT columns of one market type; dated contracts come with the perpetuals."""
    wanted = {Market.SPOT} if market is Market.SPOT else {Market.PERP, Market.DATED}
    found = [(row, market_of(row)) for row in listed]
    rows = [_instrument(row, kind, mode) for row, kind in found if kind in wanted]
    frame = conform(pl.DataFrame(rows, schema=INSTRUMENT, orient="row"), INSTRUMENT)
    return _counted(frame, Counter())


def _instrument(row: Row, kind: Market | None, mode: int) -> tuple[Any, ...]:
    precision = row.get("precision") or {}
    least = (row.get("limits") or {}).get("cost") or {}
    return (
        row["id"],
        kind,
        row["base"],
        row["quote"],
        row.get("settle") or row["quote"],
        1.0 if kind is Market.SPOT else _number(row.get("contractSize")),
        _step(precision.get("price"), mode),
        _step(precision.get("amount"), mode),
        _number(least.get("min")),
        STATUSES[row.get("active")],
        _number(row.get("created")),
        _number(row.get("expiry")),
        None,
    )


def _parsed(
    rows: Iterable[Row], fields: Mapping[str, str], markets: Markets, market: Market
) -> Parsed:
    dropped: Counter[str] = Counter()
    kept = []
    for row in rows:
        listed = markets.get(row.get("symbol") or "", {})
        if listed and market_of(listed) not in {market, Market.DATED}:
            dropped[OTHER_CONTRACT] += 1
            continue
        # What is not listed keeps ccxt's name and is counted as unknown where columns are joined.
        figures = (_number(row.get(key)) for key in fields.values())
        kept.append((listed.get("id") or row.get("symbol"), *figures))
    schema = {"symbol": pl.String, **dict.fromkeys(fields, pl.Float64)}
    return _counted(pl.DataFrame(kept, schema=schema, orient="row"), dropped)


def _counted(frame: pl.DataFrame, dropped: Counter[str]) -> Parsed:
    columns = frame.get_columns()
    frame = pl.DataFrame([sane(one) if one.dtype == pl.Float64 else one for one in columns])
    frame = without_nameless(frame, dropped)
    if "bid" in frame.columns:
        frame = without_dead(frame, dropped)
    newest = frame.get_column("venue_at_ms").max() if "venue_at_ms" in frame.columns else None
    at_ms = newest if isinstance(newest, float) else None
    return Parsed(frame, {reason: n for reason, n in dropped.items() if n}, at_ms)


def _interval(intervals: Mapping[str, Row], row: Row) -> str | None:
    return intervals.get(row.get("symbol") or "", {}).get("interval")


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _step(precision: Any, mode: int) -> float | None:
    number = _number(precision)
    return 10.0**-number if number is not None and mode == DECIMAL_PLACES else number
