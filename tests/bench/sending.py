"""(i) sending: how fast messages leave, how they keep to a pace, how soon the first one comes."""

from __future__ import annotations

import asyncio
import itertools
import math
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bench.receiving import TOKEN, Receiver, receiver, until_taken, workers
from tests.bench.report import Line
from tests.bench.timing import NO_TIME, Timed, measured

AT_ONCE = 20
BLOCKS = 3
AIM_PER_S = 1_000
PACE = 30
AIM_USED = 0.95
AIM_LATENCY_S = 2.0
PAUSE_S = 3
UNPACED = 1_000_000
LISTENING = 3_000  # people when events open
LOAD_PER_S = 100
EVENT_EVERY_S = 1.25  # slower than a chat's pace: the same people want most of them

_names = itertools.count(1)


def sending(*, quick: bool, full: bool) -> Iterator[Line]:
    """The transport alone, the whole path, its shape under a pace, time to the first message."""
    with receiver() as at:
        yield from _transports(at, 300 if quick else 1_500)
        number = 3_000 if quick else 10_000
        _people(LISTENING)
        with workers(at, UNPACED):
            yield from _latency(at, 16 if quick else 60)
            _people(number)
            yield _whole_path(at, number)
        with workers(at, PACE):
            yield from _shape(at, 300 if quick else 5_000 if full else 900)


def _line(
    what: str, size: str, result: str, *, aim: str = "", met: bool | None = None,
    time: Timed = NO_TIME,
) -> Line:  # fmt: skip
    return Line("i", what, size, time, result, aim, met)


# The transport, against python-telegram-bot's own


def _transports(at: Receiver, number: int) -> Iterator[Line]:
    ours, theirs = asyncio.run(_in_turns(at, number))
    told = f"{number:,} × {BLOCKS}, {AT_ONCE} at a time"
    yield _line("messages by our transport", told, _per_s(number, min(ours)), time=_times(ours))
    yield _line("messages by python-telegram-bot's own (httpx)", told,
                f"{_per_s(number, min(theirs))}, ours {min(theirs) / min(ours):.1f} ×",
                time=_times(theirs))  # fmt: skip


async def _in_turns(at: Receiver, number: int) -> tuple[list[float], list[float]]:
    """Seconds of both in blocks one after the other, so that what else runs meets both."""
    from django.test import override_settings
    from telegram import Bot
    from telegram.request import HTTPXRequest

    from notifications.channels.telegram import sender

    theirs = Bot(TOKEN, base_url=f"{at.url}/bot", request=HTTPXRequest(AT_ONCE))
    keyboard = _keyboard()

    async def by_them(chat: int) -> None:
        await theirs.send_message(chat, TEXT, parse_mode="HTML", reply_markup=keyboard)

    async def by_us(chat: int) -> None:
        (result,) = await sender.send([_outgoing(chat)])
        assert result.provider_id, result

    mine: list[float] = []
    others: list[float] = []
    with override_settings(TELEGRAM_API_URL=at.url, BOT_TOKEN=TOKEN):
        async with theirs:
            for _ in range(BLOCKS):
                for one, spent in ((by_us, mine), (by_them, others)):
                    await _side_by_side(one, 50)
                    spent.append(await _side_by_side(one, number))
    return mine, others


async def _side_by_side(one: Callable[[int], Awaitable[None]], number: int) -> float:
    chats = iter(range(1, number + 1))

    async def work() -> None:
        for chat in chats:
            await one(chat)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return time.perf_counter() - began


TEXT = """<b>WIF</b> funding <b>+0.42 %</b> net in 72 h (51 % APR)
▲ Long OKX +0.0089 % / 4 h
▼ Short Bybit +0.0900 % / 8 h
Costs 0.23 % · even after 24 h · risk low"""


def _outgoing(chat: int) -> Any:
    from notifications.channels.base import Outgoing
    from notifications.names import Topic
    from notifications.writing.content import Action, Content

    actions = (Action("why", "Why?", callback="why:1"), Action("open", "Open", "https://x.yz/go"))
    content = Content(Topic.OPENED, "WIF", TEXT, "en", datetime.now(UTC), actions=actions)
    return Outgoing(chat, f"d{chat}", {"chat_id": chat}, content)


def _keyboard() -> Any:
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup

    row = [InlineKeyboardButton("Why?", callback_data="why:1"),
           InlineKeyboardButton("Open", url="https://x.yz/go")]  # fmt: skip
    return InlineKeyboardMarkup([row])


# The whole path: claim, limits, address, text, send, settle


def _whole_path(at: Receiver, number: int) -> Line:
    """From the commit of the deliveries to the last message taken."""
    people = _ids(number)
    _warm_up(at, people[:50])
    at.clear()
    began = time.time()
    _tell(people)
    written = time.time()
    until_taken(at, len(people))
    times = [call["at_ms"] / 1000 for call in at.calls() if call["status"] == 200]
    rate = len(people) / (max(times) - min(times))
    result = f"{rate:,.0f}/s (written in {written - began:.1f} s)"
    return _line("whole path: claim to settle, two workers", f"{len(people):,} messages", result,
                 aim=f"{AIM_PER_S:,}/s", met=rate >= AIM_PER_S,
                 time=measured([(max(times) - min(times)) * 1000]))  # fmt: skip


def _warm_up(at: Receiver, people: Sequence[int]) -> None:
    """Workers import and connect at their first message."""
    at.clear()
    _tell(people)
    until_taken(at, len(people))


# Shape: a queue longer than its pace


def _shape(at: Receiver, number: int) -> Iterator[Line]:
    """Telegram's limits are on: never over, nearly all of it used, the highest tier first."""
    people = _ids(number)
    at.clear()
    at.limit(on=True)
    _tell(people)
    until_taken(at, number)
    calls = at.calls()
    times = [call["at_ms"] / 1000 for call in calls if call["status"] == 200]
    refused = at.answered().get("429", 0)
    used = (len(times) - PACE) / (times[-1] - times[0]) / PACE
    size = f"{number:,} messages at {PACE}/s"
    most = _most_within(times, 1.0)
    yield _line("paced: the fullest second as it was received", size, f"{most} messages")
    yield _line("paced: refused for rate", size, f"{refused}", aim="0", met=refused == 0)
    yield _line("paced: used of what is allowed", size, f"{used:.1%}", aim=f"{AIM_USED:.0%}",
                met=used >= AIM_USED)  # fmt: skip
    order = _in_order_of_tier([int(call["to"]) for call in calls if call["status"] == 200])
    yield _line("paced: the higher tier first", size, f"{order:.1%} of neighbours", aim="99 %",
                met=order >= 0.99)  # fmt: skip
    yield _pause(at, people[:200])
    at.limit(on=False)


def _pause(at: Receiver, people: Sequence[int]) -> Line:
    """A 429 stops every worker until its time is over; what was under way is not counted."""
    at.clear()
    at.wish(kind="flood", times=1, retry_after_s=PAUSE_S)
    _tell(people)
    until_taken(at, len(people))
    calls = at.calls()
    flooded = next(call["at_ms"] for call in calls if call["status"] == 429) / 1000
    later = [call["at_ms"] / 1000 - flooded for call in calls if call["at_ms"] / 1000 > flooded]
    under_way = sum(wait < 0.5 for wait in later)
    first = min(wait for wait in later if wait >= 0.5)
    result = f"{first:.2f} s, {under_way} under way"
    return _line(f"after a 429 with retry_after {PAUSE_S}: the next message",
                 f"{len(people)} messages", result,
                 aim=f"{PAUSE_S} s", met=first >= PAUSE_S - 0.05)  # fmt: skip


def _most_within(times: Sequence[float], window_s: float) -> int:
    first = most = 0
    for last, at in enumerate(times):
        while times[first] <= at - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def _in_order_of_tier(chats: Sequence[int]) -> float:
    """Share of neighbours of which the first has no lower tier than the second.

    The tier is the one that holds now: a paid one may be over.
    """
    from accounts.models import User
    from notifications.models import Delivery

    people = dict(User.objects.filter(telegram_id__in=chats).values_list("telegram_id", "id"))
    tiers = dict(Delivery.objects.order_by("id").values_list("recipient_id", "tier"))
    pairs = list(itertools.pairwise(tiers[people[chat]] for chat in chats))
    return sum(first >= second for first, second in pairs) / len(pairs)


# From an event to its first message, while others are being sent


def _latency(at: Receiver, number: int) -> Iterator[Line]:
    """Events open some a second while messages of low priority leave all the time."""
    people = _ids(LISTENING)  # in turns, for a chat takes one message a second
    _warm_up(at, people[:50])
    at.clear()
    opened: dict[str, float] = {}
    load = round(LOAD_PER_S * EVENT_EVERY_S)
    for place in range(number):
        began = time.monotonic()
        since = place * load % LISTENING
        _tell(people[since : since + load], low=True)
        asset = f"EV{next(_names):05d}"
        opened[asset] = time.time()
        _open(asset)
        time.sleep(max(0.0, EVENT_EVERY_S - (time.monotonic() - began)))
    seconds = _first_seen(at, opened)
    each = at.taken() / number - load
    told = f"{number} events for {each:.0f} each, {LOAD_PER_S} others a second"
    p50, p95, p99 = (_percentile(seconds, share) for share in (0.5, 0.95, 0.99))
    result = f"p50 {p50:.2f} s, p95 {p95:.2f} s, p99 {p99:.2f} s"
    aim, time_ = f"p95 {AIM_LATENCY_S:g} s", measured([one * 1000 for one in seconds])
    yield _line(
        "event to its first message", told, result, aim=aim, met=p95 <= AIM_LATENCY_S, time=time_
    )


def _first_seen(at: Receiver, opened: dict[str, float]) -> list[float]:
    """Seconds from each event to the first message that names its coin."""
    end = time.monotonic() + 30.0
    seen: dict[str, float] = {}
    while len(seen) < len(opened) and time.monotonic() < end:
        time.sleep(1.0)
        for call in at.calls():
            asset = next((word for word in call["text"].split()[:3] if word in opened), "")
            if asset and call["status"] == 200:
                seen.setdefault(asset, call["at_ms"] / 1000)
    assert len(seen) == len(opened), f"of {len(opened)} events only {len(seen)} were told"
    return sorted(seen[asset] - since for asset, since in opened.items())


def _open(asset: str) -> None:
    """An opportunity opens, as the lifecycle writes it."""
    from django.db import transaction

    from arbedge.names import Event
    from notifications import births
    from tests.notifications.events import event, opportunity

    now = datetime.now(UTC)
    with transaction.atomic():
        of = opportunity(asset=asset, as_of=now, opened_at=now,
                         expires_at=now + timedelta(hours=1))  # fmt: skip
        row = event(of, Event.OPENED, at=now)
        births.receive(None, event_ids=[row.pk], as_of_ms=now.timestamp() * 1000)


# People and messages


def _people(number: int) -> None:
    """So many with a session, of all tiers."""
    from accounts import seeding

    now = datetime.now(UTC)
    missing = number - seeding.seeded()
    if missing > 0:
        seeding.seed(missing, missing, now)


def _ids(number: int) -> list[int]:
    """The first people who can be reached."""
    from accounts.models import Audience

    return list(Audience.objects.order_by("user_id").values_list("user_id", flat=True)[:number])


def _tell(people: Sequence[int], *, low: bool = False) -> None:
    """One message about an opportunity to all of them, by Telegram."""
    from arbedge.names import Channel
    from notifications.names import Priority, Recipient, Topic
    from notifications.telling import tell
    from tests.notifications.factories import facts

    now = datetime.now(UTC)
    priority = Priority.BACKGROUND if low else Priority.HIGH
    tell(Topic.OPENED, facts(asset="WIF"),
         to=[(Recipient.USER, one) for one in people], priority=priority, now=now,
         expires_at=now + timedelta(hours=1), channels=[Channel.TELEGRAM])  # fmt: skip


def _per_s(number: int, spent_s: float) -> str:
    return f"{number / spent_s:,.0f}/s"


def _times(seconds: Sequence[float]) -> Timed:
    return Timed(min(seconds) * 1000, statistics.median(seconds) * 1000)


def _percentile(sorted_: Sequence[float], share: float) -> float:
    return sorted_[min(len(sorted_) - 1, math.ceil(share * len(sorted_)) - 1)]
