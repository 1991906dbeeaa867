"""Every text of the house: whole, in its own language, and with nothing its topic lacks."""

from __future__ import annotations

import itertools

import pytest

from arbedge.names import Channel
from notifications.names import Topic
from notifications.writing import texts
from notifications.writing.template_language import check_template
from notifications.writing.texts import text_for, written
from notifications.writing.trade_values import Trade
from notifications.writing.values import MissingVariable
from notifications.writing.variables import VARIABLES
from tests.notifications.writing.reading import LANGUAGES, reader, text, told

EVERYTHING = list(itertools.product(Topic, Channel, LANGUAGES))


OURS = set("🟢⚠■ℹ")


@pytest.mark.parametrize(("topic", "channel", "language"), EVERYTHING)
def test_every_text_names_only_what_its_topic_has(
    topic: Topic, channel: Channel, language: str
) -> None:
    check_template(text_for(topic, channel, language), topic)


@pytest.mark.parametrize(("topic", "channel", "language"), EVERYTHING)
def test_every_text_is_in_its_own_language(topic: Topic, channel: Channel, language: str) -> None:
    assert f".{language}.txt" in str(text_for(topic, channel, language).name)


@pytest.mark.parametrize(("topic", "channel", "language"), EVERYTHING)
def test_every_text_can_be_written(topic: Topic, channel: Channel, language: str) -> None:
    made = text(topic, channel, reader(language))
    assert made.title
    assert made.body
    for words in (made.title, made.body, made.html):
        assert "{" not in words.replace("{%", "{")
        assert not any("\ue000" <= sign <= "\ue005" for sign in words)


@pytest.mark.parametrize(("topic", "language"), [*itertools.product(Topic, LANGUAGES)])
def test_there_are_four_emoji_and_no_others(topic: Topic, language: str) -> None:
    body = text(topic, who=reader(language)).body
    assert body[0] in OURS
    assert {sign for sign in body if ord(sign) > 0x1F000} <= {"🟢"}


@pytest.mark.parametrize("topic", Topic)
def test_every_variable_has_a_value_to_show(topic: Topic) -> None:
    source = texts.SOURCES[topic]
    missing = [one.name for one in VARIABLES[topic] if not hasattr(source, one.name)]
    items = [one.name for inner in VARIABLES[topic] for one in inner.items]
    assert missing == []
    assert [name for name in items if not hasattr(Trade, name)] == []


def test_a_figure_missing_inside_a_condition_stops_the_text_too() -> None:
    broken = told(Topic.OPENED, facts={"kind": "funding"})
    with pytest.raises(MissingVariable, match="net"):
        written(
            Topic.OPENED, Channel.TELEGRAM, broken, reader(), "hello {% if 1 and net %}x{% endif %}"
        )


def test_the_text_of_a_channel_of_its_own_goes_before_the_shared_one() -> None:
    assert str(text_for(Topic.OPENED, Channel.EMAIL, "en").name) == "opened/email.en.txt"
    assert str(text_for(Topic.OPENED, Channel.SLACK, "en").name) == "opened/text.en.txt"
    assert str(text_for(Topic.OPENED, Channel.SMS, "en").name) == "opened/short.en.txt"


def test_a_language_without_a_text_gets_the_english_one() -> None:
    assert str(text_for(Topic.OPENED, Channel.SLACK, "xx").name) == "opened/text.en.txt"
