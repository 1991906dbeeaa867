"""Mails through a real SMTP server, and what becomes of those that are refused."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from pytest_django import Settings
from structlog.testing import capture_logs

from arbedge.errors import BadInput
from notifications.channels import base, mail_batch, mail_refusals
from notifications.channels.base import Result
from notifications.channels.email import sender
from notifications.codes import Code
from notifications.names import Outcome
from notifications.receivers import smtp
from notifications.receivers.book import Book
from notifications.receivers.smtp import Mailboxes
from tests.notifications.channels.outgoing import OPEN, outgoing, send, send_one

ANN = {"email": "ann@example.com"}


@pytest.fixture
def boxes(settings: Settings) -> Iterator[Mailboxes]:
    """A server that answers on loopback, and settings that lead there."""
    fake = Mailboxes(Book())
    with smtp.running(fake) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.DEFAULT_FROM_EMAIL = "ArbEdge <no-reply@arbedge.example>"
        yield fake


def the_mail(boxes: Mailboxes) -> EmailMessage:
    """The only mail that was taken."""
    [taken] = boxes.mails.values()
    return taken


def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses that are connected to from now on."""
    asked: list[Any] = []
    connect = socket.create_connection

    def counted(address: tuple[str, int], *more: Any, **named: Any) -> socket.socket:
        asked.append(address)
        return connect(address, *more, **named)

    monkeypatch.setattr(socket, "create_connection", counted)
    return asked


def part(taken: EmailMessage, kind: str) -> str:
    """The text of its plain or HTML part."""
    body = taken.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_the_channel_finds_its_sender() -> None:
    assert base.sender(sender.channel) is sender


def test_a_mail_arrives_as_text_and_as_html(boxes: Mailboxes) -> None:
    result = send_one(sender, ANN, html="<p>Long <b>OKX</b></p>")

    assert result.outcome is Outcome.SENT
    taken = the_mail(boxes)
    assert taken.get_content_type() == "multipart/alternative"
    assert taken["Subject"] == "WIF funding +0.42 % net in 72 h"
    assert taken["To"] == "ann@example.com"
    assert part(taken, "plain").startswith("Long OKX\nShort Bybit\n")
    assert part(taken, "html").strip() == "<p>Long <b>OKX</b></p>"


def test_a_mail_without_html_of_its_own_gets_its_text_escaped(boxes: Mailboxes) -> None:
    send_one(sender, ANN, body="<script>alert(1)</script>")

    assert "&lt;script&gt;" in part(the_mail(boxes), "html")
    assert "<script>" not in part(the_mail(boxes), "html")


def test_a_mail_says_how_to_leave_in_a_way_machines_read(boxes: Mailboxes) -> None:
    url = "https://arbedge.example/unsubscribe/" + 80 * "t"
    send_one(sender, ANN, unsubscribe_url=url)

    taken = the_mail(boxes)
    assert taken["List-Unsubscribe"].strip() == f"<{url}>"
    assert taken["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert url in part(taken, "plain").replace("\n", "")


def test_actions_are_links_below_the_text_unless_the_text_has_them(boxes: Mailboxes) -> None:
    send_one(sender, ANN, actions=(OPEN,), body=f"See {OPEN.url} now")
    send(sender, outgoing(ANN, number=2, actions=(OPEN,)))

    with_link, without = (part(taken, "plain") for taken in boxes.mails.values())
    assert with_link.count(OPEN.url) == 1
    assert f"Open: {OPEN.url}" in without


def test_every_try_of_a_mail_has_the_same_number(boxes: Mailboxes) -> None:
    first, second = send_one(sender, ANN), send_one(sender, ANN)

    assert first.provider_id == second.provider_id == the_mail(boxes)["Message-ID"]
    assert first.provider_id.endswith("@arbedge.example>")


def test_a_follow_up_joins_the_thread_of_its_opening(boxes: Mailboxes) -> None:
    opening = send_one(sender, ANN).provider_id
    send(sender, outgoing(ANN, number=2, answers=opening))

    follow_up = list(boxes.mails.values())[1]
    assert follow_up["In-Reply-To"] == follow_up["References"] == opening


@pytest.fixture
def chart(tmp_path: Path) -> str:
    """Where a picture lies."""
    path = tmp_path / "chart.png"
    path.write_bytes(b"\x89PNG")
    return str(path)


def tree(taken: Any) -> Any:
    """The kinds of a mail's parts, one within the other."""
    kind = taken.get_content_type()
    return (kind, *map(tree, taken.iter_parts())) if taken.is_multipart() else kind


def test_a_picture_is_shown_by_the_html(boxes: Mailboxes, chart: str) -> None:
    send_one(sender, ANN, image_path=chart, html="<p>Long</p><!--chart--><p>Open</p>")

    taken = the_mail(boxes)
    assert tree(taken) == (
        "multipart/alternative", "text/plain", ("multipart/related", "text/html", "image/png"),
    )  # fmt: skip
    [picture] = [one for one in taken.walk() if one.get_content_type() == "image/png"]
    assert picture.get_payload(decode=True) == b"\x89PNG"
    assert picture.get_content_disposition() == "inline"
    shown = f'src="cid:{picture["Content-ID"].strip("<>")}"'
    before, _, after = part(taken, "html").partition(shown)
    assert ("Long" in before, "Open" in after) == (True, True)
    assert 'alt="WIF funding +0.42 % net in 72 h"' in after


def test_the_text_alone_says_nothing_of_the_picture(boxes: Mailboxes, chart: str) -> None:
    send_one(sender, ANN, image_path=chart)

    assert "cid:" not in part(the_mail(boxes), "plain")
    assert "cid:" in part(the_mail(boxes), "html")


def test_pictures_of_two_mails_have_two_numbers(boxes: Mailboxes, chart: str) -> None:
    send(sender, *(outgoing(ANN, number=number, image_path=chart) for number in (1, 2)))

    numbers = {one["Content-ID"] for taken in boxes.mails.values() for one in taken.walk()}
    assert len(numbers - {None}) == 2


def test_a_picture_that_is_gone_leaves_no_gap(boxes: Mailboxes, tmp_path: Path) -> None:
    send_one(sender, ANN, image_path=str(tmp_path / "gone.png"), html="<p>Long</p><!--chart-->")

    taken = the_mail(boxes)
    assert tree(taken) == ("multipart/alternative", "text/plain", "text/html")
    assert part(taken, "html").strip() == "<p>Long</p>"


def test_one_connection_serves_a_batch(boxes: Mailboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = connections(monkeypatch)

    results = send(sender, *(outgoing(ANN, number=number) for number in range(5)))

    assert [result.outcome for result in results] == 5 * [Outcome.SENT]
    assert len(opened) == 1


@pytest.mark.parametrize(
    "title",
    ["Hi\r\nBcc: all@example.com", "Hi\nBcc: all@example.com", "Hi\x00\x1b[31m\u2028Bcc: x"],
)
def test_a_title_cannot_add_a_header(boxes: Mailboxes, title: str) -> None:
    assert send_one(sender, ANN, title=title).outcome is Outcome.SENT

    taken = the_mail(boxes)
    assert taken["Bcc"] is None
    assert taken["Subject"].startswith("Hi ")


def test_a_link_cannot_add_a_header(boxes: Mailboxes) -> None:
    send_one(sender, ANN, unsubscribe_url="https://x.example/\r\nBcc: all@example.com")

    assert the_mail(boxes)["Bcc"] is None


def test_an_earlier_number_cannot_add_a_header(boxes: Mailboxes) -> None:
    send_one(sender, ANN, answers="<a@b>\r\nBcc: all@example.com")

    assert the_mail(boxes)["Bcc"] is None


def test_a_very_long_text_arrives_whole_under_a_short_subject(boxes: Mailboxes) -> None:
    result = send_one(sender, ANN, title=10_000 * "t", body=10_000 * "b")

    assert result.outcome is Outcome.SENT
    assert len(the_mail(boxes)["Subject"].strip()) == 160
    assert 10_000 * "b" in part(the_mail(boxes), "plain")


@pytest.mark.parametrize(
    ("name", "outcome", "code", "gone", "detail"),
    [
        ("unknown", Outcome.PERMANENT, Code.BAD_ADDRESS, True, "550 5.1.1"),
        ("closed", Outcome.PERMANENT, Code.BAD_ADDRESS, True, "550 5.2.1"),
        ("full", Outcome.PERMANENT, Code.TOO_LONG, False, "552 5.2.2"),
        ("policy", Outcome.PERMANENT, Code.REFUSED, False, "550 5.7.1"),
        ("busy", Outcome.RETRY, Code.SERVER, False, "451 4.3.0"),
        ("spam", Outcome.PERMANENT, Code.REFUSED, False, "554 5.7.1"),
        ("long", Outcome.PERMANENT, Code.TOO_LONG, False, "552 5.3.4"),
        ("later", Outcome.RETRY, Code.SERVER, False, "451 4.7.1"),
        ("hangup", Outcome.RETRY, Code.UNREACHABLE, False, "SMTPServerDisconnected"),
    ],
)
@pytest.mark.usefixtures("boxes")
def test_refusals_are_named_by_what_to_do(
    name: str, outcome: Outcome, code: Code, gone: bool, detail: str
) -> None:
    result = send_one(sender, {"email": f"{name}@example.com"})

    assert (result.outcome, result.code, result.gone, result.detail) == (
        outcome, code, gone, detail,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["unknown", "busy", "spam", "hangup"])
def test_a_refused_mail_does_not_hold_up_the_next(boxes: Mailboxes, name: str) -> None:
    results = send(sender, outgoing({"email": f"{name}@example.com"}), outgoing(ANN, number=2))

    assert results[0].outcome is not Outcome.SENT
    assert results[1].outcome is Outcome.SENT


def test_a_wrong_password_is_our_own_fault(boxes: Mailboxes, settings: Settings) -> None:
    boxes.password = "right"
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "arbedge", "wrong"

    results = send(sender, outgoing(ANN), outgoing(ANN, number=2))

    assert [result.code for result in results] == 2 * [Code.NOT_CONFIGURED]
    assert not any(result.gone for result in results)


def test_the_right_password_opens_the_door(settings: Settings, boxes: Mailboxes) -> None:
    boxes.password = "right"
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "arbedge", "right"

    assert send_one(sender, ANN).outcome is Outcome.SENT


@pytest.mark.usefixtures("boxes")
def test_a_dead_server_is_asked_once_for_the_whole_batch(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = unused.getsockname()[1]
    asked = connections(monkeypatch)

    results = send(sender, *(outgoing(ANN, number=number) for number in range(5)))

    assert {(result.outcome, result.code) for result in results} == {
        (Outcome.RETRY, Code.UNREACHABLE)
    }
    assert len(asked) == 1


@pytest.mark.usefixtures("boxes")
def test_a_server_that_says_nothing_is_a_time_out(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = silent.getsockname()[1], 0.1

        result = send_one(sender, ANN)

    assert (result.outcome, result.code) == (Outcome.RETRY, Code.TIMEOUT)


class Second(BaseEmailBackend):
    """At the second mail something happens first."""

    begun = 0
    happens: Callable[[], object]

    def send_messages(self, _: Any) -> int:
        self.begun += 1
        if self.begun == 2:
            type(self).happens()
        return 1


def test_a_batch_out_of_time_keeps_its_answers(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Second"
    let_go = threading.Event()
    monkeypatch.setattr(Second, "happens", lambda: let_go.wait(30), raising=False)
    monkeypatch.setattr(mail_batch, "WITHIN_S", 0.2)

    results = send(sender, *(outgoing(ANN, number=number) for number in range(4)))
    let_go.set()

    assert [result.code for result in results] == ["", *3 * [Code.TIMEOUT]]


def test_what_is_not_begun_in_time_is_never_sent(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Second"
    work = mail_batch.Batch([outgoing(ANN, number=number) for number in range(4)])
    monkeypatch.setattr(Second, "happens", work.stopped.set, raising=False)

    work.run()

    sent = [result.outcome for result in work.results()]
    assert sent == [Outcome.SENT, Outcome.SENT, Outcome.RETRY, Outcome.RETRY]


def test_any_backend_of_django_will_do(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    assert send_one(sender, ANN).outcome is Outcome.SENT
    assert [sent.to for sent in mail.outbox] == [["ann@example.com"]]


class Broken(BaseEmailBackend):
    """A backend that fails in its own way."""

    def send_messages(self, _: Any) -> int:
        raise LookupError("ann@example.com: key-word")


def test_a_failure_of_another_backend_is_told_by_kind_and_logged(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Broken"

    with capture_logs() as logs:
        result = send_one(sender, ANN)

    assert (result.outcome, result.code, result.detail) == (
        Outcome.RETRY, Code.SERVER, "LookupError",
    )  # fmt: skip
    assert "key-word" not in str(logs)
    assert logs[0]["kind"] == "LookupError"


class Untaken(BaseEmailBackend):
    """A backend that takes nothing and says so."""

    def send_messages(self, _: Any) -> int:
        return 0


def test_a_mail_that_was_not_taken_is_not_called_sent(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Untaken"

    assert send_one(sender, ANN).outcome is Outcome.RETRY


def refused(error: Exception) -> Result:
    return mail_refusals.judged(outgoing(ANN), error)


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (smtplib.SMTPSenderRefused(550, b"no", "x@y"), Outcome.PERMANENT, Code.NOT_CONFIGURED),
        (smtplib.SMTPSenderRefused(552, b"too big", "x@y"), Outcome.PERMANENT, Code.TOO_LONG),
        (smtplib.SMTPSenderRefused(451, b"busy", "x@y"), Outcome.RETRY, Code.SERVER),
        (smtplib.SMTPAuthenticationError(454, b"later"), Outcome.RETRY, Code.SERVER),
        (smtplib.SMTPConnectError(421, b"closing"), Outcome.RETRY, Code.UNREACHABLE),
        (smtplib.SMTPHeloError(504, b"who"), Outcome.PERMANENT, Code.REFUSED),
        (smtplib.SMTPNotSupportedError("no AUTH"), Outcome.PERMANENT, Code.NOT_CONFIGURED),
        (mail.BadHeaderError("newline"), Outcome.PERMANENT, Code.BAD_MESSAGE),
        (socket.gaierror(-2, "unknown"), Outcome.RETRY, Code.UNREACHABLE),
        (ConnectionRefusedError(), Outcome.RETRY, Code.UNREACHABLE),
    ],
)  # fmt: skip
def test_the_rarer_refusals(error: Exception, outcome: Outcome, code: Code) -> None:
    result = refused(error)

    assert (result.outcome, result.code, result.gone) == (outcome, code, False)


@pytest.mark.parametrize("status", [550, 551, 553])
def test_an_old_server_that_only_says_550_means_the_address(status: int) -> None:
    result = refused(smtplib.SMTPRecipientsRefused({"ann@example.com": (status, b"no such user")}))

    assert (result.code, result.gone) == (Code.BAD_ADDRESS, True)


def test_a_result_does_not_repeat_the_address() -> None:
    result = refused(
        smtplib.SMTPRecipientsRefused({"ann@example.com": (550, b"5.1.1 <ann@example.com>")})
    )

    assert "ann" not in repr(result)


@pytest.mark.parametrize(
    ("raw", "limit"),
    [
        ({}, None), ({"email": "ann"}, None), ({"email": "ann@"}, None),
        ({"email": "a@example.com\nBcc: b@example.com"}, None),
        ({"email": "a@example.com, b@example.com"}, None),
        ({"email": "Ann <a@example.com>"}, None), ({"email": "a b@example.com"}, None),
        ({"email": 250 * "a" + "@example.com"}, 254),
    ],
)  # fmt: skip
def test_bad_input_names_field_and_limit(raw: dict[str, str], limit: int | None) -> None:
    with pytest.raises(BadInput) as error:
        sender.take(raw)

    assert error.value.details["field"] == "email"
    assert error.value.details.get("limit") == limit


def test_an_address_is_kept_in_small_letters_and_shown_in_part() -> None:
    address = sender.take({"email": " Ann@Example.com "})

    assert address == ANN
    assert sender.shown(address) == "a…@example.com"
