"""A cache as new, a cache that is gone, and what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.test import override_settings

from accounts import memory, tiers
from arbedge import cache

NOBODY_LISTENS = "unix:///nonexistent/cache.sock"


def forget() -> None:
    """Neither the cache nor this process knows anything."""
    cache.client().flushdb()
    memory.trust.failed_ms = memory.trust.paused_until = 0.0
    memory.trust.mender = None
    forget_table()


def forget_table() -> None:
    """The next look at the tier table is this process's first."""
    tiers._copy.held, tiers._copy.checked_at = None, 0.0


def pause_is_over() -> None:
    """A second has gone by: the cache is tried again, the table is compared again."""
    memory.trust.paused_until = 0.0
    tiers._copy.checked_at = 0.0


@contextmanager
def cache_gone() -> Iterator[None]:
    """Nobody answers at the address of the cache; what it held is there afterwards."""
    with override_settings(CACHE_URL=NOBODY_LISTENS):
        yield
    assert django_settings.CACHE_URL != NOBODY_LISTENS


class Commands:
    """The commands sent to the cache, pipelines left out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        really: Any = redis.Redis.execute_command

        def count(client: redis.Redis, *words: Any, **options: Any) -> Any:
            self.sent.append(str(words[0]))
            return really(client, *words, **options)

        monkeypatch.setattr(redis.Redis, "execute_command", count)
