"""The bot's words: the same in every language, and every command has its own."""

from __future__ import annotations

from string import Formatter

import pytest
from django.utils.safestring import mark_safe

from arbedge.errors import BadInput, Forbidden
from arbedge.names import Language
from notifications.bot import loading, registry, words
from notifications.telegram.telegram_text import plain, units

OTHERS = [one.value for one in Language if one is not Language.EN]
TOPICS = words.topics()
LONGEST_TITLE = 40
loading.load()


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("language", OTHERS)
def test_every_language_says_the_same_things(topic: str, language: str) -> None:
    english, other = words.texts("en", topic), words.texts(language, topic)
    assert set(other) == set(english)
    for name, text in english.items():
        assert placeholders(other[name]) == placeholders(text), f"{topic}.{name}"


@pytest.mark.parametrize("language", [one.value for one in Language])
@pytest.mark.parametrize("topic", TOPICS)
def test_no_text_is_empty_and_tags_are_closed(topic: str, language: str) -> None:
    for name, text in words.texts(language, topic).items():
        assert text.strip(), f"{topic}.{name}"
        for tag in ("b", "i", "code", "pre", "s"):
            assert text.count(f"<{tag}>") == text.count(f"</{tag}>"), f"{topic}.{name}"


@pytest.mark.parametrize("topic", TOPICS)
def test_other_languages_are_translated(topic: str) -> None:
    english = {name: text for name, text in words.texts("en", topic).items()
               if len(plain(text).split()) > 5}  # fmt: skip
    for language in OTHERS:
        same = [name for name, text in english.items()
                if words.texts(language, topic).get(name) == text]  # fmt: skip
        assert same == []


@pytest.mark.parametrize("language", [one.value for one in Language])
def test_every_command_has_a_title_and_help(language: str) -> None:
    for command in registry.every():
        if not command.hidden:
            title = words.say(language, f"{command.topic}.{command.name}.title")
            assert 0 < units(title) <= LONGEST_TITLE, f"/{command.name}: {title}"
            assert words.known(f"{command.topic}.{command.name}.help"), command.name


def test_what_is_put_into_a_text_is_escaped() -> None:
    said = words.say("en", "errors.unknown_command", name="<b>&")
    assert "&lt;b&gt;&amp;" in said


def test_what_is_marked_as_html_stays() -> None:
    said = words.say("en", "errors.unknown_command", name=mark_safe("<b>x</b>"))
    assert "<b>x</b>" in said


def test_names_written_from_right_to_left_turn_nothing_around_them() -> None:
    assert words.say("en", "errors.unknown_command", name="שלום").startswith(
        "I do not know /\u2068שלום\u2069"
    )


def test_errors_are_told_in_the_readers_language() -> None:
    error = Forbidden("You have no active session.", code="no_session")
    assert words.problem("es", error).startswith("No tienes ninguna sesión")


def test_errors_without_words_of_their_own_are_told_as_they_are() -> None:
    error = BadInput("Not more than 5 < 6.", code="never_heard_of")
    assert words.problem("fr", error) == "Not more than 5 &lt; 6."


def test_errors_that_lack_a_detail_are_told_as_they_are() -> None:
    assert words.problem("fr", BadInput("Too long.", code="too_long")) == "Too long."


def test_no_hype() -> None:
    banned = ("guaranteed", "risk-free", "🚀", "🔥", "garantizado", "sans risque", "sin riesgo")
    for topic in TOPICS:
        for language in Language:
            for name, text in words.texts(language.value, topic).items():
                assert not any(word in text.lower() for word in banned), f"{topic}.{name}"
