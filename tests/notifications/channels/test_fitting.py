"""Texts made to fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.fitting import joined, one_line, pieces, says, shortened


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\nBcc: b", "a Bcc: b"), (" a \t b ", "a b"), ("a\x00\x1b[31mb", "a [31mb"),
        ("a\u2028b\u202ec", "a b c"), ("WIF +0.42\u2009%", "WIF +0.42 %"), ("🟢 ok", "🟢 ok"),
        ("e.\u2060vil 👩\u200d💻", "e.\u2060vil 👩\u200d💻"),
    ],
)  # fmt: skip
def test_a_line_has_no_breaks_and_no_control_characters(text: str, line: str) -> None:
    assert one_line(text, 100) == line


@given(st.text(max_size=300), st.integers(min_value=2, max_value=100))
def test_a_line_is_one_and_fits(text: str, limit: int) -> None:
    line = one_line(text, limit)

    assert len(line) <= limit
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("short", 5, "short"), ("one two three", 11, "one two…"), ("onetwothree", 7, "onetwo…"),
        ("costs &lt; net", 9, "costs…"), ("a &amp; b and c", 5, "a…"), ("x&#8722;y", 5, "x…"),
    ],
)  # fmt: skip
def test_a_text_ends_at_a_word_and_never_inside_a_reference(
    text: str, limit: int, short: str
) -> None:
    assert shortened(text, limit) == short


@given(st.text(max_size=300), st.integers(min_value=1, max_value=100))
def test_a_shortened_text_fits(text: str, limit: int) -> None:
    assert len(shortened(text, limit)) <= limit


def test_pieces_end_at_lines() -> None:
    assert pieces("one\ntwo\nthree", 8, 5) == ["one\ntwo", "three"]


def test_a_line_without_an_end_is_cut_anyway() -> None:
    assert pieces(25 * "x", 10, 5) == [10 * "x", 10 * "x", 5 * "x"]


def test_what_is_too_much_for_the_last_piece_is_shortened() -> None:
    assert pieces(25 * "x", 10, 2) == [10 * "x", 9 * "x" + "…"]


def test_no_text_has_no_pieces() -> None:
    assert pieces("", 10, 5) == []


@given(st.text(max_size=500), st.integers(min_value=12, max_value=100))
def test_every_piece_fits_and_nothing_is_empty(text: str, limit: int) -> None:
    found = pieces(text, limit, 4)

    assert len(found) <= 4
    assert all(len(piece) <= limit for piece in found)


@given(st.text(alphabet="ab\n", min_size=1, max_size=200))
def test_pieces_put_together_are_the_text(text: str) -> None:
    found = pieces(text, 20, 1000)

    assert "".join(found).replace("\n", "") == text.replace("\n", "")


def test_links_are_left_out_whole() -> None:
    assert joined(["[a](x)", "[b](y)", "[c](z)"], " · ", 16) == "[a](x) · [b](y)"


@pytest.mark.parametrize(
    ("text", "title", "said"),
    [
        ("🟢 *WIF funding* &amp; more\nLong OKX", "WIF funding & more", True),
        ("🟢 **WIF\\_X** +0.42 %", "WIF_X +0.42 %", True),
        ("Long OKX", "WIF funding", False),
        ("anything", "", True),
    ],
)
def test_a_title_is_found_whatever_signs_a_channel_put_into_it(
    text: str, title: str, said: bool
) -> None:
    assert says(text, title) is said
