"""The rows a scan hands on."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbedge.names import Reason
from exchanges.columns import NUMBER
from opportunities import candidates, cohorts, depths, rank
from opportunities.candidates import fingerprint, json_rows
from opportunities.detectors.figures import Figures, bit
from opportunities.gates import threshold
from opportunities.handover import CANDIDATE
from opportunities.policy import Policy
from opportunities.universe import Universe
from tests.opportunities.markets import NOW_MS, after, find, market, only, perp, spot

close = pytest.approx
LONG = ("okx", "perp", "WIF-USDT-SWAP", 1.7e12, "long")
SHORT = ("bybit", "perp", "WIFUSDT", None, "short")


def table(figures: Figures, seen: Universe, **answered: bool) -> pl.DataFrame:
    context = rank.Context(
        break_even_ms=candidates.break_even(figures, seen),
        threshold=threshold(figures, seen, Policy()),
        reliability=np.ones(figures.size),
        previous_net=np.full(figures.size, np.nan),
        floor=np.zeros(figures.size, dtype=np.int64),
    )
    nothing = np.full(figures.size, np.nan)
    return candidates.table(figures, seen, Policy(), context, nothing, answered=answered)


def funding_row(
    *settings: str, short: dict[str, Any] | None = None, **answered: bool
) -> dict[str, Any]:
    seen = market(
        perp("okx", "WIF", rate=0.0001, interval=4, next_in="1h", listed_at_ms=1.6e12),
        perp("bybit", "WIF", **{"rate": 0.0019, "interval": 8, "next_in": "2h", **(short or {})}),
        settled={("okx", "WIF"): 0.000025, ("bybit", "WIF"): 0.0002375},
    )
    figures = only(find(seen, *settings), "funding", "okx", "bybit")
    return table(figures, seen, **answered).row(0, named=True)


# -- fingerprints


def test_a_fingerprint_is_32_hex_digits() -> None:
    print_ = fingerprint("funding", [LONG, SHORT])
    assert len(print_) == 32
    assert int(print_, 16) > 0


def test_a_fingerprint_does_not_depend_on_the_order_of_the_legs() -> None:
    assert fingerprint("funding", [LONG, SHORT]) == fingerprint("funding", [SHORT, LONG])


@pytest.mark.parametrize(
    ("kind", "legs"),
    [
        ("basis", [LONG, SHORT]),
        ("funding", [(*LONG[:4], "short"), (*SHORT[:4], "long")]),  # the other way round
        ("funding", [LONG, ("bitget", *SHORT[1:])]),
        ("funding", [("okx", "spot", *LONG[2:]), SHORT]),
        ("funding", [(*LONG[:3], 1.8e12, "long"), SHORT]),  # listed anew
        ("funding", [LONG, (*SHORT[:2], "WIFUSDC", *SHORT[3:])]),
    ],
)
def test_anything_that_makes_another_trade_makes_another_fingerprint(
    kind: str, legs: list[tuple[str, str, str, float | None, str]]
) -> None:
    assert fingerprint(kind, legs) != fingerprint("funding", [LONG, SHORT])


def test_a_row_has_the_fingerprint_of_its_legs() -> None:
    legs = [("okx", "perp", "WIFUSDT", 1.6e12, "long"), ("bybit", "perp", "WIFUSDT", None, "short")]
    assert funding_row()["fingerprint"] == fingerprint("funding", legs)


def test_a_fingerprint_outlives_figures() -> None:
    assert funding_row()["fingerprint"] == funding_row(short={"rate": 0.01})["fingerprint"]


# -- figures


def test_a_row_carries_the_money_rules() -> None:
    # 72 h: short 19 bp at 2, 10, ... 66 h = 9 times; long 1 bp at 1, 5, ... 69 h = 18 times
    row = funding_row()
    assert row["first"] == close(0.0018)
    assert row["later"] == close(8 * 0.0019 - 17 * 0.0001)
    assert row["k"] == close(1.0)
    assert row["cost"] == close(0.0025)
    assert row["gross_announced"] == close(0.0153)
    assert row["net"] == row["net_announced"] == close(0.0128)
    assert row["apr_net"] == close(0.0128 * 8760 / 72)
    assert row["return_on_capital"] == close(0.0128)  # leverage 2 on both legs
    assert row["measured"] == row["net"]
    assert row["threshold"] == close(0.0015)
    assert row["horizon_hours"] == 72
    assert row["notional_usd"] == 1000


def test_break_even_is_the_settlement_that_earns_the_cost() -> None:
    # long pays 1 bp at 1 h, short gets 19 bp at 2 h and 10 h: 18, then 16 at 9 h, 35 at 10 h
    assert funding_row()["break_even_at_ms"] == after("10h")


def test_break_even_within_four_horizons_or_never() -> None:
    # 24 h: first 1.9 bp less 1 bp a day against 25 bp of cost
    assert funding_row("horizon=8h", short={"rate": 0.0003})["break_even_at_ms"] is None


def test_a_capped_rate_breaks_even_on_its_first_payment_or_never() -> None:
    capped = {"rate": 0.0019, "rate_cap": 0.002}
    assert funding_row(short=capped)["break_even_at_ms"] is None
    assert funding_row(short={**capped, "rate": 0.0028})["break_even_at_ms"] == after("2h")


def test_both_legs_are_told() -> None:
    row = funding_row()
    assert (row["long_venue"], row["short_venue"]) == ("okx", "bybit")
    assert (row["long_rate"], row["short_rate"]) == (0.0001, 0.0019)
    assert (row["long_interval_hours"], row["short_interval_hours"]) == (4, 8)
    assert (row["long_next_ms"], row["short_next_ms"]) == (after("1h"), after("2h"))
    assert row["long_fee_bps"] == close(5.0)
    assert row["short_fee_bps"] == close(5.5)
    assert (row["long_bid"], row["long_ask"], row["long_age_ms"]) == (99.99, 100.01, 1200.0)
    assert (row["long_id"], row["short_id"]) == (1, 2)


def test_a_row_names_its_family() -> None:
    row = funding_row()
    assert (row["kind"], row["asset"], row["family"]) == ("funding", "WIF", "funding:WIF")


@pytest.mark.parametrize(
    ("told", "answered"),
    [
        ({"okx": True, "bybit": True}, True),
        ({"okx": True, "bybit": False}, False),
        ({"okx": True}, False),
        ({}, False),
    ],
)
def test_a_row_is_answered_when_both_venues_answered(told: dict[str, Any], answered: bool) -> None:
    assert funding_row(**told)["answered"] is answered


def test_a_row_says_when_a_leg_ends() -> None:
    assert funding_row()["ends_at_ms"] is None
    assert funding_row(short={"offline_at_ms": after("300h")})["ends_at_ms"] == after("300h")


@pytest.mark.parametrize(("next_in", "guarded"), [("30s", True), ("2h", False)])
def test_a_row_says_whether_a_settlement_is_under_way(next_in: str, guarded: bool) -> None:
    row = funding_row(short={"next_in": next_in})
    assert row["settling"] is guarded
    assert bool(row["reasons"] & bit(Reason.SETTLING)) is guarded


def test_spot_has_no_yearly_rate_and_no_break_even() -> None:
    seen = market(spot("okx", "WIF"), spot("bybit", "WIF", bid=102.0, ask=102.1))
    row = table(only(find(seen), "spot", "okx", "bybit"), seen).row(0, named=True)
    assert row["apr_net"] is None
    assert row["break_even_at_ms"] is None
    assert row["return_on_capital"] == close(row["net"] / 2)  # both legs are paid in full


def test_a_spot_leg_ties_up_its_full_value() -> None:
    seen = market(spot("okx", "WIF"), perp("okx", "WIF", rate=0.002))
    figures = only(find(seen, "leverage=4"), "basis", "okx", "okx")
    row = table(figures, seen).row(0, named=True)
    assert row["return_on_capital"] == close(row["net"] / (1 + 1 / 4))


def test_what_is_not_a_number_is_null() -> None:
    seen = market(perp("okx", "WIF", bid=0.0, ask=0.0), perp("bybit", "WIF", rate=None))
    frame = table(only(find(seen), "funding", "okx", "bybit"), seen)
    for name, kind in frame.schema.items():
        if kind == NUMBER:
            assert frame[name].is_finite().all(), name  # nulls are skipped
    assert frame["net"].to_list() == [None]


def test_a_row_has_every_column_the_lifecycle_takes() -> None:
    row = funding_row()
    assert set(CANDIDATE) - {"cohorts"} <= set(row)


def test_no_candidates_make_an_empty_table_with_all_columns() -> None:
    seen = market(perp("okx", "WIF"), perp("bybit", "WIF"))
    figures = only(find(seen), "funding", "okx", "bybit")
    nothing = table(figures.take(np.empty(0, dtype=np.int64)), seen)
    assert nothing.height == 0
    assert nothing.schema == table(figures, seen).schema


# -- JSON


def test_score_parts_are_one_object_per_row() -> None:
    rows = json_rows({"net": np.array([0.5, 1.0]), "data": np.array([0.123456, 0.0])})
    assert [json.loads(row) for row in rows] == [
        {"net": 0.5, "data": 0.1235},
        {"net": 1.0, "data": 0.0},
    ]


def test_cohorts_are_strict_json_with_null_for_the_unknown() -> None:
    seen = market(perp("okx", "WIF"), perp("bybit", "WIF", rate=0.002))
    figures = only(find(seen), "funding", "okx", "bybit")
    found = cohorts.of(figures, seen, depths.of_candidates(figures, {}), (0,))
    (text,) = candidates.cohort_rows(found)
    told = json.loads(text, parse_constant=pytest.fail)
    assert told["horizons_hours"] == [8, 24, 72, 168]
    assert told["vip_levels"] == [0]
    assert told["notionals_usd"] == [100, 1000, 5000, 10_000, 50_000]
    assert told["net"][2][0] == [close(figures.net[0])] * 5
    assert told["net_at_size"][2][0] == [None] * 5


def test_now_is_not_read_from_the_wall_clock() -> None:
    assert funding_row()["break_even_at_ms"] > NOW_MS
