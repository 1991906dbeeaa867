"""The one outgoing HTTP client: pooled, compressed, bounded in time and size.

`get` is for addresses of the configuration. Addresses that come from a user go through
`guarded_client`, which refuses everything that is not on the public internet.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import httpx

from arbedge import clock
from arbedge.errors import ArbEdgeError
from arbedge.names import Fault

MAX_BODY_BYTES = 64 * 1024 * 1024
CONNECT_TIMEOUT_S = 3.0
KEEPALIVE_S = 60.0
USER_AGENT = "ArbEdge/1"
NAT64 = ipaddress.ip_network("64:ff9b::/96")
IPV4_COMPATIBLE = ipaddress.ip_network("::/96")  # given up by RFC 4291, yet some stacks route it

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[bool, httpx.AsyncClient]] = (
    WeakKeyDictionary()
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered; `captured_at_ms` is our clock when the last byte had come."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    captured_at_ms: float
    took_ms: float


class Unanswered(ArbEdgeError):
    """No usable answer came; `fault` says how the caller should take it."""

    code = "unanswered"
    status = 502

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message, fault=str(fault))
        self.fault = fault


class RefusedAddress(ArbEdgeError):
    """A user's URL leads to an address that is not on the public internet."""

    code = "refused_address"


def client(*, http2: bool = False) -> httpx.AsyncClient:
    """Returns the pooled client of the running event loop."""
    held = _clients.setdefault(asyncio.get_running_loop(), {})
    if http2 not in held:
        held[http2] = httpx.AsyncClient(
            http2=http2,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            limits=httpx.Limits(
                max_connections=100, max_keepalive_connections=50, keepalive_expiry=KEEPALIVE_S
            ),
        )
    return held[http2]


async def get(
    url: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float,
    http2: bool = False,
) -> Answer:
    """Asks `url` and reads the whole body within `timeout_s`, whatever its status.

    Raises Unanswered: TIMEOUT, UNREACHABLE, or MALFORMED for a body that is too long or cannot be
    decompressed.
    """
    started = time.perf_counter()
    try:
        async with asyncio.timeout(timeout_s):
            status, answered, body = await _exchange(url, query, headers, timeout_s, http2=http2)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise Unanswered(Fault.TIMEOUT, f"no answer within {timeout_s:.1f} s") from error
    except httpx.DecodingError as error:
        raise Unanswered(Fault.MALFORMED, f"undecodable body: {error}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unanswered(Fault.UNREACHABLE, f"{type(error).__name__}: {error}") from error
    took_ms = (time.perf_counter() - started) * clock.SECOND_MS
    return Answer(status, answered, body, clock.now_ms(), took_ms)


async def _exchange(
    url: str,
    query: Mapping[str, str] | None,
    headers: Mapping[str, str] | None,
    timeout_s: float,
    *,
    http2: bool,
) -> tuple[int, Mapping[str, str], bytes]:
    limits = httpx.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s))
    asked = client(http2=http2).stream(
        "GET", url, params=dict(query) if query else None, headers=headers, timeout=limits
    )
    async with asked as answer:
        pieces: list[bytes] = []
        length = 0
        async for piece in answer.aiter_bytes():
            length += len(piece)
            if length > MAX_BODY_BYTES:
                raise Unanswered(Fault.MALFORMED, f"the body is longer than {MAX_BODY_BYTES} bytes")
            pieces.append(piece)
        return answer.status_code, answer.headers, b"".join(pieces)


def guarded_client(*, timeout_s: float = 10.0) -> httpx.AsyncClient:
    """Returns a client for URLs of users; close it after use. It follows no redirect."""
    return httpx.AsyncClient(
        transport=GuardedTransport(),
        timeout=timeout_s,
        trust_env=False,
        headers={"User-Agent": USER_AGENT},
    )


class GuardedTransport(httpx.AsyncBaseTransport):
    """Resolves names itself, refuses unless every address is public, connects to what it checked.

    Because the checked address is the one connected to, a name that changes its answer between
    check and connect (DNS rebinding) gains nothing. Connections are not kept: a pool is keyed by
    address, and two names on one address must not share a TLS session.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport | None = None) -> None:
        self._inner = inner or httpx.AsyncHTTPTransport(
            trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends the request to a checked address. Raises RefusedAddress."""
        url = request.url
        if url.scheme not in ("http", "https"):
            raise RefusedAddress(f"only http and https are allowed, not {url.scheme}")
        host = url.raw_host.decode(
            "ascii"
        )  # as the URL has it: look-ups spell some names another way
        address = await public_address(host, url.port or (443 if url.scheme == "https" else 80))
        pinned = httpx.Request(
            request.method,
            url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        """Closes what is open."""
        await self._inner.aclose()


async def public_address(host: str, port: int) -> str:
    """Returns an address of `host`. Raises RefusedAddress unless all of them are public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RefusedAddress(f"{host} cannot be resolved", cause=str(error)) from error
    addresses = [str(entry[4][0]) for entry in found]
    private = [address for address in addresses if not is_public(address)]
    if private or not addresses:
        raise RefusedAddress(f"{host} is not on the public internet", addresses=private)
    return addresses[0]


def is_public(address: str) -> bool:
    """Returns whether the address, and an IPv4 address carried inside it, is globally routable."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)))
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        if parsed.sixtofour is not None or parsed.teredo is not None or parsed in IPV4_COMPATIBLE:
            return False
    return parsed.is_global and not parsed.is_multicast
