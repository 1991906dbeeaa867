"""What people may choose in their preferences. Values and bits are stored, so they never change."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

# The position of a venue is its bit in masks of venues: new ones go to the end.
VENUES: Final = (
    "binance", "bybit", "okx", "bitget", "gate", "kucoin", "mexc", "htx", "kraken", "coinbase",
    "bingx", "bitmart", "cryptocom", "whitebit", "bitfinex", "bitmex", "deribit", "hyperliquid",
    "phemex", "coinex", "lbank", "xt", "ascendex", "poloniex", "woo", "bitstamp", "gemini",
    "upbit", "bithumb", "krakenfutures", "kucoinfutures", "binanceus", "bitrue", "digifinex",
    "toobit", "blofin", "backpack", "paradex", "dydx", "woofipro",
)  # fmt: skip
VENUE_BITS: Final = {name: bit for bit, name in enumerate(VENUES)}


def mask(names: Iterable[str], known: Iterable[str]) -> int:
    """The bits of `names` among `known`, whose order gives the bits. Raises KeyError otherwise."""
    bits = {name: bit for bit, name in enumerate(known)}
    return sum(1 << bits[name] for name in set(names))


def unmask(bits: int, known: Iterable[str]) -> list[str]:
    """The names whose bits are set, in the order of `known`."""
    return [name for bit, name in enumerate(known) if bits >> bit & 1]


class Focus(StrEnum):
    """What a person trades."""

    ARBITRAGE = "arbitrage"
    TECHNICAL = "technical"
    HYBRID = "hybrid"


class Experience(StrEnum):
    """How much a person has traded; it decides which shelves are shown."""

    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Automation(StrEnum):
    """How much the program may do by itself."""

    MANUAL = "manual"
    SEMI = "semi"
    FULL = "full"


class Notice(StrEnum):
    """Kinds of messages a person may switch."""

    OPENED = "opened"
    IMPROVED = "improved"
    FADING = "fading"
    CLOSED = "closed"
    ALERT = "alert"
    SERVICE = "service"
    NEWS = "news"


class Switch(StrEnum):
    """Whether a kind of message comes, and whether it makes a sound."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


class Frequency(StrEnum):
    """How messages are bundled."""

    IMMEDIATE = "immediate"
    EVERY_5_MIN = "5min"
    EVERY_15_MIN = "15min"
    EVERY_30_MIN = "30min"
    HOURLY = "hourly"
    DAILY = "daily"


class Spread(StrEnum):
    """Which of a person's channels get a message."""

    FIRST = "first"
    ALL = "all"


class NumberFormat(StrEnum):
    """How numbers are written: 1,234.5 or 1.234,5 or 1 234,5."""

    POINT = "point"
    COMMA = "comma"
    SPACE = "space"


class PublicName(StrEnum):
    """How a person is named where strangers look: An…, Ann Smith, or not at all."""

    SHORT = "short"
    FULL = "full"
    HIDDEN = "hidden"


CURRENCIES: Final = ("USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "BRL", "MXN", "INR", "TRY")
NOTIONALS_USD: Final = (100, 1_000, 5_000, 10_000, 50_000)
HORIZONS_HOURS: Final = (8, 24, 72, 168)
VIP_LEVELS: Final = range(10)
