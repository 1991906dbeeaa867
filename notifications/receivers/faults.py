"""Faults on request: what a receiver does wrong, to whom, how often and for how long."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Any, Final

import msgspec
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from arbedge import clock

BROKEN_LENGTH: Final = 1_000_000


class Kind(StrEnum):
    """What can go wrong. The second half is what Telegram says of a chat."""

    STATUS = "status"
    LATENCY = "latency"
    DROP = "drop"
    FLOOD = "flood"
    BLOCKED = "blocked"
    KICKED = "kicked"
    DEACTIVATED = "deactivated"
    MISSING = "missing"
    MIGRATED = "migrated"


class Wish(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One wish. Empty `receiver`, `to` and `method` mean all; without `times` and `for_s` it holds
    until it is deleted. `by_s` is how late an answer comes, `moved_to` where a chat migrated."""

    kind: Kind
    receiver: str = ""
    to: str = ""
    method: str = ""
    times: int | None = None
    for_s: float | None = None
    status: int = 500
    by_s: float = 3.0
    retry_after_s: int | None = None
    moved_to: int | None = None
    until_ms: float | None = None


class Board:
    """The wishes that hold now, the oldest first."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []

    def add(self, wish: Wish) -> None:
        """Holds from now on."""
        if wish.for_s is not None:
            wish.until_ms = clock.now_ms() + wish.for_s * clock.SECOND_MS
        self.wishes.append(wish)

    def clear(self) -> None:
        """Everything works again."""
        self.wishes.clear()

    def hit(self, receiver: str, to: str, method: str = "") -> Wish | None:
        """The wish that meets this call, used up by one; None where all is well."""
        if not self.wishes:
            return None
        now_ms = clock.now_ms()
        self.wishes = [one for one in self.wishes if one.until_ms is None or one.until_ms > now_ms]
        for wish in self.wishes:
            if (
                wish.receiver in ("", receiver)
                and wish.to in ("", to)
                and wish.method.lower() in ("", method.lower())
            ):
                if wish.times is not None:
                    wish.times -= 1
                    if wish.times <= 0:
                        self.wishes.remove(wish)
                return wish
        return None

    def describe(self) -> list[dict[str, Any]]:
        """The wishes, for people."""
        return [msgspec.to_builtins(wish) for wish in self.wishes]


class Dropped(Response):
    """An answer that promises more than it sends: the client sees the connection end."""

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        """Sends the beginning and breaks off."""
        headers = [(b"content-length", str(BROKEN_LENGTH).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionResetError("dropped on request")


async def spoiled(wish: Wish | None) -> Response | None:
    """What the wish makes of an answer on any protocol; None where the receiver goes on.

    Latency is waited for here.
    """
    if wish is None:
        return None
    if wish.kind is Kind.LATENCY:
        await asyncio.sleep(wish.by_s)
        return None
    if wish.kind is Kind.DROP:
        return Dropped()
    if wish.kind in (Kind.STATUS, Kind.FLOOD):
        status = 429 if wish.kind is Kind.FLOOD else wish.status
        headers = {} if wish.retry_after_s is None else {"Retry-After": str(wish.retry_after_s)}
        return JSONResponse({"error": f"status {status} on request"}, status, headers)
    return None
