"""Payloads written by hand in the venues' documented formats, and what a feed makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exchanges.columns import Parsed
from exchanges.venues import VENUES
from exchanges.venues.base import Feed

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads"


def payload(venue: str, name: str) -> bytes:
    return (PAYLOADS / venue / f"{name}.json").read_bytes()


def feed(venue: str, name: str) -> Feed:
    return next(one for one in VENUES[venue].feeds if one.name == name)


def parse(venue: str, name: str) -> Parsed:
    return feed(venue, name).parse(payload(venue, name))


def row(parsed: Parsed, symbol: str) -> dict[str, Any]:
    rows = [one for one in parsed.frame.to_dicts() if one["symbol"] == symbol]
    assert len(rows) == 1, f"{symbol} came {len(rows)} times"
    return rows[0]


def listed(venue: str, name: str, column: str) -> dict[str, Any]:
    frame = parse(venue, name).frame
    return dict(zip(frame.get_column("symbol"), frame.get_column(column), strict=True))
