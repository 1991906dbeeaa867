"""Faults: who is hit, for how long, and what is left of a body."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exchanges.simulator.faults import Board, Kind, Wish, shift_ms, spoil

BODY = msgspec.json.encode(
    {
        "code": "0",
        "data": [{"symbol": f"C{i}", "bid": "1", "ask": "2", "ts": "3"} for i in range(7)],
    }
)


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def board(seconds: Seconds) -> Board:
    return Board(clock=seconds)


def rows(body: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(body)["data"]
    return found


def test_without_a_wish_nothing_is_hit(board: Board) -> None:
    assert board.hit("okx", "okx", "/api") is None


@pytest.mark.parametrize(
    ("aimed_at", "path", "is_hit"),
    [
        ("binance", "", True),
        ("binance-usdm", "", True),
        ("binance-spot", "", False),
        ("okx", "", False),
        ("*", "", True),
        ("binance", "fundingInfo", True),
        ("binance", "premiumIndex", False),
    ],
)
def test_a_fault_hits_what_it_is_aimed_at(
    board: Board, aimed_at: str, path: str, is_hit: bool
) -> None:
    board.add(Wish(aimed_at, Kind.SERVER, path=path))

    hit = board.hit("binance", "binance-usdm", "/fapi/v1/fundingInfo")

    assert (hit is not None) == is_hit


def test_a_fault_ends_by_itself(board: Board, seconds: Seconds) -> None:
    board.add(Wish("okx", Kind.DROP, for_s=30))

    seconds.now += 29.9
    assert board.hit("okx", "okx", "/") is not None
    assert board.describe()[0]["left_s"] == 0.1
    seconds.now += 0.2
    assert board.hit("okx", "okx", "/") is None
    assert board.describe() == []


def test_the_fault_switched_on_last_wins(board: Board) -> None:
    board.add(Wish("*", Kind.SERVER))
    board.add(Wish("okx", Kind.BANNED))

    hits = [board.hit(venue, venue, "/") for venue in ("okx", "bybit")]

    assert [hit.kind for hit in hits if hit] == [Kind.BANNED, Kind.SERVER]


def test_clearing_ends_all_faults(board: Board) -> None:
    board.add(Wish("*", Kind.SERVER))
    board.clear()

    assert board.hit("okx", "okx", "/") is None


def test_a_rate_hits_its_share_of_the_requests(board: Board) -> None:
    board.add(Wish("okx", Kind.SERVER, rate=0.3))

    hits = sum(board.hit("okx", "okx", "/") is not None for _ in range(1000))

    assert 240 < hits < 360


def test_the_same_seed_hits_the_same_requests(seconds: Seconds) -> None:
    runs = []
    for _ in range(2):
        board = Board(clock=seconds, seed=5)
        board.add(Wish("okx", Kind.SERVER, rate=0.5))
        runs.append([board.hit("okx", "okx", "/") is None for _ in range(50)])

    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("kind", "by_s", "expected"),
    [
        (Kind.STALE, None, -120_000),
        (Kind.STALE, 45.0, -45_000),
        (Kind.FUTURE, None, 60_000),
        (Kind.FUTURE, 3.0, 3_000),
        (Kind.SERVER, 45.0, 0),
    ],
)
def test_stale_and_future_answers_speak_of_another_moment(
    kind: Kind, by_s: float | None, expected: int
) -> None:
    assert shift_ms(Wish("okx", kind, by_s=by_s)) == expected


@pytest.mark.parametrize("kind", [Kind.MALFORMED, Kind.DROP, Kind.HTML])
def test_a_broken_body_is_no_json(kind: Kind) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(spoil(kind, BODY))


def test_nulls_strike_every_third_row_and_spare_its_symbol() -> None:
    struck = rows(spoil(Kind.NULLS, BODY))

    assert [None in row.values() for row in struck] == [
        True,
        False,
        False,
        True,
        False,
        False,
        True,
    ]
    assert [row["symbol"] for row in struck] == [f"C{i}" for i in range(7)]


def test_partial_rows_lack_fields() -> None:
    struck = rows(spoil(Kind.PARTIAL, BODY))

    assert [len(row) for row in struck] == [2, 4, 4, 2, 4, 4, 2]


@pytest.mark.parametrize("kind", [Kind.LATENCY, Kind.STALE, Kind.FUTURE])
def test_other_faults_leave_the_body_whole(kind: Kind) -> None:
    assert spoil(kind, BODY) == BODY


def test_an_answer_without_rows_survives_nulls() -> None:
    assert spoil(Kind.NULLS, b'{"serverTime":1}') == b'{"serverTime":1}'
