from __future__ import annotations

from collections.abc import Iterable

import pytest

from arbedge import status
from arbedge.status import Level, Line


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "sources", {})


def test_a_registered_section_is_reported() -> None:
    line = Line("okx", Level.GOOD, "2 s old")
    status.register("Venues", lambda: [line])
    assert status.report() == {"Venues": [line]}


def test_a_section_that_cannot_answer_says_why_and_stops_no_other() -> None:
    def broken() -> Iterable[Line]:
        raise ConnectionError("the cache is gone")

    status.register("Venues", broken)
    status.register("Scan", lambda: [Line("last", Level.GOOD, "3 s ago")])
    told = status.report()
    assert told["Venues"][0].level is Level.UNKNOWN
    assert "the cache is gone" in told["Venues"][0].text
    assert told["Scan"][0].text == "3 s ago"
