"""The simulator's ASGI application: venues under prefixes, faults and state under `/_...`."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from arbedge import clock
from exchanges.simulator import private
from exchanges.simulator.accounts import ACCOUNTS
from exchanges.simulator.faults import STATUS, Board, Kind, Wish, shift_ms, spoil
from exchanges.simulator.hosts import HOSTS
from exchanges.simulator.market import Market, Reply, Source
from exchanges.simulator.private.asked import Asked
from exchanges.simulator.world import World

SMALL: Final = 500  # bytes not worth compressing
LATE_BY_S: Final = 3.0
BROKEN_LENGTH: Final = 1_000_000
Door = Callable[[Request], Awaitable[Response]]


def build(source: World | Source, board: Board | None = None) -> Starlette:
    """The application that answers for the venues from a world or any other source."""
    spoken: Source = Market(source) if isinstance(source, World) else source
    faults = board or Board()
    return Starlette(
        routes=[
            Route("/_faults", _faults_door(faults), methods=["POST", "DELETE"]),
            Route("/_state", _state_door(spoken, faults)),
            Route("/_accounts", _accounts_door),
            Route("/_next", _next_door(spoken), methods=["POST"]),
            Route("/{host}/{path:path}", _venue_door(spoken, faults), methods=["GET", "POST"]),
        ]
    )


def _faults_door(board: Board) -> Door:
    async def change(request: Request) -> Response:
        if request.method == "DELETE":
            board.clear()
            return JSONResponse(board.describe())
        try:
            wish = msgspec.json.decode(await request.body(), type=Wish)
        except msgspec.DecodeError as error:
            return JSONResponse({"error": str(error), "kinds": list(Kind)}, status_code=400)
        board.add(wish)
        return JSONResponse(board.describe())

    return change


def _state_door(source: Source, board: Board) -> Door:
    async def show(_: Request) -> Response:
        return JSONResponse({**source.describe(), "faults": board.describe()})

    return show


async def _accounts_door(_: Request) -> Response:
    told = [one.describe() for accounts in ACCOUNTS.values() for one in accounts.values()]
    return JSONResponse(told)


def _next_door(source: Source) -> Door:
    async def step(_: Request) -> Response:
        return JSONResponse({"moved": source.advance(), **source.describe()})

    return step


def _venue_door(source: Source, board: Board) -> Door:
    packed: dict[int, tuple[bytes, bytes]] = {}

    async def speak(request: Request) -> Response:
        host, path = request.path_params["host"], "/" + request.path_params["path"]
        known = HOSTS.get(host)
        wish = board.hit(known.venue if known else host, host, path)
        if wish is not None and wish.kind is Kind.LATENCY:
            await asyncio.sleep(LATE_BY_S if wish.by_s is None else wish.by_s)
        if wish is not None and wish.kind in STATUS:
            return _plain(_refused(source, wish, host, path))
        if known is not None and private.serves(known.venue, path):
            reply = private.answer(known.venue, _asked(request, path, shift_ms(wish)))
        else:
            reply = source.answer(host, path, dict(request.query_params), shift_ms(wish))
        if wish is not None and reply.status == 200:
            reply = reply._replace(body=spoil(wish.kind, reply.body), keep=False)
            if wish.kind is Kind.DROP:
                return _broken(reply)
        if len(reply.body) > SMALL and "gzip" in request.headers.get("accept-encoding", ""):
            return _zipped(reply, packed)
        return _plain(reply)

    return speak


def _asked(request: Request, path: str, by_ms: int) -> Asked:
    return Asked(
        request.method,
        path,
        request.scope["query_string"].decode(),
        request.headers,
        request.client.host if request.client else "",
        round(clock.now_ms()) + by_ms,
    )


def _refused(source: Source, wish: Wish, host: str, path: str) -> Reply:
    reply = source.refusal(host, path, STATUS[wish.kind])
    if wish.retry_after_s is None:
        return reply
    return reply._replace(headers={**reply.headers, "Retry-After": str(wish.retry_after_s)})


def _plain(reply: Reply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers), "application/json")


def _zipped(reply: Reply, packed: dict[int, tuple[bytes, bytes]]) -> Response:
    """Compressed; a body kept for the tick is compressed once."""
    seen = packed.get(id(reply.body)) if reply.keep else None
    if seen is None or seen[0] is not reply.body:
        seen = (reply.body, gzip.compress(reply.body, compresslevel=1, mtime=0))
        if len(packed) > 200:
            packed.clear()
        if reply.keep:
            packed[id(reply.body)] = seen
    headers = {**reply.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(seen[1], reply.status, headers, "application/json")


def _broken(reply: Reply) -> Response:
    """An answer that promises more than it sends: the client sees the connection end."""

    async def pieces() -> AsyncIterator[bytes]:
        yield reply.body

    headers = {**reply.headers, "Content-Length": str(BROKEN_LENGTH)}
    return StreamingResponse(pieces(), reply.status, headers, "application/json")
