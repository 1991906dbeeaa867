"""What a mail server's refusal means for the message, its address and the channel."""

from __future__ import annotations

import re
import smtplib
from typing import Final

import structlog

from notifications.channels.base import Outgoing, Result
from notifications.codes import Code
from notifications.names import Outcome

CONNECTION: Final = (Code.UNREACHABLE, Code.TIMEOUT, Code.NOT_CONFIGURED)
TOO_LONG: Final = 552
ENHANCED: Final = re.compile(rb"\b([245]\.\d{1,3}\.\d{1,3})\b")
# 5.1.x speak of the address, 5.2.1 of a mailbox that was closed; others of the moment or of us.
DEAD: Final = re.compile(r"5\.1\.[12369]|5\.1\.10|5\.2\.1")
DEAD_WITHOUT_DETAIL: Final = (550, 551, 553)

log = structlog.get_logger(__name__)


def judged(message: Outgoing, error: Exception) -> Result:
    """The result of an exception of smtplib, the network, or another backend.

    Only codes are told: the server's text repeats the address.
    """
    match error:
        case smtplib.SMTPRecipientsRefused():
            [(status, text)] = list(error.recipients.values())[:1] or [(450, b"")]
            result = _recipient(message, status, _bytes(text))
        case smtplib.SMTPAuthenticationError() | smtplib.SMTPSenderRefused():
            result = _of_us(message, error.smtp_code, _bytes(error.smtp_error))
        case smtplib.SMTPConnectError() | smtplib.SMTPServerDisconnected():
            result = _unreached(message, error)
        case smtplib.SMTPResponseException():
            result = _data(message, error.smtp_code, _bytes(error.smtp_error))
        case smtplib.SMTPNotSupportedError():
            result = _final(message, Code.NOT_CONFIGURED, type(error).__name__)
        case ValueError():  # BadHeaderError, and addresses Django cannot write
            result = _final(message, Code.BAD_MESSAGE, type(error).__name__)
        case _:
            result = _unforeseen(message, error)
    return result


def _unforeseen(message: Outgoing, error: Exception) -> Result:
    """The network's failures, and those of other backends; SMTPException is an OSError too."""
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return _unreached(message, error)
    log.warning("mail backend failed", delivery_id=message.delivery_id, kind=type(error).__name__)
    return later(message, Code.SERVER, type(error).__name__)


def _unreached(message: Outgoing, error: Exception) -> Result:
    """smtplib tells a time-out as a disconnection, the time-out beneath it."""
    late = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
    return later(message, Code.TIMEOUT if late else Code.UNREACHABLE, type(error).__name__)


def _recipient(message: Outgoing, status: int, text: bytes) -> Result:
    said = _said(status, text)
    if status < 500:
        return later(message, Code.SERVER, said)
    enhanced = _enhanced(text)
    dead = DEAD.fullmatch(enhanced) if enhanced else status in DEAD_WITHOUT_DETAIL
    if dead:
        return _final(message, Code.BAD_ADDRESS, said, gone=True)
    return _final(message, Code.TOO_LONG if status == TOO_LONG else Code.REFUSED, said)


def _of_us(message: Outgoing, status: int, text: bytes) -> Result:
    """The server does not know us, or does not let our sender send."""
    said = _said(status, text)
    if status < 500:
        return later(message, Code.SERVER, said)
    return _final(message, Code.TOO_LONG if status == TOO_LONG else Code.NOT_CONFIGURED, said)


def _data(message: Outgoing, status: int, text: bytes) -> Result:
    said = _said(status, text)
    if status < 500:
        return later(message, Code.SERVER, said)
    too_long = status == TOO_LONG or _enhanced(text) == "5.3.4"
    return _final(message, Code.TOO_LONG if too_long else Code.REFUSED, said)


def _enhanced(text: bytes) -> str:
    found = ENHANCED.search(text)
    return found[1].decode() if found else ""


def _said(status: int, text: bytes) -> str:
    return f"{status} {_enhanced(text)}".strip()


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text


def later(message: Outgoing, code: Code, detail: str) -> Result:
    """Not now."""
    return Result(message.delivery_id, Outcome.RETRY, code, detail)


def _final(message: Outgoing, code: Code, detail: str, *, gone: bool = False) -> Result:
    return Result(message.delivery_id, Outcome.PERMANENT, code, detail, gone=gone)
