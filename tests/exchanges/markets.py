"""Small markets for tests of identity: one line per instrument."""

from __future__ import annotations

from typing import Any

import polars as pl

from exchanges.columns import MARKET, conform, empty
from exchanges.identity import Judgement, judge
from exchanges.memory import STATE, nothing
from exchanges.venues.base import NETWORK_COLUMNS

NOW_MS = 1_795_262_400_000.0
HOUR_MS = 3_600_000.0
NETWORKS = {"venue": pl.String, **NETWORK_COLUMNS}


def instrument(
    venue: str, asset: str, price: float | None, *, spread: float = 0.0002, **values: Any
) -> dict[str, Any]:
    """One instrument quoted around `price`."""
    quoted = (price * (1 - spread / 2), price * (1 + spread / 2)) if price else (None, None)
    plain = {"market": "spot", "quote": "USDT", "multiplier": 1.0, "age_ms": 500.0}
    return {"venue": venue, "asset": asset, "bid": quoted[0], "ask": quoted[1], **plain, **values}


def perpetual(
    venue: str, asset: str, price: float | None, index: float | None = None, **values: Any
) -> dict[str, Any]:
    """One perpetual quoted around `price`, with its index."""
    return instrument(venue, asset, price, market="perp", index=index, **values)


def market(rows: list[dict[str, Any]], first_id: int = 1) -> pl.DataFrame:
    """The rows as one frame of the market book, numbered."""
    if not rows:
        return empty(MARKET)
    numbered = [{"instrument_id": first_id + place, **row} for place, row in enumerate(rows)]
    return conform(pl.DataFrame(numbered, infer_schema_length=None), MARKET)


def judged(
    *rows: dict[str, Any],
    verdicts: pl.DataFrame | None = None,
    networks: pl.DataFrame | None = None,
    now_ms: float = NOW_MS,
) -> Judgement:
    """What one scan believes of these instruments."""
    spot = market([row for row in rows if row["market"] == "spot"])
    perp = market([row for row in rows if row["market"] == "perp"], first_id=1 + spot.height)
    stored = nothing() if verdicts is None else verdicts
    known = pl.DataFrame(schema=NETWORKS) if networks is None else networks
    return judge(spot, perp, stored, known, now_ms)


def verdicts_of(judgement: Judgement) -> list[str]:
    """The verdicts, spot instruments first."""
    return judgement.frame["verdict"].cast(pl.String).to_list()


def remembered(**values: Any) -> pl.DataFrame:
    """One stored verdict."""
    plain = {
        "venue": "okx",
        "asset": "TON",
        "market": "spot",
        "verdict": "verified",
        "source": "ratio",
        "ratio": 0.001,
        "price": 1.0,
        "since_ms": NOW_MS - 100 * HOUR_MS,
        "agreed_since_ms": NOW_MS - 100 * HOUR_MS,
        "reset_reason": "",
    }
    return pl.DataFrame([{**plain, **values}], schema=dict(STATE))


def contracts(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    """Networks of (venue, coin, chain, contract)."""
    frame = pl.DataFrame(rows, schema=["venue", "coin", "chain", "contract"], orient="row")
    return conform(frame, NETWORKS)
