"""The simulated markets through the whole engine in memory: planted figures to 1e-9, every trap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from arbedge.names import Market as Kinds
from arbedge.names import Reason
from exchanges import frames, frozen, history, instruments, intake
from exchanges.columns import conform
from exchanges.simulator.faults import STATUS, Board, Wish, shift_ms
from exchanges.simulator.listing import DAY_MS, HOUR_MS, Leg
from exchanges.simulator.market import Market
from exchanges.simulator.planted import PLANTED, Case
from exchanges.simulator.traps import FAULT_TRAPS, TRAPS, FaultTrap, Seen, Trap, When
from exchanges.snapshot import NETWORKS, Piece, Pieces, Snapshot
from exchanges.venues import VENUES
from exchanges.venues.base import Ask, Venue
from opportunities import depths, offline, scan
from opportunities.detectors.figures import Figures
from opportunities.policy import Policy
from tests.exchanges.simulator.speaking import TEN_OCLOCK, Hands, body, market

TWENTY_PAST_TEN = TEN_OCLOCK + HOUR_MS // 3
MOMENTS = {
    "10:20": TWENTY_PAST_TEN,
    "15:59:30, settlements imminent": TEN_OCLOCK + 6 * HOUR_MS - 30_000,
    "16:00:10, new calendars": TEN_OCLOCK + 6 * HOUR_MS + 10_000,
    "23:10": TEN_OCLOCK + 13 * HOUR_MS + HOUR_MS // 6,
}
CARRY = ("first", "later", "k", "cost", "gap", "net", "net_announced")
NOTES = {reason.code for reason in Reason if not reason.rejects}


@dataclass(frozen=True)
class Scanned:
    """One scan of the simulated markets."""

    snapshot: Snapshot
    result: scan.Result

    def candidates(self, long: Leg, short: Leg) -> Iterator[dict[str, Any]]:
        """The candidates of these two legs with figures and reason codes."""
        places = self.place(long), self.place(short)
        for part in self.result.found.parts():
            for row in np.flatnonzero((part.long == places[0]) & (part.short == places[1])):
                yield _as_dict(part, int(row))

    def place(self, leg: Leg) -> int:
        """Where the leg stands in the universe; -1 when it is not there."""
        rows = self.result.found.universe.frame.with_row_index("place").filter(
            (pl.col("venue") == leg.venue)
            & (pl.col("market") == leg.sort.value)
            & (pl.col("base") == leg.base)
            & (pl.col("quote") == leg.quote)
        )
        return int(rows["place"][0]) if rows.height else -1


def _as_dict(part: Figures, row: int) -> dict[str, Any]:
    mask = int(part.reasons[row])
    figures = {name: float(getattr(part, name)[row]) for name in CARRY}
    codes = {reason.code for reason in Reason if mask >> int(reason) & 1}
    return {"kind": part.kind, **figures, "codes": codes}


@lru_cache(maxsize=32)
def scanned(
    now_ms: int, horizon_h: int = 72, *, books: bool = False, fault: FaultTrap | None = None
) -> Scanned:
    """The default world at a moment, read by the venue files, joined, judged and ranked."""
    spoken = market(Hands(now_ms))
    lists = _pieces(spoken, now_ms, instruments=True)
    quoted = _pieces(spoken, now_ms, instruments=False, fault=fault)
    known = instruments.in_memory(instruments.of_pieces(lists), intake.prices_of(quoted))
    bare = frames.assemble(quoted, known)
    snapshot = frames.assemble(
        quoted, known, history=_means(spoken, bare.perp, now_ms), networks=_networks(spoken, now_ms)
    )
    reading = offline.reading(snapshot, Policy().with_settings([f"horizon={horizon_h}"]))
    if books:
        reading = replace(reading, books=_books(spoken, snapshot))
    return Scanned(snapshot, scan.evaluate(reading))


def _pieces(
    spoken: Market, now_ms: int, *, instruments: bool, fault: FaultTrap | None = None
) -> Pieces:
    """Every feed's answer as columns, the instrument lists or everything else, under a fault."""
    board = Board()
    if fault is not None:
        board.add(msgspec.convert(fault.fault, Wish))
    pieces: dict[str, dict[str, Piece]] = {}
    for venue in VENUES.values():
        for feed in venue.feeds:
            wish = board.hit(venue.name, venue.name, feed.ask.path)
            if feed.instruments != instruments or (wish and wish.kind in STATUS):
                continue
            told = feed.parse(body(spoken, venue, feed.ask, shift_ms=shift_ms(wish)))
            piece = Piece.of(venue.name, feed, told, float(now_ms))
            pieces.setdefault(venue.name, {})[feed.name] = piece
    return pieces


def _means(spoken: Market, perps: pl.DataFrame, now_ms: int) -> pl.DataFrame:
    prints = [
        VENUES[venue]
        .parse_history(body(spoken, VENUES[venue], _history(VENUES[venue], symbol, now_ms)))
        .select(pl.lit(number, dtype=pl.Int64).alias("instrument_id"), "settled_at_ms", "rate")
        for number, venue, symbol in perps.select("instrument_id", "venue", "symbol").iter_rows()
    ]
    return history.means_of(pl.concat(prints), float(now_ms))


def _history(venue: Venue, symbol: str, now_ms: int) -> Ask:
    return venue.history(symbol, now_ms - 7 * DAY_MS)


def _networks(spoken: Market, now_ms: int) -> pl.DataFrame:
    """Bitget tells its networks to anybody."""
    venue = VENUES["bitget"]
    assert venue.networks is not None
    assert venue.parse_networks is not None
    told = venue.parse_networks(body(spoken, venue, venue.networks))
    stamped = told.with_columns(venue=pl.lit("bitget"), captured_at_ms=pl.lit(float(now_ms)))
    return conform(stamped, NETWORKS)


def _books(spoken: Market, snapshot: Snapshot) -> dict[int, depths.Slippage]:
    """The order books of everything planted and of the shallow trap."""
    coins = [case.coin.name for case in PLANTED] + ["SHAL"]
    legs = pl.concat([snapshot.spot, snapshot.perp]).filter(pl.col("asset").is_in(coins))
    found = {}
    for row in legs.iter_rows(named=True):
        venue = VENUES[row["venue"]]
        ask = venue.depth(Kinds(row["market"]), row["symbol"])
        ladder = venue.parse_depth(body(spoken, venue, ask))
        size = row["contract_size"] or 1.0
        found[row["instrument_id"]] = depths.slippage(ladder, depths.NOTIONALS_USD, size)
    return found


def paying(case: Case, now_ms: int, horizon_h: int = 72) -> dict[str, Any]:
    """The one candidate of a planted case."""
    (candidate,) = scanned(now_ms, horizon_h).candidates(case.long, case.short)
    return candidate


@pytest.mark.parametrize("now_ms", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.coin.name)
def test_every_planted_figure_is_met(case: Case, now_ms: int) -> None:
    candidate, expected = paying(case, now_ms), case.expected(now_ms)

    names = ("net", "gap") if case.kind == "spot" else CARRY
    for name in names:
        assert candidate[name] == pytest.approx(float(getattr(expected, name)), abs=1e-9), name


@pytest.mark.parametrize("horizon_h", [6, 12, 20, 168])
@pytest.mark.parametrize(
    "case", [case for case in PLANTED if case.kind != "spot"], ids=lambda case: case.coin.name
)
def test_every_horizon_counts_by_the_calendar(case: Case, horizon_h: int) -> None:
    candidate = paying(case, TWENTY_PAST_TEN, horizon_h)
    expected = case.expected(TWENTY_PAST_TEN, horizon_h)

    for name in CARRY:
        assert candidate[name] == pytest.approx(float(getattr(expected, name)), abs=1e-9), name


def test_exactly_the_planted_opportunities_pass() -> None:
    rows = scanned(TWENTY_PAST_TEN, books=True).result.opportunities

    found = set(rows.select("kind", "asset", "long_venue", "short_venue").iter_rows())
    assert found == {
        (case.kind, case.coin.name, case.long.venue, case.short.venue) for case in PLANTED
    }


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.coin.name)
def test_planted_notes_are_set_and_nothing_rejects(case: Case) -> None:
    codes = paying(case, TWENTY_PAST_TEN)["codes"]

    assert codes <= NOTES
    assert set(case.notes) <= codes
    assert ("no_history" in codes) == ("no_history" in case.notes)


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.coin.name)
def test_break_even_and_depth_of_what_is_planted(case: Case) -> None:
    """The books are deep: at 1,000 USD the net is the net. Break-even is a settlement to come."""
    rows = scanned(TWENTY_PAST_TEN, books=True).result.opportunities
    row = rows.filter((pl.col("asset") == case.coin.name) & (pl.col("kind") == case.kind))

    assert row["net_at_size"].to_list() == [pytest.approx(row["net"][0], abs=1e-9)]
    assert row["break_even_at_ms"][0] == case.expected(TWENTY_PAST_TEN).break_even_at_ms


def of(seen: Seen, when: When = When.AT_ONCE) -> list[Trap]:
    return [trap for trap in TRAPS if (trap.seen, trap.when) == (seen, when)]


def pairs_with(trap: Trap) -> list[dict[str, Any]]:
    """All candidates with the trap's leg on either side."""
    now = scanned(TWENTY_PAST_TEN)
    others = [leg for leg in trap.coin.legs if leg is not trap.at]
    return [
        candidate
        for other in others
        for pair in ((trap.at, other), (other, trap.at))
        for candidate in now.candidates(*pair)
    ]


@pytest.mark.parametrize("trap", of(Seen.EVERY_PAIR), ids=lambda trap: trap.coin.name)
def test_every_pair_with_a_bad_leg_carries_the_reason(trap: Trap) -> None:
    candidates = pairs_with(trap)
    kept_apart = scanned(TWENTY_PAST_TEN).result.counts

    if candidates:
        assert all(trap.code in candidate["codes"] for candidate in candidates)
    else:  # instruments in quotes that are never compared count once each
        assert kept_apart[trap.code] > 0


@pytest.mark.parametrize("trap", of(Seen.PAYING_PAIR), ids=lambda trap: trap.coin.name)
def test_the_direction_that_would_pay_is_held_back(trap: Trap) -> None:
    best = max(pairs_with(trap), key=lambda candidate: float(candidate["net"]))

    assert best["net"] > 0.001
    assert trap.code in best["codes"]


@pytest.mark.parametrize("trap", of(Seen.ROW), ids=lambda trap: trap.coin.name)
def test_dead_rows_are_dropped_and_counted(trap: Trap) -> None:
    now = scanned(TWENTY_PAST_TEN)

    assert now.place(trap.at) == -1
    feeds = now.snapshot.dropped[trap.at.venue]
    assert sum(reasons.get(trap.code, 0) for reasons in feeds.values()) == 1


@pytest.mark.parametrize("trap", of(Seen.ABSENT), ids=lambda trap: trap.why)
def test_what_only_looks_like_a_perpetual_of_the_coin_is_none(trap: Trap) -> None:
    assert pairs_with(trap) == []


def test_a_thousand_of_another_coin_keeps_its_own_name() -> None:
    perps = scanned(TWENTY_PAST_TEN).snapshot.perp
    units = dict(perps.select("base", "multiplier").iter_rows())
    assets = dict(perps.select("base", "asset").iter_rows())

    assert (assets["1000FLUQ"], units["1000FLUQ"]) == ("1000FLUQ", 1.0)
    assert (assets["1000PEPE"], units["1000PEPE"]) == ("PEPE", 1000.0)
    assert (assets["SHIB1000"], units["SHIB1000"]) == ("SHIB", 1000.0)
    assert (assets["1MBABYDOGE"], units["1MBABYDOGE"]) == ("BABYDOGE", 1e6)
    assert (assets["1INCH"], units["1INCH"]) == ("1INCH", 1.0)


@pytest.mark.parametrize("trap", of(Seen.PASSES), ids=lambda trap: trap.coin.name)
def test_what_is_in_order_is_held_back_by_its_price_alone(trap: Trap) -> None:
    rejecting = {code for pair in pairs_with(trap) for code in pair["codes"] - NOTES}

    assert rejecting == {"below_threshold"}


@pytest.mark.parametrize("name", ["JUP", "SYRUP", "1INCH"])
def test_coins_that_look_leveraged_are_traded_like_any(name: str) -> None:
    now = scanned(TWENTY_PAST_TEN)
    coin = next(coin for coin in market().world.coins if coin.name == name)
    codes = [pair["codes"] for pair in now.candidates(coin.legs[1], coin.legs[3])]

    assert codes
    assert all("leveraged" not in one and "quarantined" not in one for one in codes)


def test_a_shallow_book_is_seen_once_it_is_read() -> None:
    rows = scanned(TWENTY_PAST_TEN, books=True).result.rows
    masks = rows.filter(pl.col("asset") == "SHAL")["reasons"].to_list()

    assert masks
    assert all(mask >> int(Reason.THIN_DEPTH) & 1 for mask in masks)


@pytest.mark.parametrize("trap", FAULT_TRAPS, ids=lambda trap: trap.code)
def test_while_a_fault_lasts_every_pair_with_the_venue_carries_its_reason(trap: FaultTrap) -> None:
    """Only perpetuals of Binance hang on its list of intervals."""
    now = scanned(TWENTY_PAST_TEN, fault=trap)
    venue = trap.fault["venue"]
    struck = [case for case in PLANTED if venue in (case.long.venue, case.short.venue)]
    if trap.code == "interval_unknown":
        struck = [case for case in struck if _has_perp_at(case, venue)]

    assert struck
    for case in struck:
        (candidate,) = now.candidates(case.long, case.short)
        assert trap.code in candidate["codes"], case.coin.name


@pytest.mark.parametrize("trap", FAULT_TRAPS, ids=lambda trap: trap.code)
def test_a_fault_of_one_venue_leaves_the_others_alone(trap: FaultTrap) -> None:
    now = scanned(TWENTY_PAST_TEN, fault=trap)
    spared = [
        case for case in PLANTED if trap.fault["venue"] not in (case.long.venue, case.short.venue)
    ]

    assert spared
    for case in spared:
        (candidate,) = now.candidates(case.long, case.short)
        assert candidate["codes"] <= NOTES


def _has_perp_at(case: Case, venue: str) -> bool:
    return any(leg.venue == venue and leg.sort == "perp" for leg in (case.long, case.short))


def test_after_twenty_scans_only_the_frozen_quote_is_told_from_the_living() -> None:
    state: dict[str, pl.DataFrame] = {}
    for number in range(22):
        now_ms = TWENTY_PAST_TEN + number * 5_000
        spoken = market(Hands(now_ms))
        lists = _pieces(spoken, now_ms, instruments=True)
        quoted = _pieces(spoken, now_ms, instruments=False)
        known = instruments.in_memory(instruments.of_pieces(lists), intake.prices_of(quoted))
        perp = frames.assemble(quoted, known).perp
        state["perp"] = frozen.advance(state.get("perp"), perp)

    told = frozen.told(perp, state["perp"])
    still = told.filter((pl.col("unchanged_scans") >= 20) & (pl.col("unchanged_move") > 0.002))
    assert still.select("venue", "asset").rows() == [("binance", "FRZN")]
