"""Webhooks of users against a customer's server that checks what comes."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from pytest_django import Settings
from starlette.responses import Response

from arbedge.errors import BadInput
from arbedge.http import RefusedAddress
from notifications import signing
from notifications.channels import base, http
from notifications.channels.webhook import sender
from notifications.codes import Code
from notifications.names import Outcome, Topic
from notifications.receivers.book import Call
from notifications.receivers.faults import Kind
from notifications.receivers.webhooks import Webhooks
from tests.notifications.channels.outgoing import Receiving, outgoing, receiving, send, send_one

URL = "https://hooks.example.com/in"


Customer = Receiving[Webhooks]


@pytest.fixture
def customer(settings: Settings) -> Iterator[Customer]:
    settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1"]
    with receiving(Webhooks) as server:
        yield server


def registered(customer: Customer, **raw: Any) -> Mapping[str, Any]:
    """An address the customer knows the secret of."""
    address = sender.take({"url": f"{customer.url}/hooks/mine", **raw})
    customer.fake.secrets["mine"] = address["secret"]
    return address


def body(call: Call) -> dict[str, Any]:
    """The JSON that came."""
    return msgspec.json.decode(call.text, type=dict[str, Any])


def test_the_channel_finds_its_sender() -> None:
    assert base.sender(sender.channel) is sender


def test_a_message_arrives_signed(customer: Customer) -> None:
    result = send_one(sender, registered(customer), data={"net": 0.0042})

    assert result.outcome is Outcome.SENT
    [call] = customer.calls
    assert call.status == 200
    assert body(call) == {
        "version": 1,
        "id": "delivery-1",
        "topic": "opened",
        "sent_at": body(call)["sent_at"],
        "data": {"net": 0.0042},
    }


def test_a_signature_by_another_secret_is_refused_by_the_customer(customer: Customer) -> None:
    address = dict(registered(customer), secret=signing.new_secret())

    result = send_one(sender, address)

    assert (result.outcome, result.code) == (Outcome.PERMANENT, Code.UNAUTHORISED)
    assert [call.status for call in customer.calls] == [401]


def test_every_try_of_a_message_has_the_same_id(customer: Customer) -> None:
    address = registered(customer)

    send_one(sender, address)
    send_one(sender, address)

    assert [call.data["repeated"] for call in customer.calls] == [False, True]


def test_a_request_played_again_later_is_refused(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = registered(customer)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 301)

    assert send_one(sender, address).code == Code.UNAUTHORISED


def test_a_message_without_figures_carries_its_words(customer: Customer) -> None:
    send_one(sender, registered(customer), topic=Topic.CODE, title="Your code", body="123456")

    assert body(customer.calls[0])["data"] == {
        "title": "Your code", "text": "123456", "language": "en",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        ({}, None),
        ({"bearer": "abc.def"}, "Bearer abc.def"),
        (
            {"username": "ann", "password": "wörd".encode().hex()},
            "Basic " + base64.b64encode(b"ann:" + "wörd".encode().hex().encode()).decode(),
        ),
        ({"username": "ann"}, "Basic " + base64.b64encode(b"ann:").decode()),
    ],
)
def test_the_customers_own_credentials_go_along(
    customer: Customer, credentials: dict[str, str], header: str | None
) -> None:
    send_one(sender, registered(customer, **credentials))

    assert customer.calls[0].data["headers"].get("authorization") == header


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (400, Outcome.PERMANENT, Code.REFUSED),
        (404, Outcome.PERMANENT, Code.REFUSED),
        (408, Outcome.RETRY, Code.TIMEOUT),
        (425, Outcome.RETRY, Code.SERVER),
        (500, Outcome.RETRY, Code.SERVER),
    ],
)
def test_refusals_are_final_and_troubles_are_tried_again(
    customer: Customer, status: int, outcome: Outcome, code: Code
) -> None:
    customer.fail(status=status)

    result = send_one(sender, registered(customer))

    assert (result.outcome, result.code, result.gone) == (outcome, code, False)


def test_gone_is_for_good(customer: Customer) -> None:
    customer.fail(status=410)

    result = send_one(sender, registered(customer))

    assert (result.outcome, result.code, result.gone) == (Outcome.PERMANENT, Code.GONE, True)


def test_a_customer_that_is_busy_says_when_to_come_back(customer: Customer) -> None:
    customer.fail(Kind.FLOOD, retry_after_s=42)

    result = send_one(sender, registered(customer))

    assert (result.code, result.retry_after_s) == (Code.RATE_LIMITED, 42.0)
    assert result.pause_s is None, "other people's webhooks on that host are not to wait"


def test_a_huge_answer_does_no_harm(customer: Customer) -> None:
    customer.fake.prepared.append(Response(5_000_000 * b"x"))

    result = send_one(sender, registered(customer))

    assert (result.outcome, result.detail) == (Outcome.SENT, "HTTP 200, answer cut")


def test_a_slow_answer_is_not_waited_for(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT_S", 0.2)
    customer.fail(Kind.LATENCY, by_s=30)

    result = send_one(sender, registered(customer))

    assert (result.outcome, result.code) == (Outcome.RETRY, Code.TIMEOUT)


def test_a_redirect_inside_is_not_followed(customer: Customer) -> None:
    inside = "http://169.254.169.254/latest/meta-data/"
    customer.fake.prepared.append(Response(status_code=302, headers={"Location": inside}))

    result = send_one(sender, registered(customer))

    assert (result.outcome, result.detail) == (Outcome.PERMANENT, "HTTP 302")
    assert len(customer.calls) == 1


def test_an_address_inside_is_refused_when_it_is_used(settings: Settings) -> None:
    """What was kept while a host was trusted is not sent to once it is not."""
    settings.TRUSTED_RECEIVER_HOSTS = []

    result = send_one(sender, {"url": "https://169.254.169.254/", "secret": "s"})

    assert (result.outcome, result.code) == (Outcome.PERMANENT, Code.PRIVATE_ADDRESS)


def test_one_bad_host_does_not_hold_up_the_rest(customer: Customer) -> None:
    good = registered(customer)
    dead = dict(good, url="http://127.0.0.1:1/dead")

    results = send(sender, outgoing(dead, number=1), outgoing(good, number=2))

    assert [result.code for result in results] == [Code.UNREACHABLE, ""]


@pytest.mark.parametrize(
    "url",
    ["https://169.254.169.254/latest/", "https://localhost/", "https://metadata.google.internal/"],
)
def test_an_address_inside_is_refused_when_it_is_saved(url: str) -> None:
    with pytest.raises(RefusedAddress):
        sender.take({"url": url})


@pytest.mark.parametrize(
    ("raw", "field", "limit"),
    [
        ({"url": "nonsense"}, "url", None),
        ({"url": URL + 3000 * "x"}, "url", 2048),
        ({"url": URL, "secret": "short"}, "secret", 24),
        ({"url": URL, "bearer": 2000 * "x"}, "bearer", 1000),
        ({"url": URL, "bearer": "a\r\nX-Evil: 1"}, "bearer", None),
        ({"url": URL, "username": "a:b"}, "username", None),
        ({"url": URL, "password": "word"}, "username", None),
        ({"url": URL, "bearer": "abc", "username": "ann"}, "bearer", None),
    ],
)
def test_bad_input_names_field_and_limit(
    raw: dict[str, str], field: str, limit: int | None
) -> None:
    with pytest.raises(BadInput) as error:
        sender.take(raw)

    assert error.value.details["field"] == field
    assert error.value.details.get("limit") == limit


def test_every_address_gets_a_secret_of_its_own() -> None:
    secrets = {sender.take({"url": URL})["secret"] for _ in range(10)}

    assert len(secrets) == 10


def test_a_secret_that_is_given_is_kept() -> None:
    assert sender.take({"url": URL, "secret": 24 * "s"})["secret"] == 24 * "s"


def test_secrets_are_not_shown_by_messages_and_results(customer: Customer) -> None:
    address = registered(customer, bearer="bearer-word")
    message = outgoing(address)
    [result] = send(sender, message)

    for text in (repr(message), repr(result), sender.shown(address)):
        assert address["secret"] not in text
        assert "bearer-word" not in text


def test_the_host_is_whose_breaker_counts() -> None:
    assert sender.host({"url": "https://hooks.example.com:8443/a"}) == "hooks.example.com"
