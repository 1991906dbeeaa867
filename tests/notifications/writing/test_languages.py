"""Figures and times in every language, zone and way to write numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arbedge.names import CloseReason, Language, Reason
from notifications.writing import reason_words
from notifications.writing.languages import WORDS, Style, finite, moment_of, zone_of
from opportunities.board import CLOSED_WORDS
from opportunities.reasons import MEANING
from tests.notifications.factories import HOUR, MINUTE, NOON

THIN = "\u2009"


def typed(text: str) -> str:
    """With blanks one can type."""
    return text.replace(THIN, " ").replace("\u202f", " ")


def test_every_language_has_every_word() -> None:
    for language in Language:
        assert WORDS[language].keys() == WORDS[Language.EN].keys()
        assert len(WORDS[language]["months"].split()) == 12


@pytest.mark.parametrize("language", Language)
def test_every_reason_and_ending_has_words(language: Language) -> None:
    for reason in Reason:
        assert reason_words.meaning(language, reason)
    for ending in CloseReason:
        assert reason_words.ending(language, ending.value)


def test_the_board_and_the_messages_give_the_same_reasons() -> None:
    assert reason_words.meaning("en", Reason.WIDE) == MEANING[Reason.WIDE]
    assert reason_words.ending("en", "negative") == CLOSED_WORDS["negative"]


def test_only_notes_are_doubts() -> None:
    mask = 1 << Reason.WIDE | 1 << Reason.NO_HISTORY | 1 << Reason.PROVISIONAL
    assert reason_words.doubts("es", mask) == [
        reason_words.meaning("es", Reason.NO_HISTORY),
        "identidad provisional",
    ]


def test_an_ending_names_its_gate() -> None:
    assert reason_words.ending("fr", "gate:wide") == "écart trop large"
    assert reason_words.ending("fr", "gate:missing") == "n’est plus dans les listes"
    assert reason_words.ending("fr", "gate:of_tomorrow") == "retenue par un contrôle"
    assert reason_words.ending("fr", "") is None


@pytest.mark.parametrize(
    ("numbers", "percent", "money", "price"),
    [
        ("point", "+1,234.50 %", "$12.4 k", "61,234.5"),
        ("comma", "+1.234,50 %", "$12,4 k", "61.234,5"),
        ("space", "+1 234,50 %", "$12,4 k", "61 234,5"),
    ],
)
def test_numbers_have_the_reader_s_marks(
    numbers: str, percent: str, money: str, price: str
) -> None:
    style = Style(numbers=numbers)
    assert typed(style.number("+1,234.50" + THIN + "%")) == percent
    assert typed(style.money(12_400)) == money
    assert typed(style.price(61_234.5)) == price


@pytest.mark.parametrize(
    ("language", "past", "coming", "now"),
    [
        ("en", "42 s ago", "in 2 h 10 min", "now"),
        ("es", "hace 42 s", "en 2 h 10 min", "ahora"),
        ("fr", "il y a 42 s", "dans 2 h 10 min", "maintenant"),
    ],
)
def test_near_times_are_relative(language: str, past: str, coming: str, now: str) -> None:
    style = Style(language)
    assert typed(style.when(NOON - timedelta(seconds=42), NOON)) == past
    assert typed(style.when(NOON + 2 * HOUR + 10 * MINUTE, NOON)) == coming
    assert style.when(NOON, NOON) == now
    assert not style.zoned


@pytest.mark.parametrize(
    ("language", "zone", "expected"),
    [
        ("en", "UTC", "22 Nov 2026 18:00 UTC"),
        ("es", "Europe/Madrid", "22 nov 2026 19:00 CET"),
        ("fr", "Europe/Paris", "22 nov. 2026 19:00 CET"),
        ("en", "America/Sao_Paulo", "22 Nov 2026 15:00 UTC-03"),
        ("en", "Nowhere/At_All", "22 Nov 2026 18:00 UTC"),
    ],
)
def test_far_times_are_moments_in_the_reader_s_zone(
    language: str, zone: str, expected: str
) -> None:
    style = Style(language, zone)
    assert style.when(NOON + 30 * HOUR, NOON) == expected
    assert style.zoned


def test_an_hour_ago_is_a_moment() -> None:
    assert Style().when(NOON - HOUR, NOON) == "21 Nov 2026 11:00 UTC"


def test_days_have_the_language_s_letter() -> None:
    assert typed(Style("fr").span(3 * 86_400 + 4 * 3600)) == "3 j 4 h"
    assert typed(Style("es").span(3 * 86_400 + 4 * 3600)) == "3 d 4 h"


def test_a_yearly_rate_is_whole_but_where_it_is_small() -> None:
    style = Style()
    assert typed(style.yearly(0.511)) == "51 %"
    assert typed(style.yearly(0.034)) == "3.4 %"
    assert typed(style.yearly(-0.511)) == "−51 %"


@pytest.mark.parametrize("name", ["", "Europe", "../etc/passwd", "x" * 300])
def test_what_is_no_zone_is_none(name: str) -> None:
    assert zone_of(name) is None


@pytest.mark.parametrize("value", [None, True, "1", float("nan"), float("inf"), [1]])
def test_what_is_no_number_is_none(value: object) -> None:
    assert finite(value) is None


def test_a_moment_without_a_zone_is_taken_as_utc() -> None:
    assert moment_of("2026-11-21T12:00:00") == NOON
    assert moment_of("2026-11-21T13:00:00+01:00") == NOON
    assert moment_of(None) is moment_of("") is None
