"""What programs are told of a scan."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exchanges import fees
from exchanges.snapshot import Snapshot
from opportunities import scan
from opportunities.policy import Policy
from opportunities.report import as_json, iso, rejected_rows
from tests.opportunities.markets import NOW_MS, frames, perp, spot

close = pytest.approx
ROWS = (
    perp("okx", "WIF", rate=0.0001, interval=4, next_in="1h"),
    perp("bybit", "WIF", rate=0.004, interval=8, next_in="2h"),
    perp("okx", "BTC", bid=None, ask=None),
    perp("bybit", "BTC", rate=None, volume_usd=5.0),
    spot("okx", "SOL"),
    spot("bybit", "SOL", bid=102.0, ask=102.1),
    spot("okx", "SOL", quote="EUR"),
)


@pytest.fixture(scope="module")
def result() -> scan.Result:
    spots, perps = frames(ROWS)
    snapshot = Snapshot(now_ms=NOW_MS, spot=spots, perp=perps)
    return scan.evaluate(scan.Reading(snapshot, fees.default()))


@pytest.fixture(scope="module")
def told(result: scan.Result) -> dict[str, Any]:
    """The report as a program reads it: only strict JSON passes."""
    text = json.dumps(as_json(result, Policy(), rejected=True), allow_nan=False)
    answer: dict[str, Any] = json.loads(text)
    return answer


@pytest.fixture
def funding(told: dict[str, Any]) -> dict[str, Any]:
    return next(row for row in told["opportunities"] if row["kind"] == "funding")


def test_opportunities_come_best_net_first(told: dict[str, Any]) -> None:
    assert [row["asset"] for row in told["opportunities"]] == ["SOL", "WIF"]


def test_the_report_says_when_and_by_which_fees(told: dict[str, Any]) -> None:
    assert told["as_of"] == iso(NOW_MS)
    assert told["fee_version"] == "2026-01"
    assert told["policy_version"].startswith("strict+")


def test_an_opportunity_has_every_field(funding: dict[str, Any]) -> None:
    assert set(funding) >= {
        "fingerprint", "kind", "asset", "legs", "first", "later", "k", "cost", "gap",
        "net_announced", "net", "net_at_size", "apr_net", "break_even_at", "risk", "score",
        "reasons",
    }  # fmt: skip
    assert (funding["kind"], funding["asset"]) == ("funding", "WIF")
    assert len(funding["fingerprint"]) == 32
    assert funding["first"] == close(0.0039)
    assert funding["later"] == close(8 * 0.004 - 17 * 0.0001)
    assert funding["k"] == 0.5
    assert funding["cost"] == close(0.0025)
    assert funding["gap"] == close(0.0)
    assert funding["net"] == close(0.0039 + 0.5 * 0.0303 - 0.0025)
    assert funding["net_announced"] == close(0.0039 + 0.0303 - 0.0025)
    assert funding["apr_net"] == close(funding["net"] * 8760 / 72)
    assert funding["net_at_size"] is None
    assert funding["break_even_at"] == iso(NOW_MS + 2 * 3.6e6)
    assert funding["risk"] == "medium"
    assert 0 < funding["score"] < 1
    assert funding["reasons"] == ["no_history", "depth_unknown"]


def test_a_leg_has_every_field(funding: dict[str, Any]) -> None:
    long, short = funding["legs"]
    assert short == {
        "venue": "bybit",
        "instrument": "WIFUSDT",
        "market": "perp",
        "side": "short",
        "bid": 99.99,
        "ask": 100.01,
        "rate": 0.004,
        "interval_hours": 8,
        "next_settlement": iso(NOW_MS + 2 * 3.6e6),
        "fee_bps": close(5.5),
        "age_ms": 1200.0,
    }
    assert (long["venue"], long["side"], long["interval_hours"]) == ("okx", "long", 4)


def test_a_spot_leg_has_no_funding(told: dict[str, Any]) -> None:
    crossing = told["opportunities"][0]
    assert crossing["kind"] == "spot"
    assert crossing["apr_net"] is None
    assert crossing["break_even_at"] is None
    for leg in crossing["legs"]:
        assert leg["rate"] is leg["interval_hours"] is leg["next_settlement"] is None


def test_the_scores_parts_and_the_shelves_are_shown(
    told: dict[str, Any], funding: dict[str, Any]
) -> None:
    assert set(funding["score_parts"]) == {"net", "break_even", "liquidity", "stability", "data"}
    assert funding["shelves"] == []
    assert told["opportunities"][0]["shelves"] == ["advanced"]  # a gap of 2 % is high risk


def test_rejected_are_counted_by_code_and_notes_apart(told: dict[str, Any]) -> None:
    assert told["rejected"]["below_threshold"] == 4
    assert told["rejected"]["no_price"] == 2
    assert told["rejected"]["quote_mismatch"] == 1
    assert told["notes"]["network_unknown"] == 2
    assert not set(told["rejected"]) & set(told["notes"])


def test_rejected_are_told_in_full(told: dict[str, Any]) -> None:
    full = told["rejected_in_full"]
    assert len(full) == 5  # WIF back, BTC twice, SOL back, SOL in euros
    thin = next(row for row in full if row["asset"] == "BTC" and row["legs"][1]["venue"] == "bybit")
    reasons = {reason["code"]: reason for reason in thin["reasons"]}
    assert reasons["thin_volume"] == {
        "code": "thin_volume",
        "rejects": True,
        "leg": "short",
        "value": 5.0,
        "limit": 200_000.0,
    }
    assert {"no_price", "no_rate", "below_threshold"} <= set(reasons)
    assert thin["net"] is None


def test_what_is_never_compared_is_told_as_one_leg(told: dict[str, Any]) -> None:
    (euros,) = [row for row in told["rejected_in_full"] if row["kind"] is None]
    assert euros["legs"] == [{"venue": "okx", "instrument": "SOLEUR", "side": None}]
    assert [reason["code"] for reason in euros["reasons"]] == ["quote_mismatch"]


def test_rejected_stay_out_unless_asked_for(result: scan.Result) -> None:
    assert "rejected_in_full" not in as_json(result, Policy())


def test_one_coin_can_be_asked_for(result: scan.Result) -> None:
    assert {row["asset"] for row in rejected_rows(result, Policy(), "BTC")} == {"BTC"}


def test_nearest_misses_are_told_like_opportunities(told: dict[str, Any]) -> None:
    assert told["nearest_misses"]
    for miss in told["nearest_misses"]:
        assert set(miss) == set(told["opportunities"][0])


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000+00:00"),
        (1_790_000_000_123.0, "2026-09-21T14:13:20.123+00:00"),
        (None, None),
        (float("nan"), None),
    ],
)
def test_times_are_iso_8601_in_utc(at_ms: float | None, text: str | None) -> None:
    assert iso(at_ms) == text
