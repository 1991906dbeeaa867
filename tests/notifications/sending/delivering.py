"""Senders that do as a test says, and a delivery run around them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from accounts.models import User
from arbedge import aio, breaker
from arbedge.names import Channel, Fault
from notifications.channels import base
from notifications.channels.base import Outgoing, Result
from notifications.codes import Code
from notifications.models import Delivery
from notifications.names import Outcome, Topic
from notifications.sending import pacing
from notifications.sending.pacing import Go, Room, Want
from notifications.writing import rendering
from notifications.writing.content import Content
from tests.notifications.factories import NOON, DeliveryFactory, reachable_person

TELEGRAM, EMAIL, PUSH = 0, 1, 2
Answer = Callable[[Outgoing], Result]
_numbers = count(8_000)


def arrives(message: Outgoing) -> Result:
    return Result(message.delivery_id, Outcome.SENT, provider_id=f"m{message.delivery_id}")


def says(outcome: Outcome, code: str = "", **told: Any) -> Answer:
    """The same answer to every message."""
    return lambda message: Result(message.delivery_id, outcome, code, **told)


@dataclass
class FakeSender:
    """Takes every message and answers what `answer` makes of it; hosts are in the address."""

    channel: Channel
    answer: Answer = arrives
    batch: int = 10
    edits: bool = False
    verified_by: str = ""
    sent: list[Outgoing] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)

    def take(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        return raw

    def shown(self, address: Mapping[str, Any]) -> str:
        return str(address)

    def host(self, address: Mapping[str, Any]) -> str:
        return str(address.get("host", "provider"))

    async def send(self, batch: Sequence[Outgoing]) -> list[Result]:
        self.calls.append(len(batch))
        self.sent += batch
        await asyncio.sleep(0)
        return [self.answer(message) for message in batch]

    @property
    def ids(self) -> list[int]:
        return [message.delivery_id for message in self.sent]


@dataclass
class Pace:
    """The pace as a test has it: what may not go now, by (channel, host)."""

    later: dict[tuple[Channel, str], float] = field(default_factory=dict)
    wants: list[Want] = field(default_factory=list)
    asked_at_ms: list[float] = field(default_factory=list)
    pauses: list[tuple[Channel, str, float]] = field(default_factory=list)
    places: Room = field(default_factory=lambda: Room(None))

    async def admit(self, wants: Sequence[Want], now_ms: float) -> list[Go]:
        self.wants += wants
        self.asked_at_ms.append(now_ms)
        told = [self.later.get((want.channel, want.host), 0.0) for want in wants]
        return [Go(at_ms if at_ms > now_ms else 0.0) for at_ms in told]

    async def room(self, _channel: Channel, _host: str, _at_ms: float) -> Room:
        return self.places

    async def pause(self, channel: Channel, host: str, seconds: float) -> None:
        self.pauses.append((channel, host, seconds))


def use_senders(monkeypatch: pytest.MonkeyPatch, *channels: Channel) -> dict[Channel, FakeSender]:
    """Fakes in the place of these channels' senders."""
    fakes = {channel: FakeSender(channel) for channel in channels}
    real = base.sender
    for module in ("handover", "dispatch"):
        monkeypatch.setattr(
            f"notifications.sending.{module}.sender",
            lambda channel: fakes.get(channel) or real(channel),
        )
    return fakes


def use_pace(monkeypatch: pytest.MonkeyPatch) -> Pace:
    pace = Pace()
    monkeypatch.setattr(pacing, "admit", pace.admit)
    monkeypatch.setattr(pacing, "room", pace.room)
    monkeypatch.setattr(pacing, "pause", pace.pause)
    return pace


@dataclass
class Texts:
    """Texts as a test has them; `broken` deliveries cannot be written."""

    broken: dict[int, Exception | Code] = field(default_factory=dict)

    def render(
        self, rows: Sequence[Any], messages: Mapping[int, Any], _now: Any, *, channel: Any = None
    ) -> dict[int, Content | Code]:
        assert all(row.facts_of_id in messages for row in rows)
        return {row.id: self._one(row.id, channel) for row in rows}

    def _one(self, delivery_id: int, channel: Any) -> Content | Code:
        problem = self.broken.get(delivery_id)
        if isinstance(problem, Exception):
            raise problem
        return problem or Content(Topic.OPENED, "WIF", f"by {channel}", "en", NOON)


def use_texts(monkeypatch: pytest.MonkeyPatch) -> Texts:
    texts = Texts()
    monkeypatch.setattr(rendering, "render", texts.render)
    return texts


def waiting(**columns: Any) -> Delivery:
    """A message that waits for somebody with Telegram and e-mail."""
    if "recipient_id" not in columns:
        columns["recipient_id"] = anna().pk
    made: Delivery = DeliveryFactory(**columns)
    return made


def anna() -> User:
    """Somebody with a session, a Telegram chat and an e-mail address."""
    number = next(_numbers)
    return reachable_person(
        telegram_id=number, email=f"anna{number}@example.com", email_verified_at=NOON
    )


def state(row: Delivery) -> tuple[str, str]:
    """Where a delivery stands now, and why."""
    row.refresh_from_db()
    return row.state, row.code


def open_breaker(channel: Channel, host: str, fault: Fault, seconds: float) -> None:
    """Has a host fail at noon, so that it is not asked for so long."""
    now_ms = NOON.timestamp() * 1000

    async def fail() -> None:
        board = await breaker.board()
        await board.failed(f"channel:{channel}", host, fault, now_ms, retry_after_s=seconds)

    aio.run(fail())
