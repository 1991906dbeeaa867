"""The simulated market as a source of answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import msgspec

from exchanges.simulator.hosts import HOSTS, Meter
from exchanges.simulator.speakers.speech import Question, Refusal
from exchanges.simulator.world import World


class Reply(NamedTuple):
    """One HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    keep: bool = False  # the body stays the same for the rest of the tick


class Source(Protocol):
    """Where the server's answers come from."""

    def answer(self, host: str, path: str, query: Mapping[str, str], shift_ms: int = 0) -> Reply:
        """The venue's answer; `shift_ms` moves the moment it speaks of."""

    def refusal(self, host: str, path: str, status: int) -> Reply:
        """The venue's own error body for an HTTP status."""

    def advance(self) -> bool:
        """Step to the next recorded moment; False when there is none."""

    def describe(self) -> dict[str, Any]:
        """What is served and its state, for people and tests."""


@dataclass
class Market:
    """A world spoken in the venues' own formats. Unless `limited`, weights are counted but never
    exceeded."""

    world: World
    limited: bool = True
    meter: Meter = field(default_factory=Meter)
    _kept: dict[tuple[object, ...], bytes] = field(default_factory=dict)
    _tick: int = -1

    def answer(self, host: str, path: str, query: Mapping[str, str], shift_ms: int = 0) -> Reply:
        """Spend the request's weight, then speak or refuse as the venue would."""
        known = HOSTS.get(host)
        if known is None:
            return _unknown_host(host)
        route = known.routes.get(path)
        weight = route.weight(query) if route else 1
        used = self.meter.spend(host, path, weight, known.budget, self.world.clock())
        headers = {}
        if known.budget.used_header:
            headers[known.budget.used_header] = str(used)
        if self.limited and used > known.budget.limit:
            reply = self.refusal(host, path, known.budget.status)
            return reply._replace(headers={**headers, **reply.headers})
        if route is None:
            return _encoded(404, known.refuse(404, path), headers)
        try:
            body = self._body(host, path, query, shift_ms)
        except Refusal as refusal:
            return _encoded(refusal.status, refusal.body, headers)
        return Reply(200, body, headers, keep=not route.fresh)

    def refusal(self, host: str, path: str, status: int) -> Reply:
        """The venue's own error body, with Retry-After where the venue sends it."""
        known = HOSTS[host]
        wait = known.budget.retry_after_s if status in (418, 429) else None
        headers = {} if wait is None else {"Retry-After": str(wait)}
        return _encoded(status, known.refuse(status, path), headers)

    def advance(self) -> bool:
        """The world moves by its clock alone."""
        return False

    def describe(self) -> dict[str, Any]:
        """The world's time and size, and what was asked of it."""
        return {
            "serves": "world", "seed": self.world.seed, "now_ms": self.world.now_ms(),
            "coins": len(self.world.coins), "requests": self.meter.requests,
            "refused": self.meter.refused, "weight": self.meter.weights(),
        }  # fmt: skip

    def _body(self, host: str, path: str, query: Mapping[str, str], shift_ms: int) -> bytes:
        now = self.world.now_ms()
        if now != self._tick:
            self._kept.clear()
            self._tick = now
        route = HOSTS[host].routes[path]
        key = (host, path, tuple(sorted(query.items())), shift_ms)
        body = None if route.fresh else self._kept.get(key)
        if body is None:
            question = Question(self.world, query, now + shift_ms)
            body = self._kept[key] = msgspec.json.encode(route.speak(question))
        return body


def _encoded(status: int, body: Any, headers: Mapping[str, str]) -> Reply:
    return Reply(status, msgspec.json.encode(body), headers)


def _unknown_host(host: str) -> Reply:
    known = ", ".join(HOSTS)
    return _encoded(404, {"error": f"no venue speaks under /{host}", "known": known}, {})
