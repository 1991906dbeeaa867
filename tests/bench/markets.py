"""Made-up market frames of any size for the engine's benchmarks."""

from __future__ import annotations

import numpy as np
import polars as pl

from arbedge.names import Market
from exchanges import columns

NOW_MS = 1_780_000_000_000.0
VENUES = ("binance", "bybit", "okx", "bitget")


def frame(market: Market, instruments: int, seed: int = 1) -> pl.DataFrame:
    """All venues' instruments of one market type, `instruments` per venue, of the same coins."""
    return pl.concat(
        _venue(venue, number, market, instruments, seed) for number, venue in enumerate(VENUES)
    )


def _venue(venue: str, number: int, market: Market, instruments: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng((seed, number, market == Market.PERP))
    coin = np.arange(instruments)
    middle = 10.0 ** (coin % 7 - 3) * (1 + rng.normal(size=instruments) * 1e-4)
    # One rate in fifty is far off: some trades pay.
    fat = np.where(rng.random(instruments) < 0.02, 20.0, 1.0)
    rates = {
        "rate": rng.normal(size=instruments) * 2e-5 * fat,
        "rate_cap": np.full(instruments, 0.02),
        "rate_floor": np.full(instruments, -0.02),
        "interval_hours": rng.choice([1.0, 4.0, 8.0], instruments),
        "next_settlement_ms": np.full(instruments, NOW_MS + 2.4e6),
        "open_interest_usd": rng.lognormal(15, 1, instruments),
    }
    names = [f"C{number}" for number in coin]
    rows = pl.DataFrame(
        {
            "instrument_id": coin + number * 100_000 + (10**6 if market is Market.PERP else 0),
            "venue": [venue] * instruments,
            "symbol": [f"{name}USDT" for name in names],
            "market": [market.value] * instruments,
            "asset": names,
            "base": names,
            "quote": ["USDT"] * instruments,
            "settle": ["USDT" if market is Market.PERP else ""] * instruments,
            "multiplier": np.ones(instruments),
            "contract_size": np.ones(instruments),
            "status": ["trading"] * instruments,
            "inferred": [False] * instruments,
            "leveraged": [False] * instruments,
            "bid": middle * (1 - 1e-4),
            "ask": middle * (1 + 1e-4),
            "bid_size": np.full(instruments, 1e3),
            "ask_size": np.full(instruments, 1e3),
            "volume_usd": rng.lognormal(16, 1, instruments),
            "high": middle * 1.04,
            "low": middle * 0.97,
            "captured_at_ms": np.full(instruments, NOW_MS - 900 - 100 * number),
            "venue_at_ms": np.full(instruments, NOW_MS - 1000 - 100 * number),
            "age_ms": np.full(instruments, 1000.0 + 100 * number),
            **(rates if market is Market.PERP else {}),
        }
    )
    return columns.conform(rows, columns.MARKET)
