"""Receivers refuse what real services refuse: else a channel's mistake would not be seen."""

from __future__ import annotations

import base64
import smtplib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import msgspec
import pytest
from django.utils import timezone

from notifications import signing
from notifications.channels import push_keys, vapid
from notifications.receivers import smtp
from notifications.receivers.book import Book
from notifications.receivers.discord import Discord
from notifications.receivers.push import PushService
from notifications.receivers.slack import Slack
from notifications.receivers.smtp import Mailboxes
from notifications.receivers.twilio import Twilio
from notifications.receivers.webhooks import Webhooks
from tests.notifications.channels.outgoing import Receiving, receiving

BODY = b'{"version":1,"id":"a","topic":"opened","data":{}}'
SECRET = "whsec_of-a-customer-of-ours"

ask = partial(httpx.request, verify=False, trust_env=False)  # reading certificates takes long


# --- a customer's server


@pytest.fixture
def customer() -> Iterator[Receiving[Webhooks]]:
    with receiving(Webhooks) as server:
        server.fake.secrets["mine"] = SECRET
        yield server


def hook(customer: Receiving[Webhooks], header: str, name: str = "mine") -> int:
    """The status of a webhook with this signature."""
    headers = {signing.HEADER: header, signing.DELIVERY_HEADER: "a"}
    return ask("POST", f"{customer.url}/hooks/{name}", content=BODY, headers=headers).status_code


def test_a_customer_takes_what_is_signed_now(customer: Receiving[Webhooks]) -> None:
    assert hook(customer, signing.sign(SECRET, BODY, time.time())) == 200


@pytest.mark.parametrize(
    "header",
    [
        "", "t=1,v1=" + 64 * "0", signing.sign("another", BODY, time.time()),
        signing.sign(SECRET, BODY + b" ", time.time()), signing.sign(SECRET, BODY, 1_600_000_000),
    ],
    ids=["none", "made up", "by another", "of another body", "of another day"],
)  # fmt: skip
def test_a_customer_refuses_what_is_not(customer: Receiving[Webhooks], header: str) -> None:
    assert hook(customer, header) == 401
    assert customer.fake.book.shown == {}


def test_a_repeated_delivery_is_seen_and_shown_once(customer: Receiving[Webhooks]) -> None:
    for _ in range(3):
        hook(customer, signing.sign(SECRET, BODY, time.time()))

    assert [call.data["repeated"] for call in customer.calls] == [False, True, True]
    assert len(customer.fake.book.shown) == 1


def test_a_customer_nobody_told_a_secret_takes_everything(customer: Receiving[Webhooks]) -> None:
    assert hook(customer, "", name="demo") == 200


# --- Slack


@pytest.fixture
def slack() -> Iterator[Receiving[Slack]]:
    with receiving(Slack) as server:
        yield server


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"no json", "invalid_payload"),
        (b"{}", "no_text"),
        (msgspec.json.encode({"text": "t", "blocks": [section("")]}), "invalid_blocks"),
        (msgspec.json.encode({"text": "t", "blocks": [section(3001 * "x")]}), "invalid_blocks"),
        (msgspec.json.encode({"text": "t", "blocks": 51 * [section("x")]}), "invalid_blocks"),
    ],
)
def test_slack_refuses_in_its_own_words(slack: Receiving[Slack], body: bytes, word: str) -> None:
    answer = ask("POST", f"{slack.url}/services/T/B/x", content=body)

    assert (answer.status_code, answer.text) == (400, word)


def test_slack_counts_seconds_by_room(slack: Receiving[Slack]) -> None:
    slack.fake.limited = True
    body = msgspec.json.encode({"text": "t", "blocks": [section("x")]})

    said = [
        ask("POST", f"{slack.url}/services/{room}", content=body).status_code
        for room in ("a", "a", "b")
    ]

    assert said == [200, 429, 200]


def test_slack_knows_who_would_be_called(slack: Receiving[Slack]) -> None:
    body = msgspec.json.encode({"text": "t", "blocks": [section("<!here> look <@U1>")]})

    ask("POST", f"{slack.url}/services/a", content=body)

    assert slack.fake.mentions == ["<!here>", "<@U1>"]


# --- Discord


@pytest.fixture
def discord() -> Iterator[Receiving[Discord]]:
    with receiving(Discord) as server:
        yield server


def post(discord: Receiving[Discord], payload: Any, query: str = "?wait=true") -> httpx.Response:
    return ask("POST", f"{discord.url}/api/webhooks/1/token{query}", json=payload)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, 50006),
        ({"embeds": [{"description": 4097 * "x"}]}, 50035),
        ({"embeds": [{"title": 257 * "x"}]}, 50035),
        ({"embeds": [{"description": ""}]}, 50035),
        ("no object", 50035),
    ],
)
def test_discord_refuses_by_its_numbers(
    discord: Receiving[Discord], payload: Any, code: int
) -> None:
    answer = post(discord, payload)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_discord_tells_of_the_message_only_who_waits(discord: Receiving[Discord]) -> None:
    said = {"embeds": [{"description": "x"}]}

    assert post(discord, said, "").status_code == 204
    assert post(discord, said).json()["id"].isdigit()


def test_discord_edits_only_what_is_there(discord: Receiving[Discord]) -> None:
    said = {"embeds": [{"description": "new"}]}
    url = f"{discord.url}/api/webhooks/1/token/messages/77"

    assert ask("PATCH", url, json=said).json()["code"] == 10008


def test_a_room_of_discord_takes_five_at_once(discord: Receiving[Discord]) -> None:
    discord.fake.limited = True

    answers = [post(discord, {"embeds": [{"description": "x"}]}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [*5 * [200], 429]
    assert 0 < answers[-1].json()["retry_after"] <= 2


# --- Twilio


@pytest.fixture
def twilio() -> Iterator[Receiving[Twilio]]:
    with receiving(lambda book, board: Twilio(book, board, "AC1", "token")) as server:
        yield server


def text(twilio: Receiving[Twilio], token: str = "token", **form: str) -> dict[str, Any]:
    """What Twilio answers to this message."""
    usual = {"To": "+447700900123", "From": "+15005550006", "Body": "hello"}
    url = f"{twilio.url}/2010-04-01/Accounts/AC1/Messages.json"
    fields = {name: value for name, value in (usual | form).items() if value}
    answer = ask("POST", url, data=fields, auth=("AC1", token))
    said: dict[str, Any] = answer.json()
    return {"http": answer.status_code, **said}


def test_twilio_gives_a_message_a_number(twilio: Receiving[Twilio]) -> None:
    assert text(twilio)["sid"].startswith("SM")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": "07700900123"}, 21211),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550009"}, 21614),
        ({"To": "+15005550004"}, 21610),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"Body": 1601 * "x"}, 21617),
    ],
)
def test_twilio_refuses_by_its_numbers(
    twilio: Receiving[Twilio], changes: dict[str, str], code: int
) -> None:
    said = text(twilio, **changes)

    assert (said["http"], said["status"], said["code"]) == (400, 400, code)


def test_twilio_knows_its_account(twilio: Receiving[Twilio]) -> None:
    assert text(twilio, token="wrong")["code"] == 20003


def test_twilio_takes_so_many_in_a_second(twilio: Receiving[Twilio]) -> None:
    twilio.fake.per_second = 2

    assert [text(twilio)["http"] for _ in range(3)] == [201, 201, 429]


# --- the push service


@pytest.fixture
def service() -> Iterator[Receiving[PushService]]:
    with receiving(PushService) as server:
        yield server


class Push:
    """A good push to a new browser; a test spoils one thing of it."""

    def __init__(self, service: Receiving[PushService]) -> None:
        self.subscription = service.fake.subscribe(service.url, "firefox", vapid.public_key())
        self.body = push_keys.sealed(push_keys.take(self.subscription["keys"]), b'{"title":"t"}')
        self.headers = {
            "TTL": "60",
            "Content-Encoding": "aes128gcm",
            "Authorization": vapid.authorization(self.subscription["endpoint"], timezone.now()),
        }

    def sent(self) -> httpx.Response:
        url = self.subscription["endpoint"]
        return ask("POST", url, content=self.body, headers=self.headers)


@pytest.fixture
def push(service: Receiving[PushService]) -> Push:
    return Push(service)


def test_a_good_push_is_taken(push: Push) -> None:
    assert push.sent().status_code == 201


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("TTL", "", 400),
        ("TTL", "soon", 400),
        ("Urgency", "very-high", 400),
        ("Topic", "two words", 400),
        ("Topic", 33 * "x", 400),
        ("Content-Encoding", "aesgcm", 415),
        ("Authorization", "", 403),
        ("Authorization", "Bearer abc", 403),
    ],
)
def test_a_push_service_looks_at_every_header(
    push: Push, header: str, value: str, status: int
) -> None:
    push.headers[header] = value

    assert push.sent().status_code == status


@pytest.mark.parametrize(
    ("endpoint", "at"),
    [
        ("http://127.0.0.1:1/push/firefox", datetime.now(UTC)),
        (None, datetime(2020, 1, 1, tzinfo=UTC)),
        (None, datetime(2120, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_token_is_for_one_service_and_for_a_day_at_most(
    push: Push, endpoint: str | None, at: datetime
) -> None:
    push.headers["Authorization"] = vapid.authorization(
        endpoint or push.subscription["endpoint"], at
    )

    assert push.sent().status_code == 403


def test_a_token_with_another_signature_is_refused(push: Push) -> None:
    head, _, rest = push.headers["Authorization"].rpartition(".")
    signature, _, key = rest.partition(",")
    forged = base64.urlsafe_b64encode(64 * b"\x01").rstrip(b"=").decode()
    push.headers["Authorization"] = f"{head}.{forged},{key}"

    assert len(signature) == len(forged)
    assert push.sent().status_code == 403


def test_a_token_of_another_key_is_refused(push: Push, service: Receiving[PushService]) -> None:
    service.fake.browsers["firefox"].server_key = "of-another-site"

    assert push.sent().status_code == 403


@pytest.mark.parametrize("body", [b"", b"plain text", 4096 * b"x"])
def test_a_body_the_browser_cannot_read_is_refused(push: Push, body: bytes) -> None:
    push.body = body

    assert push.sent().status_code == 400


def test_a_body_that_is_too_long_is_refused(push: Push) -> None:
    push.body = 4097 * b"x"

    assert push.sent().status_code == 413


# --- mailboxes


@pytest.fixture
def client() -> Iterator[tuple[smtplib.SMTP, Mailboxes]]:
    boxes = Mailboxes(Book())
    with smtp.running(boxes) as port, smtplib.SMTP("127.0.0.1", port) as connection:
        yield connection, boxes


@pytest.mark.parametrize("name", sorted(smtp.REFUSALS))
def test_mailboxes_refuse_by_name(client: tuple[smtplib.SMTP, Mailboxes], name: str) -> None:
    connection, boxes = client

    with pytest.raises(smtplib.SMTPRecipientsRefused) as error:
        connection.sendmail("a@b.example", f"{name}+tag@b.example", "Subject: x\r\n\r\nx")

    [(status, said)] = error.value.recipients.values()
    assert f"{status} {said.decode()}".startswith(smtp.REFUSALS[name].partition(" <")[0])
    assert boxes.mails == {}


@pytest.mark.parametrize("name", sorted(smtp.REFUSED_DATA))
def test_mailboxes_refuse_the_text_by_name(
    client: tuple[smtplib.SMTP, Mailboxes], name: str
) -> None:
    connection, _ = client

    with pytest.raises(smtplib.SMTPDataError):
        connection.sendmail("a@b.example", f"{name}@b.example", "Subject: x\r\n\r\nx")


def test_a_mail_is_kept_and_shown(client: tuple[smtplib.SMTP, Mailboxes]) -> None:
    connection, boxes = client

    connection.sendmail(
        "a@b.example", "ann@b.example", "Subject: hello\r\nMessage-ID: <1@b>\r\n\r\nthe text"
    )

    assert list(boxes.mails) == ["<1@b>"]
    [shown] = boxes.book.shown.values()
    assert (shown.to, shown.title, shown.text.strip()) == ("ann@b.example", "hello", "the text")


def test_two_servers_stand_side_by_side() -> None:
    with smtp.running(Mailboxes(Book())) as first, smtp.running(Mailboxes(Book())) as second:
        assert first != second


def test_a_port_that_is_taken_is_told() -> None:
    with smtp.running(Mailboxes(Book())) as port:
        again = smtp.running(Mailboxes(Book()), port)

        with pytest.raises(OSError, match="in use"):
            again.__enter__()
