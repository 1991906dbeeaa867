"""Levels of alerts: what a person reads he can type, whatever marks he writes numbers with."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from arbedge.choices import NumberFormat
from arbedge.errors import BadInput
from notifications.alerts.trigger_rules import RULES, Unit
from notifications.bot.alerts import levels
from notifications.names import TriggerKind
from notifications.writing.languages import Style

KINDS = [kind for kind in TriggerKind if RULES[kind].unit is not Unit.NONE]
FIGURES = st.builds(
    lambda whole, places: whole / 10**places, st.integers(1, 10**9), st.integers(0, 6)
)


@given(FIGURES, st.sampled_from(KINDS), st.sampled_from(NumberFormat))
def test_a_level_is_read_as_it_is_written(figure: float, kind: TriggerKind, numbers: str) -> None:
    unit = RULES[kind].unit
    level = round(figure / 100, 12) if unit in {Unit.NET, Unit.SHARE, Unit.PER_8_H} else figure
    shown = levels.written(level, unit, Style("en", "UTC", numbers))

    read = levels.read(shown, kind, numbers)

    assert read is not None
    assert abs(read - level) <= 1e-9 * max(1.0, level)


@given(FIGURES, st.sampled_from(KINDS), st.sampled_from(NumberFormat))
def test_a_level_as_it_is_written_may_begin_a_line(
    figure: float, kind: TriggerKind, numbers: str
) -> None:
    shown = levels.written(figure, RULES[kind].unit, Style("en", "UTC", numbers))

    assert levels.first(f"{shown} okx the top") == (shown, "okx the top")


@given(st.text(max_size=20), st.sampled_from(KINDS), st.sampled_from(NumberFormat))
def test_any_text_is_a_finite_figure_or_is_refused(
    text: str, kind: TriggerKind, numbers: str
) -> None:
    with suppress(BadInput):
        level = levels.read(text, kind, numbers)
        assert level is not None
        assert abs(level) < 1e21
