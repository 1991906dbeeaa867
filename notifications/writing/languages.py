"""How figures and times are written in a reader's language, zone and numbers.

The figures themselves are those of `arbedge.writing`; here are the words around them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from arbedge import writing
from arbedge.choices import NumberFormat
from arbedge.names import Language
from arbedge.writing import THIN

_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_MARKS: Final = {
    NumberFormat.COMMA: str.maketrans({",": ".", ".": ","}),
    NumberFormat.SPACE: str.maketrans({",": "\u202f", ".": ","}),
}

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    Language.EN: {
        "unknown": "unknown", "now": "now", "ago": "{} ago", "coming": "in {}", "day": "d",
        "months": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "low": "low", "medium": "medium", "high": "high",
        "funding": "funding", "spot": "spot", "basis": "basis", "technical": "signal",
        "long": "Long", "short": "Short", "buy": "Buy", "sell": "Sell", "at": "at {}",
        "on_spot": "{} spot", "rate_up": "{}’s rate rose", "rate_down": "{}’s rate fell",
        "dearer": "spreads widened", "gap": "the prices moved together",
        "gap_against": "the prices moved apart the wrong way",
    },
    Language.ES: {
        "unknown": "desconocido", "now": "ahora", "ago": "hace {}", "coming": "en {}", "day": "d",
        "months": "ene feb mar abr may jun jul ago sep oct nov dic",
        "low": "bajo", "medium": "medio", "high": "alto",
        "funding": "funding", "spot": "spot", "basis": "base", "technical": "señal",
        "long": "Largo", "short": "Corto", "buy": "Comprar", "sell": "Vender", "at": "a {}",
        "on_spot": "{} spot", "rate_up": "subió la tasa de {}", "rate_down": "bajó la tasa de {}",
        "dearer": "los diferenciales se ampliaron", "gap": "los precios se acercaron",
        "gap_against": "los precios se separaron en contra",
    },
    Language.FR: {
        "unknown": "inconnu", "now": "maintenant", "ago": "il y a {}", "coming": "dans {}",
        "day": "j",
        "months": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
        "low": "faible", "medium": "moyen", "high": "élevé",
        "funding": "funding", "spot": "spot", "basis": "base", "technical": "signal",
        "long": "Long", "short": "Short", "buy": "Acheter", "sell": "Vendre", "at": "à {}",
        "on_spot": "{} spot", "rate_up": "le taux de {} a monté",
        "rate_down": "le taux de {} a baissé",
        "dearer": "les écarts se sont creusés", "gap": "les prix se sont rapprochés",
        "gap_against": "les prix se sont écartés dans le mauvais sens",
    },
}  # fmt: skip


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | None:
    """The zone of this name, None where there is none: then times are UTC."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # a name that is no zone, a folder, or no name at all
        return None


@dataclass(slots=True)
class Style:
    """How one reader's texts are written. `zoned` tells whether his zone has mattered so far."""

    language: str = Language.EN
    zone: str = "UTC"
    numbers: str = NumberFormat.POINT
    zoned: bool = False

    def word(self, key: str, *parts: str) -> str:
        """A word, or a pattern filled in."""
        return WORDS[self.language][key].format(*parts)

    @property
    def unknown(self) -> str:
        """What is written for what nobody knows."""
        return self.word("unknown")

    def percent(self, fraction: float, places: int = 2) -> str:
        """`+0.18 %`."""
        return self.number(writing.percent(fraction, places))

    def share(self, fraction: float, places: int = 2) -> str:
        """`0.23 %`."""
        return self.number(writing.share(fraction, places))

    def yearly(self, fraction: float) -> str:
        """A yearly rate: `51 %`, with one place under 10 %."""
        return self.share(fraction, 0 if abs(fraction) >= 0.0995 else 1)

    def money(self, usd: float) -> str:
        """`$12.4 k`, and `$50 k` where nothing is cut off by it."""
        return self.number(writing.money(usd).replace(f".0{THIN}", THIN))

    def exact_money(self, usd: float) -> str:
        """`$61.00`."""
        return self.number(writing.exact_money(usd))

    def price(self, value: float) -> str:
        """`2.0004`."""
        return self.number(writing.price(value))

    def plain(self, value: float) -> str:
        """A number as somebody typed it: `2.5`."""
        return self.number(f"{value:,.10g}".replace("-", writing.MINUS))

    def hours(self, value: float) -> str:
        """`72 h`."""
        return self.number(writing.hours(value))

    def span(self, seconds: float) -> str:
        """`2 h 10 min`."""
        text = writing.duration(seconds)
        return text.replace(f"{THIN}d", f"{THIN}{self.word('day')}")

    def when(self, at: datetime, now: datetime) -> str:
        """`42 s ago` within an hour, `in 2 h 10 min` within a day, else the moment itself."""
        seconds = (at - now).total_seconds()
        if -1 < seconds < 1:
            return self.word("now")
        if -_HOUR_S < seconds < 0:
            return self.word("ago", self.span(-seconds))
        if 0 < seconds < _DAY_S:
            return self.word("coming", self.span(seconds))
        return self.moment(at)

    def moment(self, at: datetime) -> str:
        """`21 Nov 2026 15:05 CET`, in the reader's zone."""
        self.zoned = True
        shown = at.astimezone(zone_of(self.zone) or UTC)
        name = shown.tzname() or "UTC"
        month = self.word("months").split()[shown.month - 1]
        zone = f"UTC{name}" if name[0] in "+-" else name
        return f"{shown.day} {month} {shown:%Y %H:%M} {zone}"

    def number(self, text: str) -> str:
        """A number's text with this reader's marks."""
        marks = _MARKS.get(NumberFormat(self.numbers))
        return text if marks is None else text.translate(marks)


def finite(value: Any) -> float | None:
    """The number, None for what is none or is not finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def moment_of(text: Any) -> datetime | None:
    """The aware moment of an ISO text, None where there is none."""
    if not isinstance(text, str) or not text:
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
