"""OKX v5: every number a string, sizes of swaps in contracts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from exchanges.simulator.listing import LISTED_MS, Leg, Sort, Standing, offline_ms, plain
from exchanges.simulator.speakers import terms
from exchanges.simulator.speakers.speech import (
    Budget,
    Question,
    Refusal,
    Route,
    book,
    one,
)
from exchanges.simulator.world import Row

VENUE: Final = "okx"
BUDGET: Final = Budget(40, 2_000, 429, per_path=True)
_SORTS: Final = {"SPOT": Sort.SPOT, "SWAP": Sort.PERP}
_STATE: Final = {
    Standing.TRADING: "live",
    Standing.PRE_MARKET: "preopen",
    Standing.HALTED: "suspend",
}


def refuse(status: int, path: str) -> dict[str, Any]:
    """The body OKX sends with an HTTP error."""
    if status == 429:
        return {"code": "50011", "msg": "Too Many Requests", "data": []}
    return {"code": "50001", "msg": f"Service temporarily unavailable: {path}", "data": []}


def _symbol(leg: Leg) -> str:
    return f"{leg.base}-{leg.quote}" + ("-SWAP" if leg.sort is Sort.PERP else "")


def _envelope(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": rows}


def _of_type(ask: Question) -> list[Row]:
    kind = ask.query.get("instType", "")
    if kind not in _SORTS:
        if kind in ("FUTURES", "OPTION", "MARGIN"):
            return []
        raise Refusal(400, {"code": "51000", "msg": "Parameter instType error", "data": []})
    return ask.rows(VENUE, _SORTS[kind])


def _named(ask: Question) -> Row:
    wanted = ask.query.get("instId", "")
    found = one(ask.rows(VENUE, Sort.SPOT, Sort.PERP), wanted, _symbol)
    if found is None:
        text = "Instrument ID, Instrument ID code, or Spread ID doesn't exist."
        raise Refusal(400, {"code": "51001", "msg": text, "data": []})
    return found


def _tickers(ask: Question) -> Any:
    kind = ask.query.get("instType", "")
    return _envelope([_ticker(row, kind) for row in _of_type(ask)])


def _ticker(row: Row, kind: str) -> dict[str, Any]:
    """`vol24h` is contracts for swaps; `volCcy24h` is coins for swaps, quote currency for spot."""
    fixed, swap = row.fixed, row.leg.sort is Sort.PERP
    contracts = f"{float(fixed.volume) / float(row.leg.contract):.4f}"
    return {
        "instType": kind, "instId": _symbol(row.leg), "last": row.last, "lastSz": "1",
        "askPx": row.ask, "askSz": row.ask_size, "bidPx": row.bid, "bidSz": row.bid_size,
        "open24h": fixed.open, "high24h": fixed.high, "low24h": fixed.low,
        "volCcy24h": fixed.volume if swap else fixed.turnover,
        "vol24h": contracts if swap else fixed.volume,
        "ts": str(row.at_ms), "sodUtc0": fixed.open, "sodUtc8": fixed.open,
    }  # fmt: skip


def _funding(ask: Question) -> Any:
    every = ask.query.get("instId") == "ANY"
    rows = ask.rows(VENUE, Sort.PERP) if every else [_named(ask)]
    return _envelope([_funding_row(row) for row in rows])


def _funding_row(row: Row) -> dict[str, Any]:
    cap = row.fixed.cap
    return {
        "formulaType": "withRate", "fundingRate": row.fixed.rate,
        "fundingTime": str(row.next_ms or ""), "impactValue": "", "instId": _symbol(row.leg),
        "instType": "SWAP", "interestRate": "0.0001", "maxFundingRate": cap,
        "method": "current_period", "minFundingRate": f"-{cap}", "nextFundingRate": "",
        "nextFundingTime": str(row.after_ms or ""), "premium": "", "prevFundingTime": "",
        "settFundingRate": "", "settState": "settled", "ts": str(row.at_ms),
    }  # fmt: skip


def _history(ask: Question) -> Any:
    row = _named(ask)
    past = ask.world.settlements(
        row.leg, ask.at_ms, ask.number("before", 0), min(ask.number("limit", 100), 400)
    )
    rows = [
        {
            "formulaType": "withRate", "fundingRate": rate, "fundingTime": str(at),
            "instId": _symbol(row.leg), "instType": "SWAP", "method": "current_period",
            "realizedRate": rate,
        }
        for at, rate in past
    ]  # fmt: skip
    return _envelope([entry for entry in rows if _before(entry, ask)])


def _before(entry: dict[str, Any], ask: Question) -> bool:
    """`after` pages backwards: only what is older is told."""
    return "after" not in ask.query or int(entry["fundingTime"]) < ask.number("after", 0)


def _mark(ask: Question) -> Any:
    rows = _of_type(ask)
    return _envelope([
        {"instType": "SWAP", "instId": _symbol(row.leg), "markPx": row.mark, "ts": str(row.at_ms)}
        for row in rows
    ])  # fmt: skip


def _interest(ask: Question) -> Any:
    return _envelope([
        {
            "instType": "SWAP", "instId": _symbol(row.leg), "oi": row.fixed.interest,
            "oiCcy": row.fixed.interest_coins, "oiUsd": row.fixed.interest_usd,
            "ts": str(row.at_ms),
        }
        for row in _of_type(ask)
    ])  # fmt: skip


def _index(ask: Question) -> Any:
    wanted = ask.query.get("quoteCcy", "USDT")
    rows = [row for row in ask.rows(VENUE, Sort.PERP) if row.leg.quote == wanted]
    return _envelope([
        {
            "instId": f"{row.leg.base}-{row.leg.quote}", "idxPx": row.index_price,
            "high24h": row.fixed.high, "low24h": row.fixed.low, "open24h": row.fixed.open,
            "sodUtc0": row.fixed.open, "sodUtc8": row.fixed.open, "ts": str(row.at_ms),
        }
        for row in rows
    ])  # fmt: skip


def _instruments(ask: Question) -> Any:
    return _envelope([_instrument(row, ask.at_ms) for row in _of_type(ask)])


def _instrument(row: Row, at_ms: int) -> dict[str, Any]:
    leg, ends = row.leg, offline_ms(row.leg, at_ms)
    common = {
        "alias": "", "category": "1", "expTime": str(ends) if ends else "",
        "instId": _symbol(leg), "lever": "50", "listTime": str(LISTED_MS), "lotSz": "0.01",
        "minSz": "0.01", "ruleType": "normal", "state": _STATE[leg.standing],
        "tickSz": row.fixed.tick, **terms.OKX,
    }  # fmt: skip
    if leg.sort is Sort.SPOT:
        return {**common, "instType": "SPOT", "baseCcy": leg.base, "quoteCcy": leg.quote,
                "ctVal": "", "ctValCcy": "", "ctMult": "", "ctType": "", "settleCcy": "",
                "instFamily": "", "uly": ""}  # fmt: skip
    family = f"{leg.base}-{leg.quote}"
    return {**common, "instType": "SWAP", "baseCcy": "", "quoteCcy": "", "ctMult": "1",
            "ctType": "linear", "ctVal": plain(leg.contract), "ctValCcy": leg.base,
            "settleCcy": leg.quote, "instFamily": family, "uly": family}  # fmt: skip


def _books(ask: Question) -> Any:
    bids, asks = book(_named(ask), ask.number("sz", 1))
    return _envelope([{
        "asks": [[*level, "0", "3"] for level in asks],
        "bids": [[*level, "0", "3"] for level in bids],
        "ts": str(ask.at_ms), "seqId": ask.at_ms,
    }])  # fmt: skip


def _time(ask: Question) -> Any:
    return _envelope([{"ts": str(int(ask.world.clock()))}])


ROUTES: Final[Mapping[str, Route]] = {
    "/api/v5/public/time": Route(_time, fresh=True),
    "/api/v5/public/instruments": Route(_instruments),
    "/api/v5/public/funding-rate": Route(_funding),
    "/api/v5/public/funding-rate-history": Route(_history),
    "/api/v5/public/mark-price": Route(_mark),
    "/api/v5/public/open-interest": Route(_interest),
    "/api/v5/market/tickers": Route(_tickers),
    "/api/v5/market/index-tickers": Route(_index),
    "/api/v5/market/books": Route(_books),
}
