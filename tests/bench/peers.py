"""The same bytes through ccxt: `json.loads` and its own parsers, with the markets injected."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import ccxt

from arbedge.names import Market
from tests.bench.bodies import Body

TICKERS, RATES, INTEREST = "parse_tickers", "parse_funding_rates", "parse_open_interests"
# What ccxt's own methods call on each answer. Bybit's perpetuals bring prices and funding in one
# answer: we read both out of it, ccxt needs both of its parsers.
PARSERS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("binance", "spot_book"): (TICKERS,),
    ("binance", "spot_day"): (TICKERS,),
    ("binance", "perp_book"): (TICKERS,),
    ("binance", "perp_funding"): (RATES,),
    ("binance", "perp_day"): (TICKERS,),
    ("bybit", "spot"): (TICKERS,),
    ("bybit", "perp"): (TICKERS, RATES),
    ("okx", "spot"): (TICKERS,),
    ("okx", "perp"): (TICKERS,),
    ("okx", "perp_funding"): (RATES,),
    ("okx", "perp_mark"): (TICKERS,),
    ("okx", "perp_interest"): (INTEREST,),
    ("bitget", "spot"): (TICKERS,),
    ("bitget", "perp"): (TICKERS,),
    ("bitget", "perp_funding"): (RATES,),
}
ROWS: Final = {
    "binance": (),
    "bybit": ("result", "list"),
    "okx": ("data",),
    "bitget": ("data",),
}
Parse = Callable[[], object]


def known_to(bodies: Iterable[Body]) -> list[Body]:
    """The answers ccxt has a parser for."""
    return [body for body in bodies if (body.venue.name, body.feed.name) in PARSERS]


class Peer:
    """ccxt's exchange objects, knowing the same instruments."""

    def __init__(self, bodies: Iterable[Body]) -> None:
        listed: dict[tuple[str, Market], list[dict[str, Any]]] = {}
        for body in bodies:
            rows = listed.setdefault((body.venue.name, body.feed.market), [])
            if body.is_list:
                frame = body.feed.parse(body.data).frame
                rows.extend(frame.select("symbol", "base", "quote", "settle").to_dicts())
        self.exchanges = {key: _exchange(*key, rows) for key, rows in listed.items()}

    def parser(self, body: Body) -> Parse:
        """What ccxt does with that answer, from bytes on."""
        exchange = self.exchanges[body.venue.name, body.feed.market]
        names = PARSERS[body.venue.name, body.feed.name]
        parsers = [getattr(exchange, name) for name in names]
        way = ROWS[body.venue.name]

        def run() -> object:
            rows = json.loads(body.data)
            for key in way:
                rows = rows[key]
            return [parse(rows) for parse in parsers]

        return run


def _exchange(venue: str, market: Market, rows: Iterable[Mapping[str, str]]) -> Any:
    name = "binanceusdm" if (venue, market) == ("binance", Market.PERP) else venue
    kind = "spot" if market is Market.SPOT else "swap"
    exchange = getattr(ccxt, name)({"options": {"defaultType": kind}})
    exchange.set_markets([_market(exchange, kind, row) for row in rows])
    return exchange


def _market(exchange: Any, kind: str, row: Mapping[str, str]) -> Any:
    swap = kind == "swap"
    pair = f"{row['base']}/{row['quote']}"
    return exchange.safe_market_structure(
        {
            "id": row["symbol"],
            "symbol": f"{pair}:{row['settle']}" if swap else pair,
            "base": row["base"],
            "quote": row["quote"],
            "settle": row["settle"] if swap else None,
            "baseId": row["base"],
            "quoteId": row["quote"],
            "type": kind,
            "spot": not swap,
            "swap": swap,
            "contract": swap,
            "linear": swap or None,
            "inverse": False if swap else None,
            "contractSize": 1.0 if swap else None,
            "active": True,
        }
    )
