"""Figures of a cohort against the scan that would have made them its own default.

A scan for 72 h and the public fees carries a table of cohorts. What messages read from it for
another horizon and VIP level must be what a scan for just those finds: net, costs and break-even.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from exchanges import fees
from notifications.writing.cohort_figures import Figures, even_at, figures_for
from opportunities import scan
from tests.notifications.writing.test_cohort_figures import bits
from tests.opportunities.markets import NOW_MS
from tests.opportunities.test_scan import reading

AT = datetime.fromtimestamp(NOW_MS / 1000, UTC)
VIP = 3
LEG = ("venue", "symbol", "market", "bid", "ask", "rate", "interval_hours", "age_ms", "fee_bps")


def schedule() -> fees.Schedule:
    """The public fees, and half of them for VIP 3."""
    usual = fees.default()
    half = [
        rate._replace(vip_level=VIP, taker_bps=rate.taker_bps / Decimal(2)) for rate in usual.rates
    ]
    return replace(usual, rates=(*usual.rates, *half))


def scanned(
    levels: tuple[int, ...], settings: tuple[str, ...] = ()
) -> dict[tuple[str, str], dict[str, Any]]:
    """The opportunities of a scan as facts, by kind and coin."""
    made = replace(reading(settings=settings), schedule=schedule(), levels=levels)
    rows = scan.evaluate(made).opportunities.iter_rows(named=True)
    return {(row["kind"], row["asset"]): as_facts(row) for row in rows}


def as_facts(row: dict[str, Any]) -> dict[str, Any]:
    """A scan's row as a message would hold it."""

    def iso(ms: float | None) -> str | None:
        return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat()

    told = {name: row[name] for name in ("kind", "asset", "net", "net_at_size", "cost", "k")}
    for side in ("long", "short"):
        told[side] = {name: row[f"{side}_{name}"] for name in LEG}
        told[side]["next_at"] = iso(row[f"{side}_next_ms"])
    return told | {
        "horizon_hours": row["horizon_hours"],
        "break_even_at": iso(row["break_even_at_ms"]),
        "cohorts": json.loads(row["cohorts"]),
    }


def own(facts: dict[str, Any], horizon: int, level: int) -> Figures:
    return figures_for(facts, 1_000, horizon, bits(okx=level, bybit=level), 2)


@pytest.mark.parametrize("horizon", [8, 24, 72, 168])
@pytest.mark.parametrize("level", [0, VIP])
def test_a_cohort_s_figures_are_those_of_a_scan_for_it(horizon: int, level: int) -> None:
    everybody = scanned((0, VIP))
    for_it = scanned((level,), (f"horizon={horizon}h",))
    assert for_it.keys() & everybody.keys()
    for key in for_it.keys() & everybody.keys():
        found, wanted = own(everybody[key], horizon, level), for_it[key]
        assert found.own
        assert found.net == pytest.approx(wanted["net"], abs=2e-8), key
        assert found.cost == pytest.approx(wanted["cost"], abs=2e-8), key
        at = even_at(everybody[key], found, AT)
        assert (at.isoformat() if at else None) == wanted["break_even_at"], key


def test_the_test_compares_something() -> None:
    kinds = {kind for kind, _ in scanned((0, VIP))}
    assert {"funding", "spot"} <= kinds
    assert own(scanned((0, VIP))["funding", "WIF"], 72, VIP).cost != pytest.approx(
        own(scanned((0, VIP))["funding", "WIF"], 72, 0).cost
    )
