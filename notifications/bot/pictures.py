"""Pictures of the bot's answers by their names: drawn when they are sent, kept in the cache.

Whoever has a picture registers how it is drawn. A drawing is kept by what is in it, so that it is
drawn again when a figure of it has changed and never before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import redis
import structlog
from django.core.cache import cache

from arbedge.errors import NotFound

KEEP_S: Final = 600

Draw = Callable[..., bytes]

log = structlog.get_logger(__name__)

_drawn: dict[str, Draw] = {}


def register(name: str, draw: Draw) -> None:
    """Adds a picture: `draw(*args)` returns its PNG. Raises ValueError where a name is taken."""
    if name in _drawn:
        raise ValueError(f"two pictures are called {name}")
    _drawn[name] = draw


def draw(name: str, args: Sequence[str] = ()) -> bytes:
    """The PNG of a picture with these arguments. Raises NotFound (picture_unknown), and whatever
    keeps the picture from being drawn."""
    found = _drawn.get(name)
    if found is None:
        raise NotFound("There is no such picture.", code="picture_unknown", picture=name)
    return found(*args)


def kept(name: str, content: object, paint: Callable[[], bytes]) -> bytes:
    """What `paint` draws, kept for ten minutes by `content`, which tells all that is in it.

    Without a cache it is drawn every time.
    """
    print_ = hashlib.blake2s(repr(content).encode(), digest_size=16).hexdigest()
    key = f"bot:picture:{name}:{print_}"
    try:
        found: bytes | None = cache.get(key)
    except redis.RedisError as error:
        log.warning("pictures.cache_gone", cause=str(error))
        return paint()
    return _painted(key, paint) if found is None else found


def _painted(key: str, paint: Callable[[], bytes]) -> bytes:
    made = paint()
    try:
        cache.set(key, made, KEEP_S)
    except redis.RedisError as error:
        log.warning("pictures.not_kept", cause=str(error))
    return made
