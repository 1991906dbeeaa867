"""How figures are written for people, the same on pages, in the console and in messages.

Fractions become per cent or basis points with a sign and a real minus; money is compact; times are
relative while they are near. What is not known is written "unknown".
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

MINUS: Final = "\u2212"
THIN: Final = "\u2009"
UNKNOWN: Final = "unknown"
NONE: Final = "–"
FRESH_S: Final = 10.0
AGEING_S: Final = 30.0
PLAIN_DIGITS: Final = 6
FINEST_DIGITS: Final = 10  # a finer tick is a venue's way to say that it has none

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_STEPS: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def known(value: float | Decimal | None) -> bool:
    """Whether there is a number to write."""
    return value is not None and math.isfinite(value)


def signed(value: float, places: int) -> str:
    """The number with its sign and a real minus; what rounds to zero has no sign."""
    text = f"{abs(value):,.{places}f}"
    if not text.strip("0.,"):
        return text
    return (MINUS if value < 0 else "+") + text


def percent(fraction: float | None, places: int = 2) -> str:
    """A fraction as per cent, always signed: `+0.18 %`; whole from 100 % on."""
    if fraction is None or not known(fraction):
        return UNKNOWN
    value = fraction * 100
    return f"{signed(value, 0 if abs(value) >= 100 else places)}{THIN}%"


def share(fraction: float | None, places: int = 2) -> str:
    """A fraction that has no direction, as per cent without a sign: `99.12 %`."""
    if fraction is None or not known(fraction):
        return UNKNOWN
    return f"{fraction * 100:.{places}f}".replace("-", MINUS) + f"{THIN}%"


def basis_points(fraction: float | None, places: int = 1) -> str:
    """A fraction as basis points, always signed: `+18.0 bp`."""
    if fraction is None or not known(fraction):
        return UNKNOWN
    return f"{signed(fraction * 10_000, places)}{THIN}bp"


def money(usd: float | Decimal | None) -> str:
    """Dollars, compact: `$12.4 k`."""
    if usd is None or not known(usd):
        return UNKNOWN
    amount = abs(float(usd))
    sign = MINUS if usd < 0 else ""
    for size, letter in _STEPS:
        if amount >= size * 0.9995:
            return f"{sign}${_short(amount / size)}{THIN}{letter}"
    return f"{sign}${_short(amount)}"


def exact_money(usd: float | Decimal | None) -> str:
    """Dollars to the cent: `$12,412.08`."""
    if usd is None or not known(usd):
        return UNKNOWN
    return f"{MINUS if usd < 0 else ''}${abs(usd):,.2f}"


def price(value: float | None, tick: Decimal | float | None = None) -> str:
    """A price with the places of its instrument's tick, else with six significant digits."""
    if value is None or not known(value):
        return UNKNOWN
    if tick:
        places = max(0, -int(Decimal(str(tick)).normalize().as_tuple().exponent))
        return f"{value:,.{min(places, _places(value, FINEST_DIGITS))}f}"
    text = f"{value:,.{_places(value, PLAIN_DIGITS)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _places(value: float, digits: int) -> int:
    """The places that show so many significant digits, none negative."""
    whole = math.floor(math.log10(abs(value))) + 1 if value else 1
    return max(0, min(digits - whole, 18))


def hours(value: float | None) -> str:
    """A length in hours: `72 h`, `1.5 h`."""
    return UNKNOWN if value is None else f"{value:g}{THIN}h"


def duration(seconds: float) -> str:
    """A length of time in its two largest units: `42 s`, `2 h 10 min`, `3 d 4 h`."""
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return f"{whole}{THIN}s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S}{THIN}min"
    if whole < _DAY_S:
        left = whole % _HOUR_S // _MINUTE_S
        return f"{whole // _HOUR_S}{THIN}h" + (f" {left}{THIN}min" if left else "")
    left = whole % _DAY_S // _HOUR_S
    return f"{whole // _DAY_S}{THIN}d" + (f" {left}{THIN}h" if left else "")


def relative(at: datetime | None, now: datetime) -> str:
    """`42 s ago` within an hour, `in 2 h 10 min` within the next day, else the moment itself."""
    if at is None:
        return UNKNOWN
    seconds = (at - now).total_seconds()
    if -1 < seconds < 1:
        return "now"
    if -_HOUR_S < seconds < 0:
        return f"{duration(-seconds)} ago"
    if 0 < seconds < _DAY_S:
        return f"in {duration(seconds)}"
    return moment(at)


def moment(at: datetime | None) -> str:
    """A moment with its zone: `21 Nov 2026 14:05 UTC`."""
    if at is None:
        return UNKNOWN
    shown = at.astimezone(UTC)
    return f"{shown.day} {shown:%b %Y %H:%M} UTC"


def age(seconds: float | None) -> str:
    """How old data are: `4 s`."""
    return UNKNOWN if seconds is None or not known(seconds) else duration(seconds)


def freshness(seconds: float | None) -> str:
    """The word for an age: fresh under 10 s, ageing under 30 s, else stale; or unknown."""
    if seconds is None or not known(seconds):
        return UNKNOWN
    if seconds < FRESH_S:
        return "fresh"
    return "ageing" if seconds < AGEING_S else "stale"


def _short(amount: float) -> str:
    """Three digits where the whole part leaves room: 1.24, 12.4, 124."""
    if amount >= 99.95:
        return f"{amount:.0f}"
    return f"{amount:.1f}" if amount >= 9.995 else f"{amount:.2f}".removesuffix(".00")
