"""One request to a venue, with everything that must be minded: breaker, budget, time, fault."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from django.conf import settings

from arbedge import breaker, clock, http
from arbedge.clock import SECOND_MS
from arbedge.errors import ArbEdgeError
from arbedge.http import Answer, Unanswered
from arbedge.names import Fault
from exchanges import budget, routes
from exchanges.venues.base import Ask, Venue

RECORDED_AT = "x-recorded-at"
QUOTED_BYTES = 200

BREAKER, BUDGET = "breaker", "budget"


class Held(ArbEdgeError):
    """The request was not sent; `why` is "breaker" or "budget"."""

    code = "held"
    status = 503

    def __init__(self, why: str, message: str) -> None:
        super().__init__(message, why=why)
        self.why = why


class Failed(ArbEdgeError):
    """The venue did not give what was asked for; `fault` says how to take it."""

    code = "venue_failed"
    status = 502

    def __init__(self, fault: Fault, message: str, http_status: int | None = None) -> None:
        super().__init__(message, fault=str(fault), http_status=http_status)
        self.fault = fault


@dataclass
class Asker:
    """Requests of one round (a scan's answers, a batch of books) up to its deadline.

    The deadline is on the event loop's clock, in seconds. `kind` is what the calls count as:
    "bulk", or "extra" for what only a short list needs.
    """

    board: breaker.Board
    ledger: budget.Ledger
    deadline_s: float
    kind: str = "bulk"
    calls: int = 0
    weights: dict[str, int] = field(default_factory=dict)

    async def ask(self, venue: Venue, ask: Ask) -> Answer:
        """Sends one request and returns its good answer. Raises Held or Failed.

        A host that refuses our location is asked again by its mirror at once.
        """
        headers: dict[str, str] = {}
        if ask.signed:
            ask, headers = signed(venue, ask)
        while True:
            way = self._way(venue, ask)
            try:
                return await self._once(venue, ask, way, headers)
            except Failed as failed:
                again = self._way(venue, ask)
                if failed.fault is not Fault.LOCATION or again == way:
                    raise

    async def malformed(self, venue: Venue, ask: Ask, error: Exception) -> Failed:
        """Tells the breaker that an answer could not be read; returns the failure to raise."""
        way = self._way(venue, ask)
        await self.board.failed(venue.name, way.breaker, Fault.MALFORMED, clock.now_ms())
        return Failed(Fault.MALFORMED, str(error))

    async def understood(self, venue: Venue, ask: Ask) -> None:
        """Tells the breaker that an answer came and could be read."""
        way = self._way(venue, ask)
        await self.board.succeeded(venue.name, way.breaker, clock.now_ms())

    async def done(self) -> None:
        """Counts the round's calls towards the share of extra calls."""
        await budget.count_calls(self.kind, self.calls, clock.now_ms())

    def _way(self, venue: Venue, ask: Ask) -> routes.Way:
        return routes.way(venue, ask.host, self.board, clock.now_ms(), signed=ask.signed)

    async def _once(
        self, venue: Venue, ask: Ask, way: routes.Way, headers: Mapping[str, str]
    ) -> Answer:
        await self._let_go(venue, ask, way)
        try:
            answer = await http.get(
                way.url + ask.path,
                query=ask.query,
                headers=headers,
                timeout_s=max(0.001, self.deadline_s - asyncio.get_running_loop().time()),
                http2=venue.http2,
            )
        except Unanswered as error:
            await self.board.failed(venue.name, way.breaker, error.fault, clock.now_ms())
            raise Failed(error.fault, error.message) from error
        await self.ledger.note(venue, ask, answer.headers, answer.captured_at_ms)
        fault = venue.classify(answer.status, answer.headers, answer.body)
        if fault is not None:
            wait_s = retry_after_s(answer.headers)
            await self.board.failed(venue.name, way.breaker, fault, clock.now_ms(), wait_s)
            said = answer.body[:QUOTED_BYTES].decode(errors="replace")
            raise Failed(fault, f"HTTP {answer.status}: {said}", answer.status)
        return _as_recorded(answer)

    async def _let_go(self, venue: Venue, ask: Ask, way: routes.Way) -> None:
        """Passes the breaker and books the weight. Raises Held."""
        now_ms = clock.now_ms()
        if not await self.board.admit(venue.name, way.breaker, now_ms):
            state = self.board.state(venue.name, way.breaker)
            raise Held(BREAKER, f"{venue.name} {way.breaker} is shut: {state.reason}")
        if not await self.ledger.take(venue, ask, now_ms):
            raise Held(BUDGET, f"{venue.name} {ask.pool}: no weight left for {ask.path}")
        self.calls += 1
        self.weights[venue.name] = self.weights.get(venue.name, 0) + ask.weight


async def asker(*, within_ms: float, kind: str = "bulk") -> Asker:
    """Returns an asker for one round. Raises NoData when the cache cannot be reached."""
    deadline_s = asyncio.get_running_loop().time() + within_ms / SECOND_MS
    board, ledger = await asyncio.gather(breaker.board(), budget.ledger())
    return Asker(board, ledger, deadline_s, kind)


def signed(venue: Venue, ask: Ask) -> tuple[Ask, dict[str, str]]:
    """Returns the request as the venue wants it signed, and headers. Raises Held without a key."""
    keys = settings.VENUE_KEYS.get(venue.name)
    if not keys or venue.sign is None:
        raise Held("key", f"{venue.name}: no read-only key is configured")
    told: Mapping[str, Any] = venue.sign(ask, keys, clock.now_ms())
    return replace(ask, query=told.get("params", ask.query)), dict(told.get("headers", {}))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Returns how long a venue asks to wait: Retry-After in seconds or a date; None if unsaid."""
    said = headers.get("retry-after", "").strip()
    if said.isdigit():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _as_recorded(answer: Answer) -> Answer:
    """In a replay the clock is the recording's: the answer was captured when it was recorded."""
    said = answer.headers.get(RECORDED_AT)
    if settings.MARKET_MODE != "replay" or not said:
        return answer
    return replace(answer, captured_at_ms=float(said))
