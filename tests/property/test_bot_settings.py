"""Settings typed in Telegram, and texts of broadcasts: whatever is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbedge.errors import BadInput
from arbedge.names import Language
from notifications.bot.commands import admin_broadcast
from notifications.bot.staff.configured import Setting

numbers = st.floats(0, 1e7, allow_nan=False)


def setting(**more: object) -> Setting:
    told = {"value": "1", "default": "1", "own": False, "write": lambda *_: None}
    return Setting("any", "", "s", **{**told, "bounds": (0.0, 1e7), **more})  # type: ignore[arg-type]


@given(numbers)
def test_a_number_is_kept_as_it_was_typed(value: float) -> None:
    kept = setting().read(repr(value))
    assert kept is not None
    assert float(kept) == value


@given(numbers)
def test_what_was_kept_can_be_typed_again_for_undo(value: float) -> None:
    one = setting()
    kept = one.read(repr(value))
    assert kept is not None
    assert "e" not in kept
    assert one.read(kept) == kept


@given(st.text(max_size=20))
def test_whatever_is_typed_is_in_bounds_or_refused(typed: str) -> None:
    try:
        kept = setting(decimals=2).read(typed)
    except BadInput:
        return
    assert kept is None or 0 <= float(kept) <= 1e7


@given(st.text())
def test_no_word_of_a_broadcast_is_lost(text: str) -> None:
    title, texts = admin_broadcast.written(text)
    marks = {f"[{one}]" for one in Language}
    told = [word for line in text.splitlines() if line.strip().lower() not in marks
            for word in line.split()]  # fmt: skip
    found = [word for part in (title, *texts.values()) for word in part.split()]
    if title == admin_broadcast.HEADING and admin_broadcast.HEADING not in text:
        found.remove(title)
    assert sorted(found) == sorted(told)


@pytest.mark.parametrize("language", list(Language))
def test_every_language_can_be_begun(language: Language) -> None:
    _, texts = admin_broadcast.written(f"Title\n[{language}]\nText")
    assert texts == {language.value: "Text"}
