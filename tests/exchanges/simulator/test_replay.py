"""Recordings played back, from a small set written here and from the real ones."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from arbedge.errors import BadSetting
from exchanges.simulator.app import build
from exchanges.simulator.recording import Recorded, Sweep, load
from exchanges.simulator.replay import RECORDED_AT, Replay, sweeps
from exchanges.venues import VENUES
from tests.exchanges.simulator.speaking import Client

FUNDING = "/api/v5/public/funding-rate"
SETS = (
    "spot-2022-11-21",
    "perps-2026-06-02",
    "perps-series-2026-06-02",
    "funding-2024-11-27",
    "funding-okx-hl-2026-03-10",
    "instruments",
    "books-2026-06-02",
)


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def at(minute: int) -> str:
    return f"2026-06-02T21:{minute:02}:00.000Z"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three sweeps of OKX funding, the second failed, and one Binance answer from before them."""
    lines: list[dict[str, Any]] = [
        {"sweep": 0, "at": at(10), "body": {"code": "0", "data": [{"instId": "A"}]}},
        {"sweep": 1, "at": at(12), "error": "timed out"},
        {"sweep": 2, "at": at(14), "body": {"code": "0", "data": [{"instId": "B"}]}},
    ]
    text = "\n".join(json.dumps(line, separators=(",", ":")) for line in lines)
    (tmp_path / "okx.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "info.json.gz").write_bytes(gzip.compress(b"[ ]"))
    manifest = {
        "set": "small",
        "responses": [
            {
                "venue": "okx", "method": "GET", "path": FUNDING, "query": {"instId": "ANY"},
                "at": at(10), "file": "okx.jsonl.gz", "format": "jsonl",
            },
            {
                "venue": "binance-usdm", "method": "GET", "path": "/fapi/v1/fundingInfo",
                "query": {}, "at": at(5), "file": "info.json.gz",
            },
            {
                "venue": "bybit", "method": "GET", "path": "/v5/market/orderbook",
                "query": {"category": "spot", "symbol": "DAIUSDT", "limit": 20}, "at": at(10),
                "file": None, "errors": [{"sweep": 0, "at": at(10), "error": "no such market"}],
            },
            {"venue": "hyperliquid", "method": "POST", "path": "/info", "at": at(10), "file": None},
        ],
    }  # fmt: skip
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def moment(minute: int) -> int:
    return 1_780_434_000_000 + minute * 60_000


def test_bodies_are_kept_byte_for_byte(folder: Path) -> None:
    recording = load(folder)

    okx, info = recording.responses[:2]
    assert okx.sweeps[0].body == b'{"code":"0","data":[{"instId":"A"}]}'
    assert info.sweeps == (Sweep(moment(5), b"[ ]"),)


def test_the_moments_are_those_of_the_sweeps(folder: Path) -> None:
    assert load(folder).moments == (moment(10), moment(12), moment(14))


def test_without_sweeps_the_only_moment_is_when_all_answers_are_in(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    single = manifest["responses"][1]
    manifest["responses"] = [single, {**single, "path": "/fapi/v1/premiumIndex", "at": at(7)}]
    (folder / "manifest.json").write_text(json.dumps(manifest))

    assert load(folder).moments == (moment(7),)


def test_what_was_asked_by_post_is_left_out(folder: Path) -> None:
    assert {one.host for one in load(folder).responses} == {"okx", "binance-usdm", "bybit"}


def test_a_sweep_holds_until_the_next_one() -> None:
    recorded = Recorded("okx", "/", {}, (Sweep(10, b"a"), Sweep(20, b"b")))

    told = [recorded.at(when).body for when in (5, 10, 19, 20, 99)]

    assert told == [b"a", b"a", b"a", b"b", b"b"]


@pytest.mark.parametrize(
    ("query", "answers"),
    [
        ({"productType": "USDT-FUTURES"}, True),
        ({"productType": "usdt-futures", "limit": "100"}, True),
        ({"productType": "COIN-FUTURES"}, False),
        ({}, False),
        ({"productType": "USDT-FUTURES", "symbol": "BTCUSDT"}, False),
        ({"productType": "USDT-FUTURES", "cursor": "x"}, False),
    ],
)
def test_limits_do_not_matter_to_a_request_but_its_subject_does(
    query: dict[str, str], answers: bool
) -> None:
    recorded = Recorded("bitget", "/mix", {"productType": "USDT-FUTURES"}, (Sweep(0, b""),))

    assert recorded.answers("bitget", "/mix", query) == answers


def test_a_folder_without_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"manifest\.json is missing"):
        load(tmp_path)


def test_a_manifest_that_is_no_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"responses": 5}')

    with pytest.raises(BadSetting, match="cannot be read"):
        load(tmp_path)


def test_a_set_without_answers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"set": "empty"}')

    with pytest.raises(BadSetting, match="no recorded answers"):
        load(tmp_path)


def test_an_answer_carries_its_own_time(folder: Path) -> None:
    answer = Replay(folder).answer("binance-usdm", "/fapi/v1/fundingInfo", {})

    assert (answer.status, answer.body) == (200, b"[ ]")
    assert answer.headers[RECORDED_AT] == str(moment(5))


def test_a_recorded_error_is_an_error_of_the_venue(folder: Path) -> None:
    replay = Replay(folder)
    replay.advance()

    answer = replay.answer("okx", FUNDING, {"instId": "ANY"})

    assert answer.status == 503
    assert b'"50001"' in answer.body
    assert answer.headers[RECORDED_AT] == str(moment(12))


@pytest.mark.parametrize(
    ("host", "words"), [("okx", b'"code"'), ("bybit", b"retCode"), ("gate", b"nothing recorded")]
)
def test_what_was_not_recorded_is_not_found(folder: Path, host: str, words: bytes) -> None:
    answer = Replay(folder).answer(host, "/anything", {})

    assert answer.status == 404
    assert words in answer.body


def test_told_to_it_steps_until_the_last_moment(folder: Path) -> None:
    replay = Replay(folder)

    assert [replay.advance() for _ in range(3)] == [True, True, False]
    assert b'"B"' in replay.answer("okx", FUNDING, {"instId": "ANY"}).body


def test_recorded_time_runs_at_its_speed_and_then_stands(folder: Path) -> None:
    seconds = Seconds()
    replay = Replay(folder, speed=24.0, clock=seconds)

    seen = []
    for seconds.now in (0.0, 4.9, 5.0, 9.9, 10.0, 1000.0):
        seen.append(replay.position())

    assert seen == [0, 0, 1, 1, 2, 2]


def test_over_http_the_next_moment_is_asked_for(folder: Path) -> None:
    client = Client(build(Replay(folder)))
    path = f"/okx{FUNDING}?instId=ANY"

    first = client.get(path)
    moved = [client.post("/_next").json()["moment"] for _ in range(2)]
    last = client.get(path)

    assert moved == [2, 3]
    assert (first.headers[RECORDED_AT], last.headers[RECORDED_AT]) == (
        str(moment(10)), str(moment(14)),
    )  # fmt: skip
    assert client.get("/_state").json()["set"] == "small"


def test_the_title_names_set_span_and_size(folder: Path) -> None:
    title = Replay(folder).title()

    assert title == "small: 3 answers of 2026-06-02 21:10:00 to 2026-06-02 21:14:00, 3 moments UTC"


def test_sweeps_say_what_each_feed_was_answered(folder: Path) -> None:
    told = list(sweeps(folder, VENUES.values()))

    assert [sorted(one) for one in told] == [
        [("binance", "perp_intervals"), ("okx", "perp_funding")]
    ] * 3
    okx = [one["okx", "perp_funding"] for one in told]
    assert [sweep.at_ms for sweep in okx] == [moment(10), moment(12), moment(14)]
    assert (okx[1].body, okx[1].error) == (None, "timed out")


def test_sweeps_of_some_venues_only(folder: Path) -> None:
    assert list(next(sweeps(folder, [VENUES["okx"]]))) == [("okx", "perp_funding")]


@pytest.mark.recordings
@pytest.mark.parametrize("name", SETS)
def test_every_recorded_answer_is_served_as_recorded(recordings: Path, name: str) -> None:
    replay = Replay(recordings / name)

    for recorded in replay.recording.responses:
        answer = replay.answer(recorded.host, recorded.path, recorded.query)
        assert answer.status == (503 if recorded.sweeps[0].body is None else 200), recorded.path
        assert answer.body == (recorded.sweeps[0].body or answer.body)


@pytest.mark.recordings
def test_the_series_has_sixty_moments_of_five_feeds(recordings: Path) -> None:
    told = list(sweeps(recordings / "perps-series-2026-06-02", VENUES.values()))

    assert len(told) == 60
    assert set(told[0]) == {
        ("binance", "perp_book"),
        ("binance", "perp_funding"),
        ("binance", "perp_intervals"),
        ("bybit", "perp"),
        ("okx", "perp_funding"),
        ("bitget", "perp_funding"),
    }
    times = [one["bybit", "perp"].at_ms for one in told]
    assert times == sorted(set(times))


@pytest.mark.recordings
@pytest.mark.parametrize("name", SETS)
def test_every_feed_of_ours_reads_its_recording(recordings: Path, name: str) -> None:
    for one in sweeps(recordings / name, VENUES.values()):
        for (venue, feed_name), sweep in one.items():
            feed = next(feed for feed in VENUES[venue].feeds if feed.name == feed_name)
            assert sweep.body is not None
            assert feed.parse(sweep.body).frame.height > 0


@pytest.mark.recordings
def test_books_that_could_not_be_recorded_are_errors(recordings: Path) -> None:
    replay = Replay(recordings / "books-2026-06-02")
    book = {"instId": "USDC-USDT", "sz": "5"}

    assert replay.answer("okx", "/api/v5/market/books", book).status == 503


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["telegram", "history"])
def test_sets_that_are_no_venue_answers_are_refused(recordings: Path, name: str) -> None:
    with pytest.raises(BadSetting):
        load(recordings / name)
