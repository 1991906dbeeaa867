"""The outgoing client: bounded in time and size, and guarded where the address is a user's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import httpx
import pytest

from arbedge import aio, clock, http
from arbedge.http import Answer, RefusedAddress, Unanswered
from arbedge.names import Fault
from tests.loopback import Loopback, Reply, running

Found = list[tuple[object, ...]]


@pytest.fixture
def server() -> Iterator[Loopback]:
    with running() as loopback:
        yield loopback


def get(url: str, timeout_s: float = 5.0, **more: object) -> Answer:
    return aio.run(http.get(url, timeout_s=timeout_s, **more), 30)  # type: ignore[arg-type]


def test_answer_carries_status_headers_and_body(server: Loopback) -> None:
    server.on("/price", Reply(b'{"p":1}', 418, {"Retry-After": "7"}))

    answer = get(server.url + "/price")

    assert (answer.status, answer.body) == (418, b'{"p":1}')
    assert answer.headers["retry-after"] == "7"


def test_capture_time_is_ours_and_after_the_wait(server: Loopback) -> None:
    server.on("/slow", Reply(delay_s=0.05))

    answer = get(server.url + "/slow")

    assert answer.took_ms >= 50
    assert abs(answer.captured_at_ms - clock.now_ms()) < 60_000


def test_query_and_headers_are_sent(server: Loopback) -> None:
    server.on("/x")
    server.on("/x", Reply())

    get(server.url + "/x", query={"instType": "SWAP"}, headers={"X-Key": "k"})

    assert server.calls[0].query == {"instType": "SWAP"}
    assert server.calls[0].headers["x-key"] == "k"


def test_compressed_bodies_are_asked_for_and_read(server: Loopback) -> None:
    server.on("/zip", Reply(b"x" * 10_000, zipped=True))

    answer = get(server.url + "/zip")

    assert answer.body == b"x" * 10_000
    assert "gzip" in server.calls[0].headers["accept-encoding"]


def test_connections_are_kept_between_calls(server: Loopback) -> None:
    server.on("/again", Reply())

    async def used_clients() -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
        return http.client(), http.client()

    first, second = aio.run(used_clients())

    assert first is second


@pytest.mark.parametrize(
    ("reply", "timeout_s", "fault"),
    [
        pytest.param(Reply(delay_s=30), 0.1, Fault.TIMEOUT, id="slow"),
        pytest.param(Reply(hang_up=True), 5, Fault.UNREACHABLE, id="hung up"),
        pytest.param(
            Reply(b"no gzip", headers={"Content-Encoding": "gzip"}), 5, Fault.MALFORMED, id="gzip"
        ),
    ],
)
def test_failures_are_named_by_what_to_do(
    server: Loopback, reply: Reply, timeout_s: float, fault: Fault
) -> None:
    server.on("/bad", reply)

    with pytest.raises(Unanswered) as error:
        get(server.url + "/bad", timeout_s)

    assert error.value.fault is fault


def test_a_port_nobody_listens_on_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    with pytest.raises(Unanswered) as error:
        get(f"http://127.0.0.1:{port}/")

    assert error.value.fault is Fault.UNREACHABLE


def test_an_endless_body_is_cut_off(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 1_000)
    server.on("/long", Reply(b"x" * 1_001))

    with pytest.raises(Unanswered, match="longer than 1000 bytes") as error:
        get(server.url + "/long")

    assert error.value.fault is Fault.MALFORMED


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1"),
        *("::7f00:1", "::a9fe:a9fe", "::2"),
    ],
)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not http.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert http.is_public(address)


def guarded_get(url: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with http.guarded_client() as client:
            return await client.get(url)

    return aio.run(ask(), 30)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://2130706433:{port}/"],
)
def test_a_users_url_never_reaches_a_server_inside(server: Loopback, url: str) -> None:
    server.on("/", Reply(b"secret"))

    with pytest.raises(RefusedAddress):
        guarded_get(url.format(port=server.port))

    assert server.calls == []


def test_only_web_addresses_are_allowed() -> None:
    with pytest.raises((RefusedAddress, httpx.UnsupportedProtocol)):
        guarded_get("ftp://example.com/")


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Each look-up of a name gives the next list of addresses."""
    left = list(answers)

    async def getaddrinfo(*_: object, **__: object) -> Found:
        addresses = left.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80)) for one in addresses]

    monkeypatch.setattr(aio.loop(), "getaddrinfo", getaddrinfo)


def test_one_private_address_among_public_ones_refuses_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolving(monkeypatch, ["1.1.1.1", "10.0.0.1"])

    with pytest.raises(RefusedAddress, match="not on the public internet"):
        aio.run(http.public_address("mixed.example", 80))


class Recorder(httpx.AsyncBaseTransport):
    """Takes what the guard lets through."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(204)


def test_the_checked_address_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second look-up, as after DNS rebinding, is never made."""
    resolving(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    inner = Recorder()

    async def ask() -> None:
        async with httpx.AsyncClient(transport=http.GuardedTransport(inner)) as client:
            await client.post("https://hooks.example/in", content=b"{}")

    aio.run(ask())

    [request] = inner.requests
    assert request.url.host == "93.184.216.34"
    assert request.headers["host"] == "hooks.example"
    assert request.extensions["sni_hostname"] == "hooks.example"


def test_a_name_that_does_not_resolve_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*_: object, **__: object) -> Found:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(aio.loop(), "getaddrinfo", getaddrinfo)

    with pytest.raises(RefusedAddress, match="cannot be resolved"):
        aio.run(http.public_address("nowhere.example", 443))


def test_each_loop_has_its_own_connections() -> None:
    async def mine() -> httpx.AsyncClient:
        return http.client()

    other = asyncio.new_event_loop()
    try:
        theirs = other.run_until_complete(mine())
        assert theirs is not aio.run(mine())
        other.run_until_complete(theirs.aclose())
    finally:
        other.close()
