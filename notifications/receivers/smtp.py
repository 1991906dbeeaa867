"""A mail server in a thread of its own: real SMTP, with mailboxes that refuse as real ones do.

The part before the @ decides: `unknown`, `closed`, `full`, `policy`, `busy` and `hangup` are
refused (with `+anything` behind it too); everybody else gets his mail.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from notifications.receivers.book import Book, Shown

NAME: Final = "email"
REFUSALS: Final[Mapping[str, str]] = {
    "unknown": "550 5.1.1 <{to}>: no such user here",
    "closed": "550 5.2.1 <{to}>: mailbox disabled",
    "full": "552 5.2.2 <{to}>: mailbox full",
    "policy": "550 5.7.1 <{to}>: message refused by policy",
    "busy": "451 4.3.0 <{to}>: try again later",
}
REFUSED_DATA: Final[Mapping[str, str]] = {
    "spam": "554 5.7.1 looks like spam",
    "long": "552 5.3.4 message too big",
    "later": "451 4.7.1 greylisted",
}
LONGEST_MAIL: Final = 10 * 1024 * 1024


class Mailboxes:
    """The mails that were taken; `password`, where there is one, must be given first."""

    def __init__(self, book: Book, password: str = "") -> None:
        self.book = book
        self.password = password
        self.mails: dict[str, EmailMessage] = {}

    async def handle_RCPT(  # noqa: N802 - named by the protocol's verb
        self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]
    ) -> str:
        """Refuses by name; `hangup` ends the connection without a word."""
        refusal = REFUSALS.get(_name(address))
        if refusal is not None:
            self.book.note(NAME, "RCPT", address, int(refusal[:3]))
            return refusal.format(to=address)
        if _name(address) == "hangup" and server.transport is not None:
            server.transport.close()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - named by the protocol's verb
        self, _: SMTP, __: Session, envelope: Envelope
    ) -> str:
        """Takes the mail, or refuses what its recipient's name says."""
        to, raw = envelope.rcpt_tos[0], envelope.original_content or b""
        refusal = REFUSED_DATA.get(_name(to))
        if refusal is not None:
            self.book.note(NAME, "DATA", to, int(refusal[:3]))
            return refusal
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        self._take(to, mail)
        return "250 OK"

    def _take(self, to: str, mail: EmailMessage) -> None:
        number, subject = str(mail["Message-ID"]), str(mail["Subject"])
        plain = mail.get_body(("plain",))
        text = plain.get_content() if plain is not None else ""
        self.mails[number] = mail
        self.book.note(NAME, "DATA", to, 250, number=number, text=text, subject=subject)
        self.book.show(Shown(NAME, to, number, text, subject))

    def authenticate(self, _: SMTP, __: Session, ___: Envelope, ____: str, told: Any) -> AuthResult:
        """Whether the password is the right one."""
        good = isinstance(told, LoginPassword) and told.password == self.password.encode()
        return AuthResult(success=good, handled=False)


def _name(address: str) -> str:
    return address.partition("@")[0].partition("+")[0]


class _Server(Controller):
    """Learns which port it got before it tries it out."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def running(boxes: Mailboxes, port: int = 0, host: str = "127.0.0.1") -> Iterator[int]:
    """Serves for the time of the block; gives its port. Raises OSError where that is taken."""
    with socket.socket() as probe:  # the server would try for five seconds
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
    controller = _Server(
        boxes, hostname=host, port=port, data_size_limit=LONGEST_MAIL,
        authenticator=boxes.authenticate, auth_required=bool(boxes.password),
        auth_require_tls=False,
    )  # fmt: skip
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
