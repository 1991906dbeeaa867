"""Tables and buttons that hold on a phone, whatever stands in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.bot.market import figures
from notifications.bot.market.figures import WIDE, table, width
from notifications.telegram.telegram_text import plain
from notifications.writing.languages import Style

CELL = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30)
NARROW = st.text("0123456789.+%", max_size=8)


def lines(*rows: list[str], align: str = "") -> list[str]:
    return plain(str(table(rows, align))).splitlines()


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert lines(["OKX", "+0.1"], ["Bybit", "+10.25"], align="<>") == [
        "OKX     +0.1",
        "Bybit +10.25",
    ]


def test_a_single_cell_has_the_line_to_itself() -> None:
    assert lines(["▲ KuCoin futures"], [" age", "3s"], align="<>") == [
        "▲ KuCoin futures",
        " age 3s",
    ]
    assert len(lines(["A" * 60])[0]) == WIDE


def test_a_first_column_that_is_too_wide_is_cut() -> None:
    (line,) = lines(["A" * 60, "+0.42%"], align="<>")

    assert len(line) == WIDE
    assert line.startswith("AAAA")
    assert "… " in line


def test_letters_of_the_far_east_take_two_columns() -> None:
    assert width("币安") == 4
    assert lines(["币安", "1"], ["abcde", "2"]) == ["币安  1", "abcde 2"]


def test_what_stands_in_a_cell_is_escaped() -> None:
    assert str(table([["<b>&"]])) == "<pre>&lt;b&gt;&amp;</pre>"


def test_no_rows_are_no_table() -> None:
    assert str(table([])) == ""


@given(st.lists(st.tuples(CELL, NARROW, NARROW), min_size=1, max_size=6))
def test_no_line_is_wider_than_a_phone(rows: list[tuple[str, str, str]]) -> None:
    told = str(table(rows, "<>>"))

    body = plain(told.removeprefix("<pre>").removesuffix("</pre>"))
    assert all(width(line) <= WIDE for line in body.split("\n"))


def test_names_are_tame_and_short() -> None:
    assert figures.name("A" * 60) == "A" * 15 + "…"
    assert "\n" not in figures.name("A\nB")


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "?"), (4.0, "4s"), (2_300.0, "38min"), (15_000.0, "4h")]
)
def test_spans_in_tables_are_narrow(seconds: float | None, text: str) -> None:
    assert figures.narrow(Style(), seconds) == text
