"""The webhook of the bot: updates are really posted, as Telegram posts them.

Those of one chat come one after the other, each as often as it takes until the answer is 2xx, later
and later; chats are served side by side over at most `max_connections`. Only this machine is posted
to: what pretends to be Telegram must not be able to write to strangers.
Source: core.telegram.org/bots/api#setwebhook; words of errors: tdlib/telegram-bot-api.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections import deque
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from arbedge import clock
from notifications.receivers.bot_calls import Refusal, number

HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"
CONNECTIONS, MOST_CONNECTIONS = 40, 100
TIMEOUT_S: Final = 60.0
RETRY_S, LONGEST_RETRY_S = 1.0, 64.0
LONGEST_SECRET: Final = 256
Told = dict[str, Any]


class Webhook:
    """Where updates go, and how that went. `waiting` are all updates that wait, by id.

    `retry_s` is the pause after a first failure, `copies` how often each update is posted (2: as
    when Telegram did not hear the answer).
    """

    def __init__(self, waiting: dict[int, Told]) -> None:
        self.waiting = waiting
        self.url = self.secret = ""
        self.connections = CONNECTIONS
        self.retry_s, self.copies = RETRY_S, 1
        self.posted = self.failed = 0
        self.error: Told = {}
        self._lanes: dict[int, deque[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None
        self._places = asyncio.Semaphore(CONNECTIONS)

    def set(self, told: Told) -> None:
        """Posts there from now on, also what waits already. Raises Refusal."""
        url, secret = str(told.get("url") or ""), str(told.get("secret_token") or "")
        connections = number(told, "max_connections", CONNECTIONS)
        if not url:
            self.clear()
            return
        _check(url, secret)
        self.clear()
        self.url, self.secret = url, secret
        self.connections = min(max(connections, 1), MOST_CONNECTIONS)
        self._places = asyncio.Semaphore(self.connections)
        self._loop = asyncio.get_running_loop()
        for one in sorted(self.waiting):
            self._queue(one)

    def clear(self) -> None:
        """Posts nothing any more."""
        self.url, self.error = "", {}
        for task in self._tasks:
            task.cancel()
        self._lanes.clear()
        if self._session is not None and self._loop is not None:
            closing = self._session.close()
            self._session = None
            asyncio.run_coroutine_threadsafe(closing, self._loop)

    def notice(self, update_id: int) -> None:
        """An update came; from any thread."""
        if self.url and self._loop is not None:
            self._loop.call_soon_threadsafe(self._queue, update_id)

    def info(self) -> Told:
        """The part of WebhookInfo that is known here."""
        told: Told = {"url": self.url, "has_custom_certificate": False}
        if not self.url:
            return told
        return {**told, "max_connections": self.connections, **self.error}

    def _queue(self, update_id: int) -> None:
        update = self.waiting.get(update_id)
        if update is None or not self.url:
            return
        lane = _lane(update)
        if lane in self._lanes:
            self._lanes[lane].append(update_id)
            return
        self._lanes[lane] = deque([update_id])
        task = asyncio.get_running_loop().create_task(self._serve(lane, self._lanes[lane]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, lane: int, ids: deque[int]) -> None:
        """Posts what waits in a lane until nothing does."""
        failures = 0
        while ids:
            update = self.waiting.get(ids[0])
            async with self._places:
                told = "" if update is None else await self._post(update)
            if told:
                failures += 1
                self.failed += 1
                self.error = {"last_error_date": int(clock.now_ms() / 1000),
                              "last_error_message": told}  # fmt: skip
                await asyncio.sleep(min(self.retry_s * 2 ** (failures - 1), LONGEST_RETRY_S))
                continue
            self.waiting.pop(ids.popleft(), None)
            failures = 0
        del self._lanes[lane]

    async def _post(self, update: Told) -> str:
        """Posts an update; returns what went wrong, "" where nothing did."""
        body = msgspec.json.encode(update)
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip, deflate"}
        if self.secret:
            headers[HEADER] = self.secret
        for _ in range(self.copies):
            try:
                async with self._connected().post(self.url, data=body, headers=headers) as answer:
                    await answer.read()
                    status = answer.status
            except TimeoutError:
                return "Read timeout expired"
            except aiohttp.ClientConnectorError:
                return "Connection refused"
            except (aiohttp.ClientError, OSError):
                return "Webhook connection closed"
            if not 200 <= status <= 299:
                return f"Wrong response from the webhook: {status} {_reason(status)}"
            self.posted += 1
        return ""

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            limit = aiohttp.ClientTimeout(TIMEOUT_S)
            self._session = aiohttp.ClientSession(
                timeout=limit, connector=aiohttp.TCPConnector(limit=0)
            )
        return self._session


def _check(url: str, secret: str) -> None:
    """Raises Refusal for what is no webhook of this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    here = host == "localhost" or _is_loopback(host)
    if parts.scheme != "https" and not (here and parts.scheme == "http"):
        words = "An HTTPS URL must be provided for webhook"
        raise Refusal(400, f"Bad Request: bad webhook: {words}")
    if not here:
        words = f"this demo's Bot API posts to its own machine only, not to {host}"
        raise Refusal(400, f"Bad Request: bad webhook: {words}")
    if len(secret) > LONGEST_SECRET:
        raise Refusal(400, "Bad Request: secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise Refusal(400, "Bad Request: secret token contains unallowed characters")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _lane(update: Mapping[str, Any]) -> int:
    """The chat an update is about, else the person; 0 for what tells neither."""
    what = next((value for name, value in update.items() if name != "update_id"), None)
    if not isinstance(what, dict):
        return 0
    within = what.get("message") if isinstance(what.get("message"), dict) else what
    about = within.get("chat") or what.get("from") if isinstance(within, dict) else None
    found = about.get("id") if isinstance(about, dict) else None
    return found if isinstance(found, int) else 0


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
