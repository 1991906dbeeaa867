"""Receivers that take what goes to devices and mailboxes: Twilio, a push service, mail."""

from __future__ import annotations

import base64
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from django.utils import timezone

from notifications.channels import push_keys, vapid
from notifications.receivers import smtp
from notifications.receivers.book import Book
from notifications.receivers.push import PushService
from notifications.receivers.smtp import Mailboxes
from notifications.receivers.twilio import Twilio
from tests.notifications.channels.outgoing import Receiving, receiving
from tests.notifications.receiving import ask


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
