"""Updates of Telegram's come in: stored once by their number, and whoever handles them is woken.

The table is the truth. A wake is a lane's number in a list of the cache; one that is lost costs a
second, for the bot's processes look through the table every second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import redis
import structlog
from django.conf import settings
from django.db import connection, transaction
from django.views.decorators.debug import sensitive_variables
from prometheus_client import Counter

from arbedge import cache, sealing
from arbedge.errors import NoData
from notifications.models import BotUpdate
from notifications.models.bot import UpdateState

KINDS: Final = frozenset({
    "message", "edited_message", "channel_post", "edited_channel_post", "callback_query",
    "my_chat_member", "chat_member", "chat_join_request", "inline_query", "chosen_inline_result",
    "message_reaction", "message_reaction_count", "poll", "poll_answer", "chat_boost",
    "removed_chat_boost", "shipping_query", "pre_checkout_query", "business_connection",
    "business_message", "edited_business_message", "deleted_business_messages",
    "purchased_paid_media",
})  # fmt: skip
OTHER: Final = "other"
RUN_IT: Final = ("creator", "administrator")  # states of a chat's member
NOBODYS: Final = 0  # the lane of what comes from nobody
HIGHEST: Final = (1 << 63) - 1
MOST_WOKEN: Final = 10_000  # lanes in the list; nobody takes them while no bot runs
LEFT_ALONE_S: Final = 10.0
KEPT: Final = timedelta(days=2)  # Telegram repeats an update for a day
TOO_LATE: Final = timedelta(days=1)
AT_ONCE: Final = 5_000

UPDATES: Final = Counter("arbedge_bot_updates", "Updates that came in.", ["kind", "outcome"])

_INSERT: Final = """
INSERT INTO notifications_botupdate
    (update_id, lane, kind, sealed, state, attempts, calls, due_at, received_at, problem)
VALUES (%s, %s, %s, %s, 0, 0, '[]', %s, %s, '')
ON CONFLICT DO NOTHING
"""

log = structlog.get_logger(__name__)


@dataclass
class _Cache:
    """Until when this process does not try the cache again (monotonic)."""

    gone_until: float = 0.0


_cache: Final = _Cache()


def secret_token() -> str:
    """What Telegram has to send with each update of the webhook: 64 hexadecimal digits, of the
    bot's token and SECRET_KEY."""
    return sealing.digest("telegram-webhook", str(settings.BOT_TOKEN)).hex()


@sensitive_variables("raw", "update", "body")
def store(raw: bytes | Mapping[str, Any], now: datetime) -> bool:
    """Stores an update, as JSON or read already, and wakes its lane after the commit.

    Returns False for what is known, is no update, or is of no use: all are counted and no error.
    """
    update = _read(raw)
    number = None if update is None else _number(update.get("update_id"))
    if update is None or number is None or number < 0:
        UPDATES.labels(OTHER, "unusable").inc()
        log.warning("update_unusable", size=len(raw))
        return False
    kind, body = _kind(update)
    if _is_needless(kind, body):
        UPDATES.labels(kind, "needless").inc()
        return False
    lane = _lane(body)
    sealed = sealing.seal(_written(update))
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [number, lane, kind, sealed, now, now])
        new = bool(cursor.rowcount == 1)
    UPDATES.labels(kind, "stored" if new else "repeated").inc()
    if new:
        transaction.on_commit(partial(wake, lane), robust=True)
    return new


def refuse(size: int) -> None:
    """Counts an update that was not even read, for its size in bytes."""
    UPDATES.labels(OTHER, "too_large").inc()
    log.warning("update_too_large", size=size)


# Waking


def wake(*lanes: int) -> bool:
    """Tells the bot's processes about lanes. False: the cache is gone, and is left alone a while"""
    if time.monotonic() < _cache.gone_until:
        return False
    name = cache.key("bot", "lanes")
    try:
        with cache.client().pipeline(transaction=False) as pipe:
            pipe.rpush(name, *lanes)
            pipe.ltrim(name, -MOST_WOKEN, -1)
            pipe.execute()
    except redis.RedisError as error:
        _cache.gone_until = time.monotonic() + LEFT_ALONE_S
        log.warning("bot_wake_lost", error=str(error))
        return False
    return True


def woken(wait_s: float) -> int | None:
    """The next lane that was woken, within so many seconds. Raises NoData without the cache."""
    with cache.reachable("bot"):
        found: Any = cache.client().blpop([cache.key("bot", "lanes")], timeout=wait_s)
    return None if found is None else int(found[1])


def backlog() -> int:
    """How many lanes are woken that no bot has taken yet; 0 where the cache is gone."""
    try:
        with cache.reachable("bot"):
            return int(cache.client().llen(cache.key("bot", "lanes")))
    except NoData:
        return 0


# Looking after the table


def tidy(now: datetime) -> tuple[int, int]:
    """Gives up what waited for a day, and deletes what ended two days ago.

    Returns how many of each, at most 5,000.
    """
    open_ = BotUpdate.objects.filter(state__lt=UpdateState.DONE)
    late = open_.filter(received_at__lt=now - TOO_LATE).values("pk")[:AT_ONCE]
    given_up = open_.filter(pk__in=list(late.values_list("pk", flat=True))).update(
        state=UpdateState.FAILED, problem="too_late", sealed="", calls=[], settled_at=now
    )
    old = BotUpdate.objects.filter(state__gte=UpdateState.DONE, settled_at__lt=now - KEPT)
    deleted, _ = BotUpdate.objects.filter(
        pk__in=list(old.values_list("pk", flat=True)[:AT_ONCE])
    ).delete()
    return given_up, deleted


# Reading no more of an update than has to be known to store it


def _read(raw: bytes | Mapping[str, Any]) -> Mapping[str, Any] | None:
    if isinstance(raw, Mapping):
        return raw
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _written(update: Mapping[str, Any]) -> bytes:
    """JSON again; halves of characters, which no table takes, become question marks."""
    return json.dumps(update, ensure_ascii=False).encode("utf-8", "replace")


def _kind(update: Mapping[str, Any]) -> tuple[str, Any]:
    """An update holds its number and one more thing, whose name is its kind."""
    for name, body in update.items():
        if name in KINDS:
            return name, body
    return OTHER, None


def _is_needless(kind: str, body: Any) -> bool:
    """Whoever comes to a large group or leaves it, hundreds an hour: only its admins matter."""
    if kind != "chat_member":
        return False
    states = (_in(body, f"{which}_chat_member", "status") for which in ("old", "new"))
    return not any(state in RUN_IT for state in states)


def _lane(body: Any) -> int:
    """Who it is from; the chat where people speak as the chat, or nobody is named."""
    return next((number for number in _lanes(body) if number is not None), NOBODYS)


def _lanes(body: Any) -> Iterator[int | None]:
    if _in(body, "sender_chat") is None:
        yield _number(_in(body, "from", "id"))
        yield _number(_in(body, "user", "id"))
    yield _number(_in(body, "chat", "id"))
    yield _number(_in(body, "message", "chat", "id"))


def _in(body: Any, *path: str) -> Any:
    """What is found along a path of names, None where there is nothing."""
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def _number(value: Any) -> int | None:
    """A whole number that a column takes."""
    return value if type(value) is int and abs(value) <= HIGHEST else None
