"""One batch of mails over one connection, in a thread, ended in time with every answer kept."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from arbedge.names import Channel
from notifications.channels import mail_refusals, threads
from notifications.channels.base import Outgoing, Result
from notifications.channels.mails import mail_of
from notifications.codes import Code
from notifications.names import Outcome

WITHIN_S: Final = 20.0

log = structlog.get_logger(__name__)


async def sent(batch: Sequence[Outgoing]) -> list[Result]:
    """One result per mail within 20 s: what is not begun by then is never begun.

    Only the one mail that was under way may arrive although it is tried again.
    """
    work = Batch(batch)
    try:
        async with asyncio.timeout(WITHIN_S):
            await threads.call(Channel.EMAIL, work.run)
    except TimeoutError:
        work.stopped.set()
    return work.results()


class Batch:
    """What a thread sends, and how far it has come."""

    def __init__(self, batch: Sequence[Outgoing]) -> None:
        self.batch = batch
        self.stopped = threading.Event()
        self.done: list[Result] = []

    def run(self) -> None:
        """Sends one mail after the other until all are sent or it is stopped."""
        connection: BaseEmailBackend = get_connection()
        closed = _opened(connection)
        for message in self.batch:
            if self.stopped.is_set():
                break
            started = time.perf_counter()
            if closed is None:
                result = _send_one(connection, message)
            else:
                result = mail_refusals.judged(message, closed)
            self.done.append(replace(result, took_ms=(time.perf_counter() - started) * 1000))
            if closed is None and result.code in mail_refusals.CONNECTION:
                _close(connection)
                closed = _opened(connection)
        _close(connection)

    def results(self) -> list[Result]:
        """Those that are there; the rest is for later."""
        done = list(self.done)
        late = self.batch[len(done) :]
        return [*done, *(mail_refusals.later(one, Code.TIMEOUT, "no time left") for one in late)]


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
