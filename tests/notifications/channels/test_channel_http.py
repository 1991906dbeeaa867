"""One request to an address of a user: guarded, small, short; what comes back is a result."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pytest_django import Settings
from structlog.testing import capture_logs

from arbedge import aio
from arbedge.http import RefusedAddress
from notifications.channels import answers, http
from notifications.channels.answers import Answer, Unsent
from notifications.channels.base import Outgoing, Result
from notifications.codes import Code
from notifications.names import Outcome
from tests.loopback import Loopback, Reply, running
from tests.notifications.channels.outgoing import outgoing

MESSAGE = outgoing({"url": "https://hooks.example.com/"})


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


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (200, Outcome.SENT, ""),
        (204, Outcome.SENT, ""),
        (301, Outcome.PERMANENT, Code.REFUSED),
        (400, Outcome.PERMANENT, Code.REFUSED),
        (401, Outcome.PERMANENT, Code.UNAUTHORISED),
        (404, Outcome.PERMANENT, Code.REFUSED),
        (408, Outcome.RETRY, Code.TIMEOUT),
        (410, Outcome.PERMANENT, Code.GONE),
        (413, Outcome.PERMANENT, Code.TOO_LONG),
        (425, Outcome.RETRY, Code.SERVER),
        (429, Outcome.RETRY, Code.RATE_LIMITED),
        (500, Outcome.RETRY, Code.SERVER),
        (503, Outcome.RETRY, Code.SERVER),
    ],
)
def test_what_a_status_means(status: int, outcome: Outcome, code: str) -> None:
    result = answers.judged(MESSAGE, Answer(status))

    assert (result.outcome, result.code, result.gone) == (outcome, code, status == 410)


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [("7", 7.0), ("0.2", 1.0), ("-5", 1.0), ("1e9", 3600.0), ("inf", 3600.0), ("nan", None),
     ("soon", None), ("", None)],
)  # fmt: skip
def test_the_wish_to_wait_is_taken_within_reason(header: str, wait_s: float | None) -> None:
    assert Answer(429, {"retry-after": header}).retry_after_s == wait_s


def test_the_wish_to_wait_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)

    wait_s = Answer(503, {"retry-after": later}).retry_after_s

    assert wait_s is not None
    assert 60 < wait_s <= 90


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"\xff", b'{"a":'])
def test_a_body_that_is_no_object_is_an_empty_one(body: bytes) -> None:
    assert Answer(200, body=body).json() == {}


def sent(*failures: Exception | None) -> list[Result]:
    """The results of a batch whose messages meet these failures."""
    batch = [outgoing({}, number=number) for number in range(len(failures))]

    async def one(message: Outgoing) -> Result:
        failure = failures[message.delivery_id]
        if failure is not None:
            raise failure
        return answers.judged(message, Answer(200))

    return aio.run(answers.side_by_side(batch, one))


def test_each_message_has_its_own_result_in_order() -> None:
    results = sent(None, Unsent(Code.TIMEOUT, "slow"), None)

    assert [result.delivery_id for result in results] == [0, 1, 2]
    assert [result.outcome for result in results] == [Outcome.SENT, Outcome.RETRY, Outcome.SENT]


def test_a_failure_nobody_foresaw_is_told_by_kind_only_and_logged() -> None:
    with capture_logs() as logs:
        [result] = sent(ValueError("https://hooks.example.com/secret"))

    assert (result.outcome, result.code) == (Outcome.RETRY, Code.SERVER)
    assert result.detail == "ValueError"
    assert [line["delivery_id"] for line in logs] == [0]


def test_an_address_that_leads_inside_is_final() -> None:
    [result] = sent(RefusedAddress("x is not on the public internet", addresses=["10.0.0.1"]))

    assert (result.outcome, result.code) == (Outcome.PERMANENT, Code.PRIVATE_ADDRESS)


def test_a_name_that_is_not_found_may_come_back() -> None:
    [result] = sent(RefusedAddress("x cannot be resolved", cause="no answer"))

    assert (result.outcome, result.code) == (Outcome.RETRY, Code.UNREACHABLE)


def test_messages_are_sent_side_by_side() -> None:
    """Ten messages that wait for each other all arrive: one after the other none would."""
    gate: list[asyncio.Event] = []
    waiting: list[int] = []

    async def one(message: Outgoing) -> Result:
        waiting.append(message.delivery_id)
        if len(waiting) == 10:
            gate[0].set()
        await gate[0].wait()
        return answers.judged(message, Answer(200))

    async def all_of_them() -> list[Result]:
        gate.append(asyncio.Event())
        return await answers.side_by_side([outgoing({}, number=n) for n in range(10)], one)

    assert len(aio.run(all_of_them(), 30)) == 10


def test_the_time_taken_is_told() -> None:
    async def one(message: Outgoing) -> Result:
        await asyncio.sleep(0.02)
        return answers.judged(message, Answer(200))

    [result] = aio.run(answers.side_by_side([MESSAGE], one))

    assert result.took_ms >= 20
