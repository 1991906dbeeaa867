"""A person's channels as his page shows them: in his order, each with its addresses and state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from accounts.models import User
from arbedge.names import Channel
from notifications.addressing import address_rows, addresses, order
from notifications.addressing.address_words import NAMES, problem, short
from notifications.addressing.suppressions import UNSUBSCRIBED
from notifications.channels.base import sender
from notifications.codes import Code
from notifications.models import Address, Attempt, Suppression
from notifications.names import AddressState, Recipient

LOOKED_BACK: Final = timedelta(days=7)
ADDED_BY_FORM: Final = (
    Channel.EMAIL, Channel.WEBHOOK, Channel.SLACK, Channel.DISCORD, Channel.SMS, Channel.CUSTOM,
)  # fmt: skip
HOPELESS: Final = frozenset({Code.GONE.value, Code.BAD_ADDRESS.value, Code.MOVED.value})
_STATES: Final = {
    AddressState.ACTIVE.value: ("good", "● verified"),
    AddressState.UNVERIFIED.value: ("warn", "▲ not verified yet"),
    AddressState.DISABLED.value: ("bad", "■ disabled"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """One address of a channel; `id` is None for what the account has by itself. `code` is
    "account", a state of addresses, or the reason of a suppression."""

    shown: str
    tone: str
    words: str
    code: str
    id: int | None = None
    state: str = AddressState.ACTIVE.value
    problem: str = ""
    may_enable: bool = False
    may_undo: bool = False  # he unsubscribed by himself


@dataclass(frozen=True, slots=True)
class Entry:
    """One channel. `place` counts from 1 in the person's order, None where it is not used."""

    channel: Channel
    name: str
    place: int | None
    first: bool
    last: bool
    places: tuple[Place, ...]
    attempt: Attempt | None = None
    said: str = ""  # what the newest attempt came to

    @property
    def works(self) -> bool:
        """Whether a message would be sent there."""
        return any(one.tone == "good" for one in self.places)


@dataclass(slots=True)
class _Held:
    user: User
    rows: dict[Channel, list[Address]] = field(default_factory=dict)
    suppressed: dict[tuple[str, bytes], str] = field(default_factory=dict)


def entries(user: User, now: datetime) -> tuple[list[Entry], list[Channel]]:
    """The channels the person uses or has an address on, and those he could add."""
    held = _Held(user)
    for row in addresses.listed(user.pk):
        held.rows.setdefault(Channel(row.channel), []).append(row)
    own = address_rows.of_account(user)
    held.suppressed = _suppressed(held, own.items())
    used = order.of(user)
    there = [
        *used,
        *(one for one in Channel if one not in used and (one in own or one in held.rows)),
    ]
    newest = _newest(user, now)
    shown = [
        _entry(one, used, _places(one, held, own.get(one)), newest.get(one.value)) for one in there
    ]
    free = [one for one in ADDED_BY_FORM if one not in held.rows and offered(one)]
    return shown, free


def offered(channel: Channel) -> bool:
    """Whether this site can send by it at all."""
    if channel is Channel.SMS:
        return bool(settings.TWILIO_ACCOUNT and settings.TWILIO_TOKEN and settings.TWILIO_FROM)
    return channel is not Channel.CUSTOM or bool(settings.APPRISE_SCHEMES)


def _entry(
    channel: Channel, used: tuple[Channel, ...], places: Iterable[Place], attempt: Attempt | None
) -> Entry:
    place = used.index(channel) + 1 if channel in used else None
    return Entry(
        channel, NAMES[channel], place, first=place == 1, last=place == len(used),
        places=tuple(places), attempt=attempt, said=_said(attempt),
    )  # fmt: skip


def _places(channel: Channel, held: _Held, own: dict[str, object] | None) -> list[Place]:
    """What the account has by itself comes first, unless a row tells of it or replaced it."""
    rows = held.rows.get(channel, [])
    if own is None:
        return [_of_row(row, held) for row in rows if channel is not Channel.TELEGRAM]
    mark = address_rows.digest(channel, own)
    same = [row for row in rows if bytes(row.digest) == mark]
    other = [row for row in rows if row not in same and channel is Channel.EMAIL]
    found = [_of_row(row, held) for row in (*same, *other)]
    if not same and all(row.state == AddressState.UNVERIFIED.value for row in other):
        reason = held.suppressed.get((channel.value, mark))
        found.insert(0, _of_account(held.user, channel, own, reason))
    return found


def _of_account(user: User, channel: Channel, own: dict[str, object], reason: str | None) -> Place:
    """His own log-in's address is no secret to him."""
    shown = user.email if channel is Channel.EMAIL else sender(channel).shown(own)
    if channel is Channel.TELEGRAM and user.telegram_name:
        shown = f"@{user.telegram_name}"
    if reason:
        return _left(shown, None, reason)
    return Place(shown, "good", "● from your account", "account")


def _of_row(row: Address, held: _Held) -> Place:
    reason = held.suppressed.get((row.channel, bytes(row.digest)))
    if reason:
        return _left(row.shown, row.pk, reason)
    tone, words = _STATES[row.state]
    why = ""
    if row.state == AddressState.DISABLED.value:
        words, why = f"{words}: {short(row.problem)}", problem(row.problem)
    hopeless = row.problem in HOPELESS and row.channel != Channel.TELEGRAM.value
    may_enable = row.state == AddressState.DISABLED.value and not hopeless
    return Place(
        row.shown, tone, words, row.state, row.pk, row.state, why, may_enable=may_enable
    )  # fmt: skip


def _left(shown: str, address_id: int | None, reason: str) -> Place:
    if reason == UNSUBSCRIBED:
        why = "You ended all messages there, by the link in one of them."
        return Place(
            shown, "bad", "■ unsubscribed", reason, address_id, problem=why, may_undo=True
        )  # fmt: skip
    why = "Messages came back or were complained about. Ask support to allow it again."
    return Place(shown, "bad", f"■ {reason}", reason, address_id, problem=why)


def _suppressed(
    held: _Held, own: Iterable[tuple[Channel, dict[str, object]]]
) -> dict[tuple[str, bytes], str]:
    marks = [bytes(row.digest) for rows in held.rows.values() for row in rows]
    marks += [address_rows.digest(channel, address) for channel, address in own]
    found = Suppression.objects.filter(digest__in=marks).values_list("channel", "digest", "reason")
    return {(channel, bytes(digest)): reason for channel, digest, reason in found}


def _newest(user: User, now: datetime) -> dict[str, Attempt]:
    rows = Attempt.objects.filter(
        recipient=Recipient.USER.value, recipient_id=user.pk, at__gt=now - LOOKED_BACK
    )
    return {row.channel: row for row in rows.order_by("channel", "-at").distinct("channel")}


def _said(attempt: Attempt | None) -> str:
    if attempt is None:
        return ""
    return "sent" if not attempt.code else f"not sent: {attempt.code.replace('_', ' ')}"
