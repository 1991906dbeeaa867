"""Results kept while what they were made from stays the same."""

from __future__ import annotations

import polars as pl
import pytest

from exchanges.kept import Kept


@pytest.fixture
def asked() -> list[pl.DataFrame]:
    """The frames the work was really done for."""
    return []


@pytest.fixture
def heights(asked: list[pl.DataFrame]) -> Kept[int]:
    def make(frame: pl.DataFrame) -> int:
        asked.append(frame)
        return frame.height

    return Kept(make)


def names(*values: str | None) -> pl.DataFrame:
    return pl.DataFrame({"name": values}, schema={"name": pl.String})


def test_an_equal_frame_is_not_worked_on_again(
    heights: Kept[int], asked: list[pl.DataFrame]
) -> None:
    assert [heights(names("BTC", None)), heights(names("BTC", None))] == [2, 2]
    assert len(asked) == 1


@pytest.mark.parametrize(
    "other",
    [names("BTC"), names("BTC", "ETH", None), names(None, "BTC"), names("BTC", "")],
    ids=["fewer", "more", "another order", "empty is not null"],
)
def test_another_frame_gets_its_own_result(
    heights: Kept[int], asked: list[pl.DataFrame], other: pl.DataFrame
) -> None:
    heights(names("BTC", None))
    assert heights(other) == other.height
    assert len(asked) == 2


def test_another_column_of_the_same_values_is_another_frame(
    heights: Kept[int], asked: list[pl.DataFrame]
) -> None:
    heights(names("BTC"))
    heights(names("BTC").rename({"name": "coin"}))
    assert len(asked) == 2


def test_only_the_last_result_is_kept(heights: Kept[int], asked: list[pl.DataFrame]) -> None:
    for frame in (names("BTC"), names("ETH"), names("BTC")):
        heights(frame)
    assert len(asked) == 3


def test_work_that_fails_leaves_the_last_result(asked: list[pl.DataFrame]) -> None:
    def make(frame: pl.DataFrame) -> int:
        asked.append(frame)
        return 1 // frame.height

    kept = Kept(make)
    assert kept(names("BTC")) == 1
    with pytest.raises(ZeroDivisionError):
        kept(names())
    assert kept(names("BTC")) == 1
    assert len(asked) == 2


def test_the_same_frame_is_known_without_looking(
    heights: Kept[int], asked: list[pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = names("BTC")
    heights(frame)
    monkeypatch.setattr(pl.DataFrame, "equals", None)
    assert heights(frame) == 1
    assert len(asked) == 1
