"""A scan's result as plain data for programs: what `manage.py scan --json` and the API give."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from opportunities import gates, rank, reasons
from opportunities.detect import Tally
from opportunities.policy import Policy
from opportunities.scan import Result

FIGURES = (
    "first", "later", "k", "cost", "gap", "gross_announced", "net_announced", "net", "net_at_size",
    "apr_net", "return_on_capital", "threshold", "horizon_hours", "notional_usd", "score",
)  # fmt: skip


def as_json(result: Result, policy: Policy, *, rejected: bool = False) -> dict[str, Any]:
    """The whole result: as_of, versions, opportunities, rejected by code and, if asked, in full."""
    tally = Tally.of(result.counts)
    answer: dict[str, Any] = {
        "as_of": iso(result.as_of_ms),
        "fee_version": result.fee_version,
        "policy_version": result.policy_version,
        "opportunities": [row_json(row) for row in result.opportunities.iter_rows(named=True)],
        "rejected": tally.rejected,
        "notes": tally.notes,
        "nearest_misses": [row_json(row) for row in result.misses.head(20).iter_rows(named=True)],
    }
    if rejected:
        answer["rejected_in_full"] = list(rejected_rows(result, policy))
    return answer


def row_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of candidates.table: figures as fractions, times as ISO 8601 UTC, unknown as null."""
    return {
        "fingerprint": row["fingerprint"],
        "kind": row["kind"],
        "asset": row["asset"],
        "legs": [_leg(row, "long"), _leg(row, "short")],
        **{name: row[name] for name in FIGURES},
        "break_even_at": iso(row["break_even_at_ms"]),
        "risk": row["risk"],
        "score_parts": json.loads(row["score_parts"]),
        "shelves": [str(shelf) for shelf in rank.shelf_names(row["shelves"])],
        "reasons": reasons.codes(row["reasons"]),
    }


def rejected_rows(
    result: Result, policy: Policy, asset: str | None = None
) -> Iterator[dict[str, Any]]:
    """Every rejected candidate (of one asset, if named) with each reason's value and limit."""
    universe = result.found.universe
    names = universe.frame.get_column("asset").to_numpy()
    symbol, venue = universe.frame.get_column("symbol"), universe.frame.get_column("venue")
    for part in result.found.parts():
        wanted = gates.rejected(part.reasons)
        if asset is not None:
            wanted &= names[part.long] == asset
        explainer = reasons.Explainer(part, universe, policy)
        for row in np.flatnonzero(wanted):
            long, short = int(part.long[row]), int(part.short[row])
            yield {
                "kind": str(part.kind),
                "asset": names[long],
                "legs": [
                    {"venue": venue[long], "instrument": symbol[long], "side": "long"},
                    {"venue": venue[short], "instrument": symbol[short], "side": "short"},
                ],
                "net": _finite(part.net[row]),
                "net_announced": _finite(part.net_announced[row]),
                "reasons": [finding.as_dict() for finding in explainer.findings(int(row))],
            }
    yield from _alone(result, asset)


def _alone(result: Result, asset: str | None) -> Iterator[dict[str, Any]]:
    """Instruments that stand in no candidate and have a reason of their own."""
    masks = result.found.alone
    for place in np.flatnonzero(gates.rejected(masks)):
        row = result.found.universe.frame.row(int(place), named=True)
        if asset is None or row["asset"] == asset:
            yield {
                "kind": None,
                "asset": row["asset"],
                "legs": [{"venue": row["venue"], "instrument": row["symbol"], "side": None}],
                "net": None,
                "net_announced": None,
                "reasons": [
                    reasons.Finding(reason.code, reason.rejects).as_dict()
                    for reason in reasons.from_mask(int(masks[place]))
                ],
            }


def iso(at_ms: float | None) -> str | None:
    """Milliseconds as ISO 8601 in UTC; None stays None."""
    if at_ms is None or not np.isfinite(at_ms):
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _leg(row: Mapping[str, Any], side: str) -> dict[str, Any]:
    def get(name: str) -> Any:
        return row[f"{side}_{name}"]

    return {
        "venue": get("venue"),
        "instrument": get("symbol"),
        "market": get("market"),
        "side": side,
        "bid": get("bid"),
        "ask": get("ask"),
        "rate": get("rate"),
        "interval_hours": get("interval_hours"),
        "next_settlement": iso(get("next_ms")),
        "fee_bps": get("fee_bps"),
        "age_ms": get("age_ms"),
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
