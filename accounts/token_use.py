"""When API tokens were last used: noted in the cache, written once a minute for all at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import redis
from django.db import connection

from accounts import memory
from arbedge import cache

FLUSH_ROWS: Final = 5_000
FLUSH_LOCK_MS: Final = 60_000


def note(token_id: int, now: datetime) -> None:
    """Remembers a use in the cache; what a lost cache forgets is a minute of 'last used'."""
    used = cache.key("tokens_used")
    memory.ask("use of a token", lambda client: client.hset(used, str(token_id), now.timestamp()))


def flush() -> int:
    """Writes when tokens were last used, for all at once. Returns how many rows were touched."""
    held = cache.acquire("tokens_used", FLUSH_LOCK_MS)
    if held is None:
        return 0
    try:
        return _flush_taken(cache.key("tokens_used"), cache.key("tokens_used_taken"))
    finally:
        cache.release("tokens_used", held)


def _flush_taken(source: str, taken: str) -> int:
    """What a flush that died had taken aside goes first; the rest comes with the next one."""
    client = cache.client()
    if not client.exists(taken):
        try:
            client.rename(source, taken)
        except redis.ResponseError:  # nobody used a token since
            return 0
    uses = [(int(token), float(at)) for token, at in client.hgetall(taken).items()]
    touched = sum(
        _write_uses(uses[start : start + FLUSH_ROWS]) for start in range(0, len(uses), FLUSH_ROWS)
    )
    client.delete(taken)
    return touched


def _write_uses(uses: list[tuple[int, float]]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_apitoken AS token SET used_at = used.at"
            " FROM unnest(%s::bigint[], %s::timestamptz[]) AS used (id, at)"
            " WHERE token.id = used.id AND (token.used_at IS NULL OR token.used_at < used.at)",
            [[token for token, _ in uses], [datetime.fromtimestamp(at, UTC) for _, at in uses]],
        )
        return int(cursor.rowcount)
