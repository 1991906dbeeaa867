"""What a trade costs: the versioned fee schedule, as columns. A fee that is not known is null."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final, NamedTuple

import polars as pl

from arbedge.names import Market
from exchanges.kept import Kept
from exchanges.models import FeeGroupMember, FeeRate

# Published tables: venue, market, quote ("" = every quote), taker and maker in basis points.
# A published version never changes; a later one is added beside it.
PUBLISHED: Final[Mapping[str, tuple[datetime, tuple[tuple[str, str, str, str, str], ...]]]] = {
    "2026-01": (
        datetime(2026, 1, 1, tzinfo=UTC),
        (
            ("binance", Market.SPOT, "", "10", "10"),
            ("binance", Market.PERP, "USDT", "5", "2"),
            ("bybit", Market.SPOT, "", "10", "10"),
            ("bybit", Market.PERP, "USDT", "5.5", "2"),
            ("okx", Market.SPOT, "", "10", "8"),
            ("okx", Market.PERP, "USDT", "5", "2"),
            ("bitget", Market.SPOT, "", "10", "10"),
            ("bitget", Market.PERP, "USDT", "6", "2"),
            ("kucoin", Market.SPOT, "", "10", "10"),
            ("kucoin", Market.PERP, "USDT", "6", "2"),
            ("gate", Market.SPOT, "", "20", "20"),
            ("gate", Market.PERP, "USDT", "5", "2"),
            ("hyperliquid", Market.PERP, "", "4.5", "1.5"),
        ),
    )
}
NO_SCHEDULE: Final = "none"
BASIS_POINT: Final = 1e-4


class Rate(NamedTuple):
    """One row of a schedule."""

    version: str
    venue: str
    market: str
    quote: str
    group: str
    vip_level: int
    taker_bps: Decimal
    maker_bps: Decimal
    valid_from: datetime

    @property
    def text(self) -> str:
        """The row as it is compared: equal numbers give equal text however they are written."""
        taker, maker = (format(bps.normalize(), "f") for bps in (self.taker_bps, self.maker_bps))
        names = (self.venue, self.market, self.quote, self.group, str(self.vip_level))
        return "|".join((*names, taker, maker, self.valid_from.astimezone(UTC).isoformat()))


Member = tuple[str, str, str, str]  # venue, market, symbol, group
Fees = dict[tuple[str, ...], float]
Levels = int | tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Schedule:
    """The fees in force at one moment. `version` names them in every answer."""

    version: str
    rates: tuple[Rate, ...]
    members: tuple[Member, ...] = ()

    def column(
        self,
        frame: pl.DataFrame,
        vip_level: int | Mapping[str, int] = 0,
        *,
        maker: bool = False,
    ) -> pl.Series:
        """The fee of each row of `frame` as a fraction, null where the schedule is silent.

        Needs the columns venue, market, quote, and symbol where the schedule has groups. Within
        the most specific rows (group, then quote, then general) the highest VIP level not above
        `vip_level`, a number for all venues or one per venue, counts.
        """
        levels = vip_level if isinstance(vip_level, int) else tuple(sorted(vip_level.items()))
        keys, charged = _charged(self, levels, maker=maker)
        return charged(frame[keys])

    def venues(self) -> set[tuple[str, str]]:
        """Pairs of venue and market that have at least one fee."""
        return {(rate.venue, rate.market) for rate in self.rates}


def _look_up(frame: pl.DataFrame, table: pl.DataFrame) -> pl.Series:
    keys = table.columns[:-1]
    return frame.select(keys).join(table, on=keys, how="left", maintain_order="left")["fee"]


@lru_cache(maxsize=256)
def _charged(
    schedule: Schedule, levels: Levels, *, maker: bool
) -> tuple[list[str], Kept[pl.Series]]:
    """The columns fees depend on, and what gives the fee of each row of them."""
    general, by_quote, by_group = _tables(schedule, levels, maker=maker)
    tables = [*([by_group] if by_group.height else []), by_quote, general]
    keys = list(dict.fromkeys(key for table in tables for key in table.columns[:-1]))

    def charged(frame: pl.DataFrame) -> pl.Series:
        found = [_look_up(frame, table) for table in tables]
        return pl.select(pl.coalesce(found)).to_series().rename("fee")

    return keys, Kept(charged)


def _tables(
    schedule: Schedule, levels: Levels, *, maker: bool
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Fees by (venue, market), by quote and by symbol, for these VIP levels."""
    asked = levels if isinstance(levels, int) else dict(levels)
    best: dict[tuple[str, str, str, str], tuple[int, float]] = {}
    for rate in schedule.rates:
        limit = asked if isinstance(asked, int) else asked.get(rate.venue, 0)
        key = (rate.venue, rate.market, rate.quote, rate.group)
        if rate.vip_level <= limit and rate.vip_level >= best.get(key, (0, 0.0))[0]:
            bps = rate.maker_bps if maker else rate.taker_bps
            best[key] = (rate.vip_level, float(bps) * BASIS_POINT)
    general: Fees = {key[:2]: fee for key, (_, fee) in best.items() if not key[2] and not key[3]}
    by_quote: Fees = {key[:3]: fee for key, (_, fee) in best.items() if key[2]}
    by_symbol: Fees = {
        (venue, market, symbol): best[venue, market, "", group][1]
        for venue, market, symbol, group in schedule.members
        if (venue, market, "", group) in best
    }
    return (
        _table(general, ("venue", "market")),
        _table(by_quote, ("venue", "market", "quote")),
        _table(by_symbol, ("venue", "market", "symbol")),
    )


def _table(fees: Fees, keys: Sequence[str]) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {
        name: pl.Series(name, [key[place] for key in fees], dtype=pl.String)
        for place, name in enumerate(keys)
    }
    columns["fee"] = pl.Series("fee", list(fees.values()), dtype=pl.Float64)
    return pl.DataFrame(columns)


def published(version: str) -> tuple[Rate, ...]:
    """The rows of a published table."""
    valid_from, rows = PUBLISHED[version]
    return tuple(
        Rate(version, venue, market, quote, "", 0, Decimal(taker), Decimal(maker), valid_from)
        for venue, market, quote, taker, maker in rows
    )


@cache
def default() -> Schedule:
    """The newest published table, for runs without a database."""
    version = max(PUBLISHED)
    return assemble(published(version), PUBLISHED[version][0])


def assemble(rates: Iterable[Rate], now: datetime, members: Iterable[Member] = ()) -> Schedule:
    """The schedule in force at `now`: per key the row with the newest `valid_from` not after it.

    The version is the newest table's name, with a short hash of what differs from the published
    table where somebody edited it, and `none` when there is no row at all.
    """
    in_force: dict[tuple[str, str, str, str, int], Rate] = {}
    for rate in sorted(rates, key=lambda rate: rate.valid_from):
        if rate.valid_from <= now:
            in_force[rate.venue, rate.market, rate.quote, rate.group, rate.vip_level] = rate
    rows = tuple(in_force[key] for key in sorted(in_force))
    named = tuple(sorted(members))
    return Schedule(_version(rows, named), rows, named)


def _version(rates: Sequence[Rate], members: Sequence[Member]) -> str:
    if not rates:
        return NO_SCHEDULE
    version = max(rate.version for rate in rates)
    base = {rate.text for rate in published(version)} if version in PUBLISHED else set()
    edits = base.symmetric_difference(rate.text for rate in rates)
    edits.update("|".join(member) for member in members)
    if not edits:
        return version
    return f"{version}+{hashlib.sha256(';'.join(sorted(edits)).encode()).hexdigest()[:6]}"


def current(now: datetime) -> Schedule:
    """The schedule in force at `now`, from the database: one query, two where groups are used."""
    rates = tuple(Rate(*row) for row in FeeRate.objects.values_list(*Rate._fields))
    members: Iterable[Member] = ()
    if any(rate.group for rate in rates):
        members = FeeGroupMember.objects.values_list("venue", "market", "symbol", "group")
    return assemble(rates, now, members)
