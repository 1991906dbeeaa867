"""What many ask for is read once a moment, by whoever asks first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from arbedge import recent
from arbedge.errors import NoData
from arbedge.recent import Recent
from tests.accounts.factories import NOON

SECOND = timedelta(seconds=1)


class Source:
    """Answers with how often it was asked; gone until it is back."""

    def __init__(self, *, gone: bool = False) -> None:
        self.asked, self.gone = 0, gone

    def read(self, _: datetime) -> int:
        if self.gone:
            raise NoData("It is gone.")
        self.asked += 1
        return self.asked


def test_what_was_read_serves_for_a_second() -> None:
    look = Recent(Source().read, 1.0)
    assert [look.at(NOON), look.at(NOON + 0.999 * SECOND), look.at(NOON + SECOND)] == [1, 1, 2]


def test_a_clock_that_was_set_back_does_not_hold_it_up() -> None:
    look = Recent(Source().read, 1.0)
    assert [look.at(NOON), look.at(NOON - SECOND)] == [1, 2]


def test_what_cannot_be_read_is_tried_again_at_once() -> None:
    source = Source(gone=True)
    look = Recent(source.read, 1.0)
    with pytest.raises(NoData):
        look.at(NOON)
    source.gone = False
    assert look.at(NOON) == 1


def test_many_who_ask_at_once_cost_one_reading() -> None:
    source, begins = Source(), threading.Barrier(8)
    look = Recent(source.read, 1.0)

    def ask(_: int) -> int:
        begins.wait()
        return look.at(NOON)

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(8))) == {1}
    assert source.asked == 1


def test_all_of_it_can_be_forgotten() -> None:
    look = Recent(Source().read, 1.0)
    look.at(NOON)
    recent.forget_all()
    assert look.at(NOON) == 2
