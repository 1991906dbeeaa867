"""Markets to write examples with: a line per instrument, all else as a calm venue has it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from exchanges.columns import MARKET, Schema, conform, empty
from exchanges.snapshot import MEANS
from opportunities import detect, gates, universe
from opportunities.detectors.figures import Figures
from opportunities.policy import Policy

NOW_MS: Final = 1_790_000_000_000.0
_SPAN = re.compile(r"(-?\d+(?:\.\d+)?)(ms|s|min|h)")
_UNIT_MS = {"ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6}
FEES_BPS: Final = {
    ("binance", "spot"): 10.0,
    ("bybit", "spot"): 10.0,
    ("okx", "spot"): 10.0,
    ("bitget", "spot"): 10.0,
    ("binance", "perp"): 5.0,
    ("bybit", "perp"): 5.5,
    ("okx", "perp"): 5.0,
    ("bitget", "perp"): 6.0,
}
Row = dict[str, Any]


def ms(text: str) -> float:
    """A span such as `38min`, `1h`, `90s`, `7h59min` in milliseconds."""
    return sum(float(number) * _UNIT_MS[unit] for number, unit in _SPAN.findall(text))


def after(text: str) -> float:
    """The moment that long after NOW_MS, ms."""
    return NOW_MS + ms(text)


def spot(
    venue: str, asset: str, bid: float | None = 99.99, ask: float | None = 100.01, **odd: Any
) -> Row:
    """A spot market in USDT that trades ten million dollars a day."""
    return _row(venue, asset, "spot", {"bid": bid, "ask": ask, **odd})


def perp(
    venue: str,
    asset: str,
    bid: float | None = 99.99,
    ask: float | None = 100.01,
    *,
    rate: float | None = 0.0001,
    interval: float | None = 8,
    next_in: str | None = "1h",
    **odd: Any,
) -> Row:
    """A USDT perpetual; `next_in` is the time to its next settlement, None = none scheduled."""
    row = {
        "bid": bid,
        "ask": ask,
        "rate": rate,
        "interval_hours": interval,
        "next_settlement_ms": 0.0 if next_in is None else after(next_in),
        "rate_cap": 0.03,
        "rate_floor": -0.03,
        "open_interest_usd": 5e6,
    }
    return _row(venue, asset, "perp", {**row, **odd})


def _row(venue: str, asset: str, market: str, figures: Row) -> Row:
    quote = figures.get("quote", "USDT")
    row = {
        "venue": venue,
        "symbol": f"{asset}{quote}",
        "market": market,
        "asset": asset,
        "base": asset,
        "quote": quote,
        "settle": quote,
        "multiplier": 1.0,
        "contract_size": 1.0,
        "status": "trading",
        "leveraged": False,
        "inferred": False,
        "volume_usd": 2e7,
        "high": 104.0,
        "low": 98.0,
        "captured_at_ms": NOW_MS - 1000.0,
        "venue_at_ms": NOW_MS - 1200.0,
        "age_ms": 1200.0,
    }
    return {**row, **figures}


def frames(rows: Sequence[Row]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(spot, perpetuals) with columns.MARKET; instruments are numbered from 1 in their order."""
    numbered = [{"instrument_id": number, **row} for number, row in enumerate(rows, start=1)]
    return (
        _frame([row for row in numbered if row["market"] == "spot"], MARKET),
        _frame([row for row in numbered if row["market"] == "perp"], MARKET),
    )


def _frame(rows: Sequence[Row], schema: Schema) -> pl.DataFrame:
    if not rows:
        return empty(schema)
    return conform(pl.DataFrame(rows, infer_schema_length=None), schema)


def market(
    *rows: Row,
    settled: Mapping[tuple[str, str], float] | None = None,
    fees_bps: Sequence[Mapping[tuple[str, str], float]] = (FEES_BPS,),
    now_ms: float = NOW_MS,
) -> universe.Universe:
    """The universe of these instruments.

    `settled` is the mean hourly rate of the last week by (venue, asset) of a perpetual, `fees_bps`
    one table of taker fees by (venue, market) per VIP level.
    """
    spots, perps = frames(rows)
    both = pl.concat([spots, perps])
    fees = [
        pl.Series(
            [
                None if table.get(key) is None else table[key] / 1e4
                for key in both.select("venue", "market").iter_rows()
            ],
            dtype=pl.Float64,
        )
        for table in fees_bps
    ]
    return universe.build(both, spots.height, fees, means(perps, settled or {}), now_ms)


def means(perps: pl.DataFrame, settled: Mapping[tuple[str, str], float]) -> pl.DataFrame:
    """Mean settled funding per hour in the book's columns."""
    known = [
        {"instrument_id": row["instrument_id"], "mean_hourly": settled[row["venue"], row["asset"]]}
        for row in perps.iter_rows(named=True)
        if (row["venue"], row["asset"]) in settled
    ]
    return _frame(known, MEANS)


def chain(
    venue: str, coin: str, name: str, fee: float | None = 1.0, *, out: Any = True, into: Any = True
) -> Row:
    """One network of a coin at a venue: its withdrawal fee in coins, whether it is open."""
    return {
        "venue": venue,
        "coin": coin,
        "chain": name,
        "can_withdraw": out,
        "can_deposit": into,
        "withdraw_fee": fee,
    }


def networks(*chains: Row) -> pl.DataFrame:
    """A networks frame of these chains."""
    kinds = {
        "venue": pl.String,
        "coin": pl.String,
        "chain": pl.String,
        "can_withdraw": pl.Boolean,
        "can_deposit": pl.Boolean,
        "withdraw_fee": pl.Float64,
    }
    return pl.DataFrame(chains, schema=kinds) if chains else pl.DataFrame(schema=kinds)


def find(
    seen: universe.Universe,
    *settings: str,
    world: gates.World | None = None,
    routes: pl.DataFrame | None = None,
) -> detect.Found:
    """Every candidate under the default limits with these settings on top."""
    policy = Policy().with_settings(settings)
    told = networks() if routes is None else routes
    return detect.detect(seen, policy, world or gates.World(), told)


def pick(found: detect.Found, kind: str, long: tuple[str, str], short: tuple[str, str]) -> Figures:
    """The one candidate with these legs, each named by (venue, asset)."""
    names = list(found.universe.frame.select("venue", "asset").iter_rows())
    for part in found.parts():
        for row in range(part.size):
            legs = names[part.long[row]], names[part.short[row]]
            if part.kind == kind and legs == (long, short):
                return part.take([row])  # type: ignore[arg-type]
    raise LookupError(f"no {kind} candidate long {long} short {short}")


def only(found: detect.Found, kind: str, long: str, short: str, asset: str = "WIF") -> Figures:
    """The one candidate of a coin with these venues."""
    return pick(found, kind, (long, asset), (short, asset))
