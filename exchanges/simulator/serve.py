"""Serves an application in this process until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from typing import Final, NoReturn

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from starlette.applications import Starlette

STOP: Final = (signal.SIGINT, signal.SIGTERM)


def serve(app: Starlette, port: int, address: str = "127.0.0.1") -> None:
    """Answer requests until SIGINT or SIGTERM. Raises OSError when the port is taken."""
    with socket.socket() as probe:  # the server shares ports silently, so the port is tried first
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))
    asyncio.run(_serve(app, port, address))


def leave() -> NoReturn:
    """End this process at once, after `serve`.

    The embedded server's runtime threads may outlive its loop; an interpreter that tears itself
    down under them is aborted (seen with granian 2.8 on Python 3.11).
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


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
