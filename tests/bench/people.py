"""(f) people: sessions, permissions, activity and audience, by the ten thousand and more."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from tests.bench.report import Line
from tests.bench.timing import WALL, Timed, growth, measured, timed

ACTIVE = 10_000
CALLS = 10_000
CALLERS = 50
ROUNDS = 5
AIM_CHECK_P99_MS = 1.0
AIM_PERMISSION_P99_MS = 0.2
# Promised: one scan's 20 events matched with 100,000 and with 1,000,000 people, in milliseconds.
AIM_MATCH_MS = {100_000: 500.0, 1_000_000: 4_000.0}
EVENTS = 20
SIZES = (10_000, 100_000)
FULL_SIZES = (10_000, 100_000, 1_000_000)

MATCH = """
WITH figure AS MATERIALIZED (
    SELECT * FROM unnest(
        %(event)s::int[], %(kind)s::int[], %(shelf)s::int[], %(venues)s::bigint[],
        %(asset)s::text[], %(risk)s::smallint[], %(confidence)s::float8[], %(notional)s::int[],
        %(horizon)s::smallint[], %(net)s::float8[], %(apr)s::float8[]
    ) AS f(event, kind, shelf, venues, asset, risk, confidence, notional, horizon, net, apr)
)
SELECT f.event, a.user_id
FROM accounts_audience a
JOIN figure f ON f.notional = a.notional_usd AND f.horizon = a.horizon_hours
WHERE a.session_until > %(now)s AND a.notices & 1 = 1 AND {awake}
  AND f.kind & a.kinds <> 0 AND f.shelf & a.shelves <> 0 AND f.venues & ~a.venues = 0
  AND (NOT a.executable_only OR f.venues & ~a.keys = 0)
  AND f.net >= a.min_net AND f.apr >= a.min_apr AND f.risk <= a.max_risk
  AND f.confidence >= a.min_confidence
  AND (a.assets_in IS NULL OR f.asset = ANY(a.assets_in))
  AND (a.assets_out IS NULL OR f.asset <> ALL(a.assets_out))
"""


def people(*, quick: bool, full: bool) -> Iterator[Line]:
    """Every figure at the first size; what depends on the number of people at every size."""
    from django.utils import timezone

    now = timezone.now()
    sizes = SIZES[:1] if quick else FULL_SIZES if full else SIZES
    grown: dict[str, dict[int, Line]] = {}
    for size in sizes:
        _seed(size, now)
        if size == sizes[0]:
            yield from _checks(now)
            yield from _words(now)
        for line in _at_size(size, now):
            grown.setdefault(line.what, {})[size] = line
    for lines in grown.values():
        yield from _with_growth(lines)


def _seed(size: int, now: datetime) -> None:
    """So many people in all, as many of them with a session as can be: an audience of them."""
    from accounts import seeding

    missing = size - seeding.seeded()
    seeding.seed(missing, missing, now)


def _with_growth(lines: dict[int, Line]) -> Iterator[Line]:
    exponent = growth(list(lines), [line.time.best_ms for line in lines.values()])
    for size, line in lines.items():
        last = size == max(lines)
        yield Line(line.part, line.what, line.size, line.time, line.result, line.aim, line.met,
                   exponent if last else None)  # fmt: skip


# What is asked all the time


def _checks(now: datetime) -> Iterator[Line]:
    from accounts import permissions, sessions, standing
    from accounts.models import Audience
    from accounts.permissions import Permission

    ids = list(Audience.objects.order_by("user_id").values_list("user_id", flat=True)[:ACTIVE])
    standing.refill(ids)
    asked = random.Random(1).choices(ids, k=CALLS)
    size = f"{len(ids):,} sessions"
    spent = _each(lambda user_id: sessions.check(user_id, now), asked)
    yield _percentiles("session check, one caller", size, spent, AIM_CHECK_P99_MS)
    yield _many_callers("session check", size, lambda user_id: sessions.check(user_id, now), asked)

    def allowed(user_id: int) -> Any:
        return permissions.may(standing.known(user_id), Permission.OPPORTUNITIES_VIEW, now=now)

    spent = _each(allowed, asked)
    yield _percentiles("standing and permission, one caller", size, spent, AIM_CHECK_P99_MS)
    known = [standing.known(user_id) for user_id in ids]
    spent = _each(
        lambda one: permissions.may(one, Permission.OPPORTUNITIES_TECHNICAL, now=now), known
    )
    yield _percentiles("permission, standing at hand", size, spent, AIM_PERMISSION_P99_MS)


def _words(now: datetime) -> Iterator[Line]:
    """What people do: counted one by one, written for all at once."""
    from accounts import activity, sessions
    from accounts.models import Session

    rows = Session.objects.filter(state="active").order_by("pk").values_list("user_id", "pk")
    talking = list(rows[:ACTIVE])
    size = f"{len(talking):,} sessions"
    later = now + timedelta(minutes=1)
    spent = _each(lambda pair: sessions.touch(pair[0], pair[1], "opportunities", later), talking)
    yield _percentiles("a word in a session, one caller", size, spent, AIM_CHECK_P99_MS)
    took = timed(lambda: activity.flush(later), repeats=1, warm=0, clock=WALL)
    yield Line("f", "activity of a minute written", size, took, _rate(len(talking), took, "rows"))


# What depends on how many people there are


def _at_size(size: int, now: datetime) -> Iterator[Line]:
    from accounts import audience, engagement

    told = f"{size:,} people"
    took = timed(lambda: _match(now), repeats=5, warm=1, clock=WALL)
    aim = AIM_MATCH_MS.get(size)
    met = None if aim is None else took.best_ms <= aim
    found = _match(now)
    yield Line("f", f"{EVENTS} events matched with the audience", told, took, f"{found:,} pairs",
               "" if aim is None else f"{aim:,.0f} ms", met)  # fmt: skip
    took = timed(lambda: _upgrade(1), repeats=15, clock=WALL)
    yield Line("f", "audience: one person's tier changes", told, took)
    took = timed(lambda: _upgrade(ACTIVE), repeats=3, warm=1, clock=WALL)
    yield Line("f", "audience: 10,000 tiers change", told, took, _rate(ACTIVE, took, "rows"))
    took = timed(audience.verify, repeats=2, warm=0, clock=WALL)
    yield Line("f", "audience: verified", told, took)
    week = now - timedelta(days=7)
    took = timed(lambda: engagement.active(now), repeats=3, warm=1, clock=WALL)
    yield Line("f", "engagement: active now, day, week", told, took)
    took = timed(lambda: engagement.retention(now), repeats=2, warm=1, clock=WALL)
    yield Line("f", "engagement: retention of 8 weeks", told, took)
    took = timed(lambda: engagement.median_duration(week, now), repeats=3, warm=1, clock=WALL)
    yield Line("f", "engagement: median length of a week", told, took)
    yield _clean_up(size, now)


def _clean_up(size: int, now: datetime) -> Line:
    """One session in ten has lapsed; they are put back afterwards for the next size."""
    from django.db.models import F

    from accounts import sessions
    from accounts.models import Session

    active = Session.objects.filter(state="active").annotate(digit=F("pk") % 10)
    lapsed = list(active.filter(digit=0).values_list("pk", flat=True))
    rows = Session.objects.filter(pk__in=lapsed)
    rows.update(expires_at=now - timedelta(hours=1))
    took = timed(lambda: sessions.clean_up(now), repeats=1, warm=0, clock=WALL)
    assert not rows.filter(state="active").exists()
    rows.update(state="active", outcome="", ended_at=None, expires_at=now + timedelta(days=7))
    result = _rate(len(lapsed), took, "sessions")
    return Line("f", "clean-up of a tenth, lapsed", f"{size:,} people", took, result)


def _upgrade(number: int) -> None:
    """So many people move between two tiers, the last of those there are."""
    from accounts.models import User

    ids = list(User.objects.order_by("-pk").values_list("pk", flat=True)[:number])
    tier = "basic" if User.objects.get(pk=ids[0]).tier == "free" else "free"
    User.objects.filter(pk__in=ids).update(tier=tier)


def _match(now: datetime) -> int:
    """How many pairs of an event and a person there are; the rows are brought here."""
    from django.db import connection

    from accounts import audience

    with connection.cursor() as cursor:
        cursor.execute("SET jit = off")  # compiling takes longer than the query
        cursor.execute(
            f"SELECT count(*) FROM ({MATCH.format(awake=audience.AWAKE)}) matched",
            {"now": now, "clocks": audience.clocks(now), **_figures()},
        )
        [(number,)] = cursor.fetchall()
    return int(number)


def _figures() -> dict[str, list[Any]]:
    """One scan's events with their figures for every cohort of notional and horizon."""
    from arbedge.choices import HORIZONS_HOURS, NOTIONALS_USD

    chance = random.Random(7)
    rows = []
    for event in range(EVENTS):
        long, short = chance.sample(range(4), 2)
        facts = (event, 1 << chance.randrange(3), chance.choice((1, 3, 5, 7, 16, 512)),
                 1 << long | 1 << short, chance.choice(("BTC", "ETH", "WIF", "XRP")),
                 chance.randrange(3), chance.random())  # fmt: skip
        rows += [
            (*facts, notional, horizon, chance.uniform(-0.001, 0.01), chance.random())
            for notional in NOTIONALS_USD
            for horizon in HORIZONS_HOURS
        ]
    names = ("event", "kind", "shelf", "venues", "asset", "risk", "confidence", "notional",
             "horizon", "net", "apr")  # fmt: skip
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


# Timing of single calls


def _each(call: Callable[[Any], object], asked: Sequence[Any]) -> list[float]:
    """Milliseconds of every call in the calmest of a few rounds, as other programs run too."""
    rounds = [_round(call, asked) for _ in range(ROUNDS)]
    return min(rounds, key=_p99)


def _round(call: Callable[[Any], object], asked: Sequence[Any]) -> list[float]:
    spent = []
    for one in asked:
        began = time.perf_counter()
        call(one)
        spent.append((time.perf_counter() - began) * 1000)
    return spent


def _p99(spent: Sequence[float]) -> float:
    return sorted(spent)[math.ceil(len(spent) * 0.99) - 1]


def _percentiles(what: str, size: str, spent: list[float], aim_p99_ms: float) -> Line:
    p99 = _p99(spent)
    result = f"p50 {measured(spent).median_ms:.3f}, p99 {p99:.3f} ms"
    aim = f"p99 {aim_p99_ms:g} ms"
    return Line("f", what, size, measured(spent), result, aim, p99 <= aim_p99_ms)


def _many_callers(
    what: str, size: str, call: Callable[[Any], object], asked: Sequence[Any]
) -> Line:
    """All calls by fifty threads of one process: how many a second."""

    def some(start: int) -> None:
        for one in asked[start::CALLERS]:
            call(one)

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(some, range(CALLERS)))  # everybody has a connection now
        began = time.perf_counter()
        list(callers.map(some, range(CALLERS)))
        spent_ms = (time.perf_counter() - began) * 1000
    took = Timed(spent_ms, spent_ms)
    return Line("f", f"{what}, {CALLERS} callers", size, took, _rate(len(asked), took, "checks"))


def _rate(number: int, took: Timed, what: str) -> str:
    return f"{number / took.best_ms * 1000:,.0f} {what}/s"
