"""System checks: bad configuration stops `up`, workers and `check` at start, saying what to change.

Ids `arbedge.E001` to `E099` are the ground floor's. An upper floor keeps its own `checks.py`,
imported by its `apps.py`: functions decorated with `register()` that return a list of `problem(…)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from arbedge import sealing
from arbedge.secret import MISSING_IN_PRODUCTION

MODES = ("live", "simulator", "replay")
POSITIVE = ("SCAN_EVERY_S", "DATABASE_POOL_SIZE")
PORTS = ("WEB_PORT", "FLOWER_PORT", "SIMULATOR_PORT")
HIGHEST_PORT = 65535
SHORTEST_KEY = 32


def problem(number: int, message: str, hint: str, floor: str = "arbedge") -> Error:
    """Returns the error `<floor>.E<number>`: what is wrong, and what to change."""
    return Error(message, hint=hint, id=f"{floor}.E{number:03}")


@register()
def numbers(**_: Any) -> list[CheckMessage]:
    """Settings that count or measure something are in their range."""
    return [*_positives(), *_ports()]


def _positives() -> Iterator[Error]:
    for name in POSITIVE:
        value = getattr(settings, name)
        if value <= 0:
            yield problem(1, f"{name} is {value}.", f"Set {name} to a number above 0.")


def _ports() -> Iterator[Error]:
    for name in PORTS:
        value = getattr(settings, name)
        if not 0 <= value <= HIGHEST_PORT:
            hint = f"Set {name} to a port from 1 to {HIGHEST_PORT}, or 0 for any free one."
            yield problem(2, f"{name} is {value}.", hint)


@register()
def addresses(**_: Any) -> list[CheckMessage]:
    """Every address in the settings has the scheme and the host its reader needs."""
    return [*_engines(), *_venues()]


def _engines() -> Iterator[Error]:
    if settings.DATABASE_PROBLEM:
        hint = "Set DATABASE_URL to postgresql://user:password@host:5432/name, or leave it empty."
        yield problem(3, f"DATABASE_URL: {settings.DATABASE_PROBLEM}.", hint)
    for name, url in (
        ("CACHE_URL", settings.CACHE_URL),
        ("BROKER_URL", settings.CELERY_BROKER_URL),
    ):
        parts = urlsplit(url)
        local = parts.scheme in {"unix", "redis+socket"} and parts.path
        if not local and not (parts.scheme in {"redis", "rediss"} and parts.hostname):
            hint = f"Set {name} (or REDIS_URL) to redis://host:6379/0, or leave it empty."
            yield problem(4, f"{name} is no address of a Redis or Valkey.", hint)


def _venues() -> Iterator[Error]:
    for venue, hosts in settings.VENUE_URLS.items():
        for host, url in hosts.items():
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                name = f"VENUE_URL_{venue}_{host}".upper()
                hint = f"Set {name} to a base URL such as https://api.example.com, or leave it out."
                yield problem(5, f"{name} is {url!r}, which is no http(s) address.", hint)


@register()
def choices(**_: Any) -> list[CheckMessage]:
    """Settings with few possible values have one of them."""
    found: list[CheckMessage] = []
    if settings.MARKET_MODE not in MODES:
        hint = f"Set MARKET_MODE to one of {', '.join(MODES)}."
        found.append(problem(6, f"MARKET_MODE is {settings.MARKET_MODE!r}.", hint))
    if settings.MARKET_MODE == "replay" and not settings.RECORDINGS:
        hint = "Set RECORDINGS to the folder of one recorded set (it holds a manifest.json)."
        found.append(problem(7, "MARKET_MODE is replay, but nothing to replay is named.", hint))
    if not re.fullmatch(r"[A-Z0-9]{2,12}", settings.QUOTE):
        hint = "Set QUOTE to the code of a coin in capitals, such as USDT."
        found.append(problem(8, f"QUOTE is {settings.QUOTE!r}.", hint))
    if not settings.VENUES:
        hint = "Set VENUES to a list such as binance,bybit,okx,bitget."
        found.append(problem(9, "VENUES is empty: there is nothing to watch.", hint))
    return found


@register()
def production(**_: Any) -> list[CheckMessage]:
    """What must not be left to defaults where strangers can reach it."""
    if not settings.PRODUCTION:
        return []
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == MISSING_IN_PRODUCTION or len(settings.SECRET_KEY) < SHORTEST_KEY:
        hint = (
            "Set SECRET_KEY, for instance to the output of"
            ' python -c "import secrets; print(secrets.token_urlsafe(50))".'
        )
        found.append(problem(10, "ARBEDGE_ENV is production without a long SECRET_KEY.", hint))
    if settings.DEBUG:
        found.append(problem(11, "DEBUG is on in production.", "Leave DEBUG out."))
    if "*" in settings.ALLOWED_HOSTS:
        hint = "Set ALLOWED_HOSTS to the names the product is reached by."
        found.append(problem(12, "ALLOWED_HOSTS allows every name in production.", hint))
    return found


@register()
def sealing_keys(**_: Any) -> list[CheckMessage]:
    """Whoever keeps secrets of people has keys to seal them with."""
    how = sealing.HOW_TO_MAKE_A_KEY
    hint = f"Set ENCRYPTION_KEYS to keys, newest first, each the output of: {how}"
    if not settings.ENCRYPTION_KEYS:
        return [problem(13, "ENCRYPTION_KEYS is empty: nothing could be sealed.", hint)]
    return [
        problem(13, f"Key number {place} of ENCRYPTION_KEYS is malformed.", hint)
        for place in sealing.faulty(settings.ENCRYPTION_KEYS)
    ]


def stop_if_unsafe() -> None:
    """Ends a web process that production may not start: its server runs no checks of its own."""
    found = [*production(), *sealing_keys()]
    if found:
        raise SystemExit("\n".join(f"{one.id}: {one.msg} {one.hint}" for one in found))
