"""Where the recipients of a batch of deliveries can be reached, in three queries at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog
from django.db.models import BigIntegerField, Case, F, TextField, Value, When
from django.db.models.functions import Cast

from accounts.models import User
from arbedge import sealing
from arbedge.names import Channel
from notifications.addressing import address_rows
from notifications.codes import Code
from notifications.models import Address, Chat, Suppression
from notifications.names import CHANNELS, AddressState, Recipient, Topic
from notifications.parts import Numbered

OWN: Final = (Channel.TELEGRAM, Channel.EMAIL)  # people have these without a row
CODES: Final = frozenset(code.value for code in Code)

log = structlog.get_logger(__name__)


class Reachable(Numbered, Protocol):
    """What must be known of a delivery to find its addresses; numbers are of names.CHANNELS."""

    @property
    def topic(self) -> str: ...
    @property
    def channels(self) -> Sequence[int]: ...
    @property
    def place(self) -> int: ...
    @property
    def to_all(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Reach:
    """One address to send to. `address_id` is None for a chat, and for what people have without
    a row: their Telegram chat and their account's verified e-mail."""

    channel: Channel
    address: Mapping[str, Any] = field(repr=False)
    address_id: int | None = None
    shown: str = ""


@dataclass(slots=True)
class _Known:
    """What the queries found: rows by person and channel, own addresses, chats, suppressions."""

    rows: dict[tuple[int, str], list[Address]] = field(default_factory=dict)
    people: dict[int, tuple[int | None, str]] = field(default_factory=dict)
    chats: dict[int, tuple[int, str, int | None]] = field(default_factory=dict)
    suppressed: set[tuple[str, bytes]] = field(default_factory=set)


def reach(deliveries: Sequence[Reachable]) -> dict[int, list[Reach] | Code]:
    """By delivery id: the addresses of its present channel (of all its channels where it goes to
    all), never an empty list; or why there is none.

    Several addresses are several devices of web push, or several channels. Verification codes go
    to addresses that are not verified yet; nothing else does.
    """
    known = _Known()
    users = {one.recipient_id for one in deliveries if one.recipient == Recipient.USER.value}
    chats = {one.recipient_id for one in deliveries if one.recipient == Recipient.CHAT.value}
    wanted = {channel for one in deliveries for channel in _channels(one)}
    if users:
        _read_rows(known, users, wanted)
    if chats or (users and not wanted.isdisjoint(OWN)):
        _read_own(known, users, chats)
    found = {one.id: _candidates(known, one) for one in deliveries}
    _read_suppressed(known, found.values())
    return {one: _allowed(known, some) for one, some in found.items()}


def _channels(one: Reachable) -> list[Channel]:
    numbers = one.channels if one.to_all else one.channels[one.place : one.place + 1]
    return [CHANNELS[number] for number in numbers]


def _read_rows(known: _Known, users: Iterable[int], wanted: Iterable[Channel]) -> None:
    rows = Address.objects.filter(
        recipient=Recipient.USER.value, recipient_id__in=users,
        channel__in=[channel.value for channel in wanted],
    ).order_by("id")  # fmt: skip
    for row in rows:
        known.rows.setdefault((row.recipient_id, row.channel), []).append(row)


def _read_own(known: _Known, users: Iterable[int], chats: Iterable[int]) -> None:
    """People and chats by one statement: Telegram id, verified e-mail or why a chat is gone, and
    the topic a chat's posts go to."""
    verified = Case(When(email_verified_at__isnull=False, then=F("email")), default=Value(""))
    people = User.objects.filter(pk__in=users).values_list(
        Value(Recipient.USER.value), "pk", "telegram_id", Cast(verified, TextField()),
        Value(None, BigIntegerField()),
    )  # fmt: skip
    rooms = Chat.objects.filter(pk__in=chats).values_list(
        Value(Recipient.CHAT.value), "pk", Cast("telegram_id", BigIntegerField()),
        Cast("gone", TextField()), "thread_id",
    )  # fmt: skip
    for kind, pk, telegram_id, text, thread_id in people.union(rooms, all=True):
        if kind == Recipient.USER.value:
            known.people[pk] = (telegram_id, text)
        else:
            known.chats[pk] = (telegram_id, text, thread_id)


def _candidates(known: _Known, one: Reachable) -> list[Reach] | Code:
    """Every address of the delivery's channels; the first channel's reason where there is none."""
    found: list[Reach] = []
    reasons: list[Code] = []
    for channel in _channels(one):
        some = (
            _chat(known, one, channel)
            if one.recipient == Recipient.CHAT.value
            else _person(known, one, channel)
        )
        if isinstance(some, Code):
            reasons.append(some)
        else:
            found += some
    return found or (reasons[0] if reasons else Code.NO_ADDRESS)


def _chat(known: _Known, one: Reachable, channel: Channel) -> list[Reach] | Code:
    found = known.chats.get(one.recipient_id)
    if channel != Channel.TELEGRAM or found is None:
        return Code.NO_ADDRESS
    telegram_id, gone, thread_id = found
    if gone:
        return _code(gone)
    return [Reach(channel, address_rows.telegram(telegram_id, thread_id))]


def _person(known: _Known, one: Reachable, channel: Channel) -> list[Reach] | Code:
    rows = known.rows.get((one.recipient_id, channel.value), [])
    unproven = [row for row in rows if row.state == AddressState.UNVERIFIED.value]
    if one.topic == Topic.CODE.value and unproven:
        return _opened(unproven)
    if channel in OWN:
        person = known.people.get(one.recipient_id, (None, ""))
        return _own(person, channel, rows[0] if rows else None)
    if active := [row for row in rows if row.state == AddressState.ACTIVE.value]:
        return _opened(active)
    return _why(rows)


def _own(
    person: tuple[int | None, str], channel: Channel, row: Address | None
) -> list[Reach] | Code:
    """A row for the account's own address tells what is wrong with it. One for another mailbox
    takes its place once it is verified; one for a chat he has no more says nothing."""
    address = _account(person, channel)
    if row is not None and address is not None and _leads_to(row, address):
        if row.state == AddressState.DISABLED.value:
            return _why([row])
        return [Reach(channel, address, row.pk, row.shown)]
    if row is not None and channel == Channel.EMAIL:
        if row.state == AddressState.ACTIVE.value:
            return _opened([row])
        if row.state == AddressState.DISABLED.value or address is None:
            return _why([row])
    return Code.NO_ADDRESS if address is None else [Reach(channel, address)]


def _account(person: tuple[int | None, str], channel: Channel) -> dict[str, Any] | None:
    telegram_id, mail = person
    if channel == Channel.TELEGRAM:
        return None if telegram_id is None else address_rows.telegram(telegram_id)
    return address_rows.email(mail) if mail else None


def _leads_to(row: Address, address: Mapping[str, Any]) -> bool:
    return sealing.same(address_rows.digest(Channel(row.channel), address), bytes(row.digest))


def _opened(rows: Sequence[Address]) -> list[Reach] | Code:
    found: list[Reach] = []
    for row in rows:
        try:
            address = address_rows.opened(row)
        except sealing.Unsealable as error:
            log.warning("address_unsealable", address_id=row.pk, cause=error.message)
            continue
        found.append(Reach(Channel(row.channel), address, row.pk, row.shown))
    return found or Code.BAD_ADDRESS


def _why(rows: Sequence[Address]) -> Code:
    """Why none of these may be written to; NO_ADDRESS where there are none."""
    if not rows:
        return Code.NO_ADDRESS
    if rows[0].state == AddressState.UNVERIFIED.value:
        return Code.UNVERIFIED
    return _code(rows[0].problem)


def _code(problem: str) -> Code:
    return Code(problem) if problem in CODES else Code.BLOCKED


def _marks(some: list[Reach] | Code) -> list[tuple[str, bytes]]:
    if isinstance(some, Code):
        return []
    return [(one.channel.value, address_rows.digest(one.channel, one.address)) for one in some]


def _read_suppressed(known: _Known, found: Iterable[list[Reach] | Code]) -> None:
    marks = {mark for some in found for mark in _marks(some)}
    if not marks:
        return
    rows = Suppression.objects.filter(digest__in=[digest for _, digest in marks])
    known.suppressed = {
        (channel, bytes(digest)) for channel, digest in rows.values_list("channel", "digest")
    }


def _allowed(known: _Known, some: list[Reach] | Code) -> list[Reach] | Code:
    """Takes out what nobody may write to any more."""
    if isinstance(some, Code) or not known.suppressed:
        return some
    left = [
        one for one, mark in zip(some, _marks(some), strict=True) if mark not in known.suppressed
    ]
    return left or Code.SUPPRESSED
