"""One scan from a snapshot to ranked rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbedge.names import Reason
from exchanges import fees
from exchanges.snapshot import Snapshot
from opportunities import gates, scan
from opportunities.depths import NOTIONALS_USD, Slippage
from opportunities.detectors.figures import bit
from opportunities.policy import Policy
from opportunities.reasons import codes
from tests.opportunities.markets import NOW_MS, frames, means, perp, spot

close = pytest.approx
ROWS = (
    perp("okx", "WIF"),  # 1
    perp("bybit", "WIF", rate=0.004),  # 2
    perp("okx", "BTC"),  # 3
    perp("bybit", "BTC", rate=0.003),  # 4
    perp("okx", "ETH"),  # 5
    perp("bybit", "ETH"),  # 6
    spot("okx", "SOL"),  # 7
    spot("bybit", "SOL", bid=102.0, ask=102.1),  # 8
)
SETTLED = {("okx", "WIF"): 0.0000125, ("bybit", "WIF"): 0.0005}


def reading(*rows: dict[str, Any], settings: tuple[str, ...] = (), **changes: Any) -> scan.Reading:
    spots, perps = frames(rows or ROWS)
    snapshot = Snapshot(
        now_ms=NOW_MS,
        spot=spots,
        perp=perps,
        answered={"okx": True, "bybit": True},
        history=means(perps, SETTLED),
    )
    policy = Policy().with_settings(settings)
    return replace(scan.Reading(snapshot, fees.default(), policy), **changes)


def pairs(frame: pl.DataFrame) -> list[tuple[str, str, str, str]]:
    return frame.select("kind", "asset", "long_venue", "short_venue").rows()


def books(**by_id: Slippage) -> Mapping[int, Slippage]:
    return {int(name.strip("_")): book for name, book in by_id.items()}


def flat(cost: float) -> Slippage:
    """A book that costs the same at every size."""
    every = np.full(len(NOTIONALS_USD), cost)
    return Slippage(every / 2, every / 2, every)


def test_what_pays_is_ranked_by_net() -> None:
    result = scan.evaluate(reading())
    # 102 for 100.01 less two fees: 1.79 %; WIF 9 x 40 bp; BTC half of it believed
    assert pairs(result.opportunities) == [
        ("funding", "WIF", "okx", "bybit"),
        ("spot", "SOL", "okx", "bybit"),
        ("funding", "BTC", "okx", "bybit"),
    ]
    nets = result.opportunities["net"].to_list()
    assert nets == sorted(nets, reverse=True)
    assert nets[0] == close(9 * 0.004 - 9 * 0.0001 - 0.0025)
    assert nets[2] == close(0.0029 + 0.5 * 8 * 0.0029 - 0.0025)


def test_what_nearly_paid_is_kept_with_its_reasons() -> None:
    misses = scan.evaluate(reading()).misses
    # equal rates in both directions of ETH: only the costs are missing
    assert misses["asset"][0] == "ETH"
    assert codes(misses["reasons"][0]) == ["below_threshold", "no_history", "depth_unknown"]


def test_misses_are_bounded_over_all_kinds_together() -> None:
    assert scan.evaluate(reading(settings=("near_misses=2",))).misses.height == 2
    assert scan.evaluate(reading(settings=("near_misses=0",))).misses.height == 0


def test_versions_of_fees_and_limits_are_named() -> None:
    result = scan.evaluate(reading(settings=("max_age=31",)))
    assert result.fee_version == "2026-01"
    assert result.policy_version == Policy().with_settings(["max_age=31"]).version
    assert result.as_of_ms == NOW_MS


def test_every_reason_is_counted() -> None:
    counts = scan.evaluate(reading()).counts
    assert counts["below_threshold"] == 5  # three back directions of perps, ETH, SOL sold low
    assert counts["network_unknown"] == 2


def test_a_live_trade_is_seen_again_whatever_the_gates_say() -> None:
    live = frozenset({("funding", 5, 6), ("funding", 2, 1), ("spot", 99, 98)})
    result = scan.evaluate(reading(live=live))
    rows = result.rows.select("kind", "long_id", "short_id").rows()
    assert ("funding", 5, 6) in rows
    assert ("funding", 2, 1) in rows
    assert len(rows) == 5
    assert result.opportunities.height == 3


def test_a_live_trade_is_not_mixed_up_with_another_kind() -> None:
    assert scan.evaluate(reading(live=frozenset({("basis", 5, 6)}))).rows.height == 3


# -- order books


def test_without_books_the_depth_is_unknown_which_rejects_nothing() -> None:
    row = scan.evaluate(reading()).opportunities.row(0, named=True)
    assert row["net_at_size"] is None
    assert "depth_unknown" in codes(row["reasons"])


def test_with_books_the_net_at_size_is_a_second_figure() -> None:
    known = books(_1=flat(0.0012), _2=flat(0.0022))
    row = scan.evaluate(reading(books=known)).opportunities.row(0, named=True)
    assert row["net_at_size"] == close(row["net"] - 0.0010 - 0.0020)
    assert "depth_unknown" not in codes(row["reasons"])
    told = json.loads(row["cohorts"])
    assert told["net_at_size"][2][0][1] == close(row["net_at_size"], abs=1e-8)


def test_a_book_that_eats_the_net_rejects() -> None:
    result = scan.evaluate(reading(books=books(_1=flat(0.03), _2=flat(0.03))))
    assert "WIF" not in result.opportunities["asset"]
    missed = {row["asset"]: row for row in result.rows.iter_rows(named=True)}["WIF"]
    assert "thin_depth" in codes(missed["reasons"])


def test_a_book_too_thin_for_the_size_rejects() -> None:
    result = scan.evaluate(reading(books=books(_1=flat(np.nan), _2=flat(0.0003))))
    assert "WIF" not in result.opportunities["asset"]


def test_books_are_wanted_for_the_most_promising_of_all_kinds() -> None:
    found = scan.search(reading())
    ids = found.universe.frame["instrument_id"]
    policy = Policy().with_settings(["tier_one=2", "tier_two=1"])
    wanted = [ids[place] for place in scan.wanted_books(found, policy, 1)]
    assert wanted == [1, 2, 7, 8]
    wanted = [ids[place] for place in scan.wanted_books(found, policy, 3)]
    assert wanted == [1, 2, 7, 8, 3, 4]


def test_nothing_that_pays_wants_no_books() -> None:
    found = scan.search(reading(perp("okx", "WIF"), perp("bybit", "WIF")))
    assert scan.wanted_books(found, Policy(), 0) == []


# -- risk and score


def test_the_last_net_is_part_of_the_score() -> None:
    fresh = scan.evaluate(reading()).rows.row(0, named=True)
    steady = scan.evaluate(reading(previous={("funding", 1, 2): fresh["net"]})).rows.row(
        0, named=True
    )
    assert steady["score"] > fresh["score"]


@pytest.mark.parametrize(("share", "risk"), [(0.995, "low"), (0.97, "medium"), (0.5, "high")])
def test_the_less_reliable_venue_counts(share: float, risk: str) -> None:
    world = gates.World(reliability={"okx": 1.0, "bybit": share})
    row = scan.evaluate(reading(world=world)).rows.row(0, named=True)
    assert row["risk"] == risk


def identity(reason: Reason, floor: int) -> gates.World:
    return gates.World(
        coin_reasons=np.full(2, bit(reason), dtype=np.int64),
        floor_risk=np.full(2, floor, dtype=np.int64),
        reliability={"okx": 1.0, "bybit": 1.0},
    )


def test_identity_may_ask_for_more_care() -> None:
    rows = perp("okx", "WIF"), perp("bybit", "WIF", rate=0.004)
    found = scan.evaluate(reading(*rows, world=identity(Reason.PROVISIONAL, 2)))
    assert found.rows["risk"].to_list() == ["high"]


def test_identity_does_not_concern_a_trade_within_one_venue() -> None:
    rows = spot("okx", "BTC"), perp("okx", "BTC", rate=0.004)
    found = scan.evaluate(reading(*rows, world=identity(Reason.QUARANTINED, 2)))
    assert pairs(found.opportunities) == [("basis", "BTC", "okx", "okx")]
    assert found.rows["risk"].to_list() == ["medium"]  # no settled history


# -- edges


def test_a_venue_that_did_not_answer_leaves_its_rows_unanswered() -> None:
    blind = reading()
    blind = replace(blind, snapshot=replace(blind.snapshot, answered={"okx": True}))
    assert not scan.evaluate(blind).rows["answered"].any()


def test_an_empty_snapshot_is_an_empty_result() -> None:
    nothing = reading()
    nothing = replace(nothing, snapshot=Snapshot(now_ms=NOW_MS))
    result = scan.evaluate(nothing)
    assert result.rows.height == result.misses.height == 0
    assert result.counts == {}
    assert result.rows.columns == scan.evaluate(reading()).rows.columns


def test_a_scan_where_nothing_pays_still_has_all_columns() -> None:
    result = scan.evaluate(reading(perp("okx", "WIF"), perp("bybit", "WIF")))
    assert result.rows.height == 0
    assert result.rows.columns == result.misses.columns


def test_the_same_snapshot_gives_the_same_rows() -> None:
    first, second = scan.evaluate(reading()), scan.evaluate(reading())
    assert first.rows.equals(second.rows)
    assert first.misses.equals(second.misses)


def test_vip_levels_become_cohorts() -> None:
    found = scan.evaluate(reading(levels=(0, 1))).rows.row(0, named=True)
    told = json.loads(found["cohorts"])
    assert told["vip_levels"] == [0, 1]
    assert len(told["net"][0]) == 2


def test_what_only_its_history_holds_back_is_handed_on_but_not_shown() -> None:
    failing = gates.World(success={"funding:WIF": (0.2, 50)})
    result = scan.evaluate(reading(*ROWS[:2], world=failing))
    assert result.opportunities.is_empty()
    assert pairs(result.rows) == [("funding", "WIF", "okx", "bybit")]
