"""Rows of addresses: what names an address, how it is sealed, opened and found again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from arbedge import sealing
from arbedge.names import Channel
from notifications.models import Address

# The part of an address that tells it from every other; the rest are secrets that go with it.
NAMED_BY: Final[Mapping[Channel, str]] = {
    Channel.TELEGRAM: "chat_id", Channel.EMAIL: "email", Channel.WEB_PUSH: "endpoint",
    Channel.WEBHOOK: "url", Channel.SMS: "number", Channel.SLACK: "url", Channel.DISCORD: "url",
    Channel.CUSTOM: "url",
}  # fmt: skip


def telegram(chat_id: int, thread_id: int | None = None) -> dict[str, Any]:
    """The address of a Telegram chat, as the channel's `take` would return it, or of a topic in
    it."""
    address: dict[str, Any] = {NAMED_BY[Channel.TELEGRAM]: chat_id}
    return address if thread_id is None else {**address, "thread_id": thread_id}


def email(address: str) -> dict[str, Any]:
    """The address of a mailbox, as the channel's `take` would return it."""
    return {NAMED_BY[Channel.EMAIL]: address.lower()}


def of_account(user: User) -> dict[Channel, dict[str, Any]]:
    """What a person has without a row: his Telegram chat, and his account's verified e-mail."""
    held: dict[Channel, dict[str, Any]] = {}
    if user.telegram_id is not None:
        held[Channel.TELEGRAM] = telegram(user.telegram_id)
    if user.email and user.email_verified_at is not None:
        held[Channel.EMAIL] = email(user.email)
    return held


def digest(channel: Channel, address: Mapping[str, Any]) -> bytes:
    """The 32 bytes an address is found by; equal for two that lead to the same place."""
    return sealing.digest(f"address.{channel.value}", str(address[NAMED_BY[channel]]))


@sensitive_variables("address")
def sealed(address: Mapping[str, Any]) -> str:
    """The address, sealed for its row."""
    return sealing.seal(msgspec.json.encode(dict(address)))


def opened(row: Address) -> dict[str, Any]:
    """The address a row holds. Raises sealing.Unsealable."""
    return msgspec.json.decode(sealing.unseal(row.sealed), type=dict[str, Any])
