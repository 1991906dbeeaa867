"""Rows as structs: what is wanted of them, and all their values at once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exchanges.rows import Opened, Words, as_number, as_text, put, struct

ROW = struct("Row", {"name": str, "bid": float, "ask": float, "steps.tick": float})


def rows(*wanted: dict[str, Any]) -> list[Any]:
    return [msgspec.convert(one, ROW) for one in wanted]


BTC = {"name": "BTC", "bid": 1.0, "ask": 2.0, "steps": {"tick": 0.5}}
ETH = {"name": "ETH", "bid": 3.0, "ask": 4.0, "steps": {"tick": 0.1}}


def test_a_column_is_the_value_of_a_key_in_each_row() -> None:
    assert Opened.of(rows(BTC, ETH)).column("ask") == [2.0, 4.0]


def test_a_dotted_key_reaches_into_the_struct_within() -> None:
    assert Opened.of(rows(BTC, ETH)).column("steps.tick") == [0.5, 0.1]


def test_a_dotted_key_of_no_rows_has_no_values() -> None:
    assert Opened.of([]).column("steps.tick") == []


def test_a_dotted_key_may_reach_two_structs_deep() -> None:
    deep = struct("Deep", {"a.b.c": int, "a.d": int})
    opened = Opened.of([msgspec.convert({"a": {"b": {"c": 1}, "d": 2}}, deep)])
    assert (opened.column("a.b.c"), opened.column("a.d")) == ([1], [2])


def test_words_mean_what_the_vocabulary_says_and_any_other_the_rest() -> None:
    words = Words("state", {"live": "trading", None: "spot"}, "unknown")
    meant = words.translated("status", ["live", "odd", None])
    assert (meant.name, meant.to_list()) == ("status", ["trading", "unknown", "spot"])


def test_a_word_outside_a_closed_vocabulary_means_nothing() -> None:
    assert Words("kind", {"A": "a"}).translated("kind", ["A", "B", None]).to_list() == [
        "a",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("keys", "values"),
    [
        (("bid", "ask"), [1.0, 2.0, 3.0, 4.0]),
        (("ask", "bid"), [2.0, 1.0, 4.0, 3.0]),
        (("ask",), [2.0, 4.0]),
        (("bid", "steps.tick"), [1.0, 0.5, 3.0, 0.1]),
        ((), []),
    ],
)
def test_values_go_row_by_row_in_the_order_asked_for(
    keys: tuple[str, ...], values: list[float]
) -> None:
    assert Opened.of(rows(BTC, ETH)).values(keys) == values


def test_no_rows_have_no_values() -> None:
    opened = Opened.of([])
    assert opened.column("bid") == opened.values(("bid", "ask")) == []


def test_what_a_row_lacks_is_none() -> None:
    (row,) = rows({})
    assert (row.name, row.bid, row.steps.tick) == (None, None, None)


def test_a_value_is_put_where_its_key_leads() -> None:
    (row,) = rows(BTC)
    put(row, "bid", 7.0)
    put(row, "steps.tick", 8.0)
    assert (row.bid, row.steps.tick) == (7.0, 8.0)


@pytest.mark.parametrize(("value", "text"), [("1", "1"), (None, None), (1.5, "1.5"), (2, "2")])
def test_texts_and_numbers_are_texts(value: Any, text: str | None) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("value", [True, [], {}])
@pytest.mark.parametrize("reader", [as_text, as_number])
def test_anything_else_is_neither(reader: Any, value: Any) -> None:
    with pytest.raises(TypeError):
        reader(value)


@pytest.mark.parametrize(("value", "number"), [("1.5", 1.5), ("", None), (None, None), (2, 2.0)])
def test_a_number_may_stand_in_a_text(value: Any, number: float | None) -> None:
    assert as_number(value) == number


def test_a_word_is_no_number() -> None:
    with pytest.raises(ValueError, match="could not convert"):
        as_number("many")
