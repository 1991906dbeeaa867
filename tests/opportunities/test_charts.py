"""Charts say their units, age and latest value, in both themes; colours keep their contrast."""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opportunities import charts
from opportunities.breakdown import Part
from opportunities.charts import Chart, Line, Mark
from opportunities.voice import Voice

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LOOK = Path(charts.__file__).parents[1] / "arbedge/static/arbedge/look.css"
READABLE = 4.5


def line(values: list[float | None], label: str = "net", colour: str = "ink") -> Line:
    return Line(label, colour, [NOON + timedelta(minutes=n) for n in range(len(values))], values)


def chart(*lines: Line, **more: object) -> Chart:
    return Chart("Net over time, %", lines, "ArbEdge from OKX, 12:00 UTC", **more)  # type: ignore[arg-type]


def test_the_latest_value_stands_at_the_lines_end(written: list[str]) -> None:
    charts.draw(chart(line([0.001, 0.0042])))
    assert "net\n+0.42\u2009%" in written


def test_a_gap_at_the_end_is_not_taken_for_the_latest_value(written: list[str]) -> None:
    charts.draw(chart(line([0.001, 0.0042, None])))
    assert "net\n+0.42\u2009%" in written


def test_source_and_age_stand_in_small_print(written: list[str]) -> None:
    charts.draw(chart(line([0.001, 0.002])))
    assert "ArbEdge from OKX, 12:00 UTC" in written


def test_marks_are_named(written: list[str]) -> None:
    charts.draw(chart(line([0.001, 0.002]), marks=[Mark(NOON, "opened")]))
    assert "opened" in written


def test_the_threshold_is_drawn_where_it_lies(written: list[str]) -> None:
    charts.draw(chart(line([0.001, 0.002]), level=(0.0015, "needed")))
    assert "needed" in written


@pytest.mark.parametrize("values", [[], [None, None]])
def test_no_data_is_said_and_never_drawn_as_nought(
    values: list[float | None], written: list[str]
) -> None:
    charts.draw(chart(line(values)))
    assert "No data yet" in written


def test_a_single_point_makes_a_chart() -> None:
    assert charts.draw(chart(line([0.001]))).startswith(b"<?xml")


def test_a_png_has_twice_the_pixels() -> None:
    picture = charts.draw(chart(line([0.001, 0.002])), form="png")
    assert struct.unpack(">II", picture[16:24]) == (800, 500)


def test_the_same_picture_is_the_same_bytes() -> None:
    assert charts.draw(chart(line([0.001, 0.002]))) == charts.draw(chart(line([0.001, 0.002])))


def test_themes_differ() -> None:
    drawn = chart(line([0.001, 0.002]))
    assert charts.draw(drawn, "light") != charts.draw(drawn, "dark")


def test_the_waterfall_names_every_part_with_its_figure(written: list[str]) -> None:
    parts = [
        Part("Funding received", 0.0081, "income"),
        Part("Fees", -0.0021, "cost"),
        Part("Net", 0.0060, "net"),
    ]
    charts.draw_waterfall(parts, "ArbEdge")
    expected = {"Funding received", "+0.810\u2009%", "Fees", "\u22120.210\u2009%", "+0.600\u2009%"}
    assert expected <= set(written)


def test_drawing_leaves_matplotlibs_global_state_alone() -> None:
    import sys

    charts.draw(chart(line([0.001, 0.002])))
    assert "matplotlib.pyplot" not in sys.modules


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2.1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def variables(theme: str) -> dict[str, str]:
    """The pages' colours; the dark theme changes some of the light one's."""
    light, dark = re.findall(r":root \{(.*?)\}", LOOK.read_text(), re.DOTALL)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    return found if theme == "light" else found | dict(re.findall(r"--([\w-]+): (#\w{6})", dark))


def test_contrast_of_black_on_white_is_what_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "card", "raised"])
@pytest.mark.parametrize("ink", ["ink", "soft", "accent", "good", "warn", "bad", "long", "short"])
def test_text_is_readable_on_every_ground(theme: str, ground: str, ink: str) -> None:
    colours = variables(theme)
    assert contrast(colours[ink], colours[ground]) >= READABLE


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "bitget", "other", "accent"])
def test_text_on_tints_is_readable(theme: str, venue: str) -> None:
    colours = variables(theme)
    assert contrast(colours[f"{venue}-ink"], colours[venue]) >= READABLE


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "soft", "long", "short"])
def test_charts_are_readable(theme: str, ink: str) -> None:
    colours = charts.THEMES[theme]
    assert contrast(colours[ink], colours["ground"]) >= READABLE


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_and_pages_wear_the_same_colours(theme: str) -> None:
    colours = variables(theme)
    for name in ("long", "short", "soft"):
        assert charts.THEMES[theme][name] == colours[name]
    assert charts.THEMES[theme]["ground"] == colours["card"]


def test_a_zero_at_an_axis_has_no_sign() -> None:
    ticks = [charts.tick(value, sign="+") for value in (-0.5, 0.0, 0.5)]
    assert ticks == ["\u22120.5", "0", "+0.5"]


def test_times_stand_in_the_readers_zone(written: list[str]) -> None:
    charts.draw(chart(line([0.001, 0.002, 0.003]), voice=Voice(zone="Asia/Tokyo")))
    assert any(text.startswith("21:0") for text in written)


def test_an_empty_chart_speaks_the_readers_language(written: list[str]) -> None:
    charts.draw(chart(voice=Voice(words={"no_data": "Aún no hay datos"})))
    assert "Aún no hay datos" in written


def test_parts_of_a_net_are_named_by_the_voice(written: list[str]) -> None:
    voice = Voice(words={"waterfall": "Del funding al neto", "part_fee_long_entry": "Comisión"})
    charts.draw_waterfall(
        [Part("Fee, long entry", -0.001, "cost"), Part("Net", 0.002, "net")], "ArbEdge", voice=voice
    )
    assert {"Del funding al neto", "Comisión", "Net"} <= set(written)


@pytest.mark.parametrize("letters", [20, 68, 74, 90])
def test_small_print_ends_within_the_drawing_and_is_no_larger_than_needed(letters: int) -> None:
    source = ("ArbEdge, de Binance y Bitget, 21 nov 2026 11:42 UTC-03, comisiones " * 2)[:letters]
    drawing, _, _ = charts.frame("Net", source, "light")
    [print_] = [text for text in drawing.texts if text.get_text() == source]
    drawing.draw_without_rendering()
    assert print_.get_window_extent().x1 <= charts.WIDTH_PX
    assert float(print_.get_fontsize()) <= charts.SMALL
