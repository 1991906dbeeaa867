"""One drawing for pages, the console and messages: waterfall, net, funding and price gap.

Drawn with matplotlib's objects, never its global state, and imported only when something is drawn.
Pictures are 400 x 250 CSS pixels so that they read on a phone; PNG has twice the pixels.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from opportunities.breakdown import Part
from opportunities.voice import ENGLISH, Voice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

WIDTH_PX, HEIGHT_PX, CSS_DPI = 400, 250, 100
SMALL = 7.5  # points: ten pixels on a phone that shows the drawing at its own width
LETTER_EM = 0.55  # how wide a letter is, on average
SCALE_PNG: Final = 2
THEMES: Final[Mapping[str, Mapping[str, str]]] = {
    "light": {
        "ground": "#ffffff", "ink": "#17201f", "soft": "#51605d", "line": "#d8e0de",
        "long": "#0b6b64", "short": "#86357a", "cost": "#8a9693",
    },
    "dark": {
        "ground": "#161e1d", "ink": "#ffffff", "soft": "#a3b3b0", "line": "#2a3634",
        "long": "#5cd3c6", "short": "#dd9ed0", "cost": "#7d8b88",
    },
}  # fmt: skip
FORMATS: Final = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its colour's name, the label at its end, and its points; gaps are None."""

    label: str
    colour: str
    at: Sequence[datetime]
    values: Sequence[float | None]
    dots: bool = False
    steps: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth naming on a time axis."""

    at: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: fractions over time; `source` and the age go under it in small print."""

    title: str
    lines: Sequence[Line]
    source: str
    marks: Sequence[Mark] = ()
    level: tuple[float, str] | None = None
    places: int = 2
    voice: Voice = ENGLISH


def draw(chart: Chart, theme: str = "light", form: str = "svg") -> bytes:
    """The chart as SVG or PNG. Without a point it says so, in the same frame."""
    drawing, axes, colours = frame(chart.title, chart.source, theme)
    drawn = [line for line in chart.lines if any(value is not None for value in line.values)]
    if not drawn:
        _say(axes, chart.voice("no_data"), colours)
        return finished(drawing, form)
    axes.axhline(0, color=colours["soft"], linewidth=1.4, zorder=1)
    if chart.level is not None:
        axes.axhline(
            chart.level[0] * 100, color=colours["soft"], linewidth=0.8, linestyle=(0, (4, 3))
        )
    for line in drawn:
        _line(axes, line, colours)
    for mark in chart.marks:
        axes.axvline(mark.at, color=colours["soft"], linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)  # type: ignore[arg-type]
    _axes(axes, chart, drawn, colours)
    _ends(axes, chart, drawn, colours)
    return finished(drawing, form)


def warm() -> None:
    """Loads what drawing needs, which takes longer than any drawing."""
    draw(Chart("", (), ""), form="png")


def draw_waterfall(
    parts: Sequence[Part],
    source: str,
    theme: str = "light",
    form: str = "svg",
    *,
    title: str = "",
    voice: Voice = ENGLISH,
) -> bytes:
    """Parts as bars that hang from each other, the net at the end."""
    height = 70 + 24 * max(len(parts), 3)
    drawing, axes, colours = frame(title or voice("waterfall"), source, theme, height_px=height)
    running = 0.0
    for row, part in enumerate(parts):
        start = 0.0 if part.role == "net" else running
        axes.barh(row, part.value * 100, left=start * 100, height=0.62, **_fill(part, colours))
        axes.annotate(
            voice.percent(part.value, 3), (1.0, row), xycoords=("axes fraction", "data"),
            xytext=(6, 0), textcoords="offset points", va="center", fontsize=8,
            color=colours["ink"], fontweight="bold" if part.role == "net" else "normal",
        )  # fmt: skip
        running = start + part.value
    axes.axvline(0, color=colours["soft"], linewidth=1.4, zorder=1)
    axes.set_yticks(range(len(parts)), [voice.part(part.label) for part in parts], fontsize=8)
    axes.set_ylim(len(parts) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(lambda value, _: tick(value, voice))
    axes.locator_params(axis="x", nbins=4)
    axes.grid(axis="x", color=colours["line"], linewidth=0.6)
    drawing.subplots_adjust(left=0.42, right=0.81, top=1 - 34 / height, bottom=44 / height)
    return finished(drawing, form)


def _fill(part: Part, colours: Mapping[str, str]) -> dict[str, Any]:
    if part.role == "net":
        return {"color": colours["ink"]}
    if part.role == "income":
        return {"color": colours["long"]}
    hatch = "////" if part.role == "cost" else "...."
    return {"facecolor": colours["ground"], "edgecolor": colours["cost"], "hatch": hatch}


def frame(
    title: str, source: str, theme: str, height_px: int = HEIGHT_PX
) -> tuple[Drawing, Axes, Mapping[str, str]]:
    """An empty drawing with its title and small print, its axes, and the theme's colours."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    colours = THEMES[theme]
    mpl.rcParams["svg.hashsalt"] = "arbedge"  # the same picture is the same bytes
    mpl.rcParams["text.parse_math"] = False  # a coin's name may hold dollar signs
    drawing = Figure(
        figsize=(WIDTH_PX / CSS_DPI, height_px / CSS_DPI), dpi=CSS_DPI, facecolor=colours["ground"]
    )
    axes = drawing.add_subplot()
    axes.set_facecolor(colours["ground"])
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(colours["line"])
    axes.tick_params(colors=colours["soft"], labelsize=8, length=0)
    left = {"x": 10 / WIDTH_PX, "ha": "left"}
    drawing.text(y=1 - 18 / height_px, s=title, color=colours["ink"], fontsize=9.5, **left)  # type: ignore[arg-type]
    drawing.text(y=7 / height_px, s=source, color=colours["soft"], fontsize=_small(source), **left)  # type: ignore[arg-type]
    drawing.subplots_adjust(left=0.15, right=0.74, top=1 - 34 / height_px, bottom=46 / height_px)
    return drawing, axes, colours


def _small(text: str) -> float:
    """The size of small print, less where a line of so many letters would run out."""
    room_pt = (WIDTH_PX - 20) * 72 / CSS_DPI
    return min(SMALL, room_pt / (LETTER_EM * max(len(text), 1)))


def tick(value: float, voice: Voice = ENGLISH, sign: str = "") -> str:
    """A number at an axis, with the reader's own marks."""
    text = f"{value:{sign}g}".replace("-", "−") if value else "0"
    return voice.decimals(text)


def _line(axes: Axes, line: Line, colours: Mapping[str, str]) -> None:
    values = [float("nan") if value is None else value * 100 for value in line.values]
    colour = colours[line.colour]
    if line.dots:
        axes.plot(line.at, values, "o", color=colour, markersize=2.6, alpha=0.75)  # type: ignore[arg-type]
        return
    style = "steps-post" if line.steps else "default"
    width = 1.2 if line.colour == "soft" else 1.8
    axes.plot(line.at, values, color=colour, linewidth=width, drawstyle=style)  # type: ignore[arg-type]
    last = max(place for place, value in enumerate(line.values) if value is not None)
    axes.plot([line.at[last]], [values[last]], "o", color=colour, markersize=4, clip_on=False)  # type: ignore[arg-type]


def _axes(axes: Axes, chart: Chart, lines: Sequence[Line], colours: Mapping[str, str]) -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter

    moments = [at for line in lines for at in line.at]
    first, last = min(moments), max(moments)
    if first == last:
        from datetime import timedelta

        first, last = first - timedelta(minutes=5), last + timedelta(minutes=5)
    axes.set_xlim(first, last)  # type: ignore[arg-type]
    days = (last - first).total_seconds() > 2 * 86_400
    zone = ZoneInfo(chart.voice.zone)
    shown = chart.voice("day") if days else "%H:%M"
    axes.xaxis.set_major_locator(AutoDateLocator(tz=zone, minticks=2, maxticks=4))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(DateFormatter(shown, tz=zone))  # type: ignore[no-untyped-call]
    axes.yaxis.set_major_formatter(lambda value, _: tick(value, chart.voice, "+"))
    axes.locator_params(axis="y", nbins=5)
    axes.grid(axis="y", color=colours["line"], linewidth=0.6)
    axes.margins(y=0.18)
    bottom, top = axes.get_ylim()
    reach = max(abs(bottom), abs(top)) or 1.0
    axes.set_ylim(min(bottom, -0.06 * reach), max(top, 0.06 * reach))
    for mark in chart.marks:
        axes.annotate(
            mark.label, (mark.at, 1.0), xycoords=("data", "axes fraction"), xytext=(2, -1),
            textcoords="offset points", fontsize=SMALL, color=colours["soft"], va="top",
            rotation=90,
            bbox={"facecolor": colours["ground"], "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
        )  # fmt: skip


def _ends(axes: Axes, chart: Chart, lines: Sequence[Line], colours: Mapping[str, str]) -> None:
    """Labels at the lines' ends, moved apart where they would lie on each other."""
    ends = []
    for line in lines:
        if line.dots:
            continue
        last = [value for value in line.values if value is not None][-1]
        text = f"{line.label}\n{chart.voice.percent(last, chart.places)}"
        ends.append((last * 100, text, colours[line.colour]))
    if chart.level is not None:
        ends.append((chart.level[0] * 100, chart.level[1], colours["soft"]))
    bottom, top = axes.get_ylim()
    room = (top - bottom) * 0.17
    at = None
    for value, text, colour in sorted(ends, key=lambda end: end[0]):
        at = value if at is None else max(value, at + room)
        axes.annotate(
            text, (1.0, at), xycoords=("axes fraction", "data"), xytext=(7, 0), color=colour,
            textcoords="offset points", va="center", fontsize=8, annotation_clip=False,
        )  # fmt: skip


def _say(axes: Axes, text: str, colours: Mapping[str, str]) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", color=colours["soft"])
    axes.set_xticks([])
    axes.set_yticks([])


def finished(drawing: Drawing, form: str) -> bytes:
    """The drawing as SVG or PNG."""
    held = io.BytesIO()
    scale = SCALE_PNG if form == "png" else 1
    metadata: dict[str, Any] = {"Date": None} if form == "svg" else {}
    drawing.savefig(held, format=form, dpi=CSS_DPI * scale, metadata=metadata)
    return held.getvalue()
