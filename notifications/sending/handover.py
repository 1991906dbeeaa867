"""Making claimed rows ready to be sent: a place, an address, a text. What has none ends here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from arbedge.errors import NoData
from arbedge.names import Channel
from notifications import counters
from notifications.addressing import reaching, unsubscribing
from notifications.addressing.reaching import Reach
from notifications.channels.base import Outgoing, Result, sender
from notifications.choosing import quotas
from notifications.codes import Code
from notifications.models import Message
from notifications.names import ASKED_FOR, Outcome, Topic
from notifications.sending.rows import Claimed, Settled, Try
from notifications.writing import rendering
from notifications.writing.content import Content

WAIT_FOR_QUOTAS: Final = timedelta(seconds=2)
# What may cost money answers the opening and is heard; good news edits it and stays quiet.
ANSWERS: Final = (Topic.FADING, Topic.CLOSED)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stop:
    """One address of a row, and whose pace and breaker count for it."""

    reach: Reach
    host: str

    @property
    def channel(self) -> Channel:
        return self.reach.channel


@dataclass(slots=True)
class Parcel:
    """A row with its addresses; `skipped` tells of addresses that cannot be tried now."""

    row: Claimed
    stops: list[Stop]
    skipped: list[Try] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One message of a letter, to one address."""

    stop: Stop
    message: Outgoing


@dataclass(frozen=True, slots=True)
class Letter:
    """A row written out: one sheet per address."""

    row: Claimed
    sheets: tuple[Sheet, ...]
    skipped: tuple[Try, ...] = ()


@dataclass(slots=True)
class Sorted:
    """Rows of one step: those that go on, those that end, those that wait until then, and why."""

    settled: list[Settled] = field(default_factory=list)
    waiting: list[tuple[Claimed, datetime, str]] = field(default_factory=list)

    def waits(self, row: Claimed, until: datetime, why: str) -> None:
        self.waiting.append((row, until, why))

    def fails(self, row: Claimed, code: Code, at: datetime, detail: str = "") -> None:
        """Untried, with an attempt that says why; the recipient's next channel may work."""
        self.settled.append(Settled(row, (failed(row, row.on, code, at, detail),)))


def failed(row: Claimed, on: Channel, code: Code, at: datetime, detail: str = "") -> Try:
    """A try that could not be made on this channel."""
    return Try(on, Result(row.id, Outcome.PERMANENT, code, detail), at)


def with_places(rows: Sequence[Claimed], now: datetime, ends: Sorted) -> list[Claimed]:
    """Those that may be sent within their recipients' limits; without the cache, nothing that
    counts may."""
    counted = [row for row in rows if row.counted]
    if not counted:
        return list(rows)
    try:
        answers: Mapping[int, Code | None] = quotas.reserve(counted, now)
    except NoData as gone:
        log.warning("quotas_unknown", rows=len(counted), reason=gone.message)
        for row in counted:
            ends.waits(row, now + WAIT_FOR_QUOTAS, "quotas")
        return [row for row in rows if not row.counted]
    for row in counted:
        code = answers[row.id]
        if code is not None:
            ends.settled.append(Settled(row, cancelled=code))
    return [row for row in rows if answers.get(row.id) is None]


def addressed(rows: Sequence[Claimed], now: datetime, ends: Sorted) -> list[Parcel]:
    """Those whose recipients can be reached on the channel being tried."""
    found = reaching.reach(rows)
    parcels = []
    for row in rows:
        there = found[row.id]
        if isinstance(there, Code):
            ends.fails(row, there, now)
            continue
        try:
            stops = [Stop(one, sender(one.channel).host(one.address)) for one in there]
        except Exception:  # counted and logged: an address nobody can read fails its own row only
            counters.WORKER_ERRORS.labels("address").inc()
            log.exception("address_unreadable", delivery_id=row.id)
            ends.fails(row, Code.BAD_ADDRESS, now)
        else:
            parcels.append(Parcel(row, stops))
    return parcels


def written(parcels: Sequence[Parcel], now: datetime, ends: Sorted) -> list[Letter]:
    """The parcels as letters; a text that cannot be made fails its own row only."""
    wanted = {parcel.row.facts_of_id for parcel in parcels}
    wanted |= {item for parcel in parcels for item in parcel.row.items}
    messages = Message.objects.in_bulk(wanted)
    by_channel: dict[Channel, list[Claimed]] = defaultdict(list)
    for parcel in parcels:
        for channel in {stop.channel for stop in parcel.stops}:
            by_channel[channel].append(parcel.row)
    texts = {channel: _texts(channel, rows, messages, now) for channel, rows in by_channel.items()}
    letters = []
    for parcel in parcels:
        letter = _letter(parcel, texts, now)
        if letter.sheets:
            letters.append(letter)
        else:
            ends.settled.append(Settled(parcel.row, letter.skipped))
    return letters


def _texts(
    channel: Channel, rows: Sequence[Claimed], messages: Mapping[int, Message], now: datetime
) -> Mapping[int, Content | Code]:
    try:
        return rendering.render(rows, messages, now, channel=channel)
    except Exception:  # counted and logged: whatever one text does, the others are sent
        counters.WORKER_ERRORS.labels("render").inc()
        log.exception("render_failed", channel=channel, rows=len(rows))
    if len(rows) == 1:
        return {rows[0].id: Code.BAD_MESSAGE}
    one_by_one: dict[int, Content | Code] = {}
    for row in rows:
        one_by_one |= _texts(channel, [row], messages, now)
    return one_by_one


def _letter(
    parcel: Parcel, texts: Mapping[Channel, Mapping[int, Content | Code]], now: datetime
) -> Letter:
    row, skipped = parcel.row, list(parcel.skipped)
    sheets: list[Sheet] = []
    for stop in parcel.stops:
        content = texts[stop.channel].get(row.id, Code.BAD_MESSAGE)
        if isinstance(content, Code):
            skipped.append(failed(row, stop.channel, content, now))
        else:
            several = sum(one.channel is stop.channel for one in parcel.stops) > 1
            sheets.append(Sheet(stop, _message(row, stop.reach, content, several=several)))
    return Letter(row, tuple(sheets), tuple(skipped))


def _message(row: Claimed, reach: Reach, content: Content, *, several: bool) -> Outgoing:
    """One message to one address; its key is its own even among several devices."""
    ref = row.opening_refs.get(reach.channel.value, "")
    if reach.channel is Channel.EMAIL and row.topic not in ASKED_FOR:
        url = unsubscribing.url(reach.channel, reach.address)
        content = rendering.unsubscribable(content, url)
    edits = row.topic not in ANSWERS and sender(reach.channel).edits
    return Outgoing(
        delivery_id=row.id,
        key=f"{row.id}-{reach.address_id}" if several else str(row.id),
        address=reach.address,
        content=content,
        silent=row.silent,
        replaces=ref if edits else "",
        answers="" if edits else ref,
        address_id=reach.address_id,
    )
