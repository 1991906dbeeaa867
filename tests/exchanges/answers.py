"""Small markets written by hand: instruments and pieces of answers."""

from __future__ import annotations

from typing import Any

import polars as pl

from arbedge.names import Market
from exchanges import frames
from exchanges.columns import WIRE, conform
from exchanges.snapshot import KNOWN, Piece

NOW = 1_764_000_000_000.0


def instruments(*rows: dict[str, Any]) -> pl.DataFrame:
    """The instrument list of these rows; what a row leaves out is ordinary."""
    usual = {
        "market": "perp",
        "quote": "USDT",
        "contract_size": 1.0,
        "multiplier": 1.0,
        "status": "trading",
        "inferred": False,
    }
    full = [{"instrument_id": number, **usual, **row} for number, row in enumerate(rows, 1)]
    for row in full:
        row.setdefault("settle", None if row["market"] == "spot" else row["quote"])
        row.setdefault("base", row["asset"])
    return conform(pl.DataFrame(full, infer_schema_length=None), KNOWN)


def wire(**columns: list[Any]) -> pl.DataFrame:
    """Columns as a venue file would give them."""
    return pl.DataFrame(columns, schema={name: WIRE[name] for name in columns})


def piece(
    venue: str, feed: str, frame: pl.DataFrame, market: Market = Market.PERP, **more: Any
) -> Piece:
    """One answer, captured at NOW; essential where it carries prices or rates."""
    essential = more.pop("essential", bool({"bid", "rate"} & set(frame.columns)))
    captured_at_ms = more.pop("captured_at_ms", NOW)
    return Piece(venue, feed, market, frame, captured_at_ms, essential=essential, **more)


def book(*pieces: Piece) -> dict[str, dict[str, Piece]]:
    """Pieces by venue and feed."""
    told: dict[str, dict[str, Piece]] = {}
    for one in pieces:
        told.setdefault(one.venue, {})[one.feed] = one
    return told


BTC = {"venue": "binance", "symbol": "BTCUSDT", "asset": "BTC"}
ETH = {"venue": "binance", "symbol": "ETHUSDT", "asset": "ETH"}
PEPE = {
    "venue": "binance",
    "symbol": "1000PEPEUSDT",
    "base": "1000PEPE",
    "asset": "PEPE",
    "multiplier": 1000.0,
}


def quotes(symbols: list[str], **more: list[Any]) -> pl.DataFrame:
    """Bid 10, 11, …; ask half above; sizes 2 and 3."""
    bids = [10.0 + place for place in range(len(symbols))]
    return wire(
        symbol=symbols,
        bid=bids,
        ask=[bid + 0.5 for bid in bids],
        bid_size=[2.0] * len(bids),
        ask_size=[3.0] * len(bids),
        **more,
    )


def perp(pieces: Any, known: pl.DataFrame, **more: Any) -> pl.DataFrame:
    return frames.assemble(pieces, known, **more).perp


def row(frame: pl.DataFrame, symbol: str) -> dict[str, Any]:
    return frame.row(by_predicate=pl.col("symbol") == symbol, named=True)
