"""What answers mean: a status or a failure becomes the result of one message."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec
import structlog

from arbedge.http import RefusedAddress
from notifications.channels.base import Outgoing, Result
from notifications.codes import Code
from notifications.names import Outcome

LONGEST_WAIT_S: Final = 3600.0
RETRIED: Final[Mapping[int, Code]] = {
    408: Code.TIMEOUT, 425: Code.SERVER, 429: Code.RATE_LIMITED,
}  # fmt: skip
REFUSALS: Final[Mapping[int, Code]] = {
    401: Code.UNAUTHORISED, 403: Code.UNAUTHORISED, 410: Code.GONE, 413: Code.TOO_LONG,
}  # fmt: skip

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered; `cut` tells that the body is not whole."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    cut: bool = False

    def json(self) -> dict[str, Any]:
        """The body as an object; empty where it is none."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.DecodeError:
            return {}

    @property
    def retry_after_s(self) -> float | None:
        """What the Retry-After header asks for (seconds or a date), between 1 s and 1 h."""
        return _wait_s(self.headers.get("retry-after", ""))


class Unsent(Exception):
    """No status came back: the code says why, the text carries no secret."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def judged(message: Outgoing, answer: Answer, *, provider_id: str = "", detail: str = "") -> Result:
    """What a status means on any channel; `detail` is the provider's own word, where it has one.

    2xx is sent; 408, 425, 429 and 5xx are tried again; everything else is final, 410 for good.
    """
    status = answer.status
    said = f"HTTP {status}{': ' if detail else ''}{detail}{', answer cut' if answer.cut else ''}"
    if 200 <= status < 300:
        return Result(message.delivery_id, Outcome.SENT, detail=said, provider_id=provider_id)
    if status in RETRIED or status >= 500:
        code = RETRIED.get(status, Code.SERVER)
        wait_s = answer.retry_after_s
        return Result(message.delivery_id, Outcome.RETRY, code, said, retry_after_s=wait_s)
    code = REFUSALS.get(status, Code.REFUSED)
    return Result(message.delivery_id, Outcome.PERMANENT, code, said, gone=code is Code.GONE)


async def side_by_side(
    batch: Sequence[Outgoing], one: Callable[[Outgoing], Awaitable[Result]]
) -> list[Result]:
    """Sends every message at the same time; whatever one of them meets is its own result."""
    return await asyncio.gather(*(_timed(message, one) for message in batch))


async def _timed(message: Outgoing, one: Callable[[Outgoing], Awaitable[Result]]) -> Result:
    started = time.perf_counter()
    try:
        result = await one(message)
    except Unsent as error:
        result = Result(message.delivery_id, Outcome.RETRY, error.code, error.detail)
    except RefusedAddress as error:
        result = _refused(message, error)
    except Exception as error:
        log.exception("channel failed on a message", delivery_id=message.delivery_id)
        result = failed(message, error)
    return replace(result, took_ms=(time.perf_counter() - started) * 1000)


def failed(message: Outgoing, error: Exception) -> Result:
    """The result of a failure nobody foresaw: its kind is told, its text may hold a secret."""
    return Result(message.delivery_id, Outcome.RETRY, Code.SERVER, type(error).__name__)


def _refused(message: Outgoing, error: RefusedAddress) -> Result:
    """A name that leads inside is refused for good; one that is not found may come back."""
    if "cause" in error.details:
        return Result(message.delivery_id, Outcome.RETRY, Code.UNREACHABLE, "name not found")
    return Result(message.delivery_id, Outcome.PERMANENT, Code.PRIVATE_ADDRESS, "not public")


def not_configured(batch: Sequence[Outgoing], detail: str) -> list[Result]:
    """The same for every message: the operator has not set this channel up."""
    return [
        Result(one.delivery_id, Outcome.PERMANENT, Code.NOT_CONFIGURED, detail) for one in batch
    ]


def _wait_s(text: str) -> float | None:
    try:
        wait_s = float(text)
    except ValueError:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        wait_s = (until.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    return bounded(wait_s)


def bounded(wait_s: float) -> float | None:
    """A wait between 1 s and 1 h; None where it is no number."""
    return None if math.isnan(wait_s) else min(max(wait_s, 1.0), LONGEST_WAIT_S)
