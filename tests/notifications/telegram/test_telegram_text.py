from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.receivers.bot_text import parse
from notifications.telegram.telegram_text import fit, length, pieces, plain, units

WORDS = st.text("ab <&>🟢\n", max_size=30)
TAGS = st.sampled_from(["b", "i", "code", "a"])


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def tagged(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def wrap(tag: str, text: str) -> str:
        return f"<{tag}{' href=' if tag == 'a' else ''}{'x' * (tag == 'a')}>{text}</{tag}>"

    return st.builds(wrap, TAGS, inside) | st.lists(inside, max_size=4).map("".join)


HTML = st.recursive(WORDS.map(escaped), tagged, max_leaves=12)


def without_space(text: str) -> str:
    return "".join(text.split())


@given(HTML, st.integers(3, 60))
def test_a_text_made_to_fit_is_short_enough_and_still_readable(text: str, limit: int) -> None:
    shown = parse(fit(text, limit), "HTML").text
    assert units(shown) <= limit
    assert shown == plain(text) or shown.endswith("…")


@given(HTML, st.integers(3, 60))
def test_pieces_together_are_the_whole_text_but_for_space_at_the_cuts(
    text: str, limit: int
) -> None:
    shown = [parse(piece, "HTML").text for piece in pieces(text, limit)]
    assert all(units(piece) <= limit for piece in shown)
    assert without_space("".join(shown)) == without_space(plain(text))


@given(HTML)
def test_its_length_is_counted_as_telegram_counts_it(text: str) -> None:
    assert length(text) == units(parse(text, "HTML").text)


def test_a_text_that_fits_is_left_alone() -> None:
    text = "<b>" + "x" * 4096 + "</b>"
    assert fit(text) is text
    assert pieces(text) == [text]


def test_ten_thousand_letters_are_cut_at_a_line_and_tags_are_closed() -> None:
    text = "<b>" + "\n".join(["a line of some words"] * 500) + "</b>"
    cut = fit(text)
    assert length(cut) <= 4096
    assert cut.endswith("a line of some words…</b>")
    parts = pieces(text)
    assert len(parts) == 3
    assert all(part.startswith("<b>a line") and part.endswith("words</b>") for part in parts)


def test_one_endless_word_is_cut_where_it_must() -> None:
    assert [length(piece) for piece in pieces("x" * 10_000)] == [4096, 4096, 1808]
    assert length(fit("x" * 10_000)) == 4096


def test_no_letter_of_two_units_is_halved() -> None:
    cut = fit("🟢" * 3000)
    assert cut == "🟢" * 2047 + "…"


@pytest.mark.parametrize(
    ("limit", "cut"), [(5, "ab &amp;…"), (4, "ab…"), (6, "ab &amp;…"), (7, "ab &amp; &lt;…")]
)
def test_a_reference_is_one_letter_and_never_cut(limit: int, cut: str) -> None:
    assert fit("ab &amp; &lt; and more", limit) == cut


def test_a_link_goes_on_in_the_next_piece() -> None:
    parts = pieces('<a href="https://x.y/?a=1&amp;b=2">aaaa bbbb</a>', 5)
    assert parts == [
        '<a href="https://x.y/?a=1&amp;b=2">aaaa</a>',
        '<a href="https://x.y/?a=1&amp;b=2">bbbb</a>',
    ]
