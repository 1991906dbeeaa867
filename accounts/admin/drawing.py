"""Small charts as inline SVG: they take the console's colours, light and dark, from its styles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 28
STEPS: Final = (1, 2, 5)
LEVELS: Final = 4


@dataclass(frozen=True)
class Series:
    """Numbers, one for each day, and the style that colours them."""

    name: str
    style: str
    values: Sequence[int]


def columns(days: Sequence[date], series: Sequence[Series], title: str) -> SafeString:
    """A column for each day, one series stacked on the other."""
    top = ceiling(max((sum(parts) for parts in zip(*_values(series), strict=True)), default=0))
    slot = (WIDTH - LEFT - RIGHT) / max(len(days), 1)
    boxes = []
    for place, day in enumerate(days):
        ground = float(HEIGHT - BOTTOM)
        for one in series:
            high = one.values[place] / top * (HEIGHT - TOP - BOTTOM)
            ground -= high
            if high:
                boxes.append((
                    one.style, f"{LEFT + place * slot + slot * 0.12:.1f}", f"{ground:.1f}",
                    f"{slot * 0.76:.1f}", f"{high:.1f}",
                    f"{_day(day)}: {one.values[place]:,} {one.name}",
                ))  # fmt: skip
    drawn = format_html_join(
        "",
        '<rect class="desk-fill-{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        boxes,
    )
    return _frame(title, days, top, drawn)


def lines(days: Sequence[date], series: Sequence[Series], title: str) -> SafeString:
    """A line for each series over the days, its name and last number at its end."""
    top = ceiling(max((value for values in _values(series) for value in values), default=0))
    slot = (WIDTH - LEFT - RIGHT) / max(len(days), 1)
    drawn = []
    for one in series:
        points = [
            (LEFT + (place + 0.5) * slot, HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM))
            for place, value in enumerate(one.values)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        drawn.append((one.style, path, f"{one.name}, last day {one.values[-1]:,}"))
    body = format_html_join(
        "", '<polyline class="desk-line-{}" points="{}"><title>{}</title></polyline>', drawn
    )
    return _frame(title, days, top, body)


def key(series: Sequence[Series]) -> SafeString:
    """What each colour is, with its sum."""
    return format_html(
        '<ul class="desk-key">{}</ul>',
        format_html_join(
            "",
            '<li><i class="desk-box-{}"></i>{} <b>{}</b></li>',
            ((one.style, one.name, f"{sum(one.values):,}") for one in series),
        ),
    )


def ceiling(highest: int) -> int:
    """The top of an axis: four steps, each 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for step in STEPS:
            if LEVELS * step * power >= highest:
                return LEVELS * step * power
        power *= 10


def _values(series: Sequence[Series]) -> list[Sequence[int]]:
    return [one.values for one in series]


def _frame(title: str, days: Sequence[date], top: int, body: SafeString) -> SafeString:
    height = HEIGHT - TOP - BOTTOM
    levels = format_html_join(
        "",
        '<line class="desk-grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}"'
        ' text-anchor="end">{}</text>',
        (
            (LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4, _short(top * level / LEVELS))
            for level in range(LEVELS + 1)
            for y in (round(HEIGHT - BOTTOM - height * level / LEVELS, 1),)
        ),
    )
    slot = (WIDTH - LEFT - RIGHT) / max(len(days), 1)
    named = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        (
            (f"{LEFT + (place + 0.5) * slot:.1f}", HEIGHT - 8, _day(day))
            for place, day in enumerate(days)
            if (len(days) - 1 - place) % 7 == 0
        ),
    )
    return format_html(
        '<svg class="desk-svg" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        WIDTH, HEIGHT, title, levels, body, named,
    )  # fmt: skip


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def _short(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}"
