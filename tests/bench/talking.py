"""(j) talking: how many people the bot answers a second, and how soon, by webhook."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from arbedge import ports
from tests.bench import processor
from tests.bench.receiving import Receiver, _process, receiver
from tests.bench.report import Line
from tests.bench.timing import NO_TIME, Timed

TOKEN = f"7000000001:{35 * 'x'}"
AIM_PER_S = 200
AIM_COST_MS = 2_000 / AIM_PER_S  # two cores; the load and the Bot API's double work on them too
AIM_P95_MS = 300.0
AIM_STORED_MS = 50.0
CALM_PER_S = 50
FASTEST = 1_000  # a second, the most the setting takes
AT_ONCE = 16
BOTS = 2
THREADS = 2  # of each: more serve slow commands, and cost a few per cent of quick ones
LINES = ("/status", "/mute", "/help")
SETTLED_S = 0.5  # the processes are idle again
LOOK_S = 0.1
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Asked:
    """How long it took from the first post to the last answer received, and all waits until an
    update was acknowledged and until it was answered, the shortest first."""

    took_s: float
    stored_ms: Sequence[float]
    waits_ms: Sequence[float]


def talking(*, quick: bool, full: bool) -> Iterator[Line]:
    """A web process, a bot process and the Bot API on this machine; everybody asks once."""
    from django.utils import timezone

    from accounts import seeding

    number = 400 if quick else 4_000 if full else 1_500
    seeding.seed(number, number, timezone.now())
    people = _people()[:number]
    with receiver() as at, _bot(at) as (url, ours):
        _ask(at, url, people, None)  # from now on all sessions are warm
        used_s = processor.used_s(ours)
        rate = number / _ask(at, url, people, None).took_s
        cost_ms = 1000 * (processor.used_s(ours) - used_s) / number
        yield Line("j", "updates a second, webhook to answer", f"{number:,} at once", NO_TIME,
                   f"{rate:,.0f}/s", f"{AIM_PER_S}/s", rate >= AIM_PER_S)  # fmt: skip
        yield Line("j", "processor time of web, bot, database and cache an update",
                   f"{number:,} at once", NO_TIME, f"{cost_ms:.1f} ms", f"{AIM_COST_MS:.0f} ms",
                   cost_ms <= AIM_COST_MS)  # fmt: skip
        calm = people[: number // 2]
        calmly = _ask(at, url, calm, CALM_PER_S)
        yield _waited("webhook to answer received", calmly.waits_ms, AIM_P95_MS)
        yield _waited("webhook to stored and acknowledged", calmly.stored_ms, AIM_STORED_MS)


def _waited(what: str, waits: Sequence[float], aim_ms: float) -> Line:
    """A line about waits in milliseconds, the shortest first."""
    p95 = waits[int(0.95 * len(waits))]
    took = Timed(waits[0], statistics.median(waits))
    return Line("j", what, f"{len(waits):,} at {CALM_PER_S}/s", took, f"p95 {p95:,.0f} ms",
                f"{aim_ms:,.0f} ms", p95 <= aim_ms)  # fmt: skip


def _people() -> list[int]:
    """Telegram ids of those who have a session."""
    from accounts.models import Session

    found = Session.objects.filter(state="active").order_by("user_id")
    return [int(one) for one in found.values_list("user__telegram_id", flat=True) if one]


@contextlib.contextmanager
def _bot(at: Receiver) -> Iterator[tuple[str, list[int]]]:
    """The Procfile's web process and one of the bot for each core: the address of the webhook, and
    the processes with those of the engines."""
    port = ports.free()
    told = {
        "TELEGRAM_API_URL": at.url, "BOT_TOKEN": TOKEN, "TELEGRAM_PER_SECOND": str(FASTEST),
        "BOT_THREADS": str(THREADS),
        "TELEGRAM_WEBHOOK": "true", "SITE_URL": "https://arbedge.example", "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    web = [
        "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port",
        str(port), "--workers", "1", "--blocking-threads", "3", "arbedge.wsgi:application",
    ]  # fmt: skip
    with contextlib.ExitStack() as running:
        told_web = told | {"DATABASE_POOL": "true"}
        lines = [(web, told_web), *[(["manage.py", "bot"], told)] * BOTS]
        begun = [running.enter_context(_process(line, environment)) for line, environment in lines]
        ours = [*processor.engines(), *(one.pid for one in begun)]
        yield f"http://127.0.0.1:{port}/telegram/webhook", ours


def _secret() -> str:
    from django.test import override_settings

    from notifications.bot import intake

    with override_settings(BOT_TOKEN=TOKEN):
        return intake.secret_token()


def _ask(at: Receiver, url: str, people: Sequence[int], per_s: float | None) -> Asked:
    """Everybody asks once, at a pace or as fast as they are taken."""
    at.clear()
    posted, stored = asyncio.run(_post(url, people, per_s))
    end = time.monotonic() + PATIENCE_S
    answered: dict[int, float] = {}
    while len(answered) < len(people):
        assert time.monotonic() < end, f"only {len(answered)} of {len(people)} were answered"
        time.sleep(LOOK_S)
        if at.taken() >= len(people):
            answered = {int(one["to"]): one["at_ms"] for one in at.calls()
                        if one["status"] == 200 and one["to"]}  # fmt: skip
    time.sleep(SETTLED_S)
    return Asked(
        took_s=(max(answered.values()) - min(posted.values())) / 1000,
        stored_ms=sorted(stored),
        waits_ms=sorted(answered[who] - posted[who] for who in people),
    )


async def _post(
    url: str, people: Sequence[int], per_s: float | None
) -> tuple[Mapping[int, float], list[float]]:
    """Posts one update each, as Telegram does; returns when each was posted (ms since 1970), and
    how long it took until it was acknowledged (ms)."""
    posted: dict[int, float] = {}
    stored: list[float] = []
    numbers = iter(range(time.time_ns() // 1_000, 1 << 62))
    places = asyncio.Semaphore(AT_ONCE)
    began = time.perf_counter()

    async def one(place: int, who: int, client: aiohttp.ClientSession) -> None:
        if per_s is not None:
            await asyncio.sleep(max(0.0, began + place / per_s - time.perf_counter()))
        async with places:
            posted[who] = time.time() * 1000
            async with client.post(url, json=_update(next(numbers), who, place)) as answer:
                assert answer.status == 204, answer.status
            stored.append(time.time() * 1000 - posted[who])

    headers = {"X-Telegram-Bot-Api-Secret-Token": _secret()}
    async with aiohttp.ClientSession(headers=headers) as client:
        await _until_it_serves(client, url)
        began = time.perf_counter()
        await asyncio.gather(*(one(place, who, client) for place, who in enumerate(people)))
    return posted, stored


async def _until_it_serves(client: aiohttp.ClientSession, url: str) -> None:
    for _ in range(600):
        with contextlib.suppress(aiohttp.ClientError):
            async with client.get(url):
                return
        await asyncio.sleep(0.1)


def _update(number: int, who: int, place: int) -> dict[str, Any]:
    chat = {"id": who, "type": "private"}
    person = {"id": who, "is_bot": False, "first_name": "Anna", "language_code": "en"}
    message = {"message_id": place + 1, "date": int(time.time()), "from": person, "chat": chat,
               "text": LINES[place % len(LINES)]}  # fmt: skip
    return {"update_id": number, "message": message}
