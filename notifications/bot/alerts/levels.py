"""Levels of alerts as people type and read them: in per cent where the figure is a fraction."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from arbedge.choices import NumberFormat
from arbedge.errors import BadInput
from arbedge.writing import MINUS, THIN
from notifications.alerts.trigger_rules import FRACTIONS, RULES, Unit
from notifications.models import AlertTrigger
from notifications.names import TriggerKind
from notifications.writing.languages import Style

_SIGNS: Final = {"−": "-", "\u2009": "", "\u202f": "", "\u00a0": "", "_": "", "$": ""}
_DROPPED: Final = str.maketrans(_SIGNS)
_FIGURE: Final = re.compile(
    r"[-+−$]*[1-9]\d{0,2}(?:\s\d{3})+(?:[.,]\d+)?(?:\s*(?:%|USDT))?(?=\s|$)"
    r"|\S+?(?:\s*(?:%|USDT))?(?=\s|$)",
    re.IGNORECASE,
)
# What stands between thousands beside spaces; whoever writes spaces there means no mark so.
_BETWEEN: Final = {NumberFormat.POINT: ",", NumberFormat.COMMA: "."}


def first(text: str) -> tuple[str, str]:
    """The figure a text begins with, its unit and spaces between thousands included, and what
    comes after it: `70 000` and `okx` of "70 000 okx"."""
    found = _FIGURE.match(text.strip())
    figure = found[0] if found else ""
    return figure, text.strip()[len(figure) :].strip()


def read(text: str, kind: TriggerKind, numbers: str = NumberFormat.POINT) -> float | None:
    """The level a text means for this kind, fractions from per cent; None where it has none.

    Marks between thousands are those the person writes numbers with: 70,000 is seventy thousand to
    one and seventy to another. Raises BadInput (not_a_level).
    """
    unit = RULES[kind].unit
    if unit is Unit.NONE:
        return None
    plain = text.translate(_DROPPED).strip().upper().removesuffix("USDT").strip()
    plain, percent = plain.removesuffix("%").strip(), plain.endswith("%")
    try:
        value = float(_pointed(plain, numbers))
    except ValueError:
        raise BadInput("This is no figure.", code="not_a_level", field="level",
                       value=text[:32]) from None  # fmt: skip
    if percent and unit not in FRACTIONS:
        raise BadInput("Not in per cent.", code="not_a_level", field="level", value=text[:32])
    return round(value / 100, 12) if unit in FRACTIONS else value


def shown(row: AlertTrigger, style: Style) -> str:
    """An alert's level in its unit, "" where it has none."""
    return "" if row.level is None else written(row.level, RULES[TriggerKind(row.kind)].unit, style)


def written(level: float, unit: Unit, style: Style) -> str:
    """A level in its unit, with as many places as it has."""
    if unit is Unit.NONE:
        return ""
    if unit in FRACTIONS:
        return f"{_exact(round(level * 100, 10), style)}{THIN}%"
    if unit is Unit.USDT:
        return f"{'+' if level > 0 else ''}{_exact(level, style)}{THIN}USDT"
    return _exact(level, style)


def _exact(value: float, style: Style) -> str:
    """With as many places as it was typed with, never an exponent."""
    text = f"{Decimal(repr(value).removesuffix('.0')):,f}"
    return style.number(text.replace("-", MINUS))


def _pointed(text: str, numbers: str) -> str:
    """The number with a point and nothing between thousands."""
    text, between = text.replace(" ", ""), _BETWEEN.get(NumberFormat(numbers))
    mark = "." if between == "," else ","
    grouped = between and re.fullmatch(
        rf"([+-]?[1-9]\d{{0,2}}(?:\{between}\d{{3}})+)(?:\{mark}(\d+))?", text
    )
    if between and grouped:
        whole, places = grouped.groups()
        return f"{whole.replace(between, '')}.{places or 0}"
    return text.replace(",", ".") if re.fullmatch(r"[+-]?\d*[.,]?\d*", text) else ""
