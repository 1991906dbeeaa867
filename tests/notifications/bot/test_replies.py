"""Rows and buttons: what fits into a line, the way through pages, what is chosen."""

from __future__ import annotations

import pytest

from notifications.bot import replies
from notifications.bot.replies import Button


@pytest.mark.parametrize("word", ["WIF", "币" * 18])
def test_a_button_says_its_words(word: str) -> None:
    assert replies.fitting("x", "funding", word) == (Button("x", f"funding {word}"),)


@pytest.mark.parametrize("word", ["币" * 19, "A" * 57, "X Y", "", " WIF"])
def test_a_line_telegram_does_not_take_or_that_would_be_read_otherwise_is_no_button(
    word: str,
) -> None:
    assert replies.fitting("x", "funding", word) == ()


@pytest.mark.parametrize(
    ("page", "pages", "lines"),
    [(1, 1, []), (1, 3, ["list 2"]), (2, 3, ["list 1", "list 3"]), (3, 3, ["list 2"]), (1, 0, [])],
)
def test_pages_are_turned_as_far_as_there_are_such(page: int, pages: int, lines: list[str]) -> None:
    assert [one.line for one in replies.turns(page, pages, "list")] == lines


def test_the_ways_to_other_pages_stand_around_what_is_between() -> None:
    again = Button("Again", "list 2")
    labels = [one.label for one in replies.turns(2, 3, "list", between=[again])]
    assert labels == ["‹ 1/3", "Again", "› 3/3"]


def test_empty_rows_are_left_out() -> None:
    one = Button("x", "help")
    assert replies.in_rows([], [one], ()) == ((one,),)


def test_what_is_chosen_has_a_tick() -> None:
    assert (replies.ticked("Daily", on=True), replies.ticked("Daily", on=None)) == (
        "✓ Daily", "Daily",
    )  # fmt: skip
