"""The way to the Bot API for messages by the thousand: aiohttp, twenty connections, kept alive.

It is also the transport of python-telegram-bot (`Bot(request=…)`), whose own is many times slower.
Nothing it logs, raises or shows holds the bot's token, which is part of every URL.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
from collections.abc import Mapping
from typing import Any, Final, NoReturn
from weakref import WeakKeyDictionary

import aiohttp
import msgspec
from django.conf import settings
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from arbedge.http import USER_AGENT
from notifications.channels.answers import Answer, Unsent
from notifications.codes import Code

CONNECTIONS: Final = 20
TIMEOUT_S: Final = 10.0
CONNECT_S: Final = 3.0
CLOSE_WITHIN_S: Final = 1.0
JSON: Final = {"Content-Type": "application/json"}

_per_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Transport] = WeakKeyDictionary()


class Transport(BaseRequest):
    """Connections to a Bot API, opened at first use and kept."""

    def __init__(self, connections: int = CONNECTIONS, timeout_s: float = TIMEOUT_S) -> None:
        self.connections = connections
        self.timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """How long an answer may take, in seconds."""
        return self.timeout_s

    async def initialize(self) -> None:
        """Opens the session; connections follow when they are needed."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self.connections),
                timeout=aiohttp.ClientTimeout(self.timeout_s, sock_connect=CONNECT_S),
                headers={"User-Agent": USER_AGENT},
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        *_: Any,
        **__: Any,
    ) -> tuple[int, bytes]:
        """Status and body, for python-telegram-bot. Raises its TimedOut and NetworkError."""
        body: Any = None
        if request_data is not None:
            body = aiohttp.FormData(request_data.json_parameters)
            for name, (filename, content, kind) in (request_data.multipart_data or {}).items():
                body.add_field(name, content, filename=filename, content_type=kind)
        wait_s = read_timeout if isinstance(read_timeout, int | float) else self.timeout_s
        try:
            return await self._exchange(method, url, body, {}, wait_s)
        except Unsent as error:
            _raise(error)

    async def call(
        self, method: str, told: Mapping[str, Any], photo: bytes | None = None
    ) -> Answer:
        """Status and body of one method of the bot of the settings. Raises Unsent."""
        url = f"{str(settings.TELEGRAM_API_URL).rstrip('/')}/bot{settings.BOT_TOKEN}/{method}"
        if photo is None:
            body: Any = msgspec.json.encode(told)
            return Answer(*await self._answer(url, body, JSON))
        form = aiohttp.FormData({name: _field(value) for name, value in told.items()})
        form.add_field("photo", photo, filename="chart.png", content_type="image/png")
        return Answer(*await self._answer(url, form, {}))

    async def _answer(
        self, url: str, body: Any, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        status, answered = await self._exchange("POST", url, body, headers, self.timeout_s)
        return status, {}, answered

    async def _exchange(
        self, method: str, url: str, body: Any, headers: Mapping[str, str], wait_s: float
    ) -> tuple[int, bytes]:
        await self.initialize()
        assert self._session is not None
        limit = aiohttp.ClientTimeout(wait_s, sock_connect=CONNECT_S)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                return answer.status, await answer.read()
        except TimeoutError:
            raise Unsent(Code.TIMEOUT, f"no answer within {wait_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The words of these errors may hold the URL, and with it the token.
            raise Unsent(Code.UNREACHABLE, type(error).__name__) from None


def transport() -> Transport:
    """The transport of the running event loop."""
    return _per_loop.setdefault(asyncio.get_running_loop(), Transport())


@atexit.register
def _close() -> None:
    """Leaves no open connection behind at the end of a process."""
    for loop, held in list(_per_loop.items()):
        if loop.is_running():
            with contextlib.suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(held.shutdown(), loop).result(CLOSE_WITHIN_S)


os.register_at_fork(after_in_child=_per_loop.clear)


def _field(value: Any) -> str:
    """A parameter in a form: texts as they are, all else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _raise(error: Unsent) -> NoReturn:
    kind: type[TelegramError] = TimedOut if error.code is Code.TIMEOUT else NetworkError
    raise kind(error.detail) from None
