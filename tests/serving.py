"""An ASGI application behind a real socket on loopback, on the process's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.types import ASGIApp

from arbedge import aio


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The base URL of the application for the time of the block."""

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(lambda r, w: _speak(app, r, w), "127.0.0.1", 0)

    async def close() -> None:
        server.close()

    server = aio.run(listen())
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        aio.run(close())


async def _speak(app: ASGIApp, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            scope = _scope(head, writer.get_extra_info("peername"))
            length = dict(scope["headers"]).get(b"content-length", b"0")
            body = await reader.readexactly(int(length))
            writer.write(await _answer(app, scope, body))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client has left
    finally:
        writer.close()


def _scope(head: bytes, peer: tuple[str, int]) -> dict[str, Any]:
    first, *lines = head.rstrip().split(b"\r\n")
    method, target, _ = first.split(b" ")
    path, _, query = target.partition(b"?")
    pairs = [line.split(b": ", 1) for line in lines]
    return {
        "type": "http", "method": method.decode(), "path": path.decode(), "raw_path": path,
        "query_string": query, "headers": [(name.lower(), value) for name, value in pairs],
        "client": list(peer), "server": ["127.0.0.1", 0], "scheme": "http", "root_path": "",
        "http_version": "1.1", "asgi": {"version": "3.0"}, "extensions": {},
    }  # fmt: skip


async def _answer(app: ASGIApp, scope: dict[str, Any], body: bytes) -> bytes:
    said: list[Any] = []
    asked = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        return next(asked, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        said.append(message)

    await app(scope, receive, send)
    start, *pieces = said
    whole = b"".join(piece.get("body", b"") for piece in pieces)
    headers = dict(start["headers"]) | {b"content-length": str(len(whole)).encode()}
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {start['status']} Said\r\n".encode() + lines + b"\r\n" + whole
