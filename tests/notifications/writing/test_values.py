"""Variables as texts look them up: made when named, never half."""

from __future__ import annotations

import pytest

from notifications.writing.values import MissingVariable, Unknown, Values
from notifications.writing.variables import Type, Variable


class Source:
    """A source that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def net(self) -> str:
        self.asked += 1
        return "+0.42 %"

    def apr(self) -> str | None:
        return None

    def asset(self) -> str | None:
        return None

    def cost(self) -> str:
        facts: dict[str, str] = {}
        return facts["cost"]

    def gross(self) -> str:
        return str(1 / 0)

    def items(self) -> list[Source]:
        return [Source(), Source()]


DECLARED = {
    one.name: one
    for one in (
        Variable("net", Type.RATE, "", ""),
        Variable("apr", Type.SHARE, "", "", optional=True),
        Variable("asset", Type.TEXT, "", ""),
        Variable("cost", Type.SHARE, "", ""),
        Variable("gross", Type.RATE, "", "", optional=True),
        Variable("items", Type.ITEMS, "", "", items=(Variable("net", Type.RATE, "", ""),)),
    )
}


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def values(source: Source) -> Values:
    return Values(source, DECLARED, "unknown")


def test_what_no_text_names_is_never_made(values: Values, source: Source) -> None:
    assert "net" in values
    assert source.asked == 0


def test_what_is_named_twice_is_made_once(values: Values, source: Source) -> None:
    assert [values["net"], values["net"]] == ["+0.42 %", "+0.42 %"]
    assert source.asked == 1


def test_only_declared_names_are_there(values: Values) -> None:
    assert "asked" not in values
    assert "__class__" not in values


def test_unknown_is_shown_as_a_word_and_is_false(values: Values) -> None:
    assert str(values["apr"]) == "unknown"
    assert not values["apr"]
    assert isinstance(values["apr"], Unknown)


@pytest.mark.parametrize("name", ["asset", "cost", "gross"])
def test_what_must_be_there_and_is_not_stops_the_text_by_its_name(
    values: Values, name: str
) -> None:
    with pytest.raises(MissingVariable, match=name):
        values[name]
    assert values.missing == name


def test_nothing_is_missing_before_something_was_asked_for(values: Values) -> None:
    values["apr"]
    assert values.missing == ""


def test_items_have_their_own_variables_and_no_others(values: Values) -> None:
    first, second = values["items"]
    assert first["net"] == second["net"] == "+0.42 %"
    assert "apr" not in first


def test_a_programming_error_is_not_taken_for_missing_facts() -> None:
    class Broken:
        def net(self) -> str:
            raise NotImplementedError

    with pytest.raises(NotImplementedError):
        Values(Broken(), DECLARED, "unknown")["net"]
