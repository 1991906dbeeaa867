"""Serves an application in this process until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from starlette.applications import Starlette

STOP: Final = (signal.SIGINT, signal.SIGTERM)


def serve(app: Starlette, port: int, address: str = "127.0.0.1") -> None:
    """Answer requests until SIGINT or SIGTERM; connections in flight are finished."""
    asyncio.run(_serve(app, port, address))


async def _serve(app: Starlette, port: int, address: str) -> None:
    server = Server(
        app,
        address,
        port,
        interface=Interfaces.ASGINL,
        log_level=LogLevels.error,
        websockets=False,
    )
    loop = asyncio.get_running_loop()
    for sign in STOP:
        loop.add_signal_handler(sign, server.stop)
    await server.serve()
