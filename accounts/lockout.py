"""Brakes on guessing: a throttle in the cache, and locks after repeated failure in the database.

A try is counted before it is judged, in one statement, so that a hundred tries at once are a
hundred tries. Ten in 15 minutes lock a name from one address for 30 minutes; a name from anywhere
is locked only after a hundred, so that nobody locks another out from one machine. A browser that
has logged in under that name before is counted by itself: not even that locks its owner out. The
rules follow OWASP's "device cookie" advice; libraries that know one limit for all cannot say this.
"""

from __future__ import annotations

import math
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import structlog
from django.conf import settings
from django.core import signing
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from accounts.models import LoginLock, User
from accounts.models.login_lock import Scope
from arbedge import sealing, visitor

WINDOW: Final = timedelta(minutes=15)
LOCK: Final = timedelta(minutes=30)
LIMITS: Final = {
    Scope.NAME_AND_ADDRESS: 10,
    Scope.BROWSER: 10,
    Scope.CODE: 10,
    Scope.NAME: 100,
}
RATE_PER_ADDRESS: Final = "30/m"
RATE_PER_NAME: Final = "60/m"

COOKIE: Final = "arbedge_console"
COOKIE_DAYS: Final = 90
COOKIE_PATH: Final = "/console/"
_SALT: Final = "arbedge.lockout.browser"

_COUNT: Final = """
INSERT INTO accounts_loginlock AS seen (key, scope, user_id, tries, since, locked_until)
VALUES (%(key)s, %(scope)s, %(user)s, 1, %(now)s, NULL)
ON CONFLICT (key) DO UPDATE SET
    tries = CASE WHEN {over} THEN 1 ELSE seen.tries + 1 END,
    since = CASE WHEN {over} THEN EXCLUDED.since ELSE seen.since END,
    user_id = EXCLUDED.user_id,
    locked_until = CASE
        WHEN {over} THEN NULL
        WHEN seen.tries + 1 = %(limit)s THEN %(until)s
        ELSE seen.locked_until END
RETURNING tries, locked_until
""".format(over="COALESCE(seen.locked_until, seen.since + %(window)s) <= EXCLUDED.since")

_log = structlog.get_logger(__name__)


class Try(NamedTuple):
    """One thing a try is counted under."""

    scope: Scope
    key: bytes


class Counted(NamedTuple):
    """What counting a try said: seconds the lock still holds (0 = go on), and the last free try."""

    locked_s: int
    last: bool


def by_name(request: HttpRequest, name: str) -> list[Try]:
    """What a try of a name and a password is counted under."""
    typed = _spelt(name)
    browser = _known_browser(request, typed)
    if browser:
        return [_try(Scope.BROWSER, browser, typed)]
    return [
        _try(Scope.NAME_AND_ADDRESS, visitor.household(request), typed),
        _try(Scope.NAME, typed),
    ]


def by_code(user: User) -> list[Try]:
    """What a try of a second factor is counted under: whoever gets here knows the password."""
    return [_try(Scope.CODE, str(user.pk))]


def count(tries: Sequence[Try], user: User | None = None) -> Counted:
    """Counts one try before it is judged. It must not be judged while `locked_s` is above 0."""
    now = timezone.now()
    locked_s, last = 0, False
    with connection.cursor() as cursor:
        for one in tries:
            limit = LIMITS[one.scope]
            values: dict[str, Any] = {
                **one._asdict(), "user": user and user.pk, "now": now, "limit": limit,
                "window": WINDOW, "until": now + LOCK,
            }  # fmt: skip
            cursor.execute(_COUNT, values)
            number, until = cursor.fetchone()
            if number > limit:
                locked_s = max(locked_s, _seconds(until, now))
            last = last or number == limit
    return Counted(locked_s, last)


def forget(tries: Sequence[Try]) -> None:
    """Wipes the counters after a try that succeeded."""
    LoginLock.objects.filter(key__in=[one.key for one in tries]).delete()


def clean_up(now: datetime) -> int:
    """Removes counters that hold nobody back any more; returns how many."""
    old = LoginLock.objects.filter(since__lt=now - WINDOW - LOCK)
    return old.delete()[0]


def throttled(request: HttpRequest, name: str) -> int:
    """Counts a request against the rates; returns the seconds to wait, 0 to go on.

    Without its cache nothing is throttled: the locks in the database still hold.
    """
    typed = _spelt(name)
    rules = [("console.address", visitor.household(request), RATE_PER_ADDRESS)]
    if typed and not _known_browser(request, typed):
        rules.append(("console.name", _try(Scope.NAME, typed).key.hex(), RATE_PER_NAME))
    try:
        return max(_wait(request, *rule) for rule in rules)
    except RedisError as error:
        _log.warning("throttle_without_cache", cause=type(error).__name__)
        return 0


def _wait(request: HttpRequest, group: str, key: str, rate: str) -> int:
    usage = get_usage(request, group=group, key=lambda *_: key, rate=rate, increment=True)
    return max(1, usage["time_left"]) if usage and usage["should_limit"] else 0


def remember_browser(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Marks a browser in which `user` has logged in: its tries are counted by themselves."""
    name = _spelt(user.get_username())
    mark = _known_browser(request, name) or secrets.token_urlsafe(16)
    response.set_cookie(
        COOKIE,
        signing.dumps([mark, _name_digest(name)], salt=_SALT),
        max_age=timedelta(days=COOKIE_DAYS),
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def _known_browser(request: HttpRequest, typed: str) -> str:
    """The mark of a browser that knows this name, else ""."""
    try:
        mark, digest = signing.loads(
            request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=timedelta(days=COOKIE_DAYS)
        )
    except signing.BadSignature:
        return ""
    return str(mark) if sealing.same(str(digest), _name_digest(typed)) else ""


def _name_digest(typed: str) -> str:
    return sealing.digest("login_name", typed).hex()


def _spelt(name: str) -> str:
    """One spelling for all ways of typing a name."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _try(scope: Scope, *parts: str) -> Try:
    return Try(scope, sealing.digest(f"login_lock.{scope}", "\0".join(parts)))


def _seconds(until: datetime | None, now: datetime) -> int:
    left = until - now if until else LOCK
    return max(1, math.ceil(left.total_seconds()))
