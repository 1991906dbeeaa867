"""Mail servers that refuse, say nothing or are not there, and batches out of time."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from pytest_django import Settings
from structlog.testing import capture_logs

from notifications.channels import mail_batch, mail_refusals
from notifications.channels.base import Result
from notifications.channels.email import sender
from notifications.codes import Code
from notifications.names import Outcome
from notifications.receivers.smtp import Mailboxes
from tests.notifications.channels.mailing import ANN, connections
from tests.notifications.channels.outgoing import outgoing, send, send_one


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
