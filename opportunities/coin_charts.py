"""Funding drawn: what a coin's venues settled and announce, and where venues differ most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from exchanges.models import SettledFunding
from opportunities.announced import EIGHT_HOURS, Announced, Difference, best_difference
from opportunities.charts import Chart, Line, draw, finished, frame, tick
from opportunities.pages import venue
from opportunities.quoted import USUAL_QUOTE
from opportunities.settled import per_eight_hours
from opportunities.voice import ENGLISH, Voice

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SETTLED_DAYS: Final = 7
LINES_AT_MOST: Final = 5
PLACES: Final = 4
LONGEST_NAME: Final = 16
_FAR_EAST, _BOX = "\u2e80", "□"
_ROW_PX: Final = 30
_EDGE_PX: Final = 80


@dataclass(frozen=True, slots=True)
class Coin:
    """All that a coin's chart shows: its perpetuals now, and what each settled, per 8 h."""

    name: str
    rows: Sequence[Announced]
    settled: Mapping[int, Sequence[tuple[datetime, float]]]
    at: datetime


def coin(name: str, rows: Sequence[Announced], at: datetime) -> Coin:
    """The chart's content, in one query; rows that are old, of an unknown interval, or probably of
    another coin are left out."""
    known = [row for row in rows if row.hourly is not None and row.fresh and not row.strange]
    hours = {row.instrument_id: row.interval_hours or EIGHT_HOURS for row in known
             if row.instrument_id is not None}  # fmt: skip
    since = at - timedelta(days=SETTLED_DAYS)
    history = SettledFunding.objects.filter(instrument_id__in=[*hours], settled_at__gt=since)
    of_one: dict[int, list[SettledFunding]] = {}
    for one in history.order_by("settled_at"):
        of_one.setdefault(one.instrument_id, []).append(one)
    settled = {number: per_eight_hours(rows, hours[number]) for number, rows in of_one.items()}
    return Coin(drawable(name), _chosen(known, settled), settled, at)


def draw_coin(shown: Coin, theme: str = "light", voice: Voice = ENGLISH) -> bytes:
    """A PNG: lines of what was settled where that is known, else bars of what is announced."""
    if not any(shown.settled.values()):
        return _draw_announced(shown, theme, voice)
    colours = _colours(shown.rows)
    lines = []
    for row in shown.rows:
        past = shown.settled.get(row.instrument_id or 0, [])
        points = [*past, (shown.at, row.per_eight_hours)]
        at, values = [point[0] for point in points], [point[1] for point in points]
        lines.append(Line(label(row), colours[row], at, values))
    source = voice("coin_source", moment=voice.moment(shown.at))
    title = voice("coin_settled", coin=shown.name)
    chart = Chart(title, lines, source, places=PLACES, voice=voice)
    return draw(chart, theme, "png")


def draw_differences(
    pairs: Sequence[Difference], at: datetime, theme: str = "light", voice: Voice = ENGLISH
) -> bytes:
    """A PNG: a line per coin from the rate of the long leg to that of the short one."""
    source = voice("announced_source", moment=voice.moment(at))
    height = _EDGE_PX + _ROW_PX * max(len(pairs), 3)
    drawing, axes, colours = frame(voice("differences"), source, theme, height_px=height)
    for place, pair in enumerate(pairs):
        ends = [(pair.long.per_eight_hours or 0) * 100, (pair.short.per_eight_hours or 0) * 100]
        axes.plot(ends, [place, place], color=colours["line"], linewidth=5, zorder=1)
        for end, mark, side in zip(ends, "^v", ("long", "short"), strict=True):
            axes.plot([end], [place], mark, color=colours[side], markersize=7, zorder=2)
    names = [
        f"{drawable(pair.long.asset)}\n{venue(pair.long.venue)} · {venue(pair.short.venue)}"
        for pair in pairs
    ]
    values = [pair.per_eight_hours for pair in pairs]
    _rows(axes, names, values, colours, voice)
    if not pairs:
        _empty(axes, voice, colours)
    drawing.subplots_adjust(left=0.32, right=0.77, top=1 - 34 / height, bottom=44 / height)
    return finished(drawing, "png")


def drawable(text: str) -> str:
    """A name with a box for each letter that the font of drawings has not."""
    return "".join(letter if letter < _FAR_EAST else _BOX for letter in text[:LONGEST_NAME])


def label(row: Announced) -> str:
    """A perpetual as a chart or table names it: its venue, and its quote where that is unusual."""
    return venue(row.venue) + ("" if row.quote == USUAL_QUOTE else f" {row.quote}")


def _draw_announced(shown: Coin, theme: str, voice: Voice) -> bytes:
    source = voice("announced_source", moment=voice.moment(shown.at))
    height = _EDGE_PX + _ROW_PX * max(len(shown.rows), 3)
    title = voice("coin_announced", coin=shown.name)
    drawing, axes, colours = frame(title, source, theme, height_px=height)
    inks = _colours(shown.rows)
    rates = [row.per_eight_hours or 0.0 for row in shown.rows]
    for place, (row, rate) in enumerate(zip(shown.rows, rates, strict=True)):
        axes.barh(place, rate * 100, height=0.55, color=colours[inks[row]])
    _rows(axes, [label(row) for row in shown.rows], rates, colours, voice)
    if not shown.rows:
        _empty(axes, voice, colours)
    drawing.subplots_adjust(left=0.24, right=0.77, top=1 - 34 / height, bottom=44 / height)
    return finished(drawing, "png")


def _rows(
    axes: Axes,
    names: Sequence[str],
    values: Sequence[float],
    colours: Mapping[str, str],
    voice: Voice,
) -> None:
    for place, value in enumerate(values):
        axes.annotate(
            voice.percent(value, PLACES), (1.0, place), xycoords=("axes fraction", "data"),
            xytext=(8, 0), textcoords="offset points", va="center", fontsize=8.5,
            color=colours["ink"], annotation_clip=False,
        )  # fmt: skip
    axes.axvline(0, color=colours["soft"], linewidth=1.4, zorder=0)
    axes.set_yticks(range(len(names)), list(names), fontsize=8, color=colours["ink"])
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.margins(x=0.12)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda value, _: tick(value, voice, "+"))
    axes.grid(axis="x", color=colours["line"], linewidth=0.6)
    axes.set_axisbelow(True)


def _empty(axes: Axes, voice: Voice, colours: Mapping[str, str]) -> None:
    axes.text(
        0.5, 0.5, voice("no_data"), transform=axes.transAxes, ha="center", color=colours["soft"]
    )
    axes.set_xticks([])
    axes.set_yticks([])


def _chosen(
    rows: Sequence[Announced], settled: Mapping[int, Sequence[object]]
) -> Sequence[Announced]:
    """As many as can be told apart: the highest and the lowest, then those with most history."""
    if len(rows) <= LINES_AT_MOST:
        return rows
    inner = sorted(rows[1:-1], key=lambda row: -len(settled.get(row.instrument_id or 0, ())))
    kept = {rows[0], rows[-1], *inner[: LINES_AT_MOST - 2]}
    return [row for row in rows if row in kept]


def _colours(rows: Sequence[Announced]) -> Mapping[Announced, str]:
    """Teal for the leg one would hold long, plum for the short one, grey for all others."""
    colours = dict.fromkeys(rows, "soft")
    best = best_difference(rows)
    return colours | ({best.long: "long", best.short: "short"} if best else {})


def minute(at_ms: float) -> datetime:
    """The moment to the minute: charts drawn within one are the same."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).replace(second=0, microsecond=0)
