"""The simulator over HTTP: venues under prefixes, gzip, faults and state by request."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT

import httpx
import pytest

from exchanges.simulator.app import build
from exchanges.simulator.faults import Kind
from exchanges.simulator.serve import serve
from tests.exchanges.simulator.speaking import Client, Hands, world

ROOT = Path(__file__).resolve().parents[3]
PREMIUM = "/binance-usdm/fapi/v1/premiumIndex"
TICKERS = "/okx/api/v5/market/tickers?instType=SPOT"


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def client(hands: Hands) -> Client:
    return Client(build(world(hands)))


def switch_on(client: Client, venue: str, kind: Kind, **more: object) -> None:
    answer = client.post("/_faults", json={"venue": venue, "kind": kind, **more})
    assert answer.status_code == 200


def test_a_venue_answers_under_its_prefix(client: Client) -> None:
    answer = client.get(PREMIUM, params={"symbol": "BTCUSDT"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["symbol"] == "BTCUSDT"


def test_weight_is_told_in_the_header(client: Client) -> None:
    used = [client.get(PREMIUM).headers["x-mbx-used-weight-1m"] for _ in range(3)]

    assert used == ["10", "20", "30"]


def test_large_bodies_are_compressed_where_it_is_accepted(client: Client) -> None:
    zipped = client.get(PREMIUM, headers={"accept-encoding": "gzip"})
    whole = client.get(PREMIUM, headers={"accept-encoding": "identity"})

    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in whole.headers
    assert zipped.json() == whole.json()
    assert int(zipped.headers["content-length"]) < len(whole.content) / 3


def test_bodies_change_with_the_tick(client: Client, hands: Hands) -> None:
    first, same = client.get(TICKERS).json(), client.get(TICKERS).json()
    hands.forward(60_000)

    assert first == same
    assert client.get(TICKERS).json() != first


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"),
    [
        (Kind.RATE_LIMITED, 429, "60"),
        (Kind.BANNED, 418, "60"),
        (Kind.FORBIDDEN, 403, None),
        (Kind.LOCATION, 451, None),
        (Kind.SERVER, 503, None),
    ],
)
def test_refusing_faults_use_the_venues_own_body(
    client: Client, kind: Kind, status: int, retry_after: str | None
) -> None:
    switch_on(client, "binance", kind)

    answer = client.get(PREMIUM)

    assert answer.status_code == status
    assert answer.headers.get("retry-after") == retry_after
    assert "msg" in answer.json()


def test_the_time_to_wait_can_be_chosen(client: Client) -> None:
    switch_on(client, "okx", Kind.RATE_LIMITED, retry_after_s=7)

    assert client.get(TICKERS).headers["retry-after"] == "7"


def test_a_malformed_body_is_compressed_but_broken(client: Client) -> None:
    switch_on(client, "okx", Kind.MALFORMED)

    answer = client.get(TICKERS, headers={"accept-encoding": "gzip"})

    assert answer.status_code == 200
    assert not answer.text.endswith("}")


def test_a_stale_body_carries_its_old_time(client: Client) -> None:
    now = int(client.get(TICKERS).json()["data"][0]["ts"])
    switch_on(client, "okx", Kind.STALE, by_s=90)

    assert int(client.get(TICKERS).json()["data"][0]["ts"]) == now - 90_000


def test_a_future_body_carries_a_time_to_come(client: Client) -> None:
    now = int(client.get(TICKERS).json()["data"][0]["ts"])
    switch_on(client, "okx", Kind.FUTURE, by_s=5)

    assert int(client.get(TICKERS).json()["data"][0]["ts"]) == now + 5_000


def test_a_late_answer_still_comes(client: Client) -> None:
    switch_on(client, "okx", Kind.LATENCY, by_s=0.01)

    assert client.get(TICKERS).status_code == 200


def test_other_venues_are_spared(client: Client) -> None:
    switch_on(client, "binance", Kind.SERVER)

    assert client.get(TICKERS).status_code == 200


def test_faults_are_switched_off(client: Client) -> None:
    switch_on(client, "okx", Kind.SERVER)
    client.delete("/_faults")

    assert client.get(TICKERS).status_code == 200


@pytest.mark.parametrize(
    "wish",
    [
        {"venue": "okx", "kind": "nonsense"},
        {"kind": "server"},
        {"venue": "okx", "kind": "drop", "x": 1},
    ],
)
def test_a_fault_nobody_knows_is_refused_with_those_known(
    client: Client, wish: dict[str, object]
) -> None:
    answer = client.post("/_faults", json=wish)

    assert answer.status_code == 400
    assert "rate_limited" in answer.json()["kinds"]


def test_state_shows_time_requests_weight_and_faults(client: Client, hands: Hands) -> None:
    client.get(PREMIUM)
    switch_on(client, "okx", Kind.SERVER)

    state = client.get("/_state").json()

    assert state["now_ms"] == hands.now_ms
    assert state["requests"] == {"binance-usdm": 1}
    assert state["weight"] == {"binance-usdm": 10}
    assert [fault["kind"] for fault in state["faults"]] == ["server"]


def test_a_world_has_no_next_moment(client: Client) -> None:
    assert client.post("/_next").json()["moved"] is False


def test_an_unknown_venue_is_not_found(client: Client) -> None:
    answer = client.get("/nowhere/api")

    assert answer.status_code == 404
    assert "binance-spot" in answer.json()["known"]


def test_the_kept_compressed_body_is_the_body(client: Client) -> None:
    """Asked twice in one tick, compressed once; the next tick is compressed anew."""
    bodies = [client.get(PREMIUM, headers={"accept-encoding": "gzip"}).content for _ in range(2)]

    assert bodies[0] == bodies[1]
    assert gzip.decompress(gzip.compress(bodies[0])) == bodies[1]


@pytest.fixture
def served() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command itself on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "manage.py", "simulate", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    url = f"http://127.0.0.1:{port}"
    _wait_for(url, process)
    with process:
        yield process, url
        process.kill()


def _wait_for(url: str, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        try:
            httpx.get(f"{url}/_state")
        except httpx.TransportError:
            assert process.poll() is None, process.stdout and process.stdout.read()
            time.sleep(0.1)
        else:
            return
    pytest.fail("the simulator does not answer")


def test_the_command_serves_breaks_connections_on_wish_and_stops_on_interrupt(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    process, url = served
    assert httpx.get(f"{url}{PREMIUM}").status_code == 200

    httpx.post(f"{url}/_faults", json={"venue": "okx", "kind": "drop"})
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{url}{TICKERS}")

    process.send_signal(SIGINT)
    told, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "planted opportunities" in told
    assert told.endswith("simulator stopped\n")


def test_a_taken_port_is_said() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()

        with pytest.raises(OSError, match="in use"):
            serve(build(world()), holder.getsockname()[1])
