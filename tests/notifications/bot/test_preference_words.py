"""Preferences in words: values, choices and limits in each language and writing of numbers."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.preferences import Entry, Option
from accounts.wish_form import FIELDS, SECTIONS, Shape
from accounts.wishes import DEFAULT, plainly
from arbedge.choices import NumberFormat
from arbedge.names import Language, Tier
from arbedge.writing import THIN
from notifications.bot import words
from notifications.bot.preferences import preference_words
from notifications.writing.languages import Style

LANGUAGES = [one.value for one in Language]
EN = Style("en")


def entry(name: str, value: Any = None) -> Entry:
    """A field of the form with nothing locked."""
    one = FIELDS[name]
    return Entry(
        name, one.title, one.help, one.shape, tuple(Option(two, str(two)) for two in one.options),
        one.positions, one.lowest, one.highest, one.most, one.unit, one.optional, value, None,
    )  # fmt: skip


def written(name: str, value: Any, style: Style = EN) -> str:
    """A value in words, thin spaces shown as plain ones."""
    return preference_words.value(style, entry(name), value).replace(THIN, " ")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("min_net", 0.0015, "+0.15 %"),
        ("min_net", -0.01, "−1.00 %"),
        ("min_net", 0.00125, "+0.1250 %"),
        ("min_confidence", 0.7, "70.00 %"),
        ("leverage", 2.5, "2.5 ×"),
        ("notional_usd", 50_000, "$50 k"),
        ("horizon_hours", 168, "168 h"),
        ("venues", ["okx", "bybit"], "OKX, Bybit"),
        ("vip_levels", {"okx": 3, "bybit": 0}, "OKX 3"),
        ("vip_levels", {"okx": 0}, "the public fees"),
        ("switches", {"closed": "off", "opened": "on"}, "closed off"),
        ("switches", {}, "all on"),
        ("channels", ["email", "telegram"], "e-mail, Telegram"),
        ("assets_out", [], "none"),
        ("assets_in", [], "every coin"),
        ("quiet_from_min", None, "never"),
        ("quiet_from_min", "23:00", "23:00"),
        ("executable_only", True, "yes"),
        ("executable_only", False, "no"),
        ("frequency", "5min", "every 5 min"),
        ("currency", "EUR", "EUR"),
        ("kinds", None, "all of your tier"),
    ],
)
def test_a_value_is_written_for_people(name: str, value: Any, text: str) -> None:
    assert written(name, value) == text


def test_long_lists_are_cut_and_counted() -> None:
    assert (
        written("assets_out", [f"C{number}" for number in range(9)]) == "C0, C1, C2, C3, C4, C5, +3"
    )


def test_many_levels_are_cut_and_counted() -> None:
    levels = {str(one): 2 for one in FIELDS["vip_levels"].options[:8]}
    assert written("vip_levels", levels).endswith(", +2")


def test_numbers_follow_the_readers_marks() -> None:
    comma = Style("es", numbers=NumberFormat.COMMA)
    assert written("leverage", 2.5, comma) == "2,5 ×"
    assert written("min_net", 0.0015, comma) == "+0,15 %"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", FIELDS)
def test_every_default_has_words(language: str, name: str) -> None:
    text = written(name, plainly(DEFAULT)[name], Style(language))
    assert text
    assert "_" not in text


@pytest.mark.parametrize("language", ["es", "fr"])
def test_every_field_and_section_has_a_title_of_its_own(language: str) -> None:
    for name in [*FIELDS, *SECTIONS]:
        assert words.known(f"preferences.titles.{name}"), name
        assert preference_words.title(language, name, "") == words.say(
            language, f"preferences.titles.{name}"
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_of_every_field_has_words_that_fit_a_button(language: str) -> None:
    for name, one in FIELDS.items():
        for choice in [*one.options, *one.positions]:
            text = preference_words.choice(Style(language), entry(name), choice)
            assert 0 < len(text) <= 24, f"{name}: {text}"
            assert "_" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_choices_of_a_field_cannot_be_mixed_up(language: str) -> None:
    for name, one in FIELDS.items():
        texts = [preference_words.choice(Style(language), entry(name), two) for two in one.options]
        assert len(set(texts)) == len(texts), name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "name", [name for name, one in FIELDS.items() if one.shape is Shape.CHOICE]
)
def test_every_choice_is_understood_as_it_is_written(language: str, name: str) -> None:
    style = Style(language)
    for choice in FIELDS[name].options:
        shown = preference_words.choice(style, entry(name), choice)
        assert preference_words.meant(style, entry(name), f"  {shown.upper()} ") == str(choice)


def test_a_list_is_understood_part_by_part() -> None:
    style = Style("fr")
    assert (
        preference_words.meant(style, entry("kinds"), "Base, spot, signaux")
        == "basis, spot, technical"
    )


def test_a_choice_of_two_words_is_one_choice() -> None:
    assert preference_words.meant(EN, entry("shelves"), "Low risk") == "low_risk"


def test_what_is_no_choice_is_left_as_it_was_typed() -> None:
    assert preference_words.meant(EN, entry("focus"), " Nonsense ") == "Nonsense"
    assert preference_words.meant(EN, entry("min_net"), "0,3") == "0,3"


def test_a_locked_choice_names_its_tier() -> None:
    assert preference_words.locked(Option("ai", "ai", Tier.PREMIUM, allowed=False)) == " (Premium)"
    assert preference_words.locked(Option("ai", "ai")) == ""
