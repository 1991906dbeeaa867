"""E-mail through whatever mail backend Django has: text and HTML, with a way out in the header.

One connection serves a batch, in a thread of its own. A mail that was refused says whether its
address is dead (5.1.x and plain 550: the address is), our word was not liked (5.7.x), or the
server is busy (4xx).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email

from arbedge.errors import BadInput
from arbedge.names import Channel
from notifications.channels import mail_refusals
from notifications.channels.base import Outgoing, Result
from notifications.channels.mails import mail_of
from notifications.codes import Code
from notifications.names import Outcome

LONGEST_ADDRESS: Final = 254
BATCH_S: Final = 20.0

log = structlog.get_logger(__name__)


class Email:
    """Mails; pace and breaker are those of the one server."""

    channel = Channel.EMAIL
    batch = 25
    edits = False
    verified_by = "link"

    def take(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """`email`, in small letters as accounts keep it. Raises BadInput."""
        address = str(raw.get("email") or "").strip().lower()
        if len(address) > LONGEST_ADDRESS:
            raise BadInput("This is too long.", field="email", limit=LONGEST_ADDRESS)
        try:
            validate_email(address)
        except ValidationError as error:
            raise BadInput("This is no e-mail address.", field="email") from error
        return {"email": address}

    def shown(self, address: Mapping[str, Any]) -> str:
        """The first letter and the domain."""
        name, _, domain = str(address["email"]).rpartition("@")
        return f"{name[:1]}…@{domain}"[:120]

    def host(self, address: Mapping[str, Any]) -> str:  # noqa: ARG002 - one server for all
        """Our own mail server."""
        return str(settings.EMAIL_HOST)

    async def send(self, batch: Sequence[Outgoing]) -> list[Result]:
        """Sends the batch over one connection; a connection that dies is opened once more."""
        return await asyncio.to_thread(_send, batch)


def _send(batch: Sequence[Outgoing]) -> list[Result]:
    until = time.monotonic() + BATCH_S
    connection: BaseEmailBackend = get_connection()
    closed: Exception | None = _opened(connection)
    results: list[Result] = []
    for message in batch:
        started = time.perf_counter()
        if closed is not None:
            result = mail_refusals.judged(message, closed)
        elif time.monotonic() > until:
            result = mail_refusals.later(message, Code.TIMEOUT, "the batch took too long")
        else:
            result = _send_one(connection, message)
        results.append(replace(result, took_ms=(time.perf_counter() - started) * 1000))
        if closed is None and result.code in mail_refusals.CONNECTION:
            _close(connection)
            closed = _opened(connection)
    _close(connection)
    return results


def _opened(connection: BaseEmailBackend) -> Exception | None:
    """Opens it; what keeps it from opening holds for all that is left of the batch."""
    try:
        connection.open()
    except Exception as error:  # noqa: BLE001 - any backend's; judged, counted and told
        return error
    return None


def _close(connection: BaseEmailBackend) -> None:
    """A server that is gone cannot be told good-bye; what was sent, was sent."""
    try:
        connection.close()
    except Exception as error:  # noqa: BLE001 - any backend's
        log.info("mail connection ended badly", kind=type(error).__name__)


def _send_one(connection: BaseEmailBackend, message: Outgoing) -> Result:
    try:
        mail = mail_of(message, connection)
        taken = connection.send_messages([mail])
    except Exception as error:  # noqa: BLE001 - any backend's; judged, counted and told
        return mail_refusals.judged(message, error)
    if not taken:
        return mail_refusals.later(message, Code.SERVER, "not taken")
    number = str(mail.extra_headers["Message-ID"])
    return Result(message.delivery_id, Outcome.SENT, provider_id=number)


sender = Email()
