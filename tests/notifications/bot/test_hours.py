"""Hours and paces as they are typed: what each means, and what is none of them."""

from __future__ import annotations

import pytest

from arbedge.choices import Frequency
from notifications.bot.preferences import hours


@pytest.mark.parametrize(
    ("typed", "minute"),
    [
        ("8", 480),
        ("08:30", 510),
        ("8h30", 510),
        ("8h", 480),
        ("0830", 510),
        ("24", 0),
        (" 7 ", 420),
    ],
)
def test_clock_times(typed: str, minute: int) -> None:
    assert hours.clock(typed) == minute


@pytest.mark.parametrize("typed", ["", "25", "8:60", "24:30", "8 pm", "123456", "-8"])
def test_what_is_no_clock_time(typed: str) -> None:
    assert hours.clock(typed) is None


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("23-07", (1380, 420)), ("22:30 – 7", (1350, 420)), ("23h à 7h", (1380, 420)),
        ("22H30-7H", (1350, 420)), ("9 to 17", (540, 1020)), ("22-24", (1320, 0)),
    ],
)  # fmt: skip
def test_hours(typed: str, minutes: tuple[int, int]) -> None:
    assert hours.span(typed) == minutes


@pytest.mark.parametrize("typed", ["23", "23-", "23-7-8", "25-07", "night"])
def test_what_names_no_hours(typed: str) -> None:
    assert hours.span(typed) is None


@pytest.mark.parametrize(
    ("typed", "pace"),
    [
        ("15 min", Frequency.EVERY_15_MIN), ("Daily", Frequency.DAILY),
        ("off", Frequency.IMMEDIATE), ("often", None), ("7", None),
    ],
)  # fmt: skip
def test_paces(typed: str, pace: Frequency | None) -> None:
    assert hours.pace(typed) is pace
