"""What every channel can do: take an address, send a batch, say what became of each message.

A channel knows nothing of queues, limits or people. It is a module of `notifications.channels`
with one `Sender`, registered under its name; the others find it by `sender(channel)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final, Protocol

from arbedge.names import Channel
from notifications.names import Outcome
from notifications.writing.content import Content


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one address. `address` is what the channel's `take` returned.

    `replaces` is the provider's id of a message to edit, `answers` of one to answer; a channel
    that can do neither sends a new one. `key` is the same however often the same message is tried.
    """

    delivery_id: int
    key: str
    address: Mapping[str, Any] = field(repr=False)
    content: Content
    silent: bool = False
    replaces: str = ""
    answers: str = ""
    address_id: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one message: `code` is a stable word of codes.py, `detail` the provider's own.

    `retry_after_s` is the provider's wish for this message, `pause_s` for the whole channel or
    host. `gone` tells that the address will never work again, `moved_to` its new form.
    """

    delivery_id: int
    outcome: Outcome
    code: str = ""
    detail: str = ""
    provider_id: str = ""
    retry_after_s: float | None = None
    pause_s: float | None = None
    gone: bool = False
    moved_to: Mapping[str, Any] | None = None
    took_ms: float = 0.0


class Sender(Protocol):
    """One channel. `batch` is how many messages one call of `send` takes at most."""

    channel: Channel
    batch: int
    edits: bool  # whether it can replace a message that was sent
    verified_by: str  # "code", "link", or "" where an address proves itself

    def take(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The address as it is kept, from what a person typed. Raises BadInput, RefusedAddress."""

    def shown(self, address: Mapping[str, Any]) -> str:
        """The address for people: enough to know it again, not enough to use it."""

    def host(self, address: Mapping[str, Any]) -> str:
        """Whose pace and breaker count: the host of a webhook, the provider's elsewhere."""

    async def send(self, batch: Sequence[Outgoing]) -> list[Result]:
        """Sends every message, side by side; one Result for each, in the same order.

        Raises nothing for what one message, address or provider may do.
        """


_modules: Final[dict[Channel, str]] = {
    channel: f"notifications.channels.{channel.value}" for channel in Channel
}


def sender(channel: Channel) -> Sender:
    """The sender of a channel: the name `sender` in its module."""
    found: Sender = import_module(_modules[channel]).sender
    return found
