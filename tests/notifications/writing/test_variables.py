"""The declared variables: complete, documented, and true about what may be unknown."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from notifications.names import Topic
from notifications.writing.texts import SOURCES
from notifications.writing.values import Values
from notifications.writing.variables import VARIABLES, Type, Variable, named
from tests.notifications.writing.reading import reader, told

EVERY = [(topic, one) for topic in Topic for one in VARIABLES[topic]]
IDS = [f"{topic}-{one.name}" for topic, one in EVERY]


def value(topic: Topic, name: str, **changes: Any) -> Any:
    """A variable of a topic as its texts get it."""
    source = SOURCES[topic](told(topic, **changes), reader())
    return Values(source, named(topic), "unknown")[name]


def test_every_topic_has_variables() -> None:
    assert VARIABLES.keys() == set(Topic)


@pytest.mark.parametrize("topic", Topic)
def test_names_of_a_topic_are_its_own(topic: Topic) -> None:
    names = [one.name for one in VARIABLES[topic]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("topic", "one"), EVERY, ids=IDS)
def test_each_says_what_it_is_with_an_example(topic: Topic, one: Variable) -> None:
    assert one.about
    assert one.example or one.type is Type.ITEMS


@pytest.mark.parametrize(("topic", "one"), EVERY, ids=IDS)
def test_each_can_be_shown_for_a_usual_message(topic: Topic, one: Variable) -> None:
    shown = value(topic, one.name)
    assert isinstance(shown, tuple if one.type is Type.ITEMS else str)


ALWAYS = [(topic, one) for topic, one in EVERY if not one.optional]


@pytest.mark.parametrize(("topic", "one"), ALWAYS, ids=[f"{t}-{o.name}" for t, o in ALWAYS])
def test_what_is_promised_is_known_in_a_usual_message(topic: Topic, one: Variable) -> None:
    assert value(topic, one.name)


TRADES = (Topic.OPENED, Topic.IMPROVED, Topic.RECOVERED)
SIGNS = {Type.RATE: "+−", Type.SHARE: "0123456789−", Type.MONEY: "$−"}


@pytest.mark.parametrize(
    ("topic", "one"),
    [(topic, one) for topic, one in EVERY if topic in TRADES and one.type in SIGNS],
)
def test_figures_are_written_as_their_type_says(topic: Topic, one: Variable) -> None:
    shown = value(topic, one.name)
    if shown:
        assert shown[0] in SIGNS[one.type]


def test_items_have_variables_of_their_own() -> None:
    lists = [one for _, one in EVERY if one.type is Type.ITEMS]
    assert [one.name for one in lists] == ["items"]
    names = list(itertools.chain.from_iterable([part.name for part in one.items] for one in lists))
    assert {"asset", "net", "line"} <= set(names)
