"""(g) the console of people: pages as an operator opens them, by the number of people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from tests.bench.report import Line
from tests.bench.timing import WALL, Timed, growth, timed

SIZES = (10_000, 100_000)
FULL_SIZES = (10_000, 100_000, 1_000_000)
ACTIVE_SHARE = 100
AIM_MS = 500.0
MOST_QUERIES = 8
CROWD = 1_000
REPEATS = 7
LIST = "user/"
PAGES = {
    "list of people": "",
    "list, page 200 of 200": "?p=200",
    "list by joining": "?o=5",
    "search, one letter": "?q=a",
    "search, beginning of a name": "?q={name}",
    "search, e-mail": "?q={email}",
    "search, Telegram id": "?q={telegram_id}",
    "search, a code nobody has": "?q=ZZZZ9999",
    "filter, one tier": "?tier=enterprise",
    "filter, state": "?state=banned",
    "filter, in the beta": "?beta=on",
    "filter, active in the last day": "?active=day",
}
OTHERS = {
    "page of one person": "user/{pk}/change/",
    "list of sessions": "session/",
    "sessions, ended by staff": "session/?outcome=by_staff",
    "sessions, search by owner": "session/?q={name}",
}


def console(*, quick: bool, full: bool) -> Iterator[Line]:
    """Every page at every size; the last size tells how the time grows with people."""
    from django.utils import timezone

    now = timezone.now()
    sizes = SIZES[:1] if quick else FULL_SIZES if full else SIZES
    grown: dict[str, dict[int, Line]] = {}
    for size in sizes:
        _seed(size, now)
        for line in _at_size(size):
            grown.setdefault(line.what, {})[size] = line
    for lines in grown.values():
        exponent = growth(list(lines), [line.time.best_ms for line in lines.values()])
        for size, line in lines.items():
            last = size == max(lines)
            yield Line(line.part, line.what, line.size, line.time, line.result, line.aim,
                       line.met, exponent if last else None)  # fmt: skip


def _seed(size: int, now: datetime) -> None:
    from django.db import connection

    from accounts import seeding

    missing = size - seeding.seeded()
    if missing > 0:
        seeding.seed(missing, missing // ACTIVE_SHARE, now)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _at_size(size: int) -> Iterator[Line]:
    from accounts.models import User

    client, operator = _desk()
    middle = User.objects.order_by("pk")[size // 2 : size // 2 + 1].get()
    facts = {
        "pk": middle.pk, "name": middle.name, "email": middle.email or "nobody@",
        "telegram_id": middle.telegram_id,
    }  # fmt: skip
    told = f"{size:,} people"
    for what, path in PAGES.items():
        yield _page(client, what, LIST + path.format(**facts), told, most=MOST_QUERIES)
    for what, path in OTHERS.items():
        yield _page(client, what, path.format(**facts), told)
    yield _analytics(client, told)
    yield _crowd(operator, told)


def _desk() -> tuple[Any, Any]:
    """A browser in which a super-administrator has logged in."""
    from django.test import Client

    from accounts.models import User

    operator = User.objects.filter(username="bench-operator").first()
    operator = operator or User.objects.create_superuser("bench-operator")
    client = Client(SERVER_NAME="localhost")
    client.force_login(operator)
    return client, operator


def _page(client: Any, what: str, path: str, size: str, most: int | None = None) -> Line:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def load() -> None:
        answer = client.get(f"/console/accounts/{path}")
        assert answer.status_code == 200, (path, answer.status_code)

    took = _fast(load)
    with CaptureQueriesContext(connection) as sent:
        load()
    met = took.best_ms <= AIM_MS and (most is None or len(sent) <= most)
    aim = f"{AIM_MS:g} ms" if most is None else f"{AIM_MS:g} ms, {most} queries"
    return Line("g", what, size, took, f"{len(sent)} queries", aim, met)


def _analytics(client: Any, size: str) -> Line:
    """The page as it is found anew; for a minute after that it comes from the cache."""
    from arbedge import cache

    def load() -> None:
        cache.client().delete(cache.key("console", "session-analytics"))
        assert client.get("/console/accounts/session/analytics/").status_code == 200

    return Line("g", "analytics of sessions, found anew", size, _fast(load, repeats=2))


def _crowd(operator: Any, size: str) -> Line:
    """A thousand people get a tier, as one deed of the list."""
    from datetime import timedelta
    from decimal import Decimal

    from django.utils import timezone

    from accounts import crowds
    from accounts.models import User
    from arbedge.names import Door, Tier

    ids = list(User.objects.order_by("pk").values_list("pk", flat=True)[:CROWD])
    now = timezone.now()

    def grant() -> None:
        crowds.grant(
            ids, Tier.BASIC, ends_at=now + timedelta(days=30), by=operator, door=Door.CONSOLE,
            note="bench", price_usd=Decimal(0), now=now,
        )  # fmt: skip

    took = _fast(grant, repeats=2)
    rate = f"{CROWD / took.best_ms * 1000:,.0f} people/s"
    return Line("g", f"a tier for {CROWD:,} people", size, took, rate)


def _fast(work: Callable[[], None], repeats: int = REPEATS) -> Timed:
    return timed(work, repeats=repeats, warm=1, clock=WALL)
