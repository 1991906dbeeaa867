"""How the bot writes what the market says: lines and tables that no phone breaks."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from arbedge.writing import THIN
from notifications.writing.dialects import tame
from notifications.writing.languages import Style

WIDE: Final = 40
LONGEST_NAME: Final = 16
MORE: Final = "…"
STALE_S: Final = 30.0
_WIDE: Final = {"W", "F"}


def name(text: str, longest: int = LONGEST_NAME) -> str:
    """A name from outside, tame and short."""
    return tame(text, longest)


def width(text: str) -> int:
    """How many columns a text takes; letters of the far east take two, marks above others none."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in _WIDE)
        for letter in text
    )


def table(rows: Sequence[Sequence[str]], align: str = "") -> SafeString:
    """Rows in aligned columns, as HTML of fixed width; no line is wider than 40.

    `align` has a letter per column: `<` to the left (as columns beyond it are), `>` to the right.
    A row of a single cell takes the whole line. Where a row would be too wide its first column is
    cut.
    """
    if not rows:
        return SafeString("")
    cells = [[cell.replace(THIN, "") for cell in row] for row in rows]
    wide = _widths([row for row in cells if len(row) > 1])
    lines = []
    for row in cells:
        if len(row) == 1:
            lines.append(_cut(row[0], WIDE).rstrip())
            continue
        padded = [
            _padded(_cut(cell, wide[at]), wide[at], align[at : at + 1])
            for at, cell in enumerate(row)
        ]
        lines.append(" ".join(padded).rstrip())
    return mark_safe(f"<pre>{escape(chr(10).join(lines))}</pre>")  # noqa: S308  (escaped)


def narrow(style: Style, seconds: float | None) -> str:
    """A span in its largest unit, as narrow as can be: `38min`; `?` for what nobody knows."""
    if seconds is None:
        return "?"
    return style.span(seconds).split(" ", maxsplit=1)[0].replace(THIN, "")


def joined(lines: Iterable[str | SafeString | None]) -> str:
    """The lines there are, those of nothing left out; an empty one is an empty line."""
    return "\n".join(str(line) for line in lines if line is not None)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    columns = max((len(row) for row in rows), default=0)
    wide = [max(width(row[at]) for row in rows if len(row) > at) for at in range(columns)]
    if wide:
        wide[0] = max(1, min(wide[0], WIDE - sum(wide[1:]) - (columns - 1)))
    return wide


def _cut(cell: str, longest: int) -> str:
    if width(cell) <= longest:
        return cell
    kept = ""
    for letter in cell:
        if width(kept + letter) > longest - 1:
            break
        kept += letter
    return kept + MORE


def _padded(cell: str, wide: int, align: str) -> str:
    space = " " * (wide - width(cell))
    return space + cell if align == ">" else cell + space
