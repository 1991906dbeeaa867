"""What a text costs as SMS, and what is left of one that costs too much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.segments import fit, plain, segments


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("", 1), (160 * "a", 1), (161 * "a", 2), (306 * "a", 2), (307 * "a", 3), (459 * "a", 3),
        (460 * "a", 4), (80 * "€", 1), (81 * "€", 2), (70 * "я", 1), (71 * "я", 2), (134 * "я", 2),
        (135 * "я", 3), (201 * "я", 3), (202 * "я", 4), (35 * "🟢", 1), (36 * "🟢", 2),
        (69 * "я" + "a", 1), (159 * "a" + "я", 3),
    ],
)  # fmt: skip
def test_what_a_text_costs(text: str, cost: int) -> None:
    assert segments(text) == cost


def test_a_letter_that_counts_twice_is_not_split_between_two_segments() -> None:
    """152 + 2 leaves one place of the first segment empty, so 305 places are not enough."""
    assert segments(152 * "a" + "€" + 151 * "a" + "€") == 3


@pytest.mark.parametrize(
    ("text", "cheap"),
    [
        ("+0.42 % net − costs 0.23 %", "+0.42 % net - costs 0.23 %"),
        ("🟢 WIF\n▲ Long OKX\n\n▼ Short Bybit", "WIF\nLong OKX\nShort Bybit"),
        ("después de 24 h · días", "después de 24 h . dias"),
        ("où ça coûte ≤ 5…", "où ca coute <= 5..."),
    ],
)
def test_typography_does_not_make_a_text_dearer(text: str, cheap: str) -> None:
    assert plain(text) == cheap


def test_what_is_cheap_enough_is_left_alone() -> None:
    assert fit("Long OKX, short Bybit", "\nhttps://a.example") == (
        "Long OKX, short Bybit\nhttps://a.example"
    )


def test_a_long_text_ends_at_a_word_and_keeps_its_link() -> None:
    text = fit("word " * 200, "\nhttps://a.example")

    assert segments(text) == 3
    assert text.endswith("word...\nhttps://a.example")


@given(st.text(max_size=900), st.text(alphabet="abc/:.", max_size=100))
def test_no_text_costs_more_than_three(text: str, tail: str) -> None:
    fitted = fit(text, tail)

    assert segments(fitted) <= 3
    assert fitted.endswith(tail)


@given(st.text(max_size=400))
def test_a_text_that_costs_at_most_three_is_whole(text: str) -> None:
    assert (fit(text) == text) is (segments(text) <= 3)
