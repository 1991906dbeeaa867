"""Finding secrets where none may be: in pages, logs, cache, broker, and a dump of the tables."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import redis
import structlog
from django.conf import settings
from django.db import connection

from arbedge import cache, logs


def spellings(secret: str) -> list[str]:
    """The secret as it may be written: plain, in hex, in base64 at any offset, in an address."""
    raw = secret.encode()
    shifted = [base64.b64encode(b"x" * by + raw).decode()[4:-4] for by in range(3)]
    safe = [base64.urlsafe_b64encode(b"x" * by + raw).decode()[4:-4] for by in range(3)]
    return [secret, raw.hex(), quote(secret, safe=""), *shifted, *safe]


def leaks(text: str, *secrets: str) -> list[str]:
    """The secrets that can be read out of the text."""
    return [one for one in secrets if any(spelling in text for spelling in spellings(one))]


def database_text() -> str:
    """Every row of every table as text, as a dump of the database has it."""
    pieces: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            pieces += [f"{table} {row}" for (row,) in cursor.fetchall()]
    return "\n".join(pieces)


def cache_text() -> str:
    """Every key and value of the cache and of the broker."""
    clients = [cache.client(), redis.Redis.from_url(_plain(settings.CELERY_BROKER_URL))]
    return "\n".join(
        f"{name!r} {_value(client, name)!r}" for client in clients for name in client.scan_iter()
    )


def _plain(url: str) -> str:
    """The broker's address as the Redis client writes it."""
    if not url.startswith("redis+socket://"):
        return url
    path, _, number = url.removeprefix("redis+socket://").partition("?virtual_host=")
    return f"unix://{path}?db={number}"


def _value(client: Any, name: bytes) -> Any:
    kind = client.type(name).decode()
    if kind == "string":
        return client.get(name)
    if kind == "hash":
        return client.hgetall(name)
    if kind == "list":
        return client.lrange(name, 0, -1)
    if kind == "set":
        return client.smembers(name)
    if kind == "zset":
        return client.zrange(name, 0, -1, withscores=True)
    return client.xrange(name)


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """What the product writes to its log at the level DEBUG, statements of SQL with it."""
    formatter = logs.logging_config("DEBUG")["formatters"]["json"]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]
        )
    )
    root, database = logging.getLogger(), logging.getLogger("django.db.backends")
    levels = root.level, database.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    database.setLevel(logging.DEBUG)
    connection.force_debug_cursor = True
    try:
        yield stream
    finally:
        connection.force_debug_cursor = False
        root.removeHandler(handler)
        root.setLevel(levels[0])
        database.setLevel(levels[1])
