"""Funding as the venues announce it now: of one coin, and where venues differ most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final

import polars as pl

from exchanges.snapshot import Snapshot
from opportunities.costs import HOURS_PER_YEAR

FRESH_MS: Final = 30_000.0
EIGHT_HOURS: Final = 8.0
CREDIBLE_RATE: Final = 0.05  # a settlement above it is held for review, not told as a chance
APART: Final = 0.05  # prices further apart: the same ticker, probably another coin
TRADED_USD: Final = 200_000.0


@dataclass(frozen=True, slots=True)
class Announced:
    """One perpetual's next payment. Rates are fractions per settlement, `mid` per coin in `quote`.

    `fresh`: its data is at most 30 s old. `strange`: its price is far from the other venues'.
    """

    instrument_id: int | None
    venue: str
    symbol: str
    asset: str
    quote: str
    rate: float | None
    interval_hours: float | None
    next_at: datetime | None
    age_s: float | None
    mid: float | None
    fresh: bool
    strange: bool = False

    @property
    def hourly(self) -> float | None:
        """The rate as it is for one hour."""
        if self.rate is None or not self.interval_hours:
            return None
        return self.rate / self.interval_hours

    @property
    def per_eight_hours(self) -> float | None:
        """The rate as it would be over 8 hours, for comparing venues."""
        return None if self.hourly is None else self.hourly * EIGHT_HOURS

    @property
    def counts(self) -> bool:
        """Whether it may be compared with others."""
        credible = self.rate is not None and abs(self.rate) <= CREDIBLE_RATE
        return self.fresh and credible and not self.strange and self.hourly is not None


@dataclass(frozen=True, slots=True)
class Difference:
    """What two perpetuals of a coin pay for being held against each other, before costs."""

    long: Announced
    short: Announced

    @property
    def hourly(self) -> float:
        """Received for an hour of both legs, a fraction of the position."""
        return (self.short.hourly or 0.0) - (self.long.hourly or 0.0)

    @property
    def per_eight_hours(self) -> float:
        """The same over 8 hours."""
        return self.hourly * EIGHT_HOURS

    @property
    def apr(self) -> float:
        """The same over a year."""
        return self.hourly * HOURS_PER_YEAR


def of_coin(coin: str, snapshot: Snapshot) -> list[Announced]:
    """Every trading perpetual of a coin, the highest rate per hour first, unknown ones last."""
    found = _perpetuals(snapshot).filter(pl.col("asset").str.to_uppercase() == coin.upper())
    rows = [_announced(row) for row in found.iter_rows(named=True)]
    usual = usual_price((row.mid, row.fresh) for row in rows)
    told = [replace(row, strange=is_strange(row.mid, usual)) for row in rows]
    return sorted(told, key=lambda row: (row.hourly is None, -(row.hourly or 0.0), row.venue))


def best_difference(rows: Sequence[Announced]) -> Difference | None:
    """The two legs of one quote that pay most for being held against each other, None where
    there are no two whose figures count, or none pays."""
    best = None
    for quote in {row.quote for row in rows}:
        counted = [row for row in rows if row.quote == quote and row.counts]
        legs = sorted(counted, key=lambda row: (row.hourly or 0.0, row.venue))
        if len(legs) < 2:
            continue
        pair = Difference(legs[0], legs[-1])
        if pair.hourly > 0 and (best is None or pair.hourly > best.hourly):
            best = pair
    return best


def differences(snapshot: Snapshot, most: int = 8) -> list[Difference]:
    """Where venues differ most now, one pair a coin, largest first.

    Only fresh and credible rates of contracts that are traded, whose prices agree.
    """
    hourly = pl.col("rate") / pl.col("interval_hours")
    of_coin = pl.col("mid").median().over("asset", "quote")
    legs = (
        _perpetuals(snapshot)
        .with_columns(mid=(pl.col("bid") + pl.col("ask")) / 2, hourly=hourly)
        .filter(
            pl.col("age_ms") <= FRESH_MS,
            pl.col("interval_hours") > 0,
            pl.col("rate").abs() <= CREDIBLE_RATE,
            pl.col("volume_usd") >= TRADED_USD,
            pl.col("bid") > 0,
        )
        .filter((pl.col("mid") / of_coin - 1).abs() <= APART)
        .sort("hourly", "venue")
    )
    apart = pl.col("hourly").last() - pl.col("hourly").first()
    prices = (pl.col("mid").last() / pl.col("mid").first() - 1).abs()
    found = (
        legs.group_by("asset", "quote", maintain_order=True)
        .agg(apart=apart, prices=prices, legs=pl.len())
        .filter(pl.col("legs") > 1, pl.col("apart") > 0, pl.col("prices") <= APART)
        .sort("apart", "asset", descending=[True, False])
        .unique("asset", keep="first", maintain_order=True)
        .head(most)
    )
    return [_widest(legs, row) for row in found.iter_rows(named=True)]


def _widest(legs: pl.DataFrame, found: Mapping[str, Any]) -> Difference:
    own = legs.filter(pl.col("asset") == found["asset"], pl.col("quote") == found["quote"])
    rows = list(own.iter_rows(named=True))
    return Difference(_announced(rows[0]), _announced(rows[-1]))


def tradable() -> pl.Expr:
    """Whether an instrument is traded as far as is known, and no leveraged token. What was read
    from its symbol, because the venue sent no list, has no status and is taken to be."""
    inferred = pl.col("inferred").fill_null(value=False)
    leveraged = pl.col("leveraged").fill_null(value=False)
    return ((pl.col("status") == "trading") | inferred) & ~leveraged


def is_fresh(age_ms: float | None) -> bool:
    """Whether data of this age counts."""
    return age_ms is not None and age_ms <= FRESH_MS


def usual_price(prices: Iterable[tuple[float | None, bool]]) -> float | None:
    """The median of what is fresh, from prices and whether they are; None where nothing is."""
    known = [price for price, fresh in prices if fresh and price is not None]
    return median(known) if known else None


def is_strange(price: float | None, usual: float | None) -> bool:
    """Whether a price is so far from the usual one that it is probably another coin's."""
    return bool(usual and price is not None and abs(price / usual - 1) > APART)


def _perpetuals(snapshot: Snapshot) -> pl.DataFrame:
    return snapshot.perp.filter(tradable())


def _announced(row: Mapping[str, Any]) -> Announced:
    age_ms, next_ms = row["age_ms"], row["next_settlement_ms"]
    priced = bool(row["bid"] and row["ask"])
    return Announced(
        instrument_id=row["instrument_id"],
        venue=row["venue"],
        symbol=row["symbol"],
        asset=row["asset"],
        quote=row["quote"],
        rate=row["rate"],
        interval_hours=row["interval_hours"] or None,
        next_at=datetime.fromtimestamp(next_ms / 1000, UTC) if next_ms else None,
        age_s=None if age_ms is None else age_ms / 1000,
        mid=(row["bid"] + row["ask"]) / 2 if priced else None,
        fresh=is_fresh(age_ms),
    )
