"""A real HTTP server on loopback whose answers a test writes down; it keeps what it was asked."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from arbedge import aio


@dataclass(frozen=True)
class Reply:
    """What the server answers: at once or after `delay_s`; `hang_up` closes without a word.

    A body may be made at the moment it is asked for.
    """

    body: bytes | Callable[[], bytes] = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    hang_up: bool = False
    zipped: bool = False


@dataclass(frozen=True)
class Call:
    """One request as it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Loopback:
    """Answers by path; a list of replies is used up in order, its last one for ever."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.calls: list[Call] = []
        self.port = 0
        self.most_at_once = 0
        self._in_hand = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, path: str, *replies: Reply) -> None:
        self.replies[path] = list(replies)

    def paths(self) -> list[str]:
        return [call.path for call in self.calls]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                reply = self._next(head.decode("latin-1"))
                self._in_hand += 1
                self.most_at_once = max(self.most_at_once, self._in_hand)
                await asyncio.sleep(reply.delay_s)
                self._in_hand -= 1
                if reply.hang_up:
                    break
                writer.write(_wire(reply))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has left, as clients of a test do
        finally:
            writer.close()

    def _next(self, head: str) -> Reply:
        first, *lines = head.split("\r\n")
        target = urlsplit(first.split(" ")[1])
        headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        self.calls.append(Call(target.path, dict(parse_qsl(target.query)), headers))
        written = self.replies.get(target.path, [Reply(b"nothing here", 404)])
        return written.pop(0) if len(written) > 1 else written[0]


def _wire(reply: Reply) -> bytes:
    said = reply.body if isinstance(reply.body, bytes) else reply.body()
    body = gzip.compress(said) if reply.zipped else said
    headers = {"Content-Length": str(len(body)), **reply.headers}
    if reply.zipped:
        headers["Content-Encoding"] = "gzip"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} Said\r\n{lines}\r\n".encode() + body


@contextmanager
def running() -> Iterator[Loopback]:
    """A server for the time of the block, on the process's own event loop."""
    loopback = Loopback()
    server = aio.run(_listen(loopback))
    loopback.port = server.sockets[0].getsockname()[1]
    try:
        yield loopback
    finally:
        aio.run(_close(server))


async def _listen(loopback: Loopback) -> asyncio.Server:
    return await asyncio.start_server(loopback.serve, "127.0.0.1", 0)


async def _close(server: asyncio.Server) -> None:
    server.close()
