"""Where attention goes."""

from __future__ import annotations

import numpy as np

from opportunities.discovery import attend

PROMISE = np.array([0.1, 0.9, 0.5, 0.7, 0.3])
ALL = np.arange(5)


def test_the_most_promising_are_looked_at_in_every_scan() -> None:
    found = attend(PROMISE, ALL, 2, 2)
    assert found.first.tolist() == [1, 3]
    assert [found.due(number).tolist() for number in (1, 2, 4)] == [[1, 3]] * 3


def test_the_next_ones_are_looked_at_in_every_third_scan() -> None:
    found = attend(PROMISE, ALL, 2, 2)
    assert found.second.tolist() == [2, 4]
    assert found.due(0).tolist() == found.due(3).tolist() == [1, 3, 2, 4]


def test_the_others_are_left_to_the_bulk_answers() -> None:
    assert 0 not in attend(PROMISE, ALL, 2, 2).due(3)


def test_attention_moves_with_the_promise() -> None:
    assert attend(PROMISE[::-1], ALL, 1, 0).first.tolist() == [3]


def test_only_the_eligible_are_considered() -> None:
    assert attend(PROMISE, np.array([0, 4]), 10, 20).first.tolist() == [4, 0]


def test_equals_keep_their_order() -> None:
    assert attend(np.ones(4), np.arange(4), 4, 0).first.tolist() == [0, 1, 2, 3]


def test_nobody_eligible_needs_no_attention() -> None:
    assert attend(PROMISE, np.empty(0, dtype=np.int64), 10, 20).due(0).tolist() == []
