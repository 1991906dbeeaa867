"""One request to an address of a user, and what its answer means: small, short, and kept outside.

A request goes to a checked public address or not at all, follows no redirect, keeps no cookie and
ends after five seconds. Of the answer 64 KiB are read. Where the status has come but the body is
too long or too slow, the status counts: what was taken once must not be sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from weakref import WeakKeyDictionary

import httpx

from arbedge.http import USER_AGENT, GuardedTransport
from notifications.channels import targets
from notifications.channels.answers import Answer, Unsent
from notifications.codes import Code

TIMEOUT_S: Final = 5.0
READ_BYTES: Final = 64 * 1024

_transports: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[bool, httpx.AsyncBaseTransport]] = (
    WeakKeyDictionary()
)


async def exchange(
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    method: str = "POST",
    ours: bool = False,
    timeout_s: float | None = None,
) -> Answer:
    """Sends one request and returns what came back within `timeout_s` (5 s), whatever its status.

    `ours` is for addresses of the configuration; all others are guarded. Raises Unsent, and
    RefusedAddress where the address leads inside.
    """
    timeout_s = timeout_s or TIMEOUT_S
    until = asyncio.get_running_loop().time() + timeout_s
    request = httpx.Request(
        method,
        url,
        content=content,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers},
        extensions={"timeout": httpx.Timeout(timeout_s).as_dict()},
    )
    try:
        async with asyncio.timeout_at(until):
            guarded = not ours and not targets.trusted(request.url)
            answer = await _transport(guarded=guarded).handle_async_request(request)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise Unsent(Code.TIMEOUT, f"no answer within {timeout_s:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unsent(Code.UNREACHABLE, type(error).__name__) from error
    body, cut = await _read(answer, until)
    return Answer(answer.status_code, answer.headers, body, cut)


async def _read(answer: httpx.Response, until: float) -> tuple[bytes, bool]:
    """The first bytes as they came: nothing is unpacked, so a small answer cannot grow."""
    pieces = bytearray()
    whole = False
    try:
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout_at(until):
                async for piece in answer.aiter_raw():
                    pieces += piece
                    if len(pieces) > READ_BYTES:
                        break
                else:
                    whole = True
    finally:
        await answer.aclose()
    return bytes(pieces[:READ_BYTES]), not whole


def _transport(*, guarded: bool) -> httpx.AsyncBaseTransport:
    """One per event loop: what it costs is reading the certificates. It keeps no connection."""
    held = _transports.setdefault(asyncio.get_running_loop(), {})
    if guarded not in held:
        plain = httpx.AsyncHTTPTransport(
            trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
        held[guarded] = GuardedTransport(plain) if guarded else plain
    return held[guarded]
