"""Toy venues that speak plain JSON on a loopback server, with all that a venue file declares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from arbedge.names import Fault, Market
from exchanges.columns import INSTRUMENT, WIRE, Parsed, conform
from exchanges.venues import faults
from exchanges.venues.base import (
    EVERY_MINUTE,
    EVERY_SCAN,
    EVERY_TEN_MINUTES,
    HISTORY_COLUMNS,
    NETWORK_COLUMNS,
    Ask,
    Feed,
    Ladder,
    Pool,
    Venue,
)
from exchanges.wire import MalformedAnswer

AT = 1_764_000_000_000.0


def loads(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise MalformedAnswer(f"was no JSON: {error}") from error


def prices(*symbols: str, **more: Any) -> bytes:
    """A body of prices: {"at", "rows": [{"symbol", "bid", "ask"}], "dropped"}."""
    rows = [{"symbol": one, "bid": 10.0, "ask": 10.1, "rate": 1e-4} for one in symbols]
    return json.dumps({"at": AT, "rows": rows, **more}).encode()


def listed(*symbols: str, market: str = "perp") -> bytes:
    """A body of instruments."""
    rows = [
        {
            "symbol": one,
            "market": market,
            "base": one.removesuffix("USDT"),
            "quote": "USDT",
            "settle": "USDT",
            "contract_size": 1.0,
            "status": "trading",
        }
        for one in symbols
    ]
    return json.dumps({"rows": rows}).encode()


def read_prices(body: bytes) -> Parsed:
    told = loads(body)
    columns = ["symbol", "bid", "ask", "rate"]
    frame = pl.DataFrame(told["rows"], schema={name: WIRE[name] for name in columns})
    return Parsed(frame, told.get("dropped", {}), told.get("at"))


def read_listed(body: bytes) -> Parsed:
    return Parsed(conform(pl.DataFrame(loads(body)["rows"]), INSTRUMENT))


def read_depth(body: bytes) -> Ladder:
    told = loads(body)
    return Ladder(
        tuple((price, size) for price, size in told["bids"]),
        tuple((price, size) for price, size in told["asks"]),
        told.get("at"),
    )


def read_history(body: bytes) -> pl.DataFrame:
    return pl.DataFrame(loads(body), schema=HISTORY_COLUMNS, orient="row")


def read_networks(body: bytes) -> pl.DataFrame:
    return pl.DataFrame(loads(body), schema=NETWORK_COLUMNS, orient="row")


def next_page(body: bytes) -> Mapping[str, str] | None:
    cursor = loads(body).get("next")
    return {"cursor": cursor} if cursor else None


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Fault | None:
    return faults.classify(status, body, {})


def sign(ask: Ask, keys: Mapping[str, str], now_ms: float) -> Mapping[str, Any]:
    return {"params": {**ask.query, "signed": keys["secret"]}, "headers": {"X-Key": keys["key"]}}


def feed(name: str = "perp", every_s: float = EVERY_SCAN, **more: Any) -> Feed:
    weight = more.pop("weight", 1)
    told = {"essential": every_s == EVERY_SCAN, "parse": read_prices, **more}
    return Feed(name, Market.PERP, Ask("api", f"/{name}", weight=weight), every_s=every_s, **told)


def lists(name: str = "lists", **more: Any) -> Feed:
    return feed(name, EVERY_TEN_MINUTES, instruments=True, parse=read_listed, **more)


def minute(name: str = "day") -> Feed:
    return feed(name, EVERY_MINUTE)


def venue(name: str, *feeds: Feed, **more: Any) -> Venue:
    """A venue on /<name>/…; its host is set by `at`."""
    told: dict[str, Any] = {
        "title": name.title(),
        "monogram": name[:2],
        "tint": "#000000",
        "hosts": {"api": "https://unreachable.invalid"},
        "pools": {"ip": Pool(1000, 60.0)},
        "feeds": feeds or (feed(),),
        "clock": Ask("api", "/clock"),
        "parse_clock": lambda body: float(loads(body)),
        "depth": lambda market, symbol: Ask("api", "/depth", {"m": market, "s": symbol}),
        "parse_depth": read_depth,
        "history": lambda symbol, since: Ask("api", "/history", {"s": symbol, "from": str(since)}),
        "parse_history": read_history,
        "classify": classify,
        "parse_networks": read_networks,
        "sign": sign,
    }
    return Venue(name=name, **(told | more))
