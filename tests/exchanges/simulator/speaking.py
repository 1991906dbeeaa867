"""Asking the simulator as the product would, without HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette

from exchanges.simulator.hosts import PREFIXES
from exchanges.simulator.listing import HOUR_MS
from exchanges.simulator.market import Market, Reply
from exchanges.simulator.world import World
from exchanges.venues.base import Ask, Venue

TEN_OCLOCK = 1_795_255_200_000  # 2026-11-21 10:00 UTC


class Hands:
    """A clock turned by hand; starts twenty minutes past ten, far from any settlement."""

    def __init__(self, now_ms: int = TEN_OCLOCK + HOUR_MS // 3) -> None:
        self.now_ms = now_ms

    def __call__(self) -> float:
        return self.now_ms

    def forward(self, milliseconds: int) -> None:
        self.now_ms += milliseconds


def world(hands: Hands | None = None, **options: Any) -> World:
    return World(clock=hands or Hands(), **options)


def market(hands: Hands | None = None) -> Market:
    """The default world, answering as often as asked."""
    return Market(world(hands), limited=False)


def reply(spoken: Market, host: str, path: str, **query: str) -> Reply:
    return spoken.answer(host, path, query)


def said(spoken: Market, host: str, path: str, **query: str) -> Any:
    """The decoded body of an answer that must be good."""
    answer = spoken.answer(host, path, query)
    assert answer.status == 200, answer
    return msgspec.json.decode(answer.body)


def body(
    spoken: Market,
    venue: Venue,
    ask: Ask,
    more: Mapping[str, str] | None = None,
    *,
    shift_ms: int = 0,
) -> bytes:
    """What the venue answers to a venue file's own question."""
    query = {**ask.query, **(more or {})}
    answer = spoken.answer(PREFIXES[venue.name, ask.host], ask.path, query, shift_ms)
    assert answer.status == 200, answer
    return answer.body


class Client:
    """HTTP against an application in this process."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, how))

    def post(self, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, how))

    def delete(self, path: str) -> httpx.Response:
        return asyncio.run(self._ask("DELETE", path, {}))

    async def _ask(self, method: str, path: str, how: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://venues") as client:
            return await client.request(method, path, **how)
