"""One request to an address of a user: kept outside, small and short."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from arbedge import aio
from arbedge.http import RefusedAddress
from notifications.channels import http
from notifications.channels.answers import Answer, Unsent
from notifications.codes import Code
from tests.loopback import Loopback, Reply, running


@pytest.fixture
def server() -> Iterator[Loopback]:
    with running() as loopback:
        yield loopback


@pytest.fixture
def trusting(settings: Settings) -> None:
    settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1"]


def post(url: str, *, ours: bool = False, timeout_s: float = 5.0) -> Answer:
    return aio.run(http.exchange(url, b"{}", {}, ours=ours, timeout_s=timeout_s), 30)


@pytest.mark.usefixtures("trusting")
def test_an_answer_carries_status_headers_and_body(server: Loopback) -> None:
    server.on("/in", Reply(b'{"ok": true}', 202, {"X-Id": "7"}))

    answer = post(server.url + "/in")

    assert (answer.status, answer.headers["x-id"], answer.json()) == (202, "7", {"ok": True})
    assert not answer.cut


def test_an_address_of_the_configuration_needs_no_guard(server: Loopback) -> None:
    server.on("/in", Reply())

    assert post(server.url + "/in", ours=True).status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
def test_a_server_inside_is_never_reached(server: Loopback, host: str) -> None:
    server.on("/in", Reply(b"secret"))

    with pytest.raises(RefusedAddress):
        post(f"http://{host}:{server.port}/in")

    assert server.calls == []


def answering(monkeypatch: pytest.MonkeyPatch, *found: str) -> list[str]:
    """Look-ups of names give these addresses in turn; the list tells what was asked."""
    asked: list[str] = []
    left = list(found)

    async def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (left.pop(0), 80))]

    monkeypatch.setattr(aio.loop(), "getaddrinfo", getaddrinfo)
    return asked


def test_a_name_that_leads_to_the_metadata_server_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering(monkeypatch, "169.254.169.254")

    with pytest.raises(RefusedAddress, match="not on the public internet"):
        post("https://innocent.example.com/latest/meta-data/")


def test_a_name_that_changes_after_it_was_saved_is_refused_at_connect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the first look-up, at saving, was public; the one at sending is not."""
    from notifications.channels import targets

    asked = answering(monkeypatch, "93.184.216.34", "127.0.0.1")
    aio.run(targets.check("https://rebinding.example.com/"))

    with pytest.raises(RefusedAddress):
        post("https://rebinding.example.com/")

    assert asked == ["rebinding.example.com", "rebinding.example.com"]


def test_a_name_in_another_script_is_looked_up_as_it_was_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The system would ask for strasse.example: another name, perhaps another's."""
    asked = answering(monkeypatch, "127.0.0.1")

    with pytest.raises(RefusedAddress):
        post("https://straße.example/")

    assert asked == ["xn--strae-oqa.example"]


@pytest.mark.usefixtures("trusting")
def test_a_redirect_is_an_answer_and_never_followed(server: Loopback) -> None:
    server.on("/in", Reply(b"", 307, {"Location": f"{server.url}/inside"}))
    server.on("/inside", Reply(b"secret"))

    assert post(server.url + "/in").status == 307
    assert server.paths() == ["/in"]


@pytest.mark.usefixtures("trusting")
def test_cookies_of_one_answer_are_not_sent_with_the_next(server: Loopback) -> None:
    server.on("/in", Reply(headers={"Set-Cookie": "who=me"}))

    post(server.url + "/in")
    post(server.url + "/in")

    assert all("cookie" not in call.headers for call in server.calls)


@pytest.mark.usefixtures("trusting")
def test_of_a_huge_answer_only_the_beginning_is_read(server: Loopback) -> None:
    server.on("/in", Reply(10_000_000 * b"x"))

    answer = post(server.url + "/in")

    assert (answer.status, len(answer.body), answer.cut) == (200, http.READ_BYTES, True)


@pytest.mark.usefixtures("trusting")
def test_a_packed_answer_is_not_unpacked(server: Loopback) -> None:
    server.on("/in", Reply(10_000_000 * b"x", zipped=True))

    answer = post(server.url + "/in")

    assert gzip.decompress(answer.body) == 10_000_000 * b"x"


@pytest.mark.usefixtures("trusting")
def test_an_answer_that_does_not_begin_is_a_time_out(server: Loopback) -> None:
    server.on("/in", Reply(delay_s=30))

    with pytest.raises(Unsent) as error:
        post(server.url + "/in", timeout_s=0.1)

    assert error.value.code is Code.TIMEOUT


@pytest.fixture
def dripping() -> Iterator[str]:
    """A server that says 200 at once and then a byte now and then, for ever."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            writer.close()

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(drip, "127.0.0.1", 0)

    async def close() -> None:
        listening.close()

    listening = aio.run(listen())
    yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    aio.run(close())


def test_a_body_that_drips_for_ever_is_cut_and_its_status_counts(dripping: str) -> None:
    """The server has taken the message: to send it again would double it."""
    answer = post(dripping, ours=True, timeout_s=0.2)

    assert (answer.status, answer.cut) == (200, True)


@pytest.mark.usefixtures("trusting")
def test_a_connection_that_breaks_is_unreachable(server: Loopback) -> None:
    server.on("/in", Reply(hang_up=True))

    with pytest.raises(Unsent) as error:
        post(server.url + "/in")

    assert error.value.code is Code.UNREACHABLE
