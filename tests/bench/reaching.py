"""(h) reaching people: eligibility of a scan's events, fan-out, and the memory both take."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench.people import EVENTS, FULL_SIZES, SIZES, _seed, _with_growth
from tests.bench.report import Line
from tests.bench.timing import WALL, Timed, once, timed

# Promised: one scan's 20 events for 100,000 and for 1,000,000 people, in milliseconds.
AIM_MS = {100_000: 500.0, 1_000_000: 4_000.0}
AT_ONCE = (3, 4)  # the tiers without a delay
PACED = 30
UNPACED = 0
VENUES = ("binance", "bybit", "okx", "bitget")


def reaching(*, quick: bool, full: bool) -> Iterator[Line]:
    """Every figure at every size: a crowd as accounts.seeding makes it, all with a session."""
    from django.utils import timezone

    sizes = SIZES[:1] if quick else FULL_SIZES if full else SIZES
    grown: dict[str, dict[int, Line]] = {}
    now = timezone.now()
    for size in sizes:
        _exactly(size, now)
        for line in _at_size(size, timezone.now()):
            grown.setdefault(line.what, {})[size] = line
    for lines in grown.values():
        yield from _with_growth(lines)


def _exactly(size: int, now: datetime) -> None:
    from accounts import seeding

    if seeding.seeded() > size:
        seeding.clear()
    _seed(size, now)


def _at_size(size: int, now: datetime) -> Iterator[Line]:
    told = f"{size:,} people"
    due = _events(now)
    aim = AIM_MS.get(size)
    took, pairs, statements = _matched(due, now)
    met = None if aim is None else took.best_ms <= aim
    result = f"{pairs:,} eligible, {statements} statement"
    yield Line("h", f"eligibility of {EVENTS} events, all tiers due", told, took, result,
               "" if aim is None else f"{aim:,.0f} ms", met)  # fmt: skip
    spent, memory_mb = _taken(due, now)
    result = f"{memory_mb:,.0f} MB more, {spent.best_ms:,.0f} ms"
    yield Line("h", "  the database's memory and processor", told, spent, result)
    some = [one for one in due if one.tier in AT_ONCE]
    took, pairs, _ = _matched(some, now)
    yield Line("h", "  only tiers without delay due", told, took, f"{pairs:,} eligible")
    took, rows, statements = _fanned_out(due, now, PACED)
    yield Line("h", f"fan-out of {EVENTS} events, Telegram at {PACED}/s", told, took,
               f"{rows:,} written, {statements} statements")  # fmt: skip
    took, rows, _ = _fanned_out([one for one in due if one.message_id == due[0].message_id],
                                now, UNPACED)  # fmt: skip
    rate = rows / took.best_ms * 1000
    yield Line("h", "fan-out of one event to everybody", told, took, f"{rate:,.0f} rows/s")


def _events(now: datetime) -> list[Any]:
    """One scan's events with figures for every cohort, due for every tier."""
    from notifications.choosing.eligibility import Due
    from tests.notifications.factories import facts

    chance = random.Random(7)
    due = []
    for number in range(1, EVENTS + 1):
        long, short = chance.sample(VENUES, 2)
        own = facts(
            net=chance.uniform(0.0005, 0.01), kind=chance.choice(("funding", "spot", "basis")),
            shelves=chance.choice((1, 3, 5, 7, 16, 512)), long={"venue": long},
            short={"venue": short}, asset=chance.choice(("BTC", "ETH", "WIF", "XRP")),
            risk=chance.choice(("low", "medium", "high")), score=chance.random(),
        )  # fmt: skip
        due += [
            Due(
                slice_id=10 * number + tier, message_id=number, facts_of_id=number, tier=tier,
                topic="opened", facts=own, priority=2, expires_at=now + timedelta(hours=2),
                opportunity_id=number, fingerprint=f"{number:032}", kind=own["kind"],
                asset=own["asset"],
            )
            for tier in range(5)
        ]  # fmt: skip
    due.sort(key=lambda one: -sum(_shown_to_all(one)))
    return due


def _shown_to_all(one: Any) -> tuple[bool, bool]:
    return one.facts["shelves"] == 7, one.facts["risk"] == "low"


def _matched(due: list[Any], now: datetime) -> tuple[Timed, int, int]:
    """The statement that finds and counts, without writing: how long, and how many pairs."""
    found: list[int] = []

    def match() -> None:
        with _asked(due, now) as (cursor, text, values):
            cursor.execute(text, values)
            found.append(sum(people for why, people in cursor.fetchall() if why == 0))

    return timed(match, repeats=5, warm=1, clock=WALL), found[-1], 1


@contextlib.contextmanager
def _asked(due: list[Any], now: datetime) -> Iterator[tuple[Any, str, Any]]:
    from django.db import transaction

    from notifications.choosing import eligibility
    from notifications.choosing.eligibility_due import batches

    [batch] = batches(due)
    ending = "SELECT why, sum(people) FROM counted GROUP BY why"
    with transaction.atomic(), eligibility.planned() as cursor:
        text, values = eligibility.asked(batch, eligibility.Held(), now, ending=ending)
        yield cursor, text, values


def _taken(due: list[Any], now: datetime) -> tuple[Timed, float]:
    """What a new server process takes for the statement: time of one core, whatever else the
    machine does, and the most memory of its own."""
    from django.db import connection

    connection.close()
    with _asked(due, now) as (cursor, text, values):
        cursor.execute("SELECT pg_backend_pid()")
        [(process,)] = cursor.fetchall()
        before = _own_mb(process)
        spent = timed(
            lambda: cursor.execute(text, values),
            repeats=5, warm=1, clock=lambda: _processor_s(process),
        )  # fmt: skip
        return spent, _own_mb(process) - before


def _processor_s(process: int) -> float:
    """The time a process has worked, from the kernel."""
    told = Path(f"/proc/{process}/stat")
    if not told.exists():
        return float("nan")
    user, system = told.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _own_mb(process: int) -> float:
    """The peak of a process's memory, less what it shares with others; from the kernel."""
    told = Path(f"/proc/{process}/status")
    if not told.exists():
        return float("nan")
    rows = dict(line.split(":", 1) for line in told.read_text().splitlines() if ":" in line)
    peak, shared = (int(rows[name].split()[0]) for name in ("VmHWM", "RssShmem"))
    return (peak - shared) / 1024


def _fanned_out(due: list[Any], now: datetime, per_second: int) -> tuple[Timed, int, int]:
    """The whole of `match`, committed: how long, how many rows, in how many statements."""
    from django.conf import settings
    from django.db import connection

    from notifications.choosing import eligibility
    from notifications.models import Delivery, DigestItem

    statements: list[str] = []

    def counted(execute: Any, sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    before, settings.TELEGRAM_PER_SECOND = settings.TELEGRAM_PER_SECOND, per_second
    try:
        _messages(due)
        with connection.execute_wrapper(counted):
            spent = once(lambda: eligibility.match(due, now, held=eligibility.Held()))
        rows = Delivery.objects.count() + DigestItem.objects.count()
    finally:
        settings.TELEGRAM_PER_SECOND = before
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE notifications_message, notifications_served CASCADE")
    return Timed(spent, spent), rows, len(statements)


def _messages(due: list[Any]) -> None:
    from notifications.models import Message

    ids = {one.message_id: one for one in due}
    Message.objects.bulk_create([
        Message(pk=number, topic=one.topic, opportunity_id=one.opportunity_id, at=one.expires_at)
        for number, one in ids.items()
    ])  # fmt: skip
